//! `connect`, and the servers of others: Python, socat and netcat on every family and type that each can speak.

mod common;

use common::{Finished, Process, Sockplay, connect, needs, needs_program, needs_socket};
use common::{place, python, serve};
use socket2::{Domain, Type};

/// What the client sends, and what comes back.
const CIAO: &[u8] = b"Ciao!\n";

/// An echo server on any family and type that is all Python's own work.
const SERVER: &str = r"
family, kind, protocol = map(int, sys.argv[1:4])
l = socket.socket(family, kind, protocol)
l.bind(eval(sys.argv[4]))
if kind in (1, 5):
    l.listen()
place = l.getsockname()
ready(place[1] if isinstance(place, tuple) else 0)
if kind in (1, 5):
    c, _ = l.accept()
    while piece := c.recv(65536):
        c.sendall(piece)
else:
    while True:
        message, peer = l.recvfrom(65536)
        l.sendto(message[20:] if (family, kind) == (2, 3) else message, peer)
";

fn echoed_by_python(profile: &str, triple: [i32; 3], place: &str) {
    let [family, ty, protocol] = triple;
    let script = python(SERVER).arg(family).arg(ty).arg(protocol);
    let server = script.arg(place).starts();
    let port = server.first_line();
    let client = match (place.contains('/') || place.contains("\\0"), ty) {
        (true, _) => connect_to_path(profile, &place.trim_matches('\'').replace("\\0", "@")),
        (_, 3) => connect().arg("-c").arg(profile).pipes(CIAO),
        _ => connect_to_port(profile, &port),
    };
    echoed(&client, profile);
}

fn connect_to_port(profile: &str, port: &str) -> Finished {
    let client = connect().arg("-c").arg(profile);
    client.set(format!("address.port={port}")).pipes(CIAO)
}

fn connect_to_path(profile: &str, path: &str) -> Finished {
    connect().arg("-c").arg(profile).at(path).pipes(CIAO)
}

fn echoed(client: &Finished, what: &str) {
    assert_eq!(client.code, 0, "{what}: {}", client.err);
    let heard = String::from_utf8_lossy(&client.out);
    assert_eq!(heard, "Ciao!\n", "{what}: {}", client.err);
}

#[test]
fn connect_to_python_over_every_family_and_type() {
    let place = place();
    let path = |name: &str| format!("'{}'", place.path().join(name).display());
    echoed_by_python("tcp4-loop", [2, 1, 0], "('127.0.0.1', 0)");
    echoed_by_python("tcp6", [10, 1, 0], "('::1', 0)");
    echoed_by_python("tcp4-loop", [10, 1, 0], "('::ffff:127.0.0.1', 0)");
    echoed_by_python("udp4", [2, 2, 0], "('127.0.0.1', 0)");
    echoed_by_python("udp6", [10, 2, 0], "('::1', 0)");
    echoed_by_python("unix-stream", [1, 1, 0], &path("stream"));
    echoed_by_python("unix-datagram", [1, 2, 0], &path("datagram"));
    echoed_by_python("unix-seqpacket", [1, 5, 0], &path("seqpacket"));
    let name = format!("'\\0sockplay-python-{}'", std::process::id());
    echoed_by_python("unix-abstract", [1, 1, 0], &name);
    if needs_socket(Domain::IPV4, Type::STREAM, 262) {
        echoed_by_python("mptcp", [2, 1, 262], "('127.0.0.1', 0)");
        echoed_by_python("mptcp", [2, 1, 0], "('127.0.0.1', 0)");
    }
    if needs_socket(Domain::IPV4, Type::DGRAM, 136) {
        echoed_by_python("udplite", [2, 2, 136], "('127.0.0.1', 0)");
    }
}

/// socat tells on standard error where it listens.
fn socat(address: &str) -> (Process, String) {
    let socat = Process::program("socat", &["-d", "-d", address, "PIPE"]);
    let port = socat.waits_err("listening on", |said| {
        let said = String::from_utf8_lossy(said);
        let (_, after) = said.split_once("listening on")?;
        let (line, _) = after.split_once('\n')?;
        Some(line.rsplit(':').next()?.to_owned())
    });
    (socat, port)
}

#[test]
fn connect_to_socat() {
    if !needs_program("socat") {
        return;
    }
    for (profile, address) in [
        ("tcp4-loop", "TCP4-LISTEN:0,bind=127.0.0.1"),
        ("tcp6", "TCP6-LISTEN:0,bind=[::1]"),
        ("udp4", "UDP4-LISTEN:0,bind=127.0.0.1"),
        ("udp6", "UDP6-LISTEN:0,bind=[::1]"),
    ] {
        let (_socat, port) = socat(address);
        echoed(&connect_to_port(profile, &port), address);
    }
    let place = place();
    let path = place.path().join("s").display().to_string();
    for (profile, address) in [
        ("unix-stream", format!("UNIX-LISTEN:{path}")),
        ("unix-seqpacket", format!("UNIX-LISTEN:{path},socktype=5")),
    ] {
        let (_socat, _) = socat(&address);
        echoed(&connect_to_path(profile, &path), &address);
        let _ = std::fs::remove_file(&path);
    }
    let name = format!("sockplay-socat-{}", std::process::id());
    let (_socat, _) = socat(&format!("ABSTRACT-LISTEN:{name}"));
    echoed(
        &connect_to_path("unix-abstract", &format!("@{name}")),
        "abstract",
    );
}

/// netcat does not echo: what each side types, the other one hears.
fn both_ways(mut theirs: Process, ours: &Sockplay, what: &str) {
    let mut ours = ours.spawn();
    ours.types(b"up\n");
    theirs.waits_out(&format!("up ({what})"), |said| {
        (said == b"up\n").then_some(())
    });
    theirs.types(b"down\n");
    ours.waits_out(&format!("down ({what})"), |said| {
        (said == b"down\n").then_some(())
    });
}

#[test]
fn connect_to_netcat() {
    if !needs_program("nc") {
        return;
    }
    let place = place();
    let path = place.path().join("s").display().to_string();
    for (profile, args) in [
        ("tcp4-loop", "-n -v -l 127.0.0.1 0"),
        ("tcp6", "-6 -n -v -l ::1 0"),
        ("udp4", "-n -v -u -l 127.0.0.1 0"),
        ("unix-stream", &format!("-v -l -U {path}")),
    ] {
        let args: Vec<_> = args.split(' ').collect();
        let nc = Process::program("nc", &args);
        let place = nc.waits_err("where it listens", |said| {
            let said = String::from_utf8_lossy(said);
            // A unix path is "Bound" before anybody can connect to it; a datagram socket is never more than that.
            let ready = if profile == "udp4" {
                "Bound"
            } else {
                "Listening"
            };
            let (line, _) = said[said.find(ready)?..].split_once('\n')?;
            Some(line.rsplit(' ').next()?.to_owned())
        });
        let client = connect().arg("-c").arg(profile);
        let client = if place.starts_with('/') {
            client.at(&place)
        } else {
            client.set(format!("address.port={place}"))
        };
        both_ways(nc, &client, profile);
    }
    if needs_program("ncat") {
        let path = place.path().join("ncat").display().to_string();
        let ncat = Process::program("ncat", &["-v", "-l", "-U", &path]);
        ncat.waits_err("Listening", |said| common::contains(said, path.as_bytes()));
        both_ways(
            ncat,
            &connect().arg("-c").arg("unix-stream").at(&path),
            "ncat",
        );
    }
}

#[test]
fn connect_and_serve_with_raw_packets() {
    if !needs("CAP_NET_RAW") {
        return;
    }
    // Protocol 254 (RFC 3692's other one), so that the server of another test does not answer too.
    let server = serve("raw4").set("socket.protocol=254").start();
    let client = connect().arg("-c").arg("raw4").set("socket.protocol=254");
    echoed(&client.pipes(CIAO), "raw4");
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 1);
}
