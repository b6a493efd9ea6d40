//! Where answers wait: sent one by one, or all with one call.
//!
//! An answer names the slot of its request in the [`Inbox`], which has the address to send to and usually the bytes. An
//! answer without ancillary data is sent by sendto(2): the kernel reads no msghdr then, which is a twentieth of an echo.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use super::control::Sent;
use super::{Inbox, Reply, shown};
use crate::event::{Arg, Observer};
use crate::sys::{Sys, show};

/// One peer that does not read must not stop the others.
const FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// Answers to one receive.
#[derive(Debug, Default)]
pub struct Outbox {
    replies: Vec<Reply>,
    controls: Vec<Sent>,
    headers: Vec<libc::mmsghdr>,
    iovs: Vec<libc::iovec>,
}

impl Outbox {
    /// Adds an answer.
    pub fn push(&mut self, reply: Reply) {
        self.replies.push(reply);
    }

    /// The answers, in the order in which they came.
    pub fn replies(&self) -> &[Reply] {
        &self.replies
    }

    /// The last one, to make it longer.
    pub fn last_mut(&mut self) -> Option<&mut Reply> {
        self.replies.last_mut()
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.replies.clear();
    }

    /// sendmmsg(2) of all answers from number `from` on; tells how many were sent.
    fn transmit(&mut self, fd: BorrowedFd<'_>, inbox: &Inbox, from: usize) -> io::Result<usize> {
        self.prepare(inbox, from);
        // SAFETY: each header points to memory of `inbox` and of this outbox, with the lengths that it has;
        // sendmmsg(2) writes `msg_len` only.
        #[allow(unsafe_code, reason = "the names are sent as the kernel wrote them")]
        let sent = unsafe {
            libc::sendmmsg(
                fd.as_raw_fd(),
                self.headers.as_mut_ptr(),
                self.headers.len() as libc::c_uint,
                // musl has it unsigned, the other libraries signed.
                FLAGS as _,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    fn prepare(&mut self, inbox: &Inbox, from: usize) {
        let replies = &self.replies[from..];
        self.controls.clear();
        self.iovs.clear();
        self.headers.clear();
        for reply in replies {
            self.controls.push(control(inbox, reply));
            self.iovs.push(iov(inbox.text(reply)));
        }
        let parts = self.controls.iter().zip(&mut self.iovs);
        for (reply, (control, iov)) in replies.iter().zip(parts) {
            self.headers.push(libc::mmsghdr {
                msg_hdr: header(inbox, reply, control, iov),
                msg_len: 0,
            });
        }
    }
}

fn control(inbox: &Inbox, reply: &Reply) -> Sent {
    if is_bare(reply) {
        return Sent::NONE;
    }
    let peer = inbox.peer(reply.slot);
    Sent::of(&peer, reply.from, reply.ttl, reply.segment)
}

const fn is_bare(reply: &Reply) -> bool {
    reply.from.is_none() && reply.ttl.is_none() && reply.segment.is_none()
}

fn iov(bytes: &[u8]) -> libc::iovec {
    libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    }
}

/// sendmsg(2) only reads what this points to: `mut` is C's.
fn header(inbox: &Inbox, reply: &Reply, control: &Sent, iov: &mut libc::iovec) -> libc::msghdr {
    let to = inbox.slot(reply.slot);
    // SAFETY: all zero is an empty msghdr: null pointers and no lengths.
    #[allow(
        unsafe_code,
        reason = "its padding differs between C libraries, so it cannot be written out"
    )]
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_name = (&raw const to.name).cast_mut().cast();
    header.msg_namelen = to.name_len;
    header.msg_iov = iov;
    header.msg_iovlen = 1;
    let control = control.bytes();
    if !control.is_empty() {
        header.msg_control = control.as_ptr().cast_mut().cast();
        header.msg_controllen = control.len() as _;
    }
    header
}

/// sendto(2)
fn send_bare(fd: BorrowedFd<'_>, inbox: &Inbox, reply: &Reply) -> io::Result<usize> {
    let (to, bytes) = (inbox.slot(reply.slot), inbox.text(reply));
    // SAFETY: both pointers go with the length of what they point to, and are only read.
    #[allow(
        unsafe_code,
        reason = "the name is sent as the kernel wrote it, in whatever family"
    )]
    let sent = unsafe {
        // The C library's function is a cancellation point: two locked instructions in a program with threads.
        libc::syscall(
            libc::SYS_sendto,
            fd.as_raw_fd(),
            bytes.as_ptr(),
            bytes.len(),
            FLAGS,
            &raw const to.name,
            to.name_len,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// sendmsg(2)
fn send_with_control(fd: BorrowedFd<'_>, inbox: &Inbox, reply: &Reply) -> io::Result<usize> {
    let control = control(inbox, reply);
    let mut iov = iov(inbox.text(reply));
    let header = header(inbox, reply, &control, &mut iov);
    // SAFETY: the header points to memory that outlives the call, with the lengths that it has.
    #[allow(unsafe_code, reason = "the name is sent as the kernel wrote it")]
    let sent = unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const header, FLAGS) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

impl<O: Observer> Sys<'_, O> {
    /// sendto(2), or sendmsg(2) where the answer has ancillary data; with MSG_DONTWAIT and MSG_NOSIGNAL. An error goes
    /// with the name of its call.
    #[inline]
    pub fn reply(
        &self,
        fd: BorrowedFd<'_>,
        inbox: &Inbox,
        reply: &Reply,
    ) -> Result<usize, (&'static str, io::Error)> {
        if is_bare(reply) {
            let args = |_: &_| {
                let (peer, bytes) = (inbox.peer(reply.slot), inbox.text(reply));
                vec![
                    Arg::Fd(fd.as_raw_fd()),
                    Arg::data(bytes),
                    Arg::Int(bytes.len() as i64),
                    show::message_flags(FLAGS),
                    show::address(&peer),
                    Arg::Int(show::address_len(&peer) as i64),
                ]
            };
            let run = || send_bare(fd, inbox, reply);
            return self
                .observed("sendto", run, args, |&n| n as i64)
                .map_err(|e| ("sendto", e));
        }
        let args = |_: &_| {
            let peer = inbox.peer(reply.slot);
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(shown::sent(reply, &peer, inbox.text(reply))),
                show::message_flags(FLAGS),
            ]
        };
        let run = || send_with_control(fd, inbox, reply);
        self.observed("sendmsg", run, args, |&n| n as i64)
            .map_err(|e| ("sendmsg", e))
    }

    /// sendmmsg(2) of the answers from number `from` on, with MSG_DONTWAIT and MSG_NOSIGNAL; tells how many were sent.
    /// An error is that of the first one. The kernel sends a datagram whole or not at all.
    pub fn sendmmsg(
        &self,
        fd: BorrowedFd<'_>,
        inbox: &Inbox,
        outbox: &mut Outbox,
        from: usize,
    ) -> io::Result<usize> {
        let count = outbox.replies.len() - from;
        let run = move || {
            // Taken, not borrowed, so that the arguments can be shown from it afterwards.
            let outbox = outbox;
            Ok((outbox.transmit(fd, inbox, from)?, &*outbox))
        };
        let args = |outcome: &io::Result<(usize, &Outbox)>| {
            let messages = match outcome {
                Ok((_, outbox)) => {
                    let all = outbox.replies[from..].iter().zip(&outbox.headers);
                    shown::list(all.map(|(reply, header)| {
                        let peer = inbox.peer(reply.slot);
                        let message = shown::sent(reply, &peer, inbox.text(reply));
                        (message, header.msg_len as usize)
                    }))
                }
                Err(_) => "[]".to_owned(),
            };
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(messages),
                Arg::Int(count as i64),
                show::message_flags(FLAGS),
            ]
        };
        self.observed("sendmmsg", run, args, |&(n, _)| n as i64)
            .map(|(n, _)| n)
    }
}
