//! The load that `probe` makes: honest about what a server owes, exact about what is lost, cheap in system calls.

#[path = "load/calls.rs"]
mod calls;
mod common;
#[path = "load/datagrams.rs"]
mod datagrams;
#[path = "load/peers.rs"]
mod peers;
#[path = "load/wrong.rs"]
mod wrong;

use std::time::{Duration, Instant};

use common::{Finished, Running, Sockplay, place, serve};
use nix::sys::signal::Signal;
use peers::{Peer, tcp};
use serde_json::Value;

/// Of somebody else's server.
fn probe(peer: &Peer) -> Sockplay {
    Sockplay::new("probe").arg("--json").arg(&peer.address)
}

/// Of a server of ours in a process of its own.
fn probe_of(server: &Running) -> Sockplay {
    Sockplay::new("probe").arg("--json").arg(server.address())
}

/// One that answers whatever comes, on as many connections as there are.
fn echo_server() -> Running {
    let server = serve("tcp4").any_port().arg("-q");
    server
        .set("serve.requests=\"unlimited\"")
        .set("serve.engine=epoll")
        .start()
}

fn echo_of(finished: &Finished) -> Value {
    let report: Value = serde_json::from_slice(&finished.out)
        .unwrap_or_else(|e| panic!("{e}\n{}{}", finished.text(), finished.err));
    report["runs"][0]["echo"].clone()
}

fn n(value: &Value, key: &str) -> u64 {
    let number = value[key].as_u64();
    number.unwrap_or_else(|| panic!("{key} is no number in {value}"))
}

/// Every message is counted once; only what was under way at the end may be missing.
fn adds_up(echo: &Value) {
    let counted = n(echo, "received") + n(echo, "lost") + n(echo, "corrupt");
    let in_flight = n(echo, "sent").checked_sub(counted);
    let in_flight = in_flight.unwrap_or_else(|| panic!("more came than left: {echo}"));
    match echo["outcome"].as_str() {
        Some("interrupted" | "wrong-bytes" | "extra-bytes" | "garbage") => assert!(in_flight < 64),
        _ => assert_eq!(in_flight, 0, "{echo}"),
    }
    assert!(n(echo, "late") <= n(echo, "lost"), "{echo}");
}

/// A run to its end, everything answered.
fn completes(probe: &Sockplay) -> Value {
    let finished = probe.finishes();
    let echo = echo_of(&finished);
    assert_eq!(finished.code, 0, "{}{}", finished.text(), finished.err);
    assert_eq!(echo["outcome"], "complete");
    assert_eq!(n(&echo, "received"), n(&echo, "sent"), "{echo}");
    adds_up(&echo);
    echo
}

/// Every round trip in nanoseconds, in order.
fn samples_of(probe: Sockplay) -> (Value, Vec<u64>) {
    let place = place();
    let file = place.path().join("samples");
    let echo = completes(&probe.arg("--samples").arg(&file));
    let text = std::fs::read_to_string(&file).expect("the samples");
    (
        echo,
        text.lines().map(|line| line.parse().unwrap()).collect(),
    )
}

/// A load on a server that stands still for 0.1 s; its round trips, and how long it really stood.
fn stopped_for_a_while(load: &[&str]) -> (Vec<u64>, Duration) {
    let server = serve("tcp4")
        .any_port()
        .set("serve.requests=\"unlimited\"")
        .start();
    let probe = load.iter().fold(probe_of(&server), Sockplay::arg);
    std::thread::scope(|all| {
        let samples = all.spawn(|| samples_of(probe).1);
        server.event("received", 1);
        let since = Instant::now();
        server.signal(Signal::SIGSTOP);
        // The only way to be stopped for a time is to let it pass.
        std::thread::sleep(Duration::from_millis(100));
        server.signal(Signal::SIGCONT);
        let stood = since.elapsed();
        (samples.join().expect("the load runs"), stood)
    })
}

fn at_least(samples: &[u64], time: Duration) -> f64 {
    let ns = u64::try_from(time.as_nanos()).unwrap();
    samples.iter().filter(|&&rtt| rtt >= ns).count() as f64
}

/// Coordinated omission: whoever waits with the server does not see that it stands still.
#[test]
fn a_rate_shows_a_server_that_stood_still_and_a_closed_loop_hides_it() {
    let (samples, stood) = stopped_for_a_while(&["--rate=1000", "--duration=4s"]);
    assert_eq!(samples.len(), 4000);
    // Those that were due in its first half waited for at least the second: one per millisecond.
    let expected = stood.as_secs_f64() * 1000.0 / 2.0;
    let waited = at_least(&samples, stood / 2);
    // More, where the machine has other things to do while the server catches up.
    assert!(
        waited > 0.7 * expected && waited < 10.0 * expected,
        "{waited} of {} waited for half of {stood:?}",
        samples.len()
    );
    let mut sorted = samples;
    sorted.sort_unstable();
    // 4 of 4000 are longer: 96 % of the time; of 10 s it would be 90 %.
    let p999 = Duration::from_nanos(sorted[sorted.len() - 5]);
    assert!(p999 > stood.mul_f64(0.75), "{p999:?} of {stood:?}");
    let (samples, stood) = stopped_for_a_while(&["--duration=4s"]);
    let share = at_least(&samples, stood / 2) / samples.len() as f64;
    assert!(
        share < 0.0025,
        "{share} of {}: a closed loop has one under way",
        samples.len()
    );
}

#[test]
fn percentiles_are_those_of_the_samples() {
    let server = echo_server();
    let (echo, samples) = samples_of(probe_of(&server).arg("--count=5000"));
    let mut sorted = samples.clone();
    sorted.sort_unstable();
    assert_eq!(sorted.len(), 5000);
    let near = |what: &str, exact: u64| {
        let shown = n(&echo["rtt_ns"], what);
        let off = shown.abs_diff(exact);
        // Three digits of a histogram.
        assert!(
            off * 500 <= exact,
            "{what}: {shown}, the samples say {exact}"
        );
    };
    for (what, rank) in [("p50", 2500), ("p90", 4500), ("p99", 4950), ("p999", 4995)] {
        near(what, sorted[rank - 1]);
    }
    near("min", sorted[0]);
    near("max", sorted[4999]);
    near("mean", sorted.iter().sum::<u64>() / 5000);
}

#[test]
fn a_warm_up_is_sent_and_not_counted() {
    let server = echo_server();
    let echo = completes(&probe_of(&server).arg("--count=30").arg("--warmup=12"));
    assert_eq!((n(&echo, "sent"), n(&echo, "bytes")), (30, 30 * 64));
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("bytes_received"), 42 * 64);
}

#[test]
fn five_hundred_connections_are_all_answered() {
    let server = echo_server();
    let many = probe_of(&server).arg("--connections=500");
    let echo = completes(&many.arg("--count=20000").arg("--pipeline=2"));
    assert_eq!(
        (n(&echo, "connections"), n(&echo, "received")),
        (500, 20_000)
    );
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("bytes_received"), 20_000 * 64);
    assert_eq!(stopped.count("accepted"), 500);
}

#[test]
fn a_rate_is_that_of_all_connections() {
    let server = echo_server();
    for connections in ["1", "7"] {
        let paced = probe_of(&server).arg("--rate=500").arg("--duration=1s");
        let echo = completes(&paced.arg("--connections").arg(connections));
        assert_eq!(n(&echo, "sent"), 500);
        let elapsed = Duration::from_nanos(n(&echo, "elapsed_ns"));
        // The last is due 2 ms before the end.
        assert!(elapsed >= Duration::from_millis(998), "{elapsed:?}");
        assert!(echo["schedule"]["late"].is_u64(), "{echo}");
    }
}

#[test]
fn a_server_that_closes_after_some_requests_is_connected_to_again() {
    for load in [
        &["--count=50"][..],
        &["--count=50", "--pipeline=4"],
        &["--count=50", "--connections=5", "--pipeline=2"],
        &["--count=50", "--rate=1000", "--connections=2"],
    ] {
        let server = serve("tcp4").any_port().set("serve.requests=3");
        // Glued messages would be one request without it.
        let server = server
            .set("io.framing=line")
            .set("serve.engine=epoll")
            .start();
        let probe = load.iter().fold(probe_of(&server), Sockplay::arg);
        let echo = completes(&probe);
        assert_eq!(n(&echo, "sent"), 50);
        assert!(n(&echo, "connections") >= 17, "{load:?}: {echo}");
    }
}

#[test]
fn interrupted_it_tells_what_there_was() {
    let server = serve("tcp4")
        .any_port()
        .set("serve.requests=\"unlimited\"")
        .start();
    for load in [&["--rate=100"][..], &["--pipeline=3"]] {
        let probe = probe_of(&server).arg("--duration=15s");
        let running = load.iter().fold(probe, Sockplay::arg).spawn();
        let heard = server
            .events()
            .iter()
            .filter(|e| e["event"] == "received")
            .count();
        // Three may be under way: a fourth one is sent when an echo is there.
        server.event("received", heard + 4);
        let since = Instant::now();
        running.signal(Signal::SIGINT);
        let finished = running.finishes();
        assert!(
            since.elapsed() < Duration::from_secs(2),
            "{:?}",
            since.elapsed()
        );
        assert_eq!(finished.code, 130);
        let echo = echo_of(&finished);
        assert_eq!(echo["outcome"], "interrupted");
        assert!(n(&echo, "received") >= 1, "{echo}");
        adds_up(&echo);
    }
}

/// It waits for an echo, and would for 5 s.
#[test]
fn a_blocked_call_hears_ctrl_c() {
    for pipeline in ["1", "2"] {
        let peer = tcp("c.recv(64); ready('asked'); c.recv(4096); c.recv(1)");
        let running = probe(&peer).arg("--pipeline").arg(pipeline).spawn();
        peer.process.says("asked");
        let since = Instant::now();
        running.signal(Signal::SIGINT);
        let finished = running.finishes();
        assert!(
            since.elapsed() < Duration::from_secs(2),
            "{:?}",
            since.elapsed()
        );
        assert_eq!(finished.code, 130);
        assert_eq!(echo_of(&finished)["outcome"], "interrupted");
    }
}

#[test]
fn pieces_and_sizes_of_a_stream() {
    let server = echo_server();
    for load in [
        &["--size=1", "--count=300"][..],
        &["--size=1MiB", "--count=20", "--pipeline=3"],
        &["--size=100", "--count=300", "--set", "probe.writes=7"],
        &[
            "--size=64KiB",
            "--count=40",
            "--connections=4",
            "--pipeline=4",
        ],
    ] {
        completes(&load.iter().fold(probe_of(&server), Sockplay::arg));
    }
}
