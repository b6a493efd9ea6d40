//! The messages with any ancillary data on real sockets of this machine.

use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};

use super::*;
use crate::option::{self, Value};
use crate::socket::{Family, Triple, Type};
use crate::sys::Arrived;
use crate::sys::witness::Witness;

const NONE: MsgFlags = MsgFlags::empty();
const ROOM: usize = 1024;

fn pair(sys: &Sys<'_, Witness>, ty: Type) -> (OwnedFd, OwnedFd) {
    sys.socketpair(Triple::new(Family::Unix, ty)).unwrap()
}

/// A bound socket and one that sends to it.
fn udp(sys: &Sys<'_, Witness>, loopback: &str) -> Option<(OwnedFd, OwnedFd, SocketName)> {
    let name = SocketName::Inet(loopback.parse().unwrap());
    let triple = Triple::new(name.family(), Type::Datagram);
    let (server, client) = (sys.socket(triple).ok()?, sys.socket(triple).ok()?);
    sys.bind(server.as_fd(), &name).ok()?;
    let to = sys.getsockname(server.as_fd()).unwrap();
    Some((server, client, to))
}

fn ask(sys: &Sys<'_, Witness>, fd: &OwnedFd, option: &'static str) {
    let on = 1_i32.to_ne_bytes().to_vec();
    sys.setsockopt_row(fd.as_fd(), option, on).unwrap();
}

fn cmsg(name: &str, value: i32) -> Ancillary<'static> {
    let row = option::find(name).unwrap();
    let bytes = value.to_ne_bytes().to_vec();
    Ancillary::Option { row, bytes }
}

fn field(value: &Value, name: &str) -> Value {
    let Value::Struct(fields) = value else {
        panic!("{value} is no struct");
    };
    let field = fields.iter().find(|(field, _)| field == name);
    field.expect("the struct has the field").1.clone()
}

/// What arrived under that name.
fn told(incoming: &Incoming, name: &str) -> Value {
    let one = incoming.control.iter().find(|one| one.name() == name);
    one.unwrap_or_else(|| panic!("no {name} in {incoming:?}"))
        .value()
}

#[test]
fn descriptors_arrive_and_work() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let (a, b) = pair(&sys, Type::Stream);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let rights = [Ancillary::Rights(vec![writer.as_fd()])];
    sys.send_message(a.as_fd(), None, b"x", &rights, NONE)
        .unwrap();
    let (fd, sent) = (a.as_raw_fd(), writer.as_raw_fd());
    let shown = |number| {
        format!(
            "msg_control=[{{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, \
             cmsg_data=[{number}]}}]"
        )
    };
    assert_eq!(
        witness.last(),
        format!("sendmsg({fd}, \"x\", 1, {}, 0) = 1", shown(sent))
    );
    drop(writer);
    let mut incoming = sys
        .receive_message(b.as_fd(), &mut [0; 8], ROOM, NONE)
        .unwrap();
    assert_eq!((incoming.len, incoming.flags), (1, 0));
    let Some(Arrived::Rights(mut fds)) = incoming.control.pop() else {
        panic!("{incoming:?}");
    };
    let arrived = fds.pop().unwrap();
    let (fd, number) = (b.as_raw_fd(), arrived.as_raw_fd());
    assert_eq!(
        witness.last(),
        format!(
            "recvmsg({fd}, \"x\", 8, {}, msg_flags=MSG_CMSG_CLOEXEC, MSG_CMSG_CLOEXEC) = 1",
            shown(number)
        )
    );
    let mut text = String::new();
    let mut writer = std::fs::File::from(arrived);
    writer.write_all(b"through the window").unwrap();
    drop(writer);
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "through the window");
}

#[test]
fn too_many_descriptors_are_refused() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let (a, b) = pair(&sys, Type::Stream);
    let send = |count| {
        let rights = [Ancillary::Rights(vec![b.as_fd(); count])];
        sys.send_message(a.as_fd(), None, b"x", &rights, NONE)
    };
    send(253).unwrap();
    assert_eq!(send(254).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    assert!(witness.last().ends_with(", 0) = -1 EINVAL"));
    let incoming = sys
        .receive_message(b.as_fd(), &mut [0; 8], 2 * ROOM, NONE)
        .unwrap();
    assert_eq!(told(&incoming, "SCM_RIGHTS"), Value::Int(253));
}

#[test]
fn without_room_the_rest_is_cut_off_and_nothing_stays_open() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let (a, b) = pair(&sys, Type::Datagram);
    // With room for a header and so many descriptors.
    for (room, arrive) in [(0, 0), (8, 0), (20, 1), (24, 2), (28, 3), (64, 3)] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let rights = [Ancillary::Rights(vec![writer.as_fd(); 3])];
        sys.send_message(a.as_fd(), None, b"x", &rights, NONE)
            .unwrap();
        drop(rights);
        drop(writer);
        let incoming = sys
            .receive_message(b.as_fd(), &mut [0; 8], room, NONE)
            .unwrap();
        let cut = if arrive < 3 { libc::MSG_CTRUNC } else { 0 };
        assert_eq!(incoming.flags, cut, "{room}");
        let fds: usize = incoming
            .control
            .iter()
            .map(|one| match one {
                Arrived::Rights(fds) => fds.len(),
                other => panic!("{other:?}"),
            })
            .sum();
        assert_eq!(fds, arrive, "{room}");
        drop(incoming);
        // The end comes when the last copy of the writer is closed: one that leaked would keep this waiting.
        let left = [(reader.as_fd(), libc::POLLIN)];
        assert_eq!(sys.poll_events(&left, 0).unwrap(), [libc::POLLHUP]);
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn a_long_message_says_so_and_names_its_sender() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let (server, client, to) = udp(&sys, "127.0.0.1:0").unwrap();
    sys.send_message(client.as_fd(), Some(&to), b"Ciao!", &[], NONE)
        .unwrap();
    assert!(witness.last().contains("msg_name={sa_family=AF_INET, "));
    let mut buffer = [0; 2];
    let incoming = sys
        .receive_message(server.as_fd(), &mut buffer, 0, NONE)
        .unwrap();
    assert_eq!((incoming.len, &buffer), (2, b"Ci"));
    assert_eq!(incoming.flags, libc::MSG_TRUNC);
    let port = incoming.from.and_then(|name| name.port());
    assert_eq!(port, sys.getsockname(client.as_fd()).unwrap().port());
    let nothing = sys.receive_message(server.as_fd(), &mut buffer, 0, MsgFlags::MSG_DONTWAIT);
    assert_eq!(nothing.unwrap_err().raw_os_error(), Some(libc::EAGAIN));
    assert!(witness.last().contains("NULL, 2, MSG_DONTWAIT|"));
}

#[test]
fn what_options_attach_is_named_and_read() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let (server, client, to) = udp(&sys, "127.0.0.1:0").unwrap();
    for option in ["IP_RECVTTL", "IP_RECVTOS", "IP_PKTINFO", "SO_TIMESTAMPNS"] {
        ask(&sys, &server, option);
    }
    let control = [cmsg("IP_TTL", 5), cmsg("IP_TOS", 16)];
    sys.send_message(client.as_fd(), Some(&to), b"x", &control, NONE)
        .unwrap();
    assert!(witness.last().contains(
        "{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[5]}, {cmsg_len=20, "
    ));
    let incoming = sys
        .receive_message(server.as_fd(), &mut [0; 8], ROOM, NONE)
        .unwrap();
    assert_eq!(told(&incoming, "IP_TTL"), Value::Int(5));
    assert_eq!(told(&incoming, "IP_TOS"), Value::Int(16));
    let destination = told(&incoming, "IP_PKTINFO");
    let loopback = Value::Text("127.0.0.1".to_owned());
    assert_eq!(field(&destination, "ipi_addr"), loopback);
    let Value::Int(seconds) = field(&told(&incoming, "SCM_TIMESTAMPNS"), "tv_sec") else {
        panic!("{incoming:?}");
    };
    assert!(seconds > 1_700_000_000, "{seconds}");
}

#[test]
fn ipv6_has_its_own() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let Some((server, client, to)) = udp(&sys, "[::1]:0") else {
        eprintln!("skip: no IPv6 here");
        return;
    };
    for option in ["IPV6_RECVHOPLIMIT", "IPV6_RECVTCLASS", "IPV6_RECVPKTINFO"] {
        ask(&sys, &server, option);
    }
    let control = [cmsg("IPV6_HOPLIMIT", 9), cmsg("IPV6_TCLASS", 32)];
    sys.send_message(client.as_fd(), Some(&to), b"x", &control, NONE)
        .unwrap();
    let incoming = sys
        .receive_message(server.as_fd(), &mut [0; 8], ROOM, NONE)
        .unwrap();
    assert_eq!(told(&incoming, "IPV6_HOPLIMIT"), Value::Int(9));
    assert_eq!(told(&incoming, "IPV6_TCLASS"), Value::Int(32));
    let destination = told(&incoming, "IPV6_PKTINFO");
    assert_eq!(
        field(&destination, "ipi6_addr"),
        Value::Text("::1".to_owned())
    );
}

#[test]
fn the_kernel_vouches_for_credentials() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let (a, b) = pair(&sys, Type::Datagram);
    ask(&sys, &b, "SO_PASSCRED");
    let mine = Ancillary::Credentials {
        pid: std::process::id().cast_signed(),
        uid: nix::unistd::getuid().as_raw(),
        gid: nix::unistd::getgid().as_raw(),
    };
    let receive = || {
        let incoming = sys
            .receive_message(b.as_fd(), &mut [0; 8], ROOM, NONE)
            .unwrap();
        field(&told(&incoming, "SCM_CREDENTIALS"), "pid")
    };
    let pid = Value::Int(std::process::id().into());
    sys.send_message(a.as_fd(), None, b"x", &[mine], NONE)
        .unwrap();
    assert_eq!(receive(), pid);
    sys.send_with(a.as_fd(), b"x", NONE).unwrap();
    assert_eq!(receive(), pid, "attached without being asked");
    let nobody = Ancillary::Credentials {
        pid: i32::MAX,
        uid: 0,
        gid: 0,
    };
    let refused = sys
        .send_message(a.as_fd(), None, b"x", &[nobody], NONE)
        .unwrap_err();
    let errno = refused.raw_os_error().unwrap();
    // Only who may claim it learns that there is no such process.
    assert!(matches!(errno, libc::ESRCH | libc::EPERM), "{errno}");
}

#[test]
fn an_icmp_answer_waits_in_the_error_queue() {
    let witness = Witness::default();
    let sys = Sys::new(&witness, "test");
    let (server, client, to) = udp(&sys, "127.0.0.1:0").unwrap();
    ask(&sys, &client, "IP_RECVERR");
    drop(server);
    sys.send_message(client.as_fd(), Some(&to), b"x", &[], NONE)
        .unwrap();
    let error = [(client.as_fd(), 0)];
    assert_eq!(sys.poll_events(&error, -1).unwrap(), [libc::POLLERR]);
    let incoming = sys
        .receive_message(client.as_fd(), &mut [0; 8], ROOM, MsgFlags::MSG_ERRQUEUE)
        .unwrap();
    assert_eq!(incoming.flags, libc::MSG_ERRQUEUE);
    assert_eq!(incoming.from, Some(to), "where it was sent to");
    let error = told(&incoming, "IP_RECVERR");
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(field(&error, "ee_errno"), text("ECONNREFUSED"));
    assert_eq!(field(&error, "ee_type"), Value::Int(3));
    assert_eq!(field(&error, "offender"), text("127.0.0.1:0"));
}
