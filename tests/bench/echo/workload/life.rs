//! What a server costs by being there: memory of connections that wait, and the time it takes to come to life.

use super::super::goal::Of;
use super::{
    ASYNC, Ask, Bound, EPOLL, Party, Program, RELAYS, SEQUENTIAL, Sockplay, TCP_FLOOR, Transport,
    URING, Unit, Workload, row, with,
};

use Bound::AtMost;
use Program::{Asio, Epoll, EpollStatic, Python, Tokio};

pub fn all() -> Vec<Workload> {
    vec![idle(), start()]
}

/// Without poll(2), which looks at all connections for each that comes: it is there after a minute.
fn idle() -> Workload {
    let bytes = Of::Unit;
    let rows = vec![
        row("C floor", Epoll),
        row("epoll", EPOLL).value_of(AtMost(100.0), bytes),
        row("uring", URING).value_of(AtMost(100.0), bytes),
        row("async", ASYNC).value_of(AtMost(1024.0), bytes),
        // Each may need its own buffer of 64 KiB, and the budget of all is 512 MiB unless told otherwise.
        row(
            "threads",
            Sockplay("threads", &["serve.memory_budget=1GiB"]),
        )
        .value_of(AtMost(16384.0), bytes),
        // tokio's own example has a buffer of 4 KiB.
        row("tokio", Tokio(4096)),
        row("asio", Asio),
        row("uvloop", Python("uvloop")),
        row("asyncio", Python("asyncio")),
    ];
    Workload {
        name: "idle",
        title: "10 000 idle connections, each answered once",
        ask: Ask::Idle(10_000),
        unit: Unit::Bytes,
        floor: TCP_FLOOR,
        rows,
    }
}

fn start() -> Workload {
    const SOCAT: Of = Of::Each(&["socat"]);
    let rows = vec![
        row("sequential", SEQUENTIAL)
            .value(AtMost(2.0))
            .value_of(AtMost(0.6), SOCAT),
        row("epoll", EPOLL)
            .value(AtMost(2.0))
            .value_of(AtMost(0.6), SOCAT),
        row("uring", URING),
        row("async", ASYNC),
        row("C, not static", Epoll),
        row("asio", Asio),
        row("asyncio", Python("asyncio")),
    ];
    Workload {
        name: "start",
        title: "from exec to the first echo",
        ask: Ask::Start,
        unit: Unit::Milliseconds,
        floor: Party {
            program: EpollStatic,
            transport: Transport::Tcp,
        },
        rows: with(rows, &RELAYS),
    }
}
