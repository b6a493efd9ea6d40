//! Where datagrams arrive: one slot each for bytes, sender and ancillary data, used again and again.
//!
//! recvmsg(2) fills the first slot, recvmmsg(2) as many as there are datagrams waiting. The sender's name stays in its
//! slot as the kernel wrote it, so that the answer of [`super::outbox`] takes it back from there.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use super::{Datagram, Reply, Text, control, shown};
use crate::event::{Arg, Observer};
use crate::socket::{Family, SocketName};
use crate::sys::{Sys, name, show};

/// Whether a receive waits for the first datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as it takes; recvmmsg(2) then takes what else is there (MSG_WAITFORONE).
    Wait,
    /// It answers EAGAIN (MSG_DONTWAIT).
    Now,
}

/// Slots for datagrams.
#[derive(Debug)]
pub struct Inbox {
    bytes: Vec<u8>,
    room: usize,
    slots: Vec<Slot>,
    control: usize,
    headers: Vec<libc::mmsghdr>,
    iovs: Vec<libc::iovec>,
}

/// What the kernel fills in beside the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Whom it is from: as much of it as `name_len` says.
    pub(super) name: libc::sockaddr_storage,
    pub(super) name_len: libc::socklen_t,
    /// The datagram's real length.
    len: usize,
    control: Control,
    control_len: usize,
}

/// Room enough for everything that a profile's options can add to an internet datagram; without it the kernel cuts off
/// what comes last (MSG_CTRUNC).
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
struct Control([u8; 1024]);

impl Inbox {
    /// So many slots of `room` bytes for the messages of this family. A unix client could pass descriptors with each
    /// message (SCM_RIGHTS, unix(7)), until this process has no number left: where there is no room for them, the
    /// kernel closes them.
    pub fn new(family: Family, slots: usize, room: usize) -> Inbox {
        let slots = slots.max(1);
        let control = match family {
            Family::Ipv4 | Family::Ipv6 => size_of::<Control>(),
            Family::Unix => 0,
        };
        Inbox {
            bytes: vec![0; slots * room],
            room,
            slots: vec![Slot::default(); slots],
            control,
            headers: Vec::with_capacity(slots),
            iovs: Vec::with_capacity(slots),
        }
    }

    /// How many datagrams one call can return.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// What arrived in a slot.
    #[inline]
    pub fn datagram(&self, slot: usize) -> Datagram {
        let slot = &self.slots[slot];
        Datagram {
            peer: slot.peer(),
            len: slot.len,
            facts: control::read(&slot.control.0[..slot.control_len]),
        }
    }

    /// The bytes that arrived in a slot.
    #[inline]
    pub fn bytes(&self, slot: usize) -> &[u8] {
        let start = slot * self.room;
        &self.bytes[start..start + self.slots[slot].len.min(self.room)]
    }

    /// The same, for a handler that answers in place.
    #[inline]
    pub fn bytes_mut(&mut self, slot: usize) -> &mut [u8] {
        let start = slot * self.room;
        let len = self.slots[slot].len.min(self.room);
        &mut self.bytes[start..start + len]
    }

    /// Who sent what is in a slot.
    #[inline]
    pub fn peer(&self, slot: usize) -> SocketName {
        self.slots[slot].peer()
    }

    /// The bytes that an answer consists of.
    #[inline]
    pub fn text<'s>(&'s self, reply: &'s Reply) -> &'s [u8] {
        match &reply.text {
            Text::Slot(range) => &self.bytes(reply.slot)[range.clone()],
            Text::Fixed(text) => text,
        }
    }

    pub(super) fn slot(&self, slot: usize) -> &Slot {
        &self.slots[slot]
    }

    /// recvmsg(2) into the first slot.
    #[inline]
    fn receive(&mut self, fd: BorrowedFd<'_>, flags: libc::c_int) -> io::Result<usize> {
        let slot = &mut self.slots[0];
        let mut iov = libc::iovec {
            iov_base: self.bytes.as_mut_ptr().cast(),
            iov_len: self.room,
        };
        let mut header = slot.header(&mut iov, self.control);
        // SAFETY: the header points to memory of this inbox, with the lengths that it has.
        #[allow(
            unsafe_code,
            reason = "no safe wrapper keeps the sender's name as the kernel wrote it"
        )]
        let got = unsafe {
            // The C library's function is a cancellation point: two locked instructions in a program with threads.
            libc::syscall(libc::SYS_recvmsg, fd.as_raw_fd(), &raw mut header, flags)
        };
        let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
        slot.filled(&header, got);
        Ok(got)
    }

    /// recvmmsg(2) into as many slots as there are datagrams; tells how many.
    fn receive_many(&mut self, fd: BorrowedFd<'_>, flags: libc::c_int) -> io::Result<usize> {
        let slots = self.slots.len();
        self.iovs.clear();
        self.headers.clear();
        for part in self.bytes.chunks_mut(self.room).take(slots) {
            self.iovs.push(libc::iovec {
                iov_base: part.as_mut_ptr().cast(),
                iov_len: part.len(),
            });
        }
        for (slot, iov) in self.slots.iter_mut().zip(&mut self.iovs) {
            self.headers.push(libc::mmsghdr {
                msg_hdr: slot.header(iov, self.control),
                msg_len: 0,
            });
        }
        let most = self.headers.len() as libc::c_uint;
        // SAFETY: each header points to memory of this inbox, with the lengths that it has; a null timeout is none.
        #[allow(
            unsafe_code,
            reason = "no safe wrapper keeps the senders' names as the kernel wrote them"
        )]
        let got = unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                self.headers.as_mut_ptr(),
                most,
                // musl has it unsigned, the other libraries signed.
                flags as _,
                std::ptr::null_mut(),
            )
        };
        let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
        for (slot, header) in self.slots.iter_mut().zip(&self.headers).take(got) {
            slot.filled(&header.msg_hdr, header.msg_len as usize);
        }
        Ok(got)
    }
}

impl Default for Slot {
    fn default() -> Slot {
        Slot {
            // SAFETY: all zero is a sockaddr_storage of no family (AF_UNSPEC).
            #[allow(
                unsafe_code,
                reason = "a C struct of integers has no other constructor"
            )]
            name: unsafe { std::mem::zeroed() },
            name_len: 0,
            len: 0,
            control: Control([0; 1024]),
            control_len: 0,
        }
    }
}

impl Slot {
    #[inline]
    fn header(&mut self, iov: &mut libc::iovec, control: usize) -> libc::msghdr {
        // SAFETY: all zero is an empty msghdr: null pointers and no lengths.
        #[allow(
            unsafe_code,
            reason = "its padding differs between C libraries, so it cannot be written out"
        )]
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_name = (&raw mut self.name).cast();
        header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        header.msg_iov = iov;
        header.msg_iovlen = 1;
        if control > 0 {
            header.msg_control = self.control.0.as_mut_ptr().cast();
            header.msg_controllen = control as _;
        }
        header
    }

    #[inline]
    fn filled(&mut self, header: &libc::msghdr, len: usize) {
        self.len = len;
        // The kernel tells the name's real length even where it was cut off.
        self.name_len = header
            .msg_namelen
            .min(size_of::<libc::sockaddr_storage>() as libc::socklen_t);
        // musl has it shorter.
        #[allow(clippy::unnecessary_cast, reason = "its type depends on the C library")]
        let control_len = header.msg_controllen as usize;
        self.control_len = control_len.min(size_of::<Control>());
    }

    /// A sender that was never bound has no name, and neither has the end of a receive that shutdown(2) woke.
    #[inline]
    pub(super) fn peer(&self) -> SocketName {
        name::from_filled_in(&self.name, self.name_len)
    }
}

impl Patience {
    const fn flags(self) -> libc::c_int {
        match self {
            Patience::Wait => libc::MSG_TRUNC,
            Patience::Now => libc::MSG_TRUNC | libc::MSG_DONTWAIT,
        }
    }
}

impl<O: Observer> Sys<'_, O> {
    /// recvmsg(2) with MSG_TRUNC, into the first slot.
    #[inline]
    pub fn recvmsg(
        &self,
        fd: BorrowedFd<'_>,
        inbox: &mut Inbox,
        patience: Patience,
    ) -> io::Result<Datagram> {
        let flags = patience.flags();
        let run = move || {
            // Taken, not borrowed, so that the arguments can be shown from it afterwards.
            let inbox = inbox;
            inbox.receive(fd, flags)?;
            Ok((inbox.datagram(0), &*inbox))
        };
        let args = |outcome: &io::Result<(Datagram, &Inbox)>| {
            let message = match outcome {
                Ok((d, inbox)) => shown::received(d, inbox.bytes(0), inbox.room),
                Err(_) => "{msg_namelen=0}".to_owned(),
            };
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(message),
                show::message_flags(flags),
            ]
        };
        self.observed("recvmsg", run, args, |(d, _)| d.len as i64)
            .map(|(datagram, _)| datagram)
    }

    /// recvmmsg(2) with MSG_TRUNC, into as many slots as there are datagrams waiting; tells how many, at least one.
    pub fn recvmmsg(
        &self,
        fd: BorrowedFd<'_>,
        inbox: &mut Inbox,
        patience: Patience,
    ) -> io::Result<usize> {
        let flags = match patience {
            Patience::Wait => patience.flags() | libc::MSG_WAITFORONE,
            Patience::Now => patience.flags(),
        };
        let slots = inbox.slots();
        let run = move || {
            // Taken, not borrowed, so that the arguments can be shown from it afterwards.
            let inbox = inbox;
            Ok((inbox.receive_many(fd, flags)?, &*inbox))
        };
        let args = |outcome: &io::Result<(usize, &Inbox)>| {
            let messages = match outcome {
                Ok((got, inbox)) => shown::list((0..*got).map(|slot| {
                    let datagram = inbox.datagram(slot);
                    let message = shown::received(&datagram, inbox.bytes(slot), inbox.room);
                    (message, datagram.len)
                })),
                Err(_) => "[]".to_owned(),
            };
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(messages),
                Arg::Int(slots as i64),
                show::message_flags(flags),
                Arg::symbol("NULL"),
            ]
        };
        self.observed("recvmmsg", run, args, |&(got, _)| got as i64)
            .map(|(got, _)| got)
    }
}
