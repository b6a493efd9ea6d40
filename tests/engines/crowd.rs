//! Crowds: everybody is there at once, everybody hears their own words, and afterwards nothing is left of them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Engine;
use crate::common::{Client, Running, room_for};

fn proc(server: &Running, what: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{what}", server.pid()))
}

/// Descriptors and threads.
fn resources(server: &Running) -> (usize, usize) {
    let count = |what| std::fs::read_dir(proc(server, what)).unwrap().count();
    (count("fd"), count("task"))
}

fn crowd(engine: Engine, size: usize) {
    let size = room_for(size);
    let server = engine.serve("tcp4-loop").any_port();
    let server = server.set("serve.backlog=4096");
    let server = server.set("serve.max_connections=4096");
    let server = server.set("io.buffer_size=4KiB").arg("-q").start();
    let host = server.say(b"host");
    host.hears(b"host");
    let baseline = resources(&server);
    let clients: Vec<Client> = (0..size).map(|_| server.client()).collect();
    for round in 0..2 {
        let word = |n: usize| format!("client {n} round {round}").into_bytes();
        for (n, client) in clients.iter().enumerate() {
            client.say(&word(n));
        }
        for (n, client) in clients.iter().enumerate() {
            client.hears(&word(n));
        }
    }
    assert_eq!(resources(&server).0, baseline.0 + size, "all are there");
    for client in &clients {
        client.half_closes();
    }
    for client in &clients {
        client.hears_the_end();
    }
    // A thread ends a little after the socket that it closed: two seconds are promised.
    let until = Instant::now() + Duration::from_secs(2);
    while resources(&server) != baseline && Instant::now() < until {
        host.say(b"still there").hears(b"still there");
    }
    assert_eq!(resources(&server), baseline, "descriptors and threads");
    host.half_closes().hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("closed_by_peer"), size as u64 + 1);
}

#[test]
fn two_thousand_at_once_on_epoll() {
    crowd(Engine::Epoll, 2000);
}

#[test]
fn two_thousand_at_once_on_edges() {
    crowd(Engine::EpollEdge, 2000);
}

#[test]
fn two_thousand_at_once_on_uring() {
    crowd(Engine::Uring, 2000);
}

#[test]
fn two_thousand_at_once_on_tokio() {
    crowd(Engine::Async, 2000);
}

#[test]
fn five_hundred_at_once_on_threads() {
    crowd(Engine::Threads, 500);
}

#[test]
fn five_hundred_at_once_on_poll() {
    crowd(Engine::Poll, 500);
}
