//! Calls exactly as C has them: any flags, any address, any request. Experiments are made of these.
//!
//! The engines' own calls are in [`super::call`] and say what a program wants; these leave the choice, and with it the
//! consequences (SIGPIPE), to whoever calls. Those with ancillary data are in [`super::ancillary`].

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::socket::MsgFlags;
use socket2::{Domain, SockAddrStorage, SockRef, Socket};

use super::bits::poll_names;
use super::call::{fd_arg, filled_in};
use super::{Blocking, Sys, abi, name, quick, show};
use crate::event::{Arg, Observer};
use crate::socket::{SocketName, Triple};

/// What ioctl(2) can be asked about a socket; each answers with one int.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoctlRequest {
    /// SIOCINQ: bytes that wait to be received; of a datagram socket, the length of the next datagram.
    Inq,
    /// SIOCOUTQ: bytes that were sent and not acknowledged, or not read by a unix peer.
    Outq,
    /// SIOCOUTQNSD: bytes that wait to be sent for the first time. TCP only.
    OutqNsd,
    /// SIOCATMARK: 1 where the next byte is behind the urgent one.
    AtMark,
}

impl IoctlRequest {
    /// Every request.
    pub const ALL: [IoctlRequest; 4] = [
        IoctlRequest::Inq,
        IoctlRequest::Outq,
        IoctlRequest::OutqNsd,
        IoctlRequest::AtMark,
    ];

    /// `SIOCINQ`
    pub const fn name(self) -> &'static str {
        match self {
            IoctlRequest::Inq => "SIOCINQ",
            IoctlRequest::Outq => "SIOCOUTQ",
            IoctlRequest::OutqNsd => "SIOCOUTQNSD",
            IoctlRequest::AtMark => "SIOCATMARK",
        }
    }

    /// The request of that name.
    pub fn from_name(name: &str) -> Option<IoctlRequest> {
        IoctlRequest::ALL.into_iter().find(|r| r.name() == name)
    }

    /// linux/sockios.h: the first two are FIONREAD and TIOCOUTQ of terminals.
    const fn number(self) -> libc::c_ulong {
        match self {
            IoctlRequest::Inq => libc::FIONREAD as libc::c_ulong,
            IoctlRequest::Outq => libc::TIOCOUTQ as libc::c_ulong,
            IoctlRequest::OutqNsd => 0x894b,
            IoctlRequest::AtMark => 0x8905, // asm-generic/sockios.h
        }
    }
}

fn data_and_flags(fd: BorrowedFd<'_>, bytes: &[u8], flags: MsgFlags) -> Vec<Arg> {
    vec![
        fd_arg(fd),
        Arg::data(bytes),
        Arg::Int(bytes.len() as i64),
        show::message_flags(flags.bits()),
    ]
}

impl<O: Observer> Sys<'_, O> {
    /// send(2) with these flags and no others. Without MSG_NOSIGNAL a broken pipe is a signal as well, unless the
    /// process ignores SIGPIPE, as every Rust program does until it is told otherwise.
    pub fn send_with(
        &self,
        fd: BorrowedFd<'_>,
        bytes: &[u8],
        flags: MsgFlags,
    ) -> io::Result<usize> {
        let run = || quick::send(fd, bytes, flags.bits());
        let args = |_: &_| data_and_flags(fd, bytes, flags);
        self.observed("send", run, args, |&n| n as i64)
    }

    /// sendto(2) with these flags and no others.
    pub fn sendto(
        &self,
        fd: BorrowedFd<'_>,
        bytes: &[u8],
        flags: MsgFlags,
        to: &SocketName,
    ) -> io::Result<usize> {
        let run = || {
            let to = name::to_sockaddr(to)?;
            SockRef::from(&fd).send_to_with_flags(bytes, &to, flags.bits())
        };
        let args = |_: &_| {
            let mut args = data_and_flags(fd, bytes, flags);
            args.extend([show::address(to), Arg::Int(show::address_len(to) as i64)]);
            args
        };
        self.observed("sendto", run, args, |&n| n as i64)
    }

    /// recvfrom(2). With MSG_TRUNC a message that did not fit returns its real length. No name: the kernel gave none,
    /// as for a connection, and for a unix socket that was never bound.
    pub fn recvfrom(
        &self,
        fd: BorrowedFd<'_>,
        buffer: &mut [u8],
        flags: MsgFlags,
    ) -> io::Result<(usize, Option<SocketName>)> {
        let len = buffer.len();
        let run = move || {
            // Taken, not borrowed, so that the arguments can be shown from it afterwards.
            let buffer = buffer;
            let (n, from) = recvfrom(fd, buffer, flags.bits())?;
            let filled = n.min(buffer.len());
            Ok((n, from, &buffer[..filled]))
        };
        let args = |outcome: &io::Result<(usize, Option<SocketName>, &[u8])>| {
            let (data, from) = match outcome {
                Ok((_, from, filled)) => (Arg::data(filled), from.as_ref()),
                Err(_) => (Arg::symbol("NULL"), None),
            };
            let [address, address_len] = filled_in(from);
            let (len, flags) = (Arg::Int(len as i64), show::message_flags(flags.bits()));
            vec![fd_arg(fd), data, len, flags, address, address_len]
        };
        self.observed("recvfrom", run, args, |&(n, ..)| n as i64)
            .map(|(n, from, _)| (n, from))
    }

    /// socketpair(2), with SOCK_CLOEXEC. EOPNOTSUPP for any family but unix.
    pub fn socketpair(&self, triple: Triple) -> io::Result<(OwnedFd, OwnedFd)> {
        let run = || {
            let protocol = (triple.protocol.0 != 0).then(|| triple.protocol.0.into());
            let (family, ty) = (abi::family(triple.family), abi::ty(triple.ty));
            let (a, b) = Socket::pair(Domain::from(family), ty.into(), protocol)?;
            Ok((OwnedFd::from(a), OwnedFd::from(b)))
        };
        let args = |outcome: &io::Result<(OwnedFd, OwnedFd)>| {
            let mut args = show::triple(triple, Blocking::Yes);
            args.push(match outcome {
                Ok((a, b)) => Arg::symbol(format!("[{}, {}]", a.as_raw_fd(), b.as_raw_fd())),
                Err(_) => Arg::symbol("NULL"),
            });
            args
        };
        self.observed("socketpair", run, args, |_| 0)
    }

    /// poll(2): for each descriptor the events to wait for; returns each one's `revents`. `timeout_ms` −1 waits without
    /// end. The bits are those of [`super::bits`].
    pub fn poll_events(
        &self,
        on: &[(BorrowedFd<'_>, i16)],
        timeout_ms: i32,
    ) -> io::Result<Vec<i16>> {
        let run = || {
            let one = |&(fd, events): &(BorrowedFd<'_>, i16)| libc::pollfd {
                fd: fd.as_raw_fd(),
                events,
                revents: 0,
            };
            let mut fds: Vec<libc::pollfd> = on.iter().map(one).collect();
            // SAFETY: the pointer and the length are a live slice's, and the descriptors are borrowed.
            #[allow(unsafe_code, reason = "nix cannot tell POLLRDHUP")]
            let ready = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as _, timeout_ms) };
            match ready {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(fds.iter().map(|fd| fd.revents).collect()),
            }
        };
        let args = |outcome: &io::Result<Vec<i16>>| {
            let found = |i: usize| outcome.as_ref().ok().and_then(|all| all.get(i)).copied();
            let one = |(i, &(fd, events)): (usize, &(BorrowedFd<'_>, i16))| {
                let revents = match found(i) {
                    None | Some(0) => String::new(),
                    Some(found) => format!(", revents={}", poll_names(found)),
                };
                format!(
                    "{{fd={}, events={}{revents}}}",
                    fd.as_raw_fd(),
                    poll_names(events)
                )
            };
            let list: Vec<String> = on.iter().enumerate().map(one).collect();
            vec![
                Arg::symbol(format!("[{}]", list.join(", "))),
                Arg::Int(on.len() as i64),
                Arg::Int(timeout_ms.into()),
            ]
        };
        self.observed("poll", run, args, |found: &Vec<i16>| {
            found.iter().filter(|&&revents| revents != 0).count() as i64
        })
    }

    /// Another descriptor of the same open socket: fcntl(2) F_DUPFD_CLOEXEC, which is dup(2) with close-on-exec. The
    /// standard streams' numbers are left alone.
    pub fn dup(&self, fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        const LEAST: i32 = 3;
        let run = || {
            let number = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(LEAST))?;
            // SAFETY: the number is new and nobody else's.
            #[allow(unsafe_code, reason = "no safe wrapper returns an owned descriptor")]
            Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(number) })
        };
        let args = |_: &_| {
            let least = Arg::Int(LEAST.into());
            vec![fd_arg(fd), Arg::symbol("F_DUPFD_CLOEXEC"), least]
        };
        self.observed("fcntl", run, args, |fd: &OwnedFd| fd.as_raw_fd().into())
    }

    /// ioctl(2) that answers with one int.
    pub fn ioctl_int(&self, fd: BorrowedFd<'_>, request: IoctlRequest) -> io::Result<i32> {
        let run = || {
            let mut answer: libc::c_int = 0;
            // SAFETY: each of these requests writes one int, which lives until the call returns.
            #[allow(unsafe_code, reason = "no safe wrapper has all of these requests")]
            let returned = unsafe {
                // musl has the request as an int.
                libc::ioctl(fd.as_raw_fd(), request.number() as _, &raw mut answer)
            };
            match returned {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(answer),
            }
        };
        let args = |outcome: &io::Result<i32>| {
            let answer = match outcome {
                Ok(answer) => Arg::symbol(format!("[{answer}]")),
                Err(_) => Arg::symbol("NULL"),
            };
            vec![fd_arg(fd), Arg::symbol(request.name()), answer]
        };
        self.observed("ioctl", run, args, |_| 0)
    }
}

fn recvfrom(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: libc::c_int,
) -> io::Result<(usize, Option<SocketName>)> {
    let mut storage = SockAddrStorage::zeroed();
    let mut len = storage.size_of();
    // SAFETY: the type is the one that a SockAddrStorage stands for.
    #[allow(unsafe_code, reason = "the kernel's view of it")]
    let from = unsafe { storage.view_as::<libc::sockaddr_storage>() };
    // SAFETY: both pointers are to live memory of the length that is given with them, which the kernel fills in.
    #[allow(unsafe_code, reason = "no safe wrapper gives a name of any family")]
    let got = unsafe {
        libc::recvfrom(
            fd.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            flags,
            std::ptr::from_mut(from).cast(),
            &raw mut len,
        )
    };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    let from = (len > 0).then(|| name::from_filled_in(from, len));
    Ok((got, from))
}

#[cfg(test)]
mod tests;
