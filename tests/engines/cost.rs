//! What a peer costs that says nothing, and what an echo costs in instructions: figures that no other load can change.
//!
//! Memory is the server's own anonymous pages, before and after; instructions are callgrind's, of two runs that differ
//! only in the number of echoes.

use std::process::Command;

use crate::Engine;
use crate::common::{Client, Process, Running, client_at, needs_program, place, room_for};

const PROFILE: &str = "tcp4-loop";

/// Bytes of memory that nobody else has a part in (RssAnon, proc(5)).
fn own_memory(server: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// Each peer has been heard once, so that its connection is accepted and its buffer has been used and given back.
fn bytes_per_idle_peer(engine: Engine, peers: usize) -> u64 {
    let server = engine.serve(PROFILE).any_port();
    let server = server.set("serve.max_connections=20000");
    let server = server.set("io.buffer_size=64KiB").plain().arg("-q").start();
    let heard = || {
        let client = server.client();
        client.say(&[7; 64]).hears(&[7; 64]);
        client
    };
    let host = heard();
    let before = own_memory(&server);
    let clients: Vec<Client> = (0..peers).map(|_| heard()).collect();
    let grown = own_memory(&server).saturating_sub(before);
    drop((host, clients));
    assert_eq!(server.stop().code, 0);
    grown / peers as u64
}

fn costs_at_most(most: u64, engine: Engine, peers: usize) {
    let peers = room_for(peers);
    let bytes = bytes_per_idle_peer(engine, peers);
    println!("{engine:?}: {bytes} bytes for each of {peers} idle connections");
    assert!(bytes <= most, "{engine:?}: {bytes} bytes, not {most}");
}

#[test]
fn an_idle_connection_costs_a_slot() {
    costs_at_most(100, Engine::Epoll, 10_000);
}

#[test]
fn an_idle_connection_costs_a_slot_beside_the_ring() {
    costs_at_most(100, Engine::Uring, 10_000);
}

#[test]
fn an_idle_connection_costs_a_small_task() {
    costs_at_most(1 << 10, Engine::Async, 2000);
}

#[test]
fn an_idle_connection_costs_a_thread_two_pages_of_stack_and_one_of_its_buffer() {
    costs_at_most(16 << 10, Engine::Threads, 500);
}

/// Instructions of a whole run of a server with so many echoes.
fn instructions(engine: Engine, echoes: usize) -> u64 {
    let place = place();
    let out = place.path().join("callgrind");
    let server = engine.serve(PROFILE).any_port().plain().arg("-q");
    let server = server.set("io.buffer_size=64KiB");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["-q", "--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", out.display()));
    let server = Process::spawn(valgrind.args(server.line()));
    let client = client_at(&server.first_line());
    for _ in 0..echoes {
        client.say(&[7; 64]).hears(&[7; 64]);
    }
    client.half_closes().hears_the_end();
    server.signal(nix::sys::signal::Signal::SIGTERM);
    let finished = server.finishes();
    assert_eq!(finished.code, 0, "{}", finished.err);
    let text = std::fs::read_to_string(out).unwrap();
    let totals = text.lines().find_map(|l| l.strip_prefix("totals: "));
    totals.expect("callgrind's totals").trim().parse().unwrap()
}

/// The floor in C takes 53, of which the C library's wrappers are the larger part.
#[test]
fn an_echo_under_epoll_takes_at_most_250_instructions() {
    const FEW: usize = 200;
    const MANY: usize = 10_200;
    if !needs_program("valgrind") {
        return;
    }
    let more = instructions(Engine::Epoll, MANY) - instructions(Engine::Epoll, FEW);
    let per_echo = more / (MANY - FEW) as u64;
    println!("{per_echo} instructions per echo");
    assert!(per_echo <= 250, "{per_echo} instructions per echo");
}
