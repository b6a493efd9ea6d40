//! Streams over IPv4: many small exchanges, one, a flood, and connections that come and go.

use super::super::goal::Of;
use super::{
    ASYNC, Ask, Bound, Client, EPOLL, LIBRARIES, POLL, Program, RELAYS, SEQUENTIAL, Sockplay,
    TCP_FLOOR, THREADS, TOKIO, Transport, URING, Unit, Workload, row, with,
};

use Bound::{AtLeast, AtMost};

const EDGE: Program = Sockplay("epoll", &["serve.trigger=edge"]);
const SPIN: Program = Sockplay("epoll", &["serve.spin=50us"]);
const LIBURING: Program = Program::Uring(256);

pub fn all() -> Vec<Workload> {
    vec![crowd(), latency(), latency_asking(), bulk(), connect()]
}

/// The rate is set by whoever is busier, server or load; the CPU per echo is the server's alone.
fn crowd() -> Workload {
    const PEERS: Of = Of::Each(&["asio", "tokio", "uvloop"]);
    let ahead = AtLeast(1.0);
    let rows = vec![
        row("epoll", EPOLL)
            .value(AtLeast(0.98))
            .cpu(AtMost(1.03))
            .value_of(ahead, PEERS),
        row("epoll edge", EDGE),
        row("uring", URING)
            .value(AtLeast(1.05))
            .cpu(AtMost(0.95))
            .value_of(ahead, PEERS),
        row("liburing floor", LIBURING),
        row("uring / liburing", URING).against("liburing floor", LIBURING, Transport::Tcp),
        row("async", ASYNC).value_of(ahead, PEERS),
        row("async / tokio", ASYNC)
            .against("tokio", TOKIO, Transport::Tcp)
            .value(AtLeast(1.0)),
        row("threads", THREADS),
        row("poll", POLL),
    ];
    Workload {
        name: "ping-64",
        title: "64 B ping-pong, 64 connections",
        ask: Ask::Many(64),
        unit: Unit::PerSecond,
        floor: TCP_FLOOR,
        rows: with(with(rows, &LIBRARIES), &RELAYS),
    }
}

fn latency() -> Workload {
    let close = AtMost(1.03);
    let rows = vec![
        row("sequential", SEQUENTIAL).value(close),
        row("threads", THREADS).value(close),
        row("epoll", EPOLL).value(close),
        row("epoll spin", SPIN).value_of(AtMost(0.5), Of::Best),
        row("poll", POLL),
        row("uring", URING),
        row("liburing floor", LIBURING),
        row("async", ASYNC),
    ];
    Workload {
        name: "ping-1",
        title: "64 B ping-pong, 1 connection, the client sleeps in recv",
        ask: Ask::One(Client::Sleeps),
        unit: Unit::Micros,
        floor: TCP_FLOOR,
        rows: with(with(rows, &LIBRARIES), &RELAYS),
    }
}

/// Half of the time of `ping-1` is the client waking up; here it does not sleep.
fn latency_asking() -> Workload {
    let rows = vec![
        row("sequential", SEQUENTIAL),
        row("epoll", EPOLL),
        row("epoll spin", SPIN),
        row("uring", URING),
        row("tokio", TOKIO),
        row("asio", Program::Asio),
    ];
    Workload {
        name: "ping-1-asking",
        title: "64 B ping-pong, 1 connection, the client asks without sleeping",
        ask: Ask::One(Client::Asks),
        unit: Unit::Micros,
        floor: TCP_FLOOR,
        rows,
    }
}

fn bulk() -> Workload {
    const PEERS: Of = Of::Each(&["tokio", "asio", "uvloop", "asyncio"]);
    let full = AtLeast(1.0);
    let rows = vec![
        row("epoll", EPOLL).value(full).value_of(full, PEERS),
        row("epoll edge", EDGE),
        row("uring", URING).value(full).value_of(full, PEERS),
        // As few buffers as keep it busy: more of them only leave the caches.
        row("liburing floor", Program::Uring(8)),
        row("sequential", SEQUENTIAL),
        row("threads", THREADS),
        row("poll", POLL),
        row("async", ASYNC),
    ];
    Workload {
        name: "bulk",
        title: "64 KiB at a time, 1 connection",
        ask: Ask::Bulk,
        unit: Unit::MegabytesPerSecond,
        floor: TCP_FLOOR,
        rows: with(rows, &LIBRARIES),
    }
}

fn connect() -> Workload {
    let rows = vec![
        row("epoll", EPOLL).value(AtLeast(0.97)),
        row("uring", URING).value(AtLeast(1.1)),
        row("liburing floor", LIBURING),
        row("sequential", SEQUENTIAL),
        row("threads", THREADS),
        row("poll", POLL),
        row("async", ASYNC),
    ];
    Workload {
        name: "connect",
        title: "connect, 64 B echo, close",
        ask: Ask::Connect,
        unit: Unit::PerSecond,
        floor: TCP_FLOOR,
        rows: with(with(rows, &LIBRARIES), &RELAYS),
    }
}
