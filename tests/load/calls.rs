//! What a message costs in system calls, counted by strace(1).

use std::collections::BTreeMap;

use super::completes;
use crate::common::{Sockplay, needs_program, place, serve};

/// System calls by name, of the process that generates the load.
fn calls(address: &str, load: &[&str]) -> BTreeMap<String, usize> {
    let place = place();
    let file = place.path().join("strace");
    let path = file.to_str().unwrap();
    let probe = Sockplay::new("probe").arg("--json").arg(address);
    let probe = load.iter().fold(probe, Sockplay::arg);
    completes(&probe.through(&["strace", "-f", "-o", path]));
    let trace = std::fs::read_to_string(&file).expect("strace's output");
    let mut counts = BTreeMap::new();
    for line in trace.lines() {
        // `1234 sendto(3, …) = 64`; the second half of a call that another thread interrupted is no call.
        let call = line
            .split_once(' ')
            .map_or("", |(_, call)| call.trim_start());
        if let Some((name, _)) = call.split_once('(').filter(|_| !call.starts_with("<...")) {
            *counts.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

fn count(calls: &BTreeMap<String, usize>, name: &str) -> usize {
    calls.get(name).copied().unwrap_or(0)
}

fn servers() -> [(crate::common::Running, &'static str); 2] {
    let tcp = serve("tcp4").any_port().set("serve.requests=\"unlimited\"");
    let tcp = tcp.set("serve.engine=epoll").start();
    [
        (tcp, "tcp://"),
        (serve("udp4").any_port().start(), "udp://"),
    ]
}

#[test]
fn one_connection_sends_and_receives_once_per_message() {
    if !needs_program("strace") {
        return;
    }
    for (server, scheme) in servers() {
        let address = format!("{scheme}{}", server.address());
        let few = calls(&address, &["--count=100"]);
        let more = calls(&address, &["--count=300"]);
        // What is not per message is the same in both.
        for name in ["sendto", "recvfrom"] {
            assert_eq!(
                count(&more, name) - count(&few, name),
                200,
                "{scheme} {name}"
            );
        }
        for name in [
            "clock_gettime",
            "gettimeofday",
            "epoll_wait",
            "poll",
            "futex",
        ] {
            let (few, more) = (count(&few, name), count(&more, name));
            assert!(more <= few + 2, "{scheme} {name}: {few} and then {more}");
        }
        // One at the end, to see whether there is more than was sent.
        assert!(count(&more, "recvfrom") <= 301 && count(&more, "sendto") <= 300);
    }
}

#[test]
fn many_connections_cost_no_more_than_a_wait_besides() {
    if !needs_program("strace") {
        return;
    }
    for (server, scheme) in servers() {
        let address = format!("{scheme}{}", server.address());
        let calls = calls(&address, &["--count=400", "--connections=4"]);
        assert_eq!(count(&calls, "sendto"), 400, "{scheme}: {calls:?}");
        // One per connection at the end.
        assert_eq!(count(&calls, "recvfrom"), 404, "{scheme}: {calls:?}");
        assert!(count(&calls, "epoll_wait") <= 410, "{scheme}: {calls:?}");
        assert_eq!(count(&calls, "epoll_ctl"), 4, "{scheme}: {calls:?}");
        // The thread's CPU time, before and after each part of a run; all other clocks are read without a call.
        assert!(count(&calls, "clock_gettime") <= 50, "{scheme}: {calls:?}");
    }
}
