//! Phases: what is set too late has no effect, and the kernel says "success" all the same, or EINVAL.

use sockplay::option::{self, Fits, Row, Value};
use sockplay::socket::{Family, Phase, Triple, Type};

use crate::kernel::{Errno, Socket, is_older_than, pair};

const TCP: Triple = Triple::new(Family::Ipv4, Type::Stream);

fn row(name: &str) -> &'static Row {
    option::find(name).unwrap_or_else(|| panic!("{name} is no row"))
}

fn set(socket: &Socket, name: &str, value: &Value) -> Result<(), Errno> {
    socket.set(
        row(name),
        &row(name).encode(value).expect("a value in range"),
    )
}

fn number(socket: &Socket, name: &str) -> i64 {
    match row(name).decode(&socket.get(row(name)).expect("it reads")) {
        Value::Int(n) => n,
        other => panic!("{name} is {other}"),
    }
}

fn window_scale(socket: &Socket) -> i64 {
    let info = row("TCP_INFO").decode(&socket.get(row("TCP_INFO")).expect("it reads"));
    match info.field("rcv_wscale") {
        Some(Value::Int(scale)) => *scale,
        other => panic!("rcv_wscale is {other:?}"),
    }
}

#[test]
fn the_receive_buffer_decides_the_window_scale_before_listen_only() {
    assert_eq!(row("SO_RCVBUF").phase, Phase::PreListen);
    let small = Value::Int(4096);
    let [_l, _c, usual] = pair(TCP, |_| ()).expect("loopback");
    let before = window_scale(&usual);
    set(&usual, "SO_RCVBUF", &small).expect("success, too late");
    assert_eq!(window_scale(&usual), before);
    let [_l, _c, early] =
        pair(TCP, |l| set(l, "SO_RCVBUF", &small).expect("in time")).expect("loopback");
    assert!(
        window_scale(&early) < before,
        "{} and {before}",
        window_scale(&early)
    );
}

#[test]
fn the_segment_size_is_negotiated_before_listen_only() {
    assert_eq!(row("TCP_MAXSEG").phase, Phase::PreListen);
    let small = Value::Int(700);
    let [_l, client, accepted] = pair(TCP, |_| ()).expect("loopback");
    let before = number(&client, "TCP_MAXSEG");
    set(&accepted, "TCP_MAXSEG", &small).expect("success, too late for the peer");
    assert_eq!(number(&client, "TCP_MAXSEG"), before);
    let [_l, client, _a] =
        pair(TCP, |l| set(l, "TCP_MAXSEG", &small).expect("in time")).expect("loopback");
    assert!(number(&client, "TCP_MAXSEG") <= 700);
}

#[test]
fn the_kernel_itself_refuses_these_when_late() {
    let [listener, _c, accepted] = pair(TCP, |_| ()).expect("loopback");
    for (name, value, on) in [
        ("TCP_FASTOPEN", Value::Int(1), &accepted),
        ("TCP_FASTOPEN_CONNECT", Value::Bool(true), &accepted),
        ("TCP_FASTOPEN_CONNECT", Value::Bool(true), &listener),
        ("TCP_FASTOPEN_NO_COOKIE", Value::Bool(true), &accepted),
    ] {
        assert!(row(name).phase < Phase::PostAccept, "{name}");
        assert_eq!(set(on, name, &value), Err(libc::EINVAL), "{name}");
    }
}

#[test]
fn v6only_is_fixed_once_bound() {
    assert_eq!(row("IPV6_V6ONLY").phase, Phase::PreBind);
    let Ok(socket) = Socket::open(Triple::new(Family::Ipv6, Type::Stream)) else {
        println!("skipped: no IPv6 here");
        return;
    };
    set(&socket, "IPV6_V6ONLY", &Value::Bool(true)).expect("in time");
    socket.bind().expect("loopback");
    assert_eq!(
        set(&socket, "IPV6_V6ONLY", &Value::Bool(false)),
        Err(libc::EINVAL)
    );
}

/// Two UDP sockets on one port: bind(2) asks whether both allow it, and what is set afterwards is never asked.
#[test]
fn reuse_is_decided_at_bind() {
    for name in ["SO_REUSEADDR", "SO_REUSEPORT"] {
        assert_eq!(row(name).phase, Phase::PreBind, "{name}");
        let triple = Triple::new(Family::Ipv4, Type::Datagram);
        let open = || Socket::open(triple).expect("UDP");
        let (first, second) = (open(), open());
        set(&first, name, &Value::Bool(true)).expect("in time");
        first.bind().expect("loopback");
        assert_eq!(second.bind_where(&first), Err(libc::EADDRINUSE), "{name}");
        set(&second, name, &Value::Bool(true)).expect("in time");
        assert_eq!(second.bind_where(&first), Ok(()), "{name}");
    }
}

/// A listener's own number of requests, not a connection's: the accepted socket starts at 0.
#[test]
fn a_listeners_property_stays_with_the_listener() {
    for (name, value) in [("TCP_DEFER_ACCEPT", 3), ("TCP_FASTOPEN", 5)] {
        assert_eq!(row(name).phase, Phase::PreListen, "{name}");
        let early = |l: &Socket| set(l, name, &Value::Int(value)).expect("in time");
        let [listener, _c, accepted] = pair(TCP, early).expect("loopback");
        assert_eq!(number(&listener, name), value, "{name}");
        assert_eq!(number(&accepted, name), 0, "{name}");
    }
}

#[test]
fn per_connection_options_are_set_after_accept() {
    assert_eq!(row("SO_PRIORITY").phase, Phase::PostAccept);
    let early = |l: &Socket| set(l, "SO_PRIORITY", &Value::Int(5)).expect("in time");
    let [_l, _c, accepted] = pair(TCP, early).expect("loopback");
    assert_eq!(number(&accepted, "SO_PRIORITY"), 0);
    set(&accepted, "SO_PRIORITY", &Value::Int(5)).expect("any time");
    assert_eq!(number(&accepted, "SO_PRIORITY"), 5);
}

/// The port is chosen by bind(2) or connect(2) from the range that is set by then.
#[test]
fn a_port_range_is_for_bind() {
    let range = row("IP_LOCAL_PORT_RANGE");
    assert_eq!(range.phase, Phase::PreBind);
    if is_older_than("(Linux 6.3)") {
        println!("skipped: the kernel is older");
        return;
    }
    let socket = Socket::open(TCP).expect("TCP");
    set(
        &socket,
        "IP_LOCAL_PORT_RANGE",
        &Value::Text("40000-40999".into()),
    )
    .expect("in time");
    socket.bind().expect("one of a thousand ports is free");
    let port = socket.port();
    assert!((40000..=40999).contains(&port), "{port}");
    set(
        &socket,
        "IP_LOCAL_PORT_RANGE",
        &Value::Text("50000-50999".into()),
    )
    .expect("success, too late");
    assert_eq!(socket.port(), port);
}

/// `post-socket` promises that any time works: whatever is set on the listener is there after accept.
#[test]
fn what_any_time_promises_is_inherited() {
    let rows = option::rows().filter(|r| r.available() && r.phase == Phase::PostSocket);
    let not_inherited = rows.filter(|r| r.fits(TCP) && r.inherited == option::Inherited::No);
    let names: Vec<&str> = not_inherited.map(|r| r.name).collect();
    assert!(names.is_empty(), "{names:?}");
    assert!(Fits::TCP4.has(TCP));
}
