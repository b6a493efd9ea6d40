//! What an echo costs in system calls: those of one wait, one receive and one send, and nothing else.
//!
//! strace counts two runs that differ only in the number of echoes, so that start and stop cancel out.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Engine;
use crate::common::{Client, Process, client_at, needs_program, place};

const ECHOES: i64 = 500;

/// After so long a server that is observed waits for its next message.
const SETTLED: Duration = Duration::from_millis(200);

type Calls = BTreeMap<String, i64>;

/// Calls by name, and failed ones as `name failed`.
fn table(log: &Path) -> Calls {
    let mut calls = Calls::new();
    let text = std::fs::read_to_string(log).unwrap();
    for line in text.lines() {
        // % time, seconds, usecs/call, calls, [errors], syscall
        let columns: Vec<_> = line.split_whitespace().collect();
        let numbers: Vec<i64> = columns.iter().filter_map(|c| c.parse().ok()).collect();
        let (true, Some(name)) = (columns.len() >= 5, columns.last()) else {
            continue;
        };
        // usecs/call is the first whole number.
        if *name != "total" && numbers.len() >= 2 {
            *calls.entry((*name).to_owned()).or_default() += numbers[1];
            *calls.entry(format!("{name} failed")).or_default() += numbers.get(2).unwrap_or(&0);
        }
    }
    assert!(!calls.is_empty(), "no calls in:\n{text}");
    calls
}

/// One conversation of so many echoes with a server under strace.
fn counted(log: &Path, command: &[&str], echoes: i64) -> Calls {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-o"]).arg(log).args(command);
    let server = Process::spawn(&mut strace);
    let client: Client = client_at(&server.first_line());
    for n in 0..echoes {
        let message = [n as u8; 64];
        client.say(&message).hears(&message);
        // Its first turn goes on until a receive finds nothing, and strace makes it slow enough to find the next message.
        if n == 0 {
            assert!(!client.hears_something_within(SETTLED));
        }
    }
    if command[0].ends_with("sockplay") {
        // The signal is for the server and not for strace, its parent, which writes its table at the end.
        let children = format!("/proc/{0}/task/{0}/children", server.pid());
        let child = std::fs::read_to_string(children).unwrap();
        let child = child.trim().parse().expect("strace has one child");
        client.half_closes().hears_the_end();
        kill(Pid::from_raw(child), Signal::SIGTERM).unwrap();
    }
    drop(client);
    let finished = server.finishes();
    assert_eq!(finished.code, 0, "{}", finished.err);
    table(log)
}

/// What [`ECHOES`] echoes cost; calls that cost nothing are left out.
fn cost(command: &[&str]) -> Calls {
    const WARM_UP: i64 = 20;
    let place = place();
    let log = place.path().join("calls");
    let few = counted(&log, command, WARM_UP);
    let mut cost = counted(&log, command, WARM_UP + ECHOES);
    for (name, n) in few {
        *cost.entry(name).or_default() -= n;
    }
    cost.retain(|_, n| *n != 0);
    cost
}

/// Each of `calls` once per echo. By chance a wait may return once more or less at the end, but no call may come with
/// the echoes.
fn assert_cost(who: &str, cost: &Calls, calls: &[&str]) {
    println!("{who}: {cost:?}");
    for (name, n) in cost {
        let expected = if calls.contains(&name.as_str()) {
            ECHOES
        } else {
            0
        };
        let exact = matches!(
            name.as_str(),
            "recvfrom" | "sendto" | "epoll_ctl" | "recvfrom failed" | "sendto failed"
        );
        let may_differ = if exact { 0 } else { 5 };
        assert!(
            (n - expected).abs() <= may_differ,
            "{who}: {name}: {cost:?}"
        );
    }
    for name in calls {
        assert!(cost.contains_key(*name), "{who}: no {name}: {cost:?}");
    }
}

fn cost_of(engine: Engine, calls: &[&str]) {
    if !needs_program("strace") {
        return;
    }
    let line = engine
        .serve("tcp4-loop")
        .any_port()
        .plain()
        .arg("-q")
        .line();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    assert_cost(&format!("{engine:?}"), &cost(&line), calls);
}

#[test]
fn an_echo_under_epoll_costs_what_it_costs_in_c() {
    if !needs_program("strace") || !needs_program("cc") {
        return;
    }
    let calls = &["epoll_wait", "recvfrom", "sendto"];
    let place = place();
    let program = place.path().join("floor");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engines/epoll_floor.c");
    let built = Command::new("cc")
        .args(["-O2", "-Wall", "-Werror", "-o"])
        .arg(&program)
        .arg(source)
        .status();
    assert!(built.expect("cc starts").success());
    assert_cost("C", &cost(&[program.to_str().unwrap()]), calls);
    cost_of(Engine::Epoll, calls);
}

#[test]
fn an_echo_under_poll_costs_one_poll() {
    cost_of(Engine::Poll, &["poll", "recvfrom", "sendto"]);
}

#[test]
fn an_echo_under_uring_costs_one_call() {
    cost_of(Engine::Uring, &["io_uring_enter"]);
}

/// Its own descriptors and its timer are set up once; in between there is nothing but the wait.
#[test]
fn an_echo_under_tokio_costs_what_it_costs_under_epoll() {
    cost_of(Engine::Async, &["epoll_wait", "recvfrom", "sendto"]);
}

/// tokio's waits do not pass the gate; what is shown of them is whom they woke.
#[test]
fn a_trace_shows_whom_tokio_waited_for() {
    let server = Engine::Async.serve("tcp4-loop").any_port();
    let server = server.arg("--trace").start();
    let client = server.say(b"first");
    client.hears(b"first");
    // Its first turn goes on until a receive finds nothing.
    assert!(!client.hears_something_within(SETTLED));
    client.say(b"second").hears(b"second");
    client.half_closes().hears_the_end();
    let log = server.stop_in_order().log;
    let calls: Vec<&str> = log.lines().filter(|line| line.contains(") = ")).collect();
    let second = calls
        .iter()
        .position(|line| line.contains(r#", "second", "#));
    let second = second.unwrap_or_else(|| panic!("no such call in:\n{log}"));
    let fd = calls[second].trim_start_matches("recv(").split(',').next();
    let park = format!("park([{}]) = 1 ", fd.expect("a first argument"));
    assert!(calls[second - 1].starts_with(&park), "no {park} in:\n{log}");
}

/// `--trace` adds up: at the end it is said what an answer cost.
#[test]
fn a_trace_ends_with_the_calls_per_answer() {
    const ANSWERS: u64 = 50;
    for (engine, waits) in [
        (Engine::Sequential, None),
        (Engine::Threads, None),
        (Engine::Poll, Some("poll")),
        (Engine::Epoll, Some("epoll_wait")),
        (Engine::Async, Some("park")),
        (Engine::Uring, Some("io_uring_enter")),
    ] {
        let server = engine.serve("tcp4-loop").any_port().arg("--trace").start();
        let client = server.client();
        for n in 0..ANSWERS {
            client.say(b"count me").hears(b"count me");
            // A trace is slow enough for its first turn to find the next message.
            if n == 0 {
                assert!(!client.hears_something_within(SETTLED));
            }
        }
        client.half_closes().hears_the_end();
        server.event("closed", 1);
        let stopped = server.stop_in_order();
        let calls = stopped.events.iter().find(|e| e["event"] == "calls");
        let calls = calls.unwrap_or_else(|| panic!("{engine:?}: {}", stopped.log));
        assert_eq!(calls["answers"], ANSWERS, "{engine:?}: {calls}");
        if engine != Engine::Uring {
            assert_eq!(calls["calls"]["send"], ANSWERS, "{engine:?}: {calls}");
        }
        if let Some(wait) = waits {
            let waited = calls["calls"][wait].as_u64().unwrap();
            assert!(waited >= ANSWERS - 1, "{engine:?}: {calls}");
            assert!(stopped.log.contains(&format!(" {wait} ")), "{engine:?}");
        }
        assert!(stopped.log.contains("System calls per answer (50 answers)"));
    }
}
