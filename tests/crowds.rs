//! As many at once as descriptors allow: 18 000 conversations with one server, 4 000 with one thread each.
//!
//! Each engine in turn, alone: the clients need all descriptors of this process. Every engine has a loopback address of
//! its own, because a client's port that waits for late packets is only busy towards the same address.

mod common;

use std::time::Instant;

use common::{Client, pattern, room_for, serve};

const ROUNDS: usize = 10;
const BYTES: usize = 1024;

/// Pages of the server in memory, in bytes.
fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// Everybody connects, everybody speaks before anybody is heard, everybody leaves.
fn crowd(engine: &str, host: &str, size: usize) {
    const EACH: u64 = 16 << 10;
    let began = Instant::now();
    let server = serve("tcp4-loop").any_port().plain().arg("-q");
    let server = server.arg("--engine").arg(engine);
    let server = server.set(format!("address.host=\"{host}\""));
    let server = server.set("serve.backlog=4096");
    let server = server.set("serve.max_connections=20000");
    let server = server.set("io.buffer_size=4KiB").start();
    let before = resident(server.pid());
    let clients: Vec<Client> = (0..size).map(|_| server.client()).collect();
    // Neighbours say different words.
    let bytes = pattern(BYTES + ROUNDS + 256);
    for round in 0..ROUNDS {
        let word = |n: usize| &bytes[n % 256 + round..][..BYTES];
        for (n, client) in clients.iter().enumerate() {
            client.say(word(n));
        }
        for (n, client) in clients.iter().enumerate() {
            client.hears(word(n));
        }
    }
    let each = resident(server.pid()).saturating_sub(before) / size as u64;
    for client in &clients {
        client.half_closes();
    }
    for client in &clients {
        client.hears_the_end();
    }
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{engine}: {}", stopped.log);
    println!(
        "{engine}: {size} at once, {each} bytes each, {:?}",
        began.elapsed()
    );
    assert!(each <= EACH, "{engine}: {each} bytes each");
}

#[test]
fn everybody_at_once() {
    for (engine, host) in [
        ("epoll", "127.0.1.1"),
        ("async", "127.0.1.2"),
        ("uring", "127.0.1.3"),
    ] {
        crowd(engine, host, room_for(18_000));
    }
    crowd("threads", "127.0.1.4", room_for(4_000));
}
