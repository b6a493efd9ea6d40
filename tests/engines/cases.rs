//! The hardships of the matrix. Each holds the server to what was echoed (I1) and to its accounts (I2).

use std::thread;

use nix::sys::signal::Signal;

use crate::common::{Client, End, Running, pattern};
use crate::{Cell, Engine};

type Case = (&'static str, fn(&Cell) -> bool, fn(&Cell));

/// Name, where it applies, what is done.
pub(crate) const ALL: [Case; 8] = [
    ("a buffer of one byte", |_| true, one_byte),
    ("1 MiB through 1 KiB", |_| true, bulk),
    ("split and glued", |_| true, split_and_glued),
    (
        "half-close with data in flight",
        Cell::has_connections,
        half_close,
    ),
    ("reset by the client", Cell::has_connections, reset),
    ("a hundred peers at once", |_| true, hundred),
    ("a slow reader", Cell::has_connections, slow_reader),
    ("stop while busy", |_| true, stop),
];

/// A whole message with this content, as the profile frames it; at most 1 KiB of content.
fn message(cell: &Cell, content: &[u8]) -> Vec<u8> {
    match cell.profile {
        "tcp4-line" => {
            let mut line: Vec<u8> = content.iter().map(|b| b.max(&b' ')).copied().collect();
            line.push(b'\n');
            line
        }
        "tcp4-length-prefix" => {
            let len = u32::try_from(content.len()).expect("a short message");
            [&len.to_be_bytes(), content].concat()
        }
        _ => content.to_vec(),
    }
}

/// Messages that together have at least so many bytes, no two neighbours alike.
fn messages(cell: &Cell, bytes: usize) -> Vec<Vec<u8>> {
    let all = pattern(bytes + 1024);
    (0..bytes.div_ceil(1000))
        .map(|n| message(cell, &all[n..n + 1000]))
        .collect()
}

/// Says all of it, in one piece where there are no boundaries.
fn says(cell: &Cell, client: &Client, messages: &[Vec<u8>]) {
    if cell.is_stream() {
        client.say(&messages.concat());
    } else {
        for message in messages {
            client.say(message);
        }
    }
}

/// Says while it hears; the end comes after the last byte and is clean.
fn floods(cell: &Cell, client: &Client, messages: &[Vec<u8>]) {
    thread::scope(|scope| {
        scope.spawn(|| {
            says(cell, client, messages);
            client.half_closes();
        });
        client.hears_last(&messages.concat());
    });
}

/// Once there and back, message by message.
fn converses(client: &Client, messages: &[Vec<u8>]) {
    for message in messages {
        client.say(message).hears(message);
    }
}

fn one_byte(cell: &Cell) {
    let server = cell.serve().set("io.buffer_size=1").arg("-q").start();
    let client = server.client();
    if cell.is_stream() {
        floods(cell, &client, &messages(cell, 3000));
    } else {
        converses(&client, &[vec![1], vec![0], vec![255]]);
    }
    drop(client);
    server.stop_in_order();
}

fn bulk(cell: &Cell) {
    let server = cell.serve().set("io.buffer_size=1KiB").arg("-q").start();
    let client = server.client();
    let messages = messages(cell, 1 << 20);
    if cell.has_connections() {
        floods(cell, &client, &messages);
    } else {
        // A datagram may be lost where nobody waits for its echo.
        converses(&client, &messages);
    }
    let stopped = server.stop_in_order();
    let bytes = messages.iter().map(Vec::len).sum::<usize>() as u64;
    assert_eq!(stopped.count("bytes_sent"), bytes);
    assert_eq!(stopped.count("bytes_discarded"), 0);
}

fn split_and_glued(cell: &Cell) {
    let server = cell.serve().arg("-q").start();
    let three = [&b"one"[..], b"", b"three"].map(|content| message(cell, content));
    if cell.is_stream() {
        let all = three.concat();
        let split = server.client();
        split.spells(&all).half_closes().hears_last(&all);
        let glued = server.say(&all);
        glued.half_closes().hears_last(&all);
        // Three and a half, and the other half when the three have come back.
        let (half, rest) = three[2].split_at(2);
        let cut = server.say(&[&all, half].concat());
        cut.hears(&all).say(rest);
        cut.half_closes().hears_last(&three[2]);
    } else {
        let client = server.client();
        for message in &three {
            client.say(message);
        }
        for message in &three {
            client.hears(message);
        }
    }
    server.stop_in_order();
}

fn half_close(cell: &Cell) {
    let server = cell.serve().arg("-q").start();
    let client = server.client();
    let messages = messages(cell, 60_000);
    says(cell, &client, &messages);
    client.half_closes().hears_last(&messages.concat());
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("closed_by_peer"), 1);
}

fn reset(cell: &Cell) {
    let server = cell.serve().start();
    let first = message(cell, b"first");
    let rude = server.say(&first);
    rude.hears(&first).say(&first);
    // Unread bytes make a unix socket's close a reset as well (unix(7) has no linger).
    server.event("sent", 2);
    rude.resets();
    server.event("closed", 1);
    let next = server.client();
    converses(&next, &[message(cell, b"next")]);
    next.half_closes().hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("accepted"), 2);
    assert_eq!(stopped.count("failed"), 1, "{}", stopped.accounts());
    assert_eq!(stopped.count("closed_by_peer"), 1);
}

fn hundred(cell: &Cell) {
    let server = cell.serve().arg("-q").start();
    let clients: Vec<Client> = (0..100).map(|_| server.client()).collect();
    let word = |n: usize, round: usize| message(cell, format!("peer {n} word {round}").as_bytes());
    let rounds = if cell.engine == Engine::Sequential && cell.has_connections() {
        1
    } else {
        3
    };
    for round in 0..rounds {
        let last = round + 1 == rounds && cell.has_connections();
        for (n, client) in clients.iter().enumerate() {
            client.say(&word(n, round));
            if last {
                client.half_closes();
            }
        }
        for (n, client) in clients.iter().enumerate() {
            client.hears(&word(n, round));
            if last {
                client.hears_the_end();
            }
        }
    }
    let stopped = server.stop_in_order();
    if cell.has_connections() {
        assert_eq!(stopped.count("closed_by_peer"), 100);
    } else {
        assert_eq!(stopped.count("datagrams.echoed"), 300);
    }
}

fn slow_reader(cell: &Cell) {
    let small = |name| format!("options.{name}=16384");
    let server = cell.serve().set(small("SO_SNDBUF")).set(small("SO_RCVBUF"));
    let server = server.arg("-q").start();
    let slow = small_buffers(server.client());
    let messages = messages(cell, 1 << 20);
    thread::scope(|scope| {
        let saying = scope.spawn(|| {
            says(cell, &slow, &messages);
            slow.half_closes();
        });
        if cell.engine != Engine::Sequential {
            let other = server.client();
            converses(&other, &vec![message(cell, b"meanwhile"); 50]);
            other.half_closes().hears_the_end();
            assert!(!saying.is_finished(), "buffers hold less than 1 MiB");
        }
        let before = resident(&server);
        slow.hears_last(&messages.concat());
        let grown = resident(&server).saturating_sub(before);
        assert!(grown < 1 << 20, "{grown} bytes more for one slow reader");
    });
    server.stop_in_order();
}

/// Less than its messages fits between it and the server.
fn small_buffers(client: Client) -> Client {
    client.socket().set_send_buffer_size(16_384).unwrap();
    client.socket().set_recv_buffer_size(16_384).unwrap();
    client
}

/// VmRSS in bytes.
pub(crate) fn resident(server: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    // Not RssFile: the program's own pages come as they are first run, whoever connects.
    let kib = |key: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(key));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap()
    };
    (kib("RssAnon:") + kib("RssShmem:")) * 1024
}

fn stop(cell: &Cell) {
    const PEERS: usize = 8;
    let server = cell.serve().arg("-q").start();
    let word = message(cell, b"word");
    let clients: Vec<Client> = (0..PEERS).map(|_| server.say(&word)).collect();
    // Sequential, all but the first wait in the backlog, with their word already said.
    let at_first = match cell.engine {
        Engine::Sequential if cell.has_connections() => 1,
        _ => PEERS,
    };
    for client in &clients[..at_first] {
        client.hears(&word);
    }
    server.signal(Signal::SIGTERM);
    if cell.has_connections() {
        for (n, client) in clients.iter().enumerate() {
            if n >= at_first {
                client.hears(&word);
            }
            converses(client, &vec![word.clone(); 5]);
            client.half_closes();
            assert_eq!(client.rest(), (Vec::new(), End::Clean), "client {n}");
        }
    }
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    stopped.adds_up();
    if cell.has_connections() {
        assert_eq!(stopped.count("closed_by_peer"), PEERS as u64);
        assert_eq!(stopped.count("bytes_sent"), (6 * PEERS * word.len()) as u64);
    } else {
        assert_eq!(stopped.count("datagrams.echoed"), PEERS as u64);
    }
}
