//! The exact calls on real sockets of this machine.

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
