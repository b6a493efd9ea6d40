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
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;
    use crate::socket::{Family, Type, UnixName};
    use crate::sys::Half;
    use crate::sys::witness::Witness;

    const NONE: MsgFlags = MsgFlags::empty();

    fn unix(ty: Type) -> Triple {
        Triple::new(Family::Unix, ty)
    }

    fn errno<T>(outcome: io::Result<T>) -> i32 {
        outcome.err().and_then(|e| e.raw_os_error()).unwrap_or(0)
    }

    #[test]
    fn a_pair_shows_its_numbers_and_only_unix_has_one() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let (a, b) = sys.socketpair(unix(Type::Stream)).unwrap();
        let numbers = format!("[{}, {}]", a.as_raw_fd(), b.as_raw_fd());
        assert_eq!(
            witness.last(),
            format!("socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, {numbers}) = 0")
        );
        let inet = sys.socketpair(Triple::new(Family::Ipv4, Type::Stream));
        assert_eq!(errno(inet), libc::EOPNOTSUPP);
        assert!(witness.last().ends_with("NULL) = -1 EOPNOTSUPP"));
    }

    #[test]
    fn flags_are_those_given_and_no_others() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let (a, b) = sys.socketpair(unix(Type::Stream)).unwrap();
        let fd = a.as_raw_fd();
        sys.send_with(a.as_fd(), b"Ciao!", NONE).unwrap();
        assert_eq!(witness.last(), format!("send({fd}, \"Ciao!\", 5, 0) = 5"));
        drop(b);
        // Rust programs ignore SIGPIPE, this one too.
        assert_eq!(errno(sys.send_with(a.as_fd(), b"x", NONE)), libc::EPIPE);
        assert!(witness.last().ends_with("\"x\", 1, 0) = -1 EPIPE"));
    }

    #[test]
    fn datagrams_go_where_they_are_sent_and_say_whence() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let triple = unix(Type::Datagram);
        let (server, client) = (sys.socket(triple).unwrap(), sys.socket(triple).unwrap());
        sys.bind(server.as_fd(), &SocketName::UNNAMED).unwrap();
        let to = sys.getsockname(server.as_fd()).unwrap();
        assert!(matches!(to, SocketName::Unix(UnixName::Abstract(_))));
        let mut buffer = [0; 3];
        sys.sendto(client.as_fd(), b"anonymous", NONE, &to).unwrap();
        assert!(
            witness
                .last()
                .contains(", {sa_family=AF_UNIX, sun_path=@\"")
        );
        let real = MsgFlags::MSG_TRUNC;
        let got = sys.recvfrom(server.as_fd(), &mut buffer, real).unwrap();
        assert_eq!((got, &buffer), ((9, None), b"ano"));
        let fd = server.as_raw_fd();
        assert_eq!(
            witness.last(),
            format!("recvfrom({fd}, \"ano\", 3, MSG_TRUNC, NULL, NULL) = 9")
        );
        sys.bind(client.as_fd(), &SocketName::UNNAMED).unwrap();
        let from = sys.getsockname(client.as_fd()).unwrap();
        sys.sendto(client.as_fd(), b"ab", NONE, &to).unwrap();
        let got = sys.recvfrom(server.as_fd(), &mut buffer, NONE).unwrap();
        assert_eq!(got, (2, Some(from)));
        let nothing = sys.recvfrom(server.as_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT);
        assert_eq!(errno(nothing), libc::EAGAIN);
        let nobody = SocketName::Unix(UnixName::Abstract(b"sockplay nobody".to_vec()));
        let refused = sys.sendto(client.as_fd(), b"x", NONE, &nobody);
        assert_eq!(errno(refused), libc::ECONNREFUSED);
    }

    #[test]
    fn inet_names_come_back_and_a_connection_gives_none() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let any = SocketName::Inet("127.0.0.1:0".parse().unwrap());
        let udp = Triple::new(Family::Ipv4, Type::Datagram);
        let (server, client) = (sys.socket(udp).unwrap(), sys.socket(udp).unwrap());
        sys.bind(server.as_fd(), &any).unwrap();
        let to = sys.getsockname(server.as_fd()).unwrap();
        sys.sendto(client.as_fd(), b"hi", NONE, &to).unwrap();
        let from = sys.recvfrom(server.as_fd(), &mut [0; 8], NONE).unwrap().1;
        let port = from.and_then(|name| name.port());
        assert_eq!(port, sys.getsockname(client.as_fd()).unwrap().port());

        let tcp = Triple::new(Family::Ipv4, Type::Stream);
        let (listener, client) = (sys.socket(tcp).unwrap(), sys.socket(tcp).unwrap());
        sys.bind(listener.as_fd(), &any).unwrap();
        sys.listen_at(listener.as_fd(), -1).unwrap();
        assert!(witness.last().ends_with(", -1) = 0"));
        let to = sys.getsockname(listener.as_fd()).unwrap();
        sys.connect(client.as_fd(), &to).unwrap();
        let (peer, _) = sys.accept(listener.as_fd(), Blocking::Yes).unwrap();
        sys.send_with(client.as_fd(), b"hi", NONE).unwrap();
        let got = sys.recvfrom(peer.as_fd(), &mut [0; 8], NONE).unwrap();
        assert_eq!(got, (2, None));
    }

    #[test]
    fn a_nonblocking_socket_does_not_wait() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let udp = Triple::new(Family::Ipv4, Type::Datagram);
        let socket = sys.socket_in(udp, Blocking::No).unwrap();
        assert!(witness.last().contains("|SOCK_CLOEXEC|SOCK_NONBLOCK, "));
        let nothing = sys.recvfrom(socket.as_fd(), &mut [0; 8], NONE);
        assert_eq!(errno(nothing), libc::EAGAIN);
    }

    #[test]
    fn poll_tells_each_ones_events() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let (a, b) = sys.socketpair(unix(Type::Stream)).unwrap();
        let asked = libc::POLLIN | libc::POLLRDHUP;
        let both = [(a.as_fd(), asked), (b.as_fd(), libc::POLLOUT)];
        assert_eq!(sys.poll_events(&both, 0).unwrap(), [0, libc::POLLOUT]);
        let (first, second) = (a.as_raw_fd(), b.as_raw_fd());
        assert_eq!(
            witness.last(),
            format!(
                "poll([{{fd={first}, events=POLLIN|POLLRDHUP}}, {{fd={second}, events=POLLOUT, \
                 revents=POLLOUT}}], 2, 0) = 1"
            )
        );
        sys.shutdown(b.as_fd(), Half::Write).unwrap();
        assert_eq!(sys.poll_events(&both[..1], -1).unwrap(), [asked]);
        assert_eq!(sys.poll_events(&[], 0).unwrap(), [0_i16; 0]);
    }

    #[test]
    fn a_duplicate_is_the_same_socket() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let (a, b) = sys.socketpair(unix(Type::Stream)).unwrap();
        let again = sys.dup(a.as_fd()).unwrap();
        let (old, new) = (a.as_raw_fd(), again.as_raw_fd());
        assert_eq!(
            witness.last(),
            format!("fcntl({old}, F_DUPFD_CLOEXEC, 3) = {new}")
        );
        drop(a);
        sys.send_with(again.as_fd(), b"x", NONE).unwrap();
        drop(again);
        assert_eq!(sys.recv(b.as_fd(), &mut [0; 8], NONE).unwrap(), 1);
        assert_eq!(sys.recv(b.as_fd(), &mut [0; 8], NONE).unwrap(), 0);
    }

    #[test]
    fn ioctl_counts_what_waits() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let (a, b) = sys.socketpair(unix(Type::Stream)).unwrap();
        sys.send_with(a.as_fd(), b"Ciao!", NONE).unwrap();
        let ask = |request| sys.ioctl_int(b.as_fd(), request);
        assert_eq!(ask(IoctlRequest::Inq).unwrap(), 5);
        let fd = b.as_raw_fd();
        assert_eq!(witness.last(), format!("ioctl({fd}, SIOCINQ, [5]) = 0"));
        assert_eq!(ask(IoctlRequest::Outq).unwrap(), 0);
        assert!(sys.ioctl_int(a.as_fd(), IoctlRequest::Outq).unwrap() > 0);
        assert_eq!(errno(ask(IoctlRequest::OutqNsd)), libc::ENOTTY);
        for request in IoctlRequest::ALL {
            assert_eq!(IoctlRequest::from_name(request.name()), Some(request));
        }
        assert_eq!(IoctlRequest::from_name("FIONBIO"), None);
    }

    #[test]
    fn the_urgent_byte_leaves_a_mark() {
        let witness = Witness::default();
        let sys = Sys::new(&witness, "test");
        let tcp = Triple::new(Family::Ipv4, Type::Stream);
        let (listener, client) = (sys.socket(tcp).unwrap(), sys.socket(tcp).unwrap());
        let any = SocketName::Inet("127.0.0.1:0".parse().unwrap());
        sys.bind(listener.as_fd(), &any).unwrap();
        sys.listen(listener.as_fd(), 1).unwrap();
        let to = sys.getsockname(listener.as_fd()).unwrap();
        sys.connect(client.as_fd(), &to).unwrap();
        let (peer, _) = sys.accept(listener.as_fd(), Blocking::Yes).unwrap();
        sys.send_with(client.as_fd(), b"ab!", MsgFlags::MSG_OOB)
            .unwrap();
        let urgent = [(peer.as_fd(), libc::POLLPRI)];
        assert_eq!(sys.poll_events(&urgent, -1).unwrap(), [libc::POLLPRI]);
        let at_mark = || sys.ioctl_int(peer.as_fd(), IoctlRequest::AtMark).unwrap();
        assert_eq!(at_mark(), 0);
        assert_eq!(sys.recv(peer.as_fd(), &mut [0; 8], NONE).unwrap(), 2);
        assert_eq!(at_mark(), 1);
        assert_eq!(
            sys.ioctl_int(peer.as_fd(), IoctlRequest::OutqNsd).unwrap(),
            0
        );
    }
}
