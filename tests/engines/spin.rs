//! `serve.spin`: after the last message the kernel is asked again and again for a while, and only then to wait.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::common::{needs_program, place};
use crate::limits::ticks;
use crate::{CONCURRENT, Engine};

/// Longer than a spin of 20 ms and whatever strace adds.
const SETTLED: Duration = Duration::from_millis(300);

fn all() -> impl Iterator<Item = Engine> {
    [Engine::Sequential].into_iter().chain(CONCURRENT)
}

/// How a wait was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// It answers at once.
    Now,
    /// It waits.
    Wait,
}

/// The calls that one thread has ended, in order, as strace shows them when nothing comes in between.
fn calls(log: &Path) -> HashMap<String, Vec<String>> {
    let text = std::fs::read_to_string(log).unwrap();
    let mut begun = HashMap::new();
    let mut calls: HashMap<String, Vec<String>> = HashMap::new();
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').expect("-f shows the thread");
        let call = call.trim_start();
        if let Some((head, _)) = call.split_once(" <unfinished") {
            begun.insert(thread, head);
            continue;
        }
        let whole = match call.split_once(" resumed>") {
            Some((_, tail)) => format!("{}{tail}", begun.remove(thread).unwrap_or_default()),
            None => call.to_owned(),
        };
        calls.entry(thread.to_owned()).or_default().push(whole);
    }
    calls
}

/// Whether this call may wait, if it is one that can.
fn asked(engine: Engine, profile: &str, call: &str) -> Option<Asked> {
    let name = match (engine, profile) {
        (Engine::Sequential | Engine::Threads, "udp4") => "recvmsg",
        (Engine::Sequential | Engine::Threads, _) => "recvfrom",
        (Engine::Poll, _) => "poll",
        (Engine::Epoll | Engine::EpollEdge | Engine::Async, _) => "epoll_wait",
        (Engine::Uring | Engine::UringTiny, _) => "io_uring_enter",
    };
    let arguments = call.strip_prefix(name)?.strip_prefix('(')?;
    let (arguments, _) = arguments.rsplit_once(" = ").expect("it has a result");
    let arguments = arguments.trim_end().trim_end_matches(')');
    let now = match name {
        "poll" | "epoll_wait" => arguments.ends_with(", 0"),
        // Its waits are without end, or have a time, which is zero.
        "io_uring_enter" if profile == "udp4" => arguments.contains("IORING_ENTER_EXT_ARG"),
        // The third one: how many completions to wait for.
        "io_uring_enter" => arguments.split(", ").nth(2) == Some("0"),
        _ => arguments.contains("MSG_DONTWAIT"),
    };
    Some(if now { Asked::Now } else { Asked::Wait })
}

/// One echo, then nothing, then another one: what the server did in between.
fn waits(engine: Engine, profile: &str) -> Vec<Asked> {
    let place = place();
    let log = place.path().join("calls");
    let strace = ["strace", "-D", "-f", "-qq", "-o", log.to_str().unwrap()];
    let server = engine.serve(profile).any_port().set("serve.spin=20ms");
    let server = server.arg("-q").through(&strace).start();
    let client = server.say(b"first");
    client.hears(b"first");
    assert!(!client.hears_something_within(SETTLED));
    client.say(b"second").hears(b"second");
    if profile == "udp4" {
        server.stop_in_order();
    } else {
        client.half_closes().hears_the_end();
        server.stop_in_order();
    }
    let calls = calls(&log);
    let of = |calls: &[String]| {
        let waits = calls.iter().filter_map(|c| asked(engine, profile, c));
        waits.collect::<Vec<_>>()
    };
    if engine == Engine::Uring {
        // Its sends are no calls: what it did from begin to end.
        let thread = calls.values().find(|c| of(c).len() > 2);
        return of(thread.expect("some thread has waited"));
    }
    let has = |call: &String, word: &str| call.starts_with("send") && call.contains(word);
    let thread = calls.values().find(|c| c.iter().any(|c| has(c, "first")));
    let thread = thread.expect("some thread has sent it");
    let at = |word| thread.iter().position(|call| has(call, word)).unwrap();
    of(&thread[at("first")..at("second")])
}

/// Of a ring only our own trace tells what was sent in which round.
#[test]
fn a_ring_is_looked_at_again_and_again_and_then_waited_for() {
    let place = place();
    let trace = place.path().join("trace");
    let server = Engine::Uring.serve("tcp4-loop").any_port();
    let server = server.set("serve.spin=20ms").arg("-q");
    let server = server.arg("--trace-file").arg(&trace).start();
    let client = server.say(b"first");
    client.hears(b"first");
    assert!(!client.hears_something_within(SETTLED));
    client.say(b"second").hears(b"second");
    client.half_closes().hears_the_end();
    server.stop_in_order();
    let text = std::fs::read_to_string(&trace).unwrap();
    let rounds = text.lines().filter(|line| line.contains("io_uring_enter"));
    let least: Vec<String> = rounds
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|call| call["args"][2].as_str().unwrap().to_owned())
        .collect();
    let spun = least.windows(3).filter(|w| *w == ["0", "0", "0"]).count();
    assert!(spun > 0, "{least:?}");
    assert!(least.windows(2).any(|w| w == ["0", "1"]), "{least:?}");
}

#[test]
fn it_asks_again_and_again_and_then_waits_once() {
    if !needs_program("strace") {
        return;
    }
    for profile in ["tcp4-loop", "udp4"] {
        for engine in all() {
            let waits = waits(engine, profile);
            let spun = [Asked::Now, Asked::Now, Asked::Wait];
            let spins = waits.windows(3).any(|three| three == spun);
            assert!(spins, "{engine:?} {profile}: {waits:?}");
            let waited = waits.iter().filter(|w| **w == Asked::Wait).count();
            let once = waited == 1 && waits.last() == Some(&Asked::Wait);
            assert!(
                once || engine == Engine::Uring,
                "{engine:?} {profile}: {waits:?}"
            );
        }
    }
}

#[test]
fn nothing_is_lost_while_it_spins() {
    for profile in ["tcp4-loop", "udp4", "udp4-batch"] {
        for engine in all() {
            let server = engine.serve(profile).any_port();
            let server = server.set("serve.spin=2ms").arg("-q").start();
            let client = server.client();
            for n in 0..200 {
                let word = format!("word {n}");
                client.say(word.as_bytes()).hears(word.as_bytes());
            }
            client.resets();
            server.stop().adds_up();
        }
    }
}

#[test]
fn an_order_to_stop_is_heard_while_it_spins() {
    for profile in ["tcp4-loop", "udp4"] {
        for engine in all() {
            for signal in [Signal::SIGINT, Signal::SIGTERM] {
                let server = engine.serve(profile).any_port();
                let server = server.set("serve.spin=1s").arg("-q").start();
                let client = server.say(b"hi");
                client.hears(b"hi");
                // INT closes whoever is idle; TERM lets them talk on.
                if profile == "tcp4-loop" && signal == Signal::SIGTERM {
                    client.half_closes().hears_the_end();
                }
                let asked = Instant::now();
                server.signal(signal);
                let stopped = server.finishes();
                let took = asked.elapsed();
                assert_eq!(stopped.code, 0, "{engine:?}: {}", stopped.log);
                stopped.adds_up();
                let soon = Duration::from_millis(700);
                assert!(took < soon, "{engine:?} {profile} {signal}: {took:?}");
            }
        }
    }
}

#[test]
fn when_the_spin_is_over_it_sleeps() {
    for profile in ["tcp4-loop", "udp4"] {
        for engine in all() {
            let server = engine.serve(profile).any_port();
            let server = server.set("serve.spin=2ms").arg("-q").start();
            let client = server.say(b"hi");
            client.hears(b"hi");
            assert!(!client.hears_something_within(SETTLED));
            let before = ticks(&server);
            assert!(!client.hears_something_within(Duration::from_secs(1)));
            // 1 % of a second is one tick; each of the two numbers may be one short.
            let used = ticks(&server) - before;
            assert!(used <= 2, "{engine:?} {profile}: {used} ticks in a second");
            client.resets();
            server.stop().adds_up();
        }
    }
}
