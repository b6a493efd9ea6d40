//! Everything that goes wrong before or while a socket opens: the exit code, the sentence, the cause, the way out.
//!
//! Each test runs the real binary. Whatever is said here is also held to two invariants of every message: no panic, and
//! not one control byte from outside.

mod common;
#[path = "errors/output.rs"]
mod output;
#[path = "errors/outside.rs"]
mod outside;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use common::{Finished, connect, needs_program, place, run, serve};

/// Checks code, that every one of `words` is said, and the two invariants.
#[track_caller]
fn fails(finished: &Finished, code: i32, words: &[&str]) {
    is_clean(finished);
    assert_eq!(finished.code, code, "{}", finished.err);
    for word in words {
        let said = finished.err.contains(word);
        assert!(said, "`{word}` is not in:\n{}", finished.err);
    }
}

#[track_caller]
fn is_clean(finished: &Finished) {
    assert_ne!(finished.code, 101, "it panicked:\n{}", finished.err);
    let forbidden = |c: &char| c.is_control() && !matches!(c, '\n' | '\t');
    let all = finished.text() + &finished.err;
    assert_eq!(all.chars().find(forbidden), None, "raw in:\n{all:?}");
}

/// Prefix that takes the two capabilities away which this program may need; nothing where they are not there anyway.
fn unprivileged() -> Option<Vec<&'static str>> {
    let has = |cap| caps::has_cap(None, caps::CapSet::Effective, cap).unwrap_or(false);
    if !has(caps::Capability::CAP_NET_RAW) && !has(caps::Capability::CAP_NET_BIND_SERVICE) {
        return Some(Vec::new());
    }
    needs_program("setpriv").then(|| {
        let set = "--bounding-set=-net_raw,-net_bind_service";
        vec!["setpriv", set]
    })
}

#[test]
fn a_misspelt_option_is_pointed_at_and_its_name_suggested() {
    let finished = serve("tcp4").set("options.SO_REUSADDR=1").finishes();
    fails(
        &finished,
        3,
        &[
            "unknown option `SO_REUSADDR`",
            "--set:1:9",
            "^^^^^^^^^^^ no such option",
            "did you mean `SO_REUSEADDR`?",
        ],
    );
}

#[test]
fn misspelt_keys_values_profiles_and_commands_are_suggested() {
    for (args, code, words) in [
        (
            &["serve", "--set", "serve.backlg=1"][..],
            3,
            &["unknown key `backlg` in [serve]", "did you mean `backlog`?"][..],
        ),
        (
            &["serve", "--set", "serve.engine=epol"],
            3,
            &[
                "`serve.engine` cannot be \"epol\"",
                "\"sequential\", \"threads\"",
                "did you mean \"epoll\"?",
            ],
        ),
        (
            &["serve", "--set", "sreve.backlog=1"],
            3,
            &["sreve", "did you mean `serve`?"],
        ),
        (&["serve", "--engine", "epol"], 2, &["'epol'", "'epoll'"]),
        (
            &["serve", "-c", "tpc4"],
            3,
            &["no profile is called `tpc4`", "did you mean `tcp4`?"],
        ),
        (&["srve"], 2, &["'srve'", "'serve'"]),
        (&["options", "SO_RCVBUFF"], 2, &["SO_RCVBUFF", "SO_RCVBUF"]),
        (
            &["serve", "--set", "foo"],
            3,
            &["--set takes KEY=VALUE", "there is no `=`"],
        ),
        (&["serve", "--set", "=1"], 3, &["this is no KEY"]),
    ] {
        fails(&run(args), code, words);
    }
}

#[test]
fn a_port_in_use_names_its_holder() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let finished = serve("tcp4").arg(&address).finishes();
    let me = format!("(pid {})", std::process::id());
    let bind = format!("bind {address}: address already in use (EADDRINUSE)");
    fails(
        &finished,
        1,
        &[&bind, "cause: ", &me, "has the port", "help: "],
    );
}

#[test]
fn a_low_port_needs_a_privilege_and_says_which() {
    let Some(through) = unprivileged() else {
        return;
    };
    let finished = serve("tcp4")
        .arg("127.0.0.1:80")
        .through(&through)
        .finishes();
    let first = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if first.trim().parse::<u16>().unwrap() <= 80 {
        eprintln!("skipped: port 80 needs no privilege here");
        return;
    }
    let sysctl = format!("net.ipv4.ip_unprivileged_port_start = {}", first.trim());
    fails(
        &finished,
        4,
        &[
            "bind 127.0.0.1:80: permission denied (EACCES)",
            "CAP_NET_BIND_SERVICE",
            &sysctl,
            "help: choose a higher port",
        ],
    );
}

#[test]
fn a_raw_socket_needs_a_privilege_and_says_how_to_get_it() {
    let Some(through) = unprivileged() else {
        return;
    };
    let finished = serve("raw4").through(&through).finishes();
    fails(
        &finished,
        4,
        &[
            "socket ipv4 raw",
            "(EPERM)",
            "CAP_NET_RAW",
            "sudo setcap cap_net_raw+ep",
        ],
    );
}

#[test]
fn what_this_kernel_has_not_is_said_with_what_it_has() {
    let finished = serve("tcp4").set("socket.type=seqpacket").finishes();
    fails(
        &finished,
        4,
        &[
            "socket ipv4 seqpacket",
            "(ESOCKTNOSUPPORT)",
            "seqpacket is for family = \"unix\"",
        ],
    );
    let finished = serve("tcp4").set("socket.protocol=udp").finishes();
    fails(
        &finished,
        4,
        &[
            "socket ipv4 stream udp",
            "(EPROTONOSUPPORT)",
            "a stream takes tcp",
        ],
    );
}

#[test]
fn a_unix_path_of_108_bytes_is_refused_before_anything_opens() {
    let path = format!("/tmp/{}", "x".repeat(103));
    let set = format!("address.path={path}");
    fails(
        &serve("unix-stream").set(set).finishes(),
        3,
        &["at most 107 bytes (sun_path), this one has 108"],
    );
    fails(
        &serve("unix-stream").arg(&path).finishes(),
        2,
        &["at most 107 bytes (sun_path), this one has 108"],
    );
}

#[test]
fn an_address_that_is_none_is_a_mistake_of_the_command_line() {
    for (address, words) in [
        ("127.0.0.1:99999", &["`99999` is no port", "0 to 65535"][..]),
        ("nothing", &["`nothing` has no port", "host:port"]),
        ("[::1", &["no closing bracket", "[::1]:35555"]),
        ("::1:35555", &["brackets"]),
        ("gopher://x:1", &["gopher", "tcp"]),
        ("fd:-1", &["`-1` is no descriptor"]),
        ("fd:x", &["`x` is no descriptor"]),
        ("", &["ADDRESS"]),
        ("@", &["ADDRESS"]),
    ] {
        for verb in ["serve", "connect"] {
            fails(&run(&[verb, address]), 2, words);
        }
    }
}

#[test]
fn a_client_needs_a_port_and_is_shown_how_to_write_it() {
    let words = ["ADDRESS 127.0.0.1 has no port", "127.0.0.1:35555"];
    fails(&run(&["connect", "127.0.0.1"]), 2, &words);
    let words = ["ADDRESS ::1 has no port", "[::1]:35555"];
    fails(&run(&["connect", "::1"]), 2, &words);
}

#[test]
fn an_address_of_another_family_or_type_names_both() {
    for (profile, address, words) in [
        (
            "tcp4",
            "[::1]:0",
            ["an ipv6 address", "tcp4 opens ipv4 stream"],
        ),
        (
            "tcp4",
            "/tmp/x",
            ["a unix address", "tcp4 opens ipv4 stream"],
        ),
        (
            "unix-stream",
            "127.0.0.1:1",
            ["an ipv4 address", "unix-stream opens unix stream"],
        ),
        (
            "udp4",
            "tcp://127.0.0.1:1",
            ["a stream address", "udp4 opens ipv4 datagram"],
        ),
    ] {
        for verb in ["serve", "connect"] {
            fails(&run(&[verb, "-c", profile, address]), 2, &words);
        }
    }
}

#[test]
fn a_profile_that_contradicts_itself_says_where() {
    for (profile, set, words) in [
        (
            "udp4",
            "serve.backlog=5",
            &["`serve.backlog` makes no sense here", "have no connections"][..],
        ),
        ("udp4", "io.framing=line", &["message boundaries"]),
        ("tcp4", "serve.batch=8", &["have connections", "engine"]),
        (
            "udp4-batch",
            "serve.memory_budget=1MiB",
            &["needs 2097152 bytes", "serve.memory_budget"],
        ),
        (
            "tcp4",
            "address.path=/tmp/x",
            &["`address.path` contradicts `address.host`", "leave out"],
        ),
        (
            "tcp4",
            "options.IPV6_V6ONLY=true",
            &["IPV6_V6ONLY does not fit ipv4 stream"],
        ),
        ("tcp4", "options.SO_TYPE=1", &["SO_TYPE", "read-only"]),
        ("tcp4", "address.host=\"::1\"", &["::1"]),
    ] {
        fails(&serve(profile).set(set).finishes(), 3, words);
    }
}

#[test]
fn a_refused_connection_says_what_to_check() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let finished = connect().arg(free.to_string()).finishes();
    let what = format!("connect {free}: connection refused (ECONNREFUSED)");
    fails(
        &finished,
        1,
        &[
            &what,
            "cause: ",
            "nothing listens there",
            "help: is the server running",
        ],
    );
    let place = place();
    let path = place.path().join("nobody");
    fails(
        &connect().arg(&path).finishes(),
        1,
        &["(ENOENT)", "no such path", "help: "],
    );
}

/// Linux drops the SYN when the queue of complete connections is full, so connect(2) hears nothing at all.
#[test]
fn a_full_backlog_ends_in_a_timeout() {
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener
        .bind(
            &"127.0.0.1:0"
                .parse::<std::net::SocketAddr>()
                .unwrap()
                .into(),
        )
        .unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let fill: Vec<_> = (0..4)
        .map(|_| {
            let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
            let client = client.unwrap();
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&address);
            client
        })
        .collect();
    let before = Instant::now();
    let finished = connect()
        .arg(address.as_socket().unwrap().to_string())
        .set("connect.timeout=\"300ms\"")
        .finishes();
    let took = before.elapsed();
    fails(
        &finished,
        1,
        &[
            "connect 127.0.0.1:",
            "no answer within 300 ms",
            "a full backlog",
            "connect.timeout",
        ],
    );
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_secs(5),
        "{took:?}"
    );
    drop(fill);
}
