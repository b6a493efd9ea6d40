//! Every profile that is shipped, served and then spoken to by programs that know nothing of us. The other direction
//! is in `connect_profiles.rs`.

mod common;

use std::collections::BTreeSet;

use common::{Process, Running, Sockplay, connect, needs, needs_program, needs_socket};
use common::{place, python, serve};
use socket2::{Domain, Type};

/// What a client sends, and what it hears before the end.
const CIAO: (&[u8], &[u8]) = (b"Ciao!\n", b"Ciao!\n");

/// The same behind its length.
const PREFIXED: (&[u8], &[u8]) = (b"\0\0\0\x05Ciao!", b"\0\0\0\x05Ciao!");

/// As sockperf's client sends it and hears it back: the client bit is gone.
const PING: (&[u8], &[u8]) = (
    b"\0\0\0\0\0\0\0\x01\0\x03\0\0\0\x13Ciao!",
    b"\0\0\0\0\0\0\0\x01\0\x02\0\0\0\x13Ciao!",
);

type Test = fn(&str);

/// One line per profile: how it is tested, `configs/` decides which lines there must be.
const PROFILES: &[(&str, Test)] = &[
    ("icmp-ping", the_kernel_answers_a_ping),
    ("mptcp", mptcp),
    ("raw4", raw4),
    ("raw6", raw6),
    ("systemd", systemd),
    ("tcp-dual", dual),
    ("tcp4", |p| tcp4(p, CIAO)),
    ("tcp4-accept-only", |p| only_python_and_nc(p, b"")),
    ("tcp4-length-prefix", |p| tcp4(p, PREFIXED)),
    ("tcp4-line", |p| tcp4(p, CIAO)),
    ("tcp4-linger-reset", linger_reset),
    ("tcp4-sockperf", |p| tcp4(p, PING)),
    ("tcp4-loop", |p| tcp4(p, CIAO)),
    ("tcp4-threads", |p| tcp4(p, CIAO)),
    ("tcp4-poll", |p| tcp4(p, CIAO)),
    ("tcp4-epoll", |p| tcp4(p, CIAO)),
    ("tcp4-epoll-edge", |p| tcp4(p, CIAO)),
    ("tcp4-async", |p| tcp4(p, CIAO)),
    ("tcp4-uring", |p| tcp4(p, CIAO)),
    ("tcp4-nagle", |p| tcp4(p, (&[b'n'; 64], &[b'n'; 64]))),
    ("tcp4-nodelay", |p| tcp4(p, (&[b'n'; 128], &[b'n'; 128]))),
    ("tcp4-receive-only", |p| only_python_and_nc(p, b"Ciao!\n")),
    ("tcp4-small-buffers", |p| tcp4(p, CIAO)),
    ("tcp4-tiny-backlog", |p| tcp4(p, CIAO)),
    ("tcp6", tcp6),
    ("udp4", udp4),
    ("udp4-batch", udp4),
    ("udp6", udp6),
    ("udplite", udplite),
    ("unix-abstract", unix_abstract),
    ("unix-datagram", unix_datagram),
    ("unix-seqpacket", unix_seqpacket),
    ("unix-stream", unix_stream),
];

#[test]
fn every_profile_has_a_line() {
    let shipped: BTreeSet<String> = std::fs::read_dir("configs")
        .expect("tests run in the package's root")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let tested: BTreeSet<String> = PROFILES.iter().map(|(p, _)| (*p).to_owned()).collect();
    assert_eq!(shipped, tested, "shipped (left) and tested (right)");
}

/// One test per part of the table, so that they run beside each other and a failure names its part.
fn all(starts_with: &[&str]) {
    for (profile, test) in PROFILES {
        if starts_with.iter().any(|s| profile.starts_with(s)) {
            eprintln!("profile {profile}");
            test(profile);
        }
    }
}

#[test]
fn tcp_profiles() {
    all(&["tcp"]);
}

#[test]
fn udp_profiles() {
    all(&["udp"]);
}

#[test]
fn unix_profiles() {
    all(&["unix"]);
}

#[test]
fn the_other_profiles() {
    all(&["icmp", "mptcp", "raw", "systemd"]);
    let others = PROFILES.iter().filter(|(p, _)| {
        let known = ["tcp", "udp", "unix", "icmp", "mptcp", "raw", "systemd"];
        !known.iter().any(|k| p.starts_with(k))
    });
    assert_eq!(others.count(), 0, "a profile that no test runs");
}

// --- servers of ours, clients of others ---

/// A client program that is run with what follows; `PORT` and `PATH` are replaced.
fn program(server: &Running, line: &str, (says, hears): (&[u8], &[u8])) {
    let place = server.address();
    let port = place.rsplit_once(':').map_or("", |(_, port)| port);
    let line = line.replace("PORT", port).replace("PATH", place);
    let words: Vec<&str> = line.split(' ').collect();
    if !needs_program(words[0]) {
        return;
    }
    let mut process = Process::program(words[0], &words[1..]);
    if words[0] == "telnet" {
        process.says("Connected");
    }
    process.types(says);
    process.waits_out(&format!("{hears:?} ({line})"), |said| {
        common::contains(said, hears)
    });
    process.ends_input();
    // Nothing ends a conversation without a connection, and telnet writes more than it hears.
    let no_end = ["telnet", " -u", "UDP", "IP4", "-SENDTO"];
    if no_end.iter().any(|part| line.contains(part)) {
        return;
    }
    let finished = process.finishes();
    assert_eq!(finished.out, hears, "{line}: {}", finished.err);
}

/// A client on any family and type that is all Python's own work.
const CLIENT: &str = r"
family, kind, protocol = map(int, sys.argv[1:4])
where, message = eval(sys.argv[4]), bytes.fromhex(sys.argv[5])
c = socket.socket(family, kind, protocol)
if family == 1 and kind == 2:
    c.bind('')  # unix(7): the kernel picks an abstract name
c.connect(where)
c.send(message)
heard = b''
try:
    if kind == 1:
        c.shutdown(1)
        while piece := c.recv(65536):
            heard += piece
    else:
        heard = c.recv(65536)
except ConnectionResetError:
    heard += b' and a reset'
sys.stdout.buffer.write(heard)
";

fn python_client(triple: [i32; 3], place: &str, (says, hears): (&[u8], &[u8])) {
    let hex = says
        .iter()
        .fold(String::new(), |hex, b| format!("{hex}{b:02x}"));
    let [family, ty, protocol] = triple;
    let script = python(CLIENT).arg(family).arg(ty).arg(protocol);
    let client = script.arg(place).arg(hex).finishes();
    assert_eq!(
        String::from_utf8_lossy(&client.out),
        String::from_utf8_lossy(hears),
        "{}",
        client.err
    );
}

fn inet(server: &Running, host: &str) -> String {
    format!("('{host}', {})", server.port())
}

fn on_any_port(profile: &str) -> Sockplay {
    let server = serve(profile).any_port();
    if profile == "tcp4-tiny-backlog" {
        // Its lesson is a pause of 20 s.
        return server.set("serve.pause.before_accept=1ms");
    }
    server
}

fn tcp4(profile: &str, words: (&[u8], &[u8])) {
    let server = on_any_port(profile).start();
    python_client([2, 1, 0], &inet(&server, "127.0.0.1"), words);
    program(&server, "nc -N 127.0.0.1 PORT", words);
    program(&server, "socat -t5 - TCP4:127.0.0.1:PORT", words);
    program(&server, "ncat 127.0.0.1 PORT", words);
    let mut clients = 4;
    if words.0.is_ascii() && !words.0.contains(&0) && words.0.ends_with(b"\n") {
        program(&server, "telnet 127.0.0.1 PORT", (words.0, b"Ciao!"));
        clients += 1;
    }
    assert_eq!(server.stop_in_order().count("accepted"), clients);
}

fn only_python_and_nc(profile: &str, received: &[u8]) {
    let server = on_any_port(profile).start();
    let place = inet(&server, "127.0.0.1");
    let script = "c = socket.create_connection(eval(sys.argv[1])); c.sendall(sys.argv[2].encode())
print(c.recv(99))";
    let text = String::from_utf8_lossy(received);
    assert_eq!(python(script).arg(&place).arg(text).prints(), "b''");
    let mut nc = Process::program("nc", &["127.0.0.1", &server.port().to_string()]);
    if !received.is_empty() {
        nc.types(received);
    }
    server.event("closed", 2);
    nc.ends_input();
    assert_eq!(nc.finishes().out, b"");
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("bytes_sent"), 0);
    assert_eq!(stopped.count("bytes_received"), 2 * received.len() as u64);
    assert_eq!(stopped.count("closed_by_rule"), 2);
}

fn linger_reset(profile: &str) {
    let server = on_any_port(profile).start();
    let script = "c = socket.create_connection(eval(sys.argv[1])); c.send(b'Ciao')
print(c.recv(99))
try: print(c.recv(99))
except ConnectionResetError: print('reset')";
    let seen = python(script).arg(inet(&server, "127.0.0.1")).prints();
    assert!(seen == "b'Ciao'\nreset", "{seen}");
    server.stop_in_order();
}

fn tcp6(profile: &str) {
    let server = on_any_port(profile).start();
    python_client([10, 1, 0], &inet(&server, "::1"), CIAO);
    program(&server, "nc -6 -N ::1 PORT", CIAO);
    program(&server, "socat -t5 - TCP6:[::1]:PORT", CIAO);
    program(&server, "ncat -6 ::1 PORT", CIAO);
    program(&server, "telnet ::1 PORT", (CIAO.0, b"Ciao!"));
    server.stop_in_order();
}

fn dual(profile: &str) {
    let server = on_any_port(profile).start();
    python_client([2, 1, 0], &inet(&server, "127.0.0.1"), CIAO);
    python_client([10, 1, 0], &inet(&server, "::1"), CIAO);
    program(&server, "nc -4 -N 127.0.0.1 PORT", CIAO);
    program(&server, "nc -6 -N ::1 PORT", CIAO);
    let stopped = server.stop_in_order();
    assert!(
        stopped.log.contains("('::ffff:127.0.0.1', "),
        "{}",
        stopped.log
    );
    assert!(stopped.log.contains("('::1', "), "{}", stopped.log);
}

fn udp4(profile: &str) {
    let server = on_any_port(profile).start();
    python_client([2, 2, 0], &inet(&server, "127.0.0.1"), CIAO);
    program(&server, "nc -u 127.0.0.1 PORT", CIAO);
    program(&server, "socat - UDP4:127.0.0.1:PORT", CIAO);
    program(&server, "ncat -u 127.0.0.1 PORT", CIAO);
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 4);
}

fn udp6(profile: &str) {
    let server = on_any_port(profile).start();
    python_client([10, 2, 0], &inet(&server, "::1"), CIAO);
    program(&server, "nc -6 -u ::1 PORT", CIAO);
    program(&server, "socat - UDP6:[::1]:PORT", CIAO);
    program(&server, "ncat -6 -u ::1 PORT", CIAO);
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 4);
}

fn udplite(profile: &str) {
    if !needs_socket(Domain::IPV4, Type::DGRAM, 136) {
        return;
    }
    let server = on_any_port(profile).start();
    python_client([2, 2, 136], &inet(&server, "127.0.0.1"), CIAO);
    program(&server, "socat - UDP4:127.0.0.1:PORT,protocol=136", CIAO);
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 2);
}

fn mptcp(profile: &str) {
    if !needs_socket(Domain::IPV4, Type::STREAM, 262) {
        return;
    }
    let server = on_any_port(profile).start();
    python_client([2, 1, 262], &inet(&server, "127.0.0.1"), CIAO);
    program(&server, "nc -N 127.0.0.1 PORT", CIAO); // falls back to TCP
    server.stop_in_order();
}

fn unix_stream(profile: &str) {
    let place = place();
    let server = serve(profile).at(place.path().join("s")).start();
    python_client([1, 1, 0], &format!("'{}'", server.address()), CIAO);
    program(&server, "nc -N -U PATH", CIAO);
    program(&server, "socat -t5 - UNIX-CONNECT:PATH", CIAO);
    program(&server, "ncat -U PATH", CIAO);
    assert_eq!(server.stop_in_order().count("closed_by_peer"), 4);
}

fn unix_datagram(profile: &str) {
    let place = place();
    let server = serve(profile).at(place.path().join("s")).start();
    python_client([1, 2, 0], &format!("'{}'", server.address()), CIAO);
    program(&server, "nc -uU PATH", CIAO);
    let own = place.path().join("client");
    let line = format!("socat - UNIX-SENDTO:PATH,bind={}", own.display());
    program(&server, &line, CIAO);
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 3);
}

fn unix_seqpacket(profile: &str) {
    let place = place();
    let server = serve(profile).at(place.path().join("s")).start();
    python_client([1, 5, 0], &format!("'{}'", server.address()), CIAO);
    program(&server, "socat -t5 - UNIX-CONNECT:PATH,socktype=5", CIAO);
    assert_eq!(server.stop_in_order().count("accepted"), 2);
}

fn unix_abstract(profile: &str) {
    let name = format!("@sockplay-test-{}", std::process::id());
    let server = serve(profile).at(&name).start();
    assert_eq!(server.address(), name);
    python_client([1, 1, 0], &format!("'\\0{}'", &name[1..]), CIAO);
    let line = format!("socat -t5 - ABSTRACT-CONNECT:{}", &name[1..]);
    program(&server, &line, CIAO);
    server.stop_in_order();
}

fn raw4(profile: &str) {
    if !needs("CAP_NET_RAW") {
        return;
    }
    let server = serve(profile).start();
    assert_eq!(server.address(), "127.0.0.1");
    let script = "c = socket.socket(2, 3, 253); c.bind(('127.0.0.2', 0))
c.sendto(b'Ciao', ('127.0.0.1', 0))
p, who = c.recvfrom(99); print(p[20:], who[0], p[9])";
    assert_eq!(python(script).prints(), "b'Ciao' 127.0.0.1 253");
    program(
        &server,
        "socat - IP4-DATAGRAM:127.0.0.1:253,bind=127.0.0.2",
        CIAO,
    );
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 2);
}

fn raw6(profile: &str) {
    if !needs("CAP_NET_RAW") {
        return;
    }
    let server = serve(profile).start();
    // Python hears its own packet too; the hop limit tells them apart.
    let script = "c = socket.socket(10, 3, 253); c.bind(('::1', 0))
c.setsockopt(41, socket.IPV6_UNICAST_HOPS, 64); c.setsockopt(41, socket.IPV6_RECVHOPLIMIT, 1)
c.sendto(b'Ciao', ('::1', 0))
while True:
    p, [(level, kind, data)], flags, who = c.recvmsg(99, 99)
    if struct.unpack('i', data)[0] == 63: break
print(p, who[0])";
    assert_eq!(python(script).prints(), "b'Ciao' ::1");
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 1);
}

fn the_kernel_answers_a_ping(profile: &str) {
    if !needs("CAP_NET_RAW") {
        return;
    }
    let pinged = connect().arg("-c").arg(profile).finishes();
    assert_eq!(pinged.code, 0, "{}", pinged.err);
    assert_eq!(pinged.text(), "Ciao!");
}

fn systemd(profile: &str) {
    // A parent that binds, listens, and becomes us: sd_listen_fds(3).
    let parent = "import os, socket, sys
l = socket.create_server(('127.0.0.1', 0))
os.dup2(l.fileno(), 3) if l.fileno() != 3 else os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])";
    let server = serve(profile).through(&["python3", "-c", parent]).start();
    python_client([2, 1, 0], &inet(&server, "127.0.0.1"), CIAO);
    program(&server, "nc -N 127.0.0.1 PORT", CIAO);
    assert_eq!(server.stop_in_order().count("accepted"), 2);

    if needs_program("systemd-socket-activate") {
        let place = place();
        let path = place.path().join("s").display().to_string();
        let server = serve(profile)
            .set("socket.family=unix")
            .through(&["systemd-socket-activate", "-l", &path])
            .spawn();
        server.waits_err("Listening on", |said| {
            common::contains(said, b"Listening on")
        });
        // Only now does sockplay start.
        python_client([1, 1, 0], &format!("'{path}'"), CIAO);
        server.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(server.finishes().code, 0);
        assert!(std::path::Path::new(&path).exists(), "another's path");
    }
}
