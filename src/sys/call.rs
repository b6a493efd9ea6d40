//! One method per system call on sockets and descriptors. Each reads like its line in a trace.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use nix::sys::socket::MsgFlags;
use socket2::{Domain, SockRef, Socket};

use super::bits::POLL;
use super::{Sys, abi, name, quick, show};
use crate::event::{Arg, Observer};
use crate::socket::{SocketName, Triple};

/// The second argument of shutdown(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// SHUT_RD
    Read,
    /// SHUT_WR: the peer reads the end.
    Write,
    /// SHUT_RDWR
    Both,
}

/// How close(2) ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linger {
    /// As the socket is set: usually an orderly release in the background.
    AsSet,
    /// SO_LINGER {1, 0} first: unsent bytes are thrown away and the peer gets a reset.
    Reset,
}

/// What poll(2) waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// POLLIN
    Readable,
    /// POLLOUT
    Writable,
    /// POLLRDHUP: the peer has shut down its writing half.
    PeerDone,
}

impl Readiness {
    const fn bits(self) -> i16 {
        match self {
            Readiness::Readable => libc::POLLIN,
            Readiness::Writable => libc::POLLOUT,
            Readiness::PeerDone => libc::POLLRDHUP,
        }
    }
}

pub(super) fn fd_arg(fd: BorrowedFd<'_>) -> Arg {
    Arg::Fd(fd.as_raw_fd())
}

/// A name that the kernel filled in, and its length in brackets as strace shows value-result arguments.
pub(super) fn filled_in(outcome: Option<&SocketName>) -> [Arg; 2] {
    match outcome {
        Some(name) => [
            show::address(name),
            Arg::symbol(format!("[{}]", show::address_len(name))),
        ],
        None => [Arg::symbol("NULL"), Arg::symbol("NULL")],
    }
}

fn fd_and_address(fd: BorrowedFd<'_>, to: &SocketName) -> Vec<Arg> {
    vec![
        fd_arg(fd),
        show::address(to),
        Arg::Int(show::address_len(to) as i64),
    ]
}

fn fd_and_name(fd: BorrowedFd<'_>, outcome: &io::Result<SocketName>) -> Vec<Arg> {
    let [address, len] = filled_in(outcome.as_ref().ok());
    vec![fd_arg(fd), address, len]
}

impl<O: Observer> Sys<'_, O> {
    /// socket(2), with SOCK_CLOEXEC.
    pub fn socket(&self, triple: Triple) -> io::Result<OwnedFd> {
        self.socket_in(triple, Blocking::Yes)
    }

    /// socket(2), with SOCK_CLOEXEC, and SOCK_NONBLOCK where calls on the new socket shall not wait.
    pub fn socket_in(&self, triple: Triple, mode: Blocking) -> io::Result<OwnedFd> {
        let open = || {
            let protocol = (triple.protocol.0 != 0).then(|| triple.protocol.0.into());
            let ty = socket2::Type::from(abi::ty(triple.ty));
            let ty = match mode {
                Blocking::Yes => ty,
                Blocking::No => ty.nonblocking(),
            };
            Socket::new(Domain::from(abi::family(triple.family)), ty, protocol).map(OwnedFd::from)
        };
        self.observed(
            "socket",
            open,
            |_| show::triple(triple, mode),
            |fd| fd.as_raw_fd().into(),
        )
    }

    /// bind(2)
    pub fn bind(&self, fd: BorrowedFd<'_>, to: &SocketName) -> io::Result<()> {
        let run = || match to {
            // socket2 gives "" the length of a whole sockaddr_un; autobind wants the family alone (unix(7)).
            SocketName::Unix(crate::socket::UnixName::Unnamed) => super::sockopt::autobind(fd),
            _ => SockRef::from(&fd).bind(&name::to_sockaddr(to)?),
        };
        self.observed("bind", run, |_| fd_and_address(fd, to), |()| 0)
    }

    /// listen(2)
    pub fn listen(&self, fd: BorrowedFd<'_>, backlog: u32) -> io::Result<()> {
        self.listen_at(fd, i32::try_from(backlog).unwrap_or(i32::MAX))
    }

    /// listen(2) with the backlog as C has it: the kernel reads a negative one as the largest.
    pub fn listen_at(&self, fd: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
        self.observed(
            "listen",
            || SockRef::from(&fd).listen(backlog),
            |_| vec![fd_arg(fd), Arg::Int(backlog.into())],
            |()| 0,
        )
    }

    /// accept4(2), with SOCK_CLOEXEC, and SOCK_NONBLOCK where calls on the new socket shall not wait: O_NONBLOCK is not
    /// inherited from the listener.
    pub fn accept(
        &self,
        listener: BorrowedFd<'_>,
        mode: Blocking,
    ) -> io::Result<(OwnedFd, SocketName)> {
        let (flags, word) = match mode {
            Blocking::Yes => (libc::SOCK_CLOEXEC, "SOCK_CLOEXEC"),
            Blocking::No => (
                libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
                "SOCK_CLOEXEC|SOCK_NONBLOCK",
            ),
        };
        let args = |outcome: &io::Result<(OwnedFd, SocketName)>| {
            let [address, len] = filled_in(outcome.as_ref().ok().map(|(_, peer)| peer));
            vec![fd_arg(listener), address, len, Arg::symbol(word)]
        };
        let run = || name::accept4(listener, flags);
        self.observed("accept4", run, args, |(fd, _)| fd.as_raw_fd().into())
    }

    /// connect(2)
    pub fn connect(&self, fd: BorrowedFd<'_>, to: &SocketName) -> io::Result<()> {
        let run = || SockRef::from(&fd).connect(&name::to_sockaddr(to)?);
        self.observed("connect", run, |_| fd_and_address(fd, to), |()| 0)
    }

    /// recv(2). With MSG_TRUNC a message that did not fit returns its real length.
    #[inline]
    pub fn recv(
        &self,
        fd: BorrowedFd<'_>,
        buffer: &mut [u8],
        flags: MsgFlags,
    ) -> io::Result<usize> {
        let (pointer, len) = (buffer.as_ptr(), buffer.len());
        let run = || quick::recv(fd, buffer, flags.bits());
        let args = |outcome: &io::Result<usize>| {
            let data = match outcome {
                // SAFETY: recv(2) has filled at most `len` bytes of the buffer, which outlives this call.
                #[allow(
                    unsafe_code,
                    reason = "the buffer is borrowed by the call and shown after it"
                )]
                Ok(n) => Arg::data(unsafe { std::slice::from_raw_parts(pointer, (*n).min(len)) }),
                Err(_) => Arg::symbol("NULL"),
            };
            vec![
                fd_arg(fd),
                data,
                Arg::Int(len as i64),
                show::message_flags(flags.bits()),
            ]
        };
        self.observed("recv", run, args, |&n| n as i64)
    }

    /// send(2), with MSG_NOSIGNAL: a broken pipe is an error, not a signal.
    #[inline]
    pub fn send(&self, fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        let flags = MsgFlags::MSG_NOSIGNAL;
        let run = || quick::send(fd, bytes, flags.bits());
        let args = |_: &_| {
            vec![
                fd_arg(fd),
                Arg::data(bytes),
                Arg::Int(bytes.len() as i64),
                show::message_flags(flags.bits()),
            ]
        };
        self.observed("send", run, args, |&n| n as i64)
    }

    /// shutdown(2)
    pub fn shutdown(&self, fd: BorrowedFd<'_>, half: Half) -> io::Result<()> {
        let (how, word) = match half {
            Half::Read => (std::net::Shutdown::Read, "SHUT_RD"),
            Half::Write => (std::net::Shutdown::Write, "SHUT_WR"),
            Half::Both => (std::net::Shutdown::Both, "SHUT_RDWR"),
        };
        self.observed(
            "shutdown",
            || SockRef::from(&fd).shutdown(how),
            |_| vec![fd_arg(fd), Arg::symbol(word)],
            |()| 0,
        )
    }

    /// getsockname(2)
    pub fn getsockname(&self, fd: BorrowedFd<'_>) -> io::Result<SocketName> {
        let run = || {
            SockRef::from(&fd)
                .local_addr()
                .map(|a| name::from_sockaddr(&a))
        };
        self.observed("getsockname", run, |o| fd_and_name(fd, o), |_| 0)
    }

    /// getpeername(2)
    pub fn getpeername(&self, fd: BorrowedFd<'_>) -> io::Result<SocketName> {
        let run = || {
            SockRef::from(&fd)
                .peer_addr()
                .map(|a| name::from_sockaddr(&a))
        };
        self.observed("getpeername", run, |o| fd_and_name(fd, o), |_| 0)
    }

    /// close(2). A descriptor is gone whatever close(2) says, so nothing is returned.
    pub fn close(&self, fd: OwnedFd, linger: Linger) {
        if linger == Linger::Reset {
            self.reset_on_close(fd.as_fd());
        }
        let number = fd.as_raw_fd();
        let run = || Ok(nix::unistd::close(fd)?);
        // Already closed as far as the program is concerned: an error of close(2) changes nothing for anybody.
        let _ = self.observed("close", run, |_| vec![Arg::Fd(number)], |()| 0);
    }

    /// poll(2) on several descriptors, each for one thing; tells which are ready (an error or a hang-up is ready too).
    /// `timeout_ms` −1 waits without end.
    pub fn poll(
        &self,
        on: &[(BorrowedFd<'_>, Readiness)],
        timeout_ms: i32,
    ) -> io::Result<Vec<bool>> {
        use nix::poll::{PollFd, PollFlags, PollTimeout};
        let mut fds: Vec<PollFd<'_>> = on
            .iter()
            .map(|&(fd, what)| PollFd::new(fd, PollFlags::from_bits_retain(what.bits())))
            .collect();
        let timeout = PollTimeout::try_from(timeout_ms).unwrap_or(PollTimeout::NONE);
        let run = || {
            nix::poll::poll(&mut fds, timeout)?;
            Ok(fds
                .iter()
                .map(|fd| fd.revents().is_none_or(|r| !r.is_empty()))
                .collect())
        };
        let args = |_: &_| {
            let one = |&(fd, what): &(BorrowedFd<'_>, Readiness)| {
                format!(
                    "{{fd={}, events={}}}",
                    fd.as_raw_fd(),
                    show::bits(what.bits().into(), POLL)
                )
            };
            let list = on.iter().map(one).collect::<Vec<_>>().join(", ");
            vec![
                Arg::symbol(format!("[{list}]")),
                Arg::Int(on.len() as i64),
                Arg::Int(timeout_ms.into()),
            ]
        };
        self.observed("poll", run, args, |ready: &Vec<bool>| {
            ready.iter().filter(|&&r| r).count() as i64
        })
    }

    /// ioctl(2) FIONBIO: whether calls wait or answer EAGAIN. One call, where fcntl(2) would take two.
    pub fn set_nonblocking(&self, fd: BorrowedFd<'_>, mode: Blocking) -> io::Result<()> {
        let on = libc::c_int::from(mode == Blocking::No);
        let run = || {
            // SAFETY: FIONBIO reads one int, which lives until the call returns.
            #[allow(unsafe_code, reason = "no safe wrapper does it in one call")]
            match unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO, &raw const on) } {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            }
        };
        let args = |_: &_| {
            vec![
                fd_arg(fd),
                Arg::symbol("FIONBIO"),
                Arg::symbol(format!("[{on}]")),
            ]
        };
        self.observed("ioctl", run, args, |()| 0)
    }
}

/// Whether calls on a descriptor wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// They wait.
    Yes,
    /// They answer EAGAIN.
    No,
}
