//! Several workers at one address: the kernel deals the connections out, and together they are one server.

mod common;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use common::{Client, End, PATIENCE, Running, Sockplay, Stopped, needs_program, place, run};
use nix::sys::signal::Signal;
use serde_json::Value;

const ENGINES: [&str; 6] = ["sequential", "threads", "poll", "epoll", "async", "uring"];

/// Those that serve several peers at once.
const CONCURRENT: [&str; 5] = ["threads", "poll", "epoll", "async", "uring"];

/// Whether its calls of accept4(2) can be seen, and made to fail: the ring's are none.
fn accepts_by_call(engine: &str) -> bool {
    engine != "uring"
}

const WORKERS: usize = 4;

/// So many that no worker goes without one: with four workers, all but once in 2 × 10⁷ runs.
const CROWD: usize = 64;

fn workers(engine: &str, profile: &str, workers: impl std::fmt::Display) -> Sockplay {
    let serve = Sockplay::new("serve").arg("-c").arg(profile).any_port();
    let serve = serve.arg("--engine").arg(engine);
    serve.set(format!("serve.workers={workers}"))
}

/// How many sockets of `/proc/net/TABLE` have this local port and state, in hexadecimal as there.
fn sockets(table: &str, port: u16, state: &str) -> usize {
    let all = std::fs::read_to_string(Path::new("/proc/net").join(table)).unwrap();
    let own = format!("0100007F:{port:04X}");
    let is_ours = |line: &&str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        columns[1] == own && columns[3] == state
    };
    all.lines().skip(1).filter(is_ours).count()
}

const LISTEN: &str = "0A";
/// A socket without connections has no states of its own.
const UNCONNECTED: &str = "07";

/// Who made this call, as the trace names them.
fn who(trace: &Path, call: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(trace).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let made = |line: &Value| line["call"] == call && line["result"].as_i64() > Some(-1);
    let name = |line: Value| line["task"].as_str().unwrap().to_owned();
    lines.filter(made).map(name).collect()
}

#[test]
fn four_listeners_have_one_address_and_each_gets_its_share() {
    for engine in ENGINES {
        let place = place();
        let trace = place.path().join("trace");
        let server = workers(engine, "tcp4-loop", WORKERS);
        let server = server.arg("--trace-file").arg(&trace).start();
        let listeners = sockets("tcp", server.port(), LISTEN);
        assert_eq!(listeners, WORKERS, "{engine}");
        for n in 0..200 {
            let word = format!("client {n}");
            let client = server.say(word.as_bytes());
            client.hears(word.as_bytes()).half_closes().hears_the_end();
        }
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("accepted"), 200, "{engine}");
        assert_eq!(stopped.count("closed_by_peer"), 200, "{engine}");
        let names = (1..=WORKERS).map(|n| format!("worker{n}"));
        // A ring accepts in its own way, and asks for the name of each client.
        let call = match engine {
            "uring" => "getpeername",
            _ => "accept4",
        };
        assert_eq!(who(&trace, call), names.collect(), "{engine}");
    }
}

#[test]
fn a_worker_per_core() {
    let cores = std::thread::available_parallelism().unwrap().get();
    for engine in ENGINES {
        let server = workers(engine, "tcp4-loop", "cores").start();
        let listeners = sockets("tcp", server.port(), LISTEN);
        assert_eq!(listeners, cores, "{engine}");
        server.say(b"hi").hears(b"hi");
        server.stop_in_order();
    }
}

#[test]
fn a_datagram_is_answered_by_one_of_them() {
    for engine in ENGINES {
        let server = workers(engine, "udp4", WORKERS).start();
        let bound = sockets("udp", server.port(), UNCONNECTED);
        assert_eq!(bound, WORKERS, "{engine}");
        let clients: Vec<Client> = (0..200).map(|_| server.client()).collect();
        for (n, client) in clients.iter().enumerate() {
            let word = format!("client {n}");
            client.say(word.as_bytes()).hears(word.as_bytes());
        }
        let stopped = server.stop_in_order();
        // A second answer to any of them would be a second one echoed.
        assert_eq!(stopped.count("datagrams.received"), 200, "{engine}");
        assert_eq!(stopped.count("datagrams.echoed"), 200, "{engine}");
    }
}

/// The lines of a dry run that set SO_REUSEPORT.
fn reuseport(profile: &str, sets: &[&str]) -> Vec<String> {
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let args = ["serve", "-c", profile, "--dry-run"];
    let told = run(&args.into_iter().chain(sets).collect::<Vec<_>>());
    assert_eq!(told.code, 0, "{}", told.err);
    let lines = told.text();
    let lines = lines.lines().filter(|line| line.contains("SO_REUSEPORT"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_dry_run_tells_where_the_shared_address_comes_from() {
    for profile in ["tcp4-loop", "udp4", "tcp6"] {
        assert!(reuseport(profile, &[]).is_empty(), "{profile}: one worker");
        for workers in ["serve.workers=2", "serve.workers=\"cores\""] {
            let lines = reuseport(profile, &[workers]);
            let [line] = &lines[..] else {
                panic!("{profile}: {lines:?}");
            };
            assert!(line.contains("SOL_SOCKET, SO_REUSEPORT, [1], 4)"), "{line}");
            assert!(line.contains("# serve.workers, --set"), "{line}");
        }
        // Written by hand it stays as written, and is not set twice.
        let both = ["serve.workers=2", "options.SO_REUSEPORT=true"];
        let lines = reuseport(profile, &both);
        let [line] = &lines[..] else {
            panic!("{profile}: {lines:?}");
        };
        assert!(!line.contains("serve.workers"), "{line}");
    }
}

#[test]
fn what_cannot_share_an_address_is_refused_with_the_reason() {
    let inherited = "there is one inherited socket, and each worker needs its own";
    let cases: [(&[&str], &str); 6] = [
        (
            &["-c", "unix-stream"],
            "only one socket can have a unix name, and each worker needs its own",
        ),
        (
            &["-c", "unix-abstract"],
            "only one socket can have a unix name, and each worker needs its own",
        ),
        (
            &["-c", "raw4"],
            "every raw socket gets a copy of each packet, so each worker would answer it",
        ),
        (&["fd:3"], inherited),
        (&["-c", "systemd"], inherited),
        (
            &["-c", "tcp4-loop", "--set", "options.SO_REUSEPORT=false"],
            "several workers need SO_REUSEPORT, and this switches it off",
        ),
    ];
    for (args, why) in cases {
        let args = [&["serve"], args, &["--set", "serve.workers=2"]].concat();
        let refused = run(&args);
        assert_eq!(refused.code, 3, "{args:?}: {}", refused.err);
        assert!(refused.err.contains(why), "{args:?}: {}", refused.err);
        assert!(refused.err.contains("workers = 1"), "{}", refused.err);
    }
}

/// As many clients as there are, one in the house of each worker, and the others in the four backlogs.
fn crowded(engine: &str) -> (Running, Vec<Client>) {
    let server = workers(engine, "tcp4-loop", WORKERS);
    // For each of the workers one, which a sequential one has by its nature.
    let server = server.set(format!("serve.max_connections={WORKERS}"));
    let server = server.start();
    let clients: Vec<Client> = (0..CROWD).map(|_| server.say(b"one ")).collect();
    server.event("received", WORKERS);
    (server, clients)
}

#[test]
fn stopped_they_give_everybody_in_every_backlog_what_they_are_owed() {
    for engine in ENGINES {
        let (server, clients) = crowded(engine);
        server.signal(Signal::SIGTERM);
        server.logs("waiting for 4 connections");
        for client in &clients {
            client.say(b"two").half_closes();
        }
        for client in &clients {
            client.hears_last(b"one two");
        }
        let stopped = server.finishes();
        assert_eq!(stopped.code, 0, "{engine}: {}", stopped.log);
        stopped.adds_up();
        let everybody = CROWD as u64;
        assert_eq!(stopped.count("closed_by_peer"), everybody, "{engine}");
        assert_eq!(stopped.count("bytes_sent"), 7 * everybody, "{engine}");
    }
}

#[test]
fn the_limit_of_connections_is_divided_among_them() {
    for engine in CONCURRENT {
        let server = workers(engine, "tcp4-loop", WORKERS);
        let server = server.set(format!("serve.max_connections={WORKERS}"));
        let server = server.set("serve.overload=reject").start();
        let clients: Vec<Client> = (0..CROWD).map(|_| server.client()).collect();
        server.event("closed", CROWD - WORKERS);
        let inside = |client: &&Client| !client.hears_something_within(Duration::ZERO);
        let (inside, outside): (Vec<_>, Vec<_>) = clients.iter().partition(inside);
        assert_eq!(inside.len(), WORKERS, "{engine}");
        for client in inside {
            client.say(b"hi").hears(b"hi");
            client.half_closes().hears_the_end();
        }
        for client in outside {
            assert_eq!(client.rest(), (Vec::new(), End::Reset), "{engine}");
        }
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("failed"), (CROWD - WORKERS) as u64);
        assert_eq!(stopped.count("closed_by_peer"), WORKERS as u64);
    }
}

/// Two workers under strace, which counts the calls of each thread: the third accept4(2) of either fails.
fn fails_at_its_third_accept(engine: &str) -> Running {
    let inject = "inject=accept4:error=EBADF:when=3";
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", inject];
    workers(engine, "tcp4-loop", 2).through(&strace).start()
}

/// Ended in order, with the error of the worker that could not go on.
fn has_failed(engine: &str, server: Running) -> Stopped {
    let stopped = server.finishes();
    assert_eq!(stopped.code, 1, "{engine}: {}", stopped.log);
    let error = "error: accept4 127.0.0.1:";
    assert!(stopped.log.contains(error), "{engine}: {}", stopped.log);
    assert!(stopped.log.contains("(EBADF)"), "{}", stopped.log);
    stopped.adds_up();
    stopped
}

/// What was heard of a conversation that has ended.
fn end(mut client: &TcpStream) -> Result<usize, ErrorKind> {
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.read(&mut [0]).map_err(|e| e.kind())
}

#[test]
fn a_worker_that_cannot_go_on_ends_the_others() {
    if !needs_program("strace") {
        return;
    }
    for engine in ENGINES.into_iter().filter(|e| accepts_by_call(e)) {
        let server = fails_at_its_third_accept(engine);
        // Two a worker, and one more, at most: then nobody listens.
        let clients = (0..).map_while(|_| TcpStream::connect(server.address()).ok());
        let mut most = 0;
        for client in clients {
            let _ = client.shutdown(Shutdown::Write);
            // In the backlog of the one that fails it is reset.
            let heard = end(&client);
            let reset = Err(ErrorKind::ConnectionReset);
            assert!(heard == Ok(0) || heard == reset, "{engine}: {heard:?}");
            most += 1;
            assert!(most <= 6, "{engine} goes on");
        }
        has_failed(engine, server);
    }
}

#[test]
fn a_worker_that_cannot_go_on_does_not_wait_for_its_own_peers() {
    if !needs_program("strace") {
        return;
    }
    let server = fails_at_its_third_accept("threads");
    // Three silent clients are too many for two workers.
    let connect = |_| TcpStream::connect(server.address()).ok();
    let silent: Vec<TcpStream> = (0..3).filter_map(connect).collect();
    for client in &silent[..2] {
        assert_eq!(end(client), Ok(0), "nothing is owed to it");
    }
    let stopped = has_failed("threads", server);
    assert!(stopped.count("closed_by_rule") >= 2, "{}", stopped.log);
}
