//! Several peers at once: what one of them does or leaves undone is nobody else's business.

use std::os::fd::AsFd as _;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::Signal;

use crate::cases::resident;
use crate::common::{Client, End, Running, number, pattern};
use crate::{CONCURRENT, Engine};

/// Sends until the buffers of both sides are full, and never reads.
fn deaf(server: &Running) -> Client {
    let client = server.client();
    client.socket().set_nonblocking(true).unwrap();
    let noise = pattern(65_536);
    let mut taken = 0;
    while let Ok(n) = client.socket().send(&noise) {
        taken += n;
    }
    assert!(taken > 0);
    client
}

/// What the server has taken meanwhile makes room for more: sends until there is none for so many milliseconds.
/// Tells whether there was any.
fn goes_on(client: &Client, patience: u16) -> bool {
    let mut room = [PollFd::new(client.socket().as_fd(), PollFlags::POLLOUT)];
    let mut there_was = false;
    while nix::poll::poll(&mut room, patience).unwrap() > 0 {
        let _ = client.socket().send(&pattern(65_536));
        there_was = true;
    }
    there_was
}

/// Sends until the server holds what it cannot send: not before the kernels on both sides are done with probing each
/// other's window, which may take longer than any patience.
fn fills(server: &Running, client: &Client) {
    /// Rounds of 100 ms in which nothing moves: one may catch a worker between its recv and its send.
    const STILL: usize = 4;
    let mut seen = Vec::new();
    for asked in 1..=100 {
        while goes_on(client, 100) {}
        server.signal(Signal::SIGUSR1);
        let counters = server.event("counters", asked);
        let bytes = |key| number(&counters, key);
        seen.push((bytes("bytes_received"), bytes("bytes_sent")));
        let (received, sent) = seen[asked - 1];
        let same = seen.iter().rev().take_while(|&&s| s == (received, sent));
        if received > sent && same.count() >= STILL {
            return;
        }
    }
    panic!("the server holds nothing");
}

/// There and back so many times.
fn converses(client: &Client, times: usize) {
    for n in 0..times {
        let word = format!("word {n}");
        client.say(word.as_bytes()).hears(word.as_bytes());
    }
}

#[test]
fn a_silent_and_a_deaf_peer_delay_nobody() {
    for engine in CONCURRENT {
        let server = engine.serve("tcp4-small-buffers").any_port();
        let server = server.arg("-q").start();
        let silent = server.client();
        converses(&silent, 1);
        let deaf = deaf(&server);
        let clients: Vec<Client> = (0..5).map(|_| server.client()).collect();
        for client in &clients {
            converses(client, 20);
        }
        converses(&silent, 1);
        drop((deaf, silent, clients));
        server.stop().adds_up();
    }
}

#[test]
fn a_deaf_peer_is_reset_when_the_drain_is_over() {
    for engine in CONCURRENT {
        let server = engine.serve("tcp4-loop").any_port();
        let server = server.set("options.SO_SNDBUF=4096");
        let server = server.set("serve.drain_timeout=300ms").arg("-q").start();
        let deaf = deaf(&server);
        fills(&server, &deaf);
        let quiet = server.client();
        converses(&quiet, 1);
        let stopped = server.stop();
        quiet.hears_the_end();
        deaf.socket().set_nonblocking(false).unwrap();
        assert_eq!(deaf.rest().1, End::Reset, "{engine:?}");
        assert_eq!(stopped.code, 1, "{engine:?}: bytes were given up");
        stopped.adds_up();
        assert_eq!(stopped.count("reset"), 1, "{engine:?}");
        assert_eq!(stopped.count("closed_by_rule"), 1, "{engine:?}");
    }
}

#[test]
fn idle_timeout_is_per_peer() {
    for engine in CONCURRENT {
        let server = engine.serve("tcp4-loop").any_port();
        let server = server.set("serve.idle_timeout=300ms").start();
        let busy = server.client();
        let silent = server.client();
        converses(&silent, 1);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| silent.hears_the_end());
            while !waiting.is_finished() {
                converses(&busy, 1);
            }
        });
        converses(&busy, 1);
        busy.half_closes().hears_the_end();
        server.event("closed", 2);
        let stopped = server.stop_in_order();
        let why = stopped.reasons("closed");
        assert!(why[0].contains("idle_timeout"), "{engine:?}: {why:?}");
        assert_eq!(stopped.count("closed_by_rule"), 1, "{engine:?}");
        assert_eq!(stopped.count("closed_by_peer"), 1, "{engine:?}");
    }
}

#[test]
fn pauses_go_on_side_by_side() {
    const PAUSE: Duration = Duration::from_millis(300);
    const PEERS: u32 = 20;
    for engine in CONCURRENT {
        let server = engine.serve("tcp4-loop").any_port();
        let server = server.set("serve.pause.before_read=300ms").start();
        let began = Instant::now();
        let clients: Vec<Client> = (0..PEERS).map(|_| server.say(b"patience")).collect();
        for client in &clients {
            client.hears(b"patience");
        }
        let took = began.elapsed();
        assert!(took >= PAUSE, "{engine:?}: {took:?}");
        assert!(took < PAUSE * PEERS / 2, "{engine:?}: one by one, {took:?}");
        drop(clients);
        server.stop().adds_up();
    }
}

#[test]
fn deaf_peers_cost_a_bounded_amount_and_the_budget_ends_with_them() {
    const DEAF: usize = 60;
    for engine in CONCURRENT {
        let server = engine.serve("tcp4-loop").any_port();
        let server = server.set("options.SO_SNDBUF=4096");
        let server = server.set("serve.memory_budget=1MiB").arg("-q");
        let server = match engine {
            Engine::Uring => server.set("serve.ring.buffers=8").start(),
            _ => server.start(),
        };
        let before = resident(&server);
        let crowd: Vec<Client> = (0..DEAF).map(|_| deaf(&server)).collect();
        // A round that finds no room may only have met kernels that still probe each other's windows: it is the server's
        // silence that tells. At the budget nothing is read until something was sent.
        let fresh = (0..100).find_map(|_| {
            while crowd.iter().filter(|client| goes_on(client, 10)).count() > 0 {}
            let fresh = server.say(b"fresh");
            (!fresh.hears_something_within(Duration::from_millis(50))).then_some(fresh)
        });
        let fresh = fresh.unwrap_or_else(|| panic!("{engine:?} reads on, whatever it holds"));
        let grown = resident(&server).saturating_sub(before);
        println!("{engine:?}: {grown} bytes for {DEAF} deaf peers");
        // The budget, and as much again for everything else.
        let most = match engine {
            // Its eight buffers of both kinds are there whoever comes.
            Engine::Uring => 3 << 20,
            _ => 2 << 20,
        };
        assert!(grown < most, "{engine:?}: {grown} bytes more");
        drop(crowd);
        fresh.hears(b"fresh");
        converses(&fresh, 10);
        drop(fresh);
        server.stop().adds_up();
    }
}

#[test]
fn threads_say_how_many_the_budget_allows() {
    let server = Engine::Threads.serve("tcp4-loop").any_port();
    let server = server.set("serve.memory_budget=1MiB").start();
    server.logs("serve.memory_budget = 1048576 allows 16 connections at once");
    let inside: Vec<Client> = (0..16).map(|_| server.say(b"in")).collect();
    for client in &inside {
        client.hears(b"in");
    }
    let next = server.say(b"next");
    assert!(!next.hears_something_within(Duration::from_millis(50)));
    inside[0].half_closes().hears_the_end();
    next.hears(b"next");
    drop((inside, next));
    server.stop().adds_up();
}
