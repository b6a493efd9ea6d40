//! Datagrams: every message is answered once or counted, and no two echo servers can keep each other busy.

#[path = "datagrams/batch.rs"]
mod batch;
mod common;

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;

use common::{Client, PATIENCE, Running, needs, pattern, place, python, serve};
use nix::sys::signal::Signal;
use socket2::{Domain, Socket, Type};

fn udp4() -> Running {
    serve("udp4").any_port().start()
}

/// A client at a port of its own choice; the port is free on 127.0.0.N.
fn from_port(server: &Running, port: u16) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    let own: std::net::SocketAddr = ([127, 0, 0, 9], port).into();
    socket.bind(&own.into()).expect("bind the source port");
    let server: std::net::SocketAddr = server.address().parse().unwrap();
    socket.connect(&server.into()).unwrap();
    Client::from_socket(socket)
}

/// One message from another client, answered: everything sent before it has been dealt with.
fn barrier(server: &Running) {
    server.say(b"barrier").hears(b"barrier");
}

#[test]
fn a_datagram_is_echoed_whole() {
    let server = udp4();
    let client = server.client();
    for bytes in [0, 1, 1472, 9000, 65_507] {
        let message = pattern(bytes);
        client.say(&message).hears(&message);
    }
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.echoed"), 5);
    assert_eq!(stopped.count("bytes_sent"), 1 + 1472 + 9000 + 65_507);
}

#[test]
fn a_datagram_of_no_bytes_is_data() {
    let place = place();
    for server in [
        udp4(),
        serve("unix-datagram").at(place.path().join("s")).start(),
    ] {
        let client = server.client();
        client.say(b"").hears(b"").say(b"more").hears(b"more");
        assert_eq!(server.stop_in_order().count("datagrams.echoed"), 2);
    }
}

#[test]
fn longer_than_the_buffer_is_counted_and_not_echoed() {
    let server = serve("udp4").any_port().set("io.buffer_size=4").start();
    let client = server.client();
    client.say(b"12345").say(b"1234").hears(b"1234");
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.truncated"), 1);
    assert_eq!(stopped.count("datagrams.echoed"), 1);
    assert_eq!(stopped.count("bytes_received"), 9);
    assert_eq!(stopped.count("bytes_discarded"), 5);
}

#[test]
fn longer_than_the_buffer_is_echoed_when_the_profile_says_so() {
    let server = serve("udp4")
        .any_port()
        .set("io.buffer_size=4")
        .set("serve.truncated=echo")
        .start();
    server.say(b"12345678").hears(b"1234");
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.echoed"), 1);
    assert_eq!(stopped.count("bytes_discarded"), 4);
}

#[test]
fn discard_answers_nobody_and_counts() {
    let server = serve("udp4").any_port().set("serve.reply=discard").start();
    let client = server.client();
    for n in 1..=3 {
        client.say(b"gone");
        server.event("received", n);
    }
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.dropped"), 3);
    assert_eq!(stopped.count("bytes_discarded"), 12);
}

#[test]
fn chargen_is_never_longer_than_its_request() {
    let server = serve("udp4").any_port().set("serve.reply=chargen").start();
    let client = server.client();
    for bytes in [0, 1, 10, 72, 2000] {
        client.say(&pattern(bytes));
        assert!(client.message().len() <= bytes, "more came than went");
    }
    server.stop_in_order();
}

// --- the guards ---

#[test]
fn small_services_and_nfs_are_not_answered() {
    if !needs("CAP_NET_BIND_SERVICE") {
        return;
    }
    let server = udp4();
    for port in [7, 19, 1023, 2049] {
        from_port(&server, port).say(b"reflect this");
    }
    from_port(&server, 1024).say(b"fine").hears(b"fine");
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.refused"), 4);
    assert_eq!(stopped.count("datagrams.echoed"), 1);
    let first = stopped.reasons("unanswered")[0];
    assert!(first.contains("below 1024"), "{first}");
}

/// UDP with a header of our own: source address and port are what we say.
const SPOOF: &str = r"
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def spoof(source, sport, target, dport, data=b'spoofed', ttl=64):
    udp = struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 0, 1, 0, ttl, 17, 0,
                     socket.inet_aton(source), socket.inet_aton(target))
    s.sendto(ip + udp, (target, 0))
";

fn spoof(source: (&str, u16), target: u16, ttl: u8) {
    let (host, port) = source;
    let call = format!("spoof('{host}', {port}, '127.0.0.1', {target}, ttl={ttl})");
    assert_eq!(python(&format!("{SPOOF}{call}")).prints(), "");
}

#[test]
fn our_own_address_and_port_zero_are_not_answered() {
    if !needs("CAP_NET_RAW") {
        return;
    }
    let server = udp4();
    spoof(("127.0.0.1", server.port()), server.port(), 64);
    spoof(("127.0.0.1", 0), server.port(), 64);
    barrier(&server);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.refused"), 2);
    assert_eq!(stopped.count("datagrams.echoed"), 1);
}

#[test]
fn a_time_to_live_that_is_used_up_is_not_answered() {
    if !needs("CAP_NET_RAW") {
        return;
    }
    let server = udp4();
    spoof(("127.0.0.1", 40_000), server.port(), 1);
    barrier(&server);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.refused"), 1);
    assert_eq!(
        stopped.reasons("unanswered"),
        ["its time to live is used up: a loop"]
    );
}

#[test]
fn two_servers_do_not_answer_each_other_for_ever() {
    if !needs("CAP_NET_RAW") {
        return;
    }
    let (one, other) = (udp4(), udp4());
    spoof(("127.0.0.1", other.port()), one.port(), 64);
    // The last packet arrives with a time to live of 1, and is refused.
    let refused = [&one, &other].map(|server| server.process.pid());
    one.event("sent", 32);
    other.event("sent", 31);
    other.event("unanswered", 1);
    barrier(&one);
    barrier(&other);
    let (one, other) = (one.stop_in_order(), other.stop_in_order());
    let both = |key| one.count(key) + other.count(key);
    assert_eq!(both("datagrams.received") - 2, 64, "{refused:?}");
    assert_eq!(both("datagrams.refused"), 1);
}

#[test]
fn each_reply_may_pass_one_router_less() {
    let script = r"
c = socket.socket(int(sys.argv[1]), 2); c.connect(eval(sys.argv[2]))
v6 = c.family == 10
level, set_, ask = (41, 16, 51) if v6 else (0, socket.IP_TTL, 12)
c.setsockopt(level, ask, 1)
for ttl in (64, 2, 33, 255):
    c.setsockopt(level, set_, ttl); c.send(b'x')
    _, control, _, _ = c.recvmsg(9, 99)
    print(*(struct.unpack('i', data)[0] for _, _, data in control))
";
    for (profile, family, host) in [("udp4", 2, "127.0.0.1"), ("udp6", 10, "::1")] {
        let server = serve(profile).any_port().start();
        let place = format!("('{host}', {})", server.port());
        let heard = python(script).arg(family).arg(place).prints();
        assert_eq!(heard, "63\n1\n32\n64", "{profile}");
        server.stop_in_order();
    }
}

#[test]
fn allow_loops_turns_the_guards_off() {
    if !needs("CAP_NET_BIND_SERVICE") {
        return;
    }
    let server = serve("udp4")
        .any_port()
        .set("serve.allow_loops=true")
        .start();
    from_port(&server, 1022).say(b"a choice").hears(b"a choice");
    server.stop_in_order();
}

#[test]
fn a_broadcast_is_not_answered() {
    let script = r"
c = socket.socket(2, 2); c.setsockopt(1, socket.SO_BROADCAST, 1)
c.sendto(b'anybody?', (sys.argv[2], int(sys.argv[1])))
";
    let server = serve("udp4").any_port().set("address.host=\"\"").start();
    let port = server.port();
    python(script).arg(port).arg("127.255.255.255").prints();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(b"you", ("127.0.0.1", port)).unwrap();
    assert_eq!(client.recv_from(&mut [0; 9]).unwrap().0, 3);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.echoed"), 1, "{}", stopped.log);
    assert_eq!(stopped.count("datagrams.refused"), 1, "{}", stopped.log);
}

#[test]
fn the_answer_comes_from_the_address_that_was_asked() {
    let server = serve("udp4").any_port().set("address.host=\"\"").start();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    for host in ["127.0.0.1", "127.0.0.2", "127.1.2.3"] {
        client.send_to(b"who?", (host, server.port())).unwrap();
        let (_, from) = client.recv_from(&mut [0; 9]).unwrap();
        assert_eq!(from.to_string(), format!("{host}:{}", server.port()));
    }
    server.stop_in_order();
}

#[test]
fn one_socket_serves_both_families() {
    let server = serve("udp6")
        .any_port()
        .set("options.IPV6_V6ONLY=false")
        .set("address.host=\"\"")
        .start();
    for (own, host) in [("127.0.0.1:0", "127.0.0.2"), ("[::1]:0", "::1")] {
        let client = UdpSocket::bind(own).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.send_to(b"hi", (host, server.port())).unwrap();
        let mut heard = [0; 9];
        let (n, from) = client.recv_from(&mut heard).unwrap();
        assert_eq!(
            (&heard[..n], from.ip().to_string().as_str()),
            (&b"hi"[..], host)
        );
    }
    // The TTL of IPv4 is guarded on this socket too.
    if needs("CAP_NET_RAW") {
        spoof(("127.0.0.1", 40_000), server.port(), 1);
        spoof(("127.0.0.1", server.port()), server.port(), 64);
        server.event("received", 4);
    }
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.echoed"), 2);
    assert!(stopped.log.contains("::ffff:127.0.0.1"), "{}", stopped.log);
}

// --- unix ---

#[test]
fn a_unix_client_without_an_address_is_counted() {
    let place = place();
    let server = serve("unix-datagram").at(place.path().join("s")).start();
    let unnamed = UnixDatagram::unbound().unwrap();
    unnamed.send_to(b"to nobody", server.address()).unwrap();
    barrier(&server);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.refused"), 1);
    assert_eq!(
        stopped.reasons("unanswered"),
        ["it has no address to answer to"]
    );
}

#[test]
fn a_unix_client_that_is_gone_is_counted() {
    let place = place();
    let server = serve("unix-datagram").at(place.path().join("s")).start();
    server.signal(Signal::SIGSTOP);
    drop(server.say(b"and away"));
    server.signal(Signal::SIGCONT);
    barrier(&server);
    assert_eq!(server.stop_in_order().count("datagrams.dropped"), 1);
}

#[test]
fn a_client_that_does_not_read_does_not_stop_the_others() {
    let place = place();
    let server = serve("unix-datagram").at(place.path().join("s")).start();
    // Not connected to the server: a queue has no limit for the one peer that its socket is connected to.
    let deaf = UnixDatagram::bind(place.path().join("deaf")).unwrap();
    for n in 1..=30 {
        deaf.send_to(b"anything", server.address()).unwrap();
        server.event("received", n);
    }
    barrier(&server);
    let stopped = server.stop_in_order();
    let (echoed, dropped) = (
        stopped.count("datagrams.echoed"),
        stopped.count("datagrams.dropped"),
    );
    let limit = std::fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen").unwrap();
    let fit = limit.trim().parse::<u64>().unwrap().min(29) + 1;
    assert_eq!((echoed, dropped), (fit + 1, 30 - fit));
    let why = stopped.reasons("unanswered")[0];
    assert!(why.contains("EAGAIN"), "{why}");
}

#[test]
fn messages_that_had_arrived_are_answered_before_the_end() {
    let server = udp4();
    let client = server.client();
    server.signal(Signal::SIGSTOP);
    for n in 0..20u8 {
        client.say(&[n]);
    }
    server.signal(Signal::SIGTERM).signal(Signal::SIGCONT);
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0);
    for n in 0..20u8 {
        client.hears(&[n]);
    }
    stopped.adds_up();
    assert_eq!(stopped.count("datagrams.echoed"), 20);
}

/// The last column of /proc/net/udp: datagrams that found the socket's buffer full.
fn kernel_drops(port: u16) -> usize {
    let all = std::fs::read_to_string("/proc/net/udp").unwrap();
    let own = format!("0100007F:{port:04X}");
    let mut sockets = all.lines().map(|line| line.split_whitespace());
    // The second column is the local address, the third a peer's.
    let is_ours = |columns: &std::str::SplitWhitespace<'_>| columns.clone().nth(1) == Some(&own);
    let ours = sockets.find(is_ours).expect("the server's socket");
    ours.last().unwrap().parse().expect("drops")
}

#[test]
fn drops_of_the_kernel_are_told() {
    let server = serve("udp4")
        .any_port()
        .set("options.SO_RCVBUF=2304")
        .start();
    let client = server.client();
    server.signal(Signal::SIGSTOP);
    for _ in 0..100 {
        client.say(&pattern(1000));
    }
    // loopback hands over in send(2): what has not been dropped by now will be received.
    let queued = 100 - kernel_drops(server.port());
    server.signal(Signal::SIGCONT);
    server.event("received", queued);
    // SO_RXQ_OVFL comes with the next datagram that is queued, for which there is room again.
    barrier(&server);
    let stopped = server.stop_in_order();
    let received = stopped.count("datagrams.received");
    assert!(received < 101, "the buffer held all of them");
    assert_eq!(stopped.count("datagrams.kernel_drops"), 101 - received);
}
