//! As many as there may be, and then one more: by the profile, and by the kernel.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{Client, End, Running, needs_program};
use crate::{CONCURRENT, Engine};

/// Long enough for an answer on loopback, where none may come.
const SOON: Duration = Duration::from_millis(100);

fn two_at_most(engine: Engine, overload: &str) -> Running {
    let server = engine.serve("tcp4-loop").any_port();
    let server = server.set("serve.max_connections=2");
    server.set(format!("serve.overload={overload}")).start()
}

/// Two clients that are being inside.
fn two(server: &Running) -> [Client; 2] {
    [b"one", b"two"].map(|word| {
        let client = server.say(word);
        client.hears(word);
        client
    })
}

#[test]
fn the_third_of_two_waits_in_the_backlog() {
    for engine in CONCURRENT {
        let server = two_at_most(engine, "wait");
        let [one, two] = two(&server);
        let third = server.say(b"third");
        assert!(!third.hears_something_within(SOON), "{engine:?}");
        two.say(b"still").hears(b"still");
        one.half_closes().hears_the_end();
        third.hears(b"third");
        for client in [two, third] {
            client.half_closes().hears_the_end();
        }
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("closed_by_peer"), 3, "{engine:?}");
    }
}

#[test]
fn the_third_of_two_is_reset_where_the_profile_says_so() {
    for engine in CONCURRENT {
        println!("{engine:?}");
        let server = two_at_most(engine, "reject");
        let [one, two] = two(&server);
        let third = server.client();
        assert_eq!(third.rest(), (Vec::new(), End::Reset), "{engine:?}");
        two.say(b"still").hears(b"still");
        one.half_closes().hears_the_end();
        // The third's event, and then the first's: from now on there is room.
        server.event("closed", 2);
        let fourth = server.say(b"fourth");
        fourth.hears(b"fourth");
        for client in [two, fourth] {
            client.half_closes().hears_the_end();
        }
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("failed"), 1, "{engine:?}");
        assert_eq!(stopped.count("closed_by_peer"), 3, "{engine:?}");
    }
}

/// utime and stime of a process, in ticks of 10 ms (proc_pid_stat(5)).
pub(crate) fn ticks(server: &Running) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Takes the descriptors away that a running server does not use yet, except `left`.
fn leave_descriptors(server: &Running, left: usize) {
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let open: BTreeSet<usize> = open
        .map(|entry| name(entry).to_str().unwrap().parse().unwrap())
        .collect();
    // The limit is the number after the highest allowed one, and there are holes below it (getrlimit(2)).
    let free = (0..).filter(|fd| !open.contains(fd)).take(left + 1);
    let limit = free.last().expect("numbers do not end");
    let status = Command::new("prlimit")
        .arg(format!("--pid={}", server.pid()))
        .arg(format!("--nofile={limit}:"))
        .status();
    assert!(status.expect("prlimit starts").success());
}

#[test]
fn out_of_descriptors_it_waits_without_spinning_and_goes_on() {
    if !needs_program("prlimit") {
        return;
    }
    for engine in [Engine::Sequential].iter().chain(&CONCURRENT).copied() {
        // io_uring looks at the limit when an accept is queued; with fewer connections than the backlog has places it
        // queues one for each.
        let server = engine.serve("tcp4-loop").any_port();
        let server = server.set("serve.max_connections=100").start();
        let first = server.say(b"first");
        first.hears(b"first");
        first.half_closes().hears_the_end();
        server.event("closed", 1);
        let began = Instant::now();
        let room = if engine == Engine::Sequential { 0 } else { 3 };
        leave_descriptors(&server, room);
        if engine == Engine::Sequential {
            // A blocked accept(2) has its number already.
            let last = server.say(b"last");
            last.hears(b"last").half_closes().hears_the_end();
        }
        let mut inside: Vec<Client> = (0..room).map(|_| server.client()).collect();
        for client in &inside {
            client.say(b"in").hears(b"in");
        }
        let waiting: Vec<Client> = (0..3).map(|_| server.say(b"late")).collect();
        server.logs("EMFILE");
        let before = ticks(&server);
        assert!(!waiting[0].hears_something_within(Duration::from_millis(700)));
        // 5 % of 700 ms are 3 ticks; each of the two numbers may be one short.
        let used = ticks(&server) - before;
        assert!(used <= 5, "{engine:?}: {used} ticks in 700 ms");
        if engine == Engine::Sequential {
            leave_descriptors(&server, 1);
            for client in &waiting {
                client.hears(b"late").half_closes().hears_the_end();
            }
        } else {
            for client in &waiting {
                // One leaves, one comes in; the others stay and are served as before.
                let left = Instant::now();
                drop(inside.pop());
                client.hears(b"late");
                // The first one comes amid a back-off of 640 ms: it began 630 ms after the first refusal.
                let took = left.elapsed();
                assert!(took < Duration::from_millis(250), "{engine:?}: {took:?}");
            }
            for client in &waiting {
                client.half_closes().hears_the_end();
            }
        }
        let seconds = began.elapsed().as_secs() as usize + 1;
        let stopped = server.stop();
        stopped.adds_up();
        let lines = stopped.log.matches("EMFILE").count();
        assert!(
            lines <= seconds,
            "{engine:?}: {lines} lines\n{}",
            stopped.log
        );
    }
}
