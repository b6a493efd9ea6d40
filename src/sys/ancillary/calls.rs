//! The two calls, and how a trace shows them: strace's words, each part an argument of its own.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd as _, BorrowedFd};

use nix::sys::socket::MsgFlags;
use socket2::{MsgHdr, SockAddrStorage, SockRef};

use super::{Ancillary, Incoming, wire};
use crate::event::{Arg, Observer};
use crate::socket::SocketName;
use crate::sys::{Sys, bits, name, show};

impl<O: Observer> Sys<'_, O> {
    /// sendmsg(2) of one buffer, with these flags and no others. Without control messages it sends none, as sendto(2).
    pub fn send_message(
        &self,
        fd: BorrowedFd<'_>,
        to: Option<&SocketName>,
        bytes: &[u8],
        control: &[Ancillary<'_>],
        flags: MsgFlags,
    ) -> io::Result<usize> {
        let run = || {
            let to = to.map(name::to_sockaddr).transpose()?;
            let (buffers, encoded) = ([IoSlice::new(bytes)], wire::encode(control));
            let mut message = MsgHdr::new().with_buffers(&buffers);
            if let Some(to) = &to {
                message = message.with_addr(to);
            }
            if !encoded.is_empty() {
                message = message.with_control(&encoded);
            }
            SockRef::from(&fd).sendmsg(&message, flags.bits())
        };
        let args = |_: &_| {
            let mut args = vec![Arg::Fd(fd.as_raw_fd())];
            args.extend(to.map(named));
            args.extend([Arg::data(bytes), Arg::Int(bytes.len() as i64)]);
            if !control.is_empty() {
                args.push(wire::sent(control));
            }
            args.push(show::message_flags(flags.bits()));
            args
        };
        self.observed("sendmsg", run, args, |&n| n as i64)
    }

    /// recvmsg(2) into one buffer, with `room` bytes for control messages, and with MSG_CMSG_CLOEXEC beside the flags.
    /// What does not fit into the room is lost, descriptors too, and MSG_CTRUNC says so; with room 0 none is asked for.
    pub fn receive_message(
        &self,
        fd: BorrowedFd<'_>,
        buffer: &mut [u8],
        room: usize,
        flags: MsgFlags,
    ) -> io::Result<Incoming> {
        let flags = flags.bits() | libc::MSG_CMSG_CLOEXEC;
        let len = buffer.len();
        let run = move || {
            // Taken, not borrowed, so that the arguments can be shown from it afterwards.
            let buffer = buffer;
            let incoming = receive(fd, buffer, room, flags)?;
            let filled = incoming.len.min(buffer.len());
            Ok((incoming, &buffer[..filled]))
        };
        let args = |outcome: &io::Result<(Incoming, &[u8])>| {
            let mut args = vec![Arg::Fd(fd.as_raw_fd())];
            match outcome {
                Ok((incoming, filled)) => {
                    args.extend(incoming.from.as_ref().map(named));
                    args.extend([Arg::data(filled), Arg::Int(len as i64)]);
                    if !incoming.control.is_empty() {
                        args.push(wire::received(&incoming.control));
                    }
                    let found = bits::message_flag_names(incoming.flags);
                    args.push(Arg::symbol(format!("msg_flags={found}")));
                }
                Err(_) => args.extend([Arg::symbol("NULL"), Arg::Int(len as i64)]),
            }
            args.push(show::message_flags(flags));
            args
        };
        self.observed("recvmsg", run, args, |(incoming, _)| incoming.len as i64)
            .map(|(incoming, _)| Incoming {
                flags: incoming.flags & !libc::MSG_CMSG_CLOEXEC,
                ..incoming
            })
    }
}

/// `msg_name={sa_family=AF_INET, …}`
fn named(name: &SocketName) -> Arg {
    match show::address(name) {
        Arg::Address { brief, full } => Arg::Address {
            brief,
            full: format!("msg_name={full}"),
        },
        other => other,
    }
}

fn receive(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    room: usize,
    flags: libc::c_int,
) -> io::Result<Incoming> {
    let mut storage = SockAddrStorage::zeroed();
    let name_room = storage.size_of();
    // SAFETY: the type is the one that a SockAddrStorage stands for.
    #[allow(unsafe_code, reason = "the kernel's view of it")]
    let from = unsafe { storage.view_as::<libc::sockaddr_storage>() };
    let mut control = vec![0_u8; room];
    let mut iov = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: all zero is an empty msghdr: null pointers and no lengths.
    #[allow(
        unsafe_code,
        reason = "its padding differs between C libraries, so it cannot be written out"
    )]
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_name = std::ptr::from_mut(from).cast();
    header.msg_namelen = name_room;
    header.msg_iov = &raw mut iov;
    header.msg_iovlen = 1;
    if room > 0 {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = room as _;
    }
    // SAFETY: the header points to live memory, with the lengths that it has.
    #[allow(unsafe_code, reason = "no safe wrapper knows every control message")]
    let got = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    // musl has it shorter.
    #[allow(clippy::unnecessary_cast, reason = "its type depends on the C library")]
    let filled = (header.msg_controllen as usize).min(room);
    Ok(Incoming {
        len: got,
        from: (header.msg_namelen > 0).then(|| name::from_filled_in(from, header.msg_namelen)),
        flags: header.msg_flags,
        control: wire::decode(&control[..filled]),
    })
}

#[cfg(test)]
mod tests;
