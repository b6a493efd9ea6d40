//! The workloads: what is asked, of whom, against what, and what is expected.
//!
//! This is the table that a reader should argue with; everything else only carries it out.

use super::contender::{Program, Transport};
use super::goal::{Bound, Goal, Metric, Of};
use super::load::one::Client;

use Bound::{AtLeast, AtMost};
use Program::{Asio, Datagram, Epoll, EpollStatic, Ncat, Python, Socat, Sockplay, Tokio, Uring};
use Transport::{Tcp, Udp, UnixDatagram, UnixSeqpacket, UnixStream};

/// What is asked of a server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// 64 bytes over one connection.
    One(Client),
    /// 64 bytes over so many at once.
    Many(u32),
    Bulk,
    Connect,
    /// So many connections that wait.
    Idle(usize),
    /// To come to life.
    Start,
}

/// The unit of a workload's number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    PerSecond,
    /// The median of the times of all echoes.
    Micros,
    MegabytesPerSecond,
    Bytes,
    Milliseconds,
}

/// Which way is good.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

impl Unit {
    pub fn better(self) -> Better {
        match self {
            Unit::PerSecond | Unit::MegabytesPerSecond => Better::Higher,
            Unit::Micros | Unit::Bytes | Unit::Milliseconds => Better::Lower,
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Unit::PerSecond => "per second",
            Unit::Micros => "µs, p50",
            Unit::MegabytesPerSecond => "MB/s",
            Unit::Bytes => "bytes per connection",
            Unit::Milliseconds => "ms",
        }
    }
}

/// A program over a transport.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Party {
    pub program: Program,
    pub transport: Transport,
}

/// One line of a table: who, against whom, and what is expected.
pub struct Row {
    pub name: &'static str,
    pub party: Party,
    pub base: Base,
    pub goals: Vec<Goal>,
}

/// What a row is measured against.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The workload's floor.
    Floor,
    /// This other server, because the goal speaks of it.
    Other(&'static str, Party),
}

pub struct Workload {
    pub name: &'static str,
    pub title: &'static str,
    pub ask: Ask,
    pub unit: Unit,
    pub floor: Party,
    pub rows: Vec<Row>,
}

const PEERS: &[&str] = &["asio", "tokio", "uvloop"];
const EPOLL: Program = Sockplay("epoll", &[]);
const EDGE: Program = Sockplay("epoll", &["serve.trigger=edge"]);
const SPIN: Program = Sockplay("epoll", &["serve.spin=50us"]);
const URING: Program = Sockplay("uring", &[]);
const ASYNC: Program = Sockplay("async", &[]);
const SEQUENTIAL: Program = Sockplay("sequential", &[]);
const THREADS: Program = Sockplay("threads", &[]);
const POLL: Program = Sockplay("poll", &[]);

fn goal(metric: Metric, bound: Bound, of: Of) -> Goal {
    Goal { metric, bound, of }
}

/// The workload's number, against what the row is measured against.
fn value(bound: Bound) -> Goal {
    goal(Metric::Value, bound, Of::Base)
}

fn cpu(bound: Bound) -> Goal {
    goal(Metric::Cpu, bound, Of::Base)
}

fn ahead(bound: Bound) -> Goal {
    goal(Metric::Value, bound, Of::Each(PEERS))
}

fn on(transport: Transport, name: &'static str, program: Program, goals: Vec<Goal>) -> Row {
    let party = Party { program, transport };
    Row {
        name,
        party,
        base: Base::Floor,
        goals,
    }
}

fn tcp(name: &'static str, program: Program, goals: Vec<Goal>) -> Row {
    on(Tcp, name, program, goals)
}

fn against(other: &'static str, base: Program, base_over: Transport, mut row: Row) -> Row {
    let party = Party {
        program: base,
        transport: base_over,
    };
    row.base = Base::Other(other, party);
    row
}

/// Other people's servers, with tokio's as its documentation has it but with the floor's buffer.
fn libraries() -> Vec<Row> {
    let all = [
        ("tokio", Tokio(65536)),
        ("asio", Asio),
        ("uvloop", Python("uvloop")),
        ("asyncio", Python("asyncio")),
    ];
    let rows = all.into_iter();
    rows.map(|(name, program)| tcp(name, program, vec![]))
        .collect()
}

/// Relays over a pipe, with a process for each connection. Not for bulk: they write to the pipe without looking whether it
/// is full, and once it is they wait for themselves.
fn relays() -> Vec<Row> {
    let all = [("socat", Socat), ("ncat", Ncat)];
    let rows = all.into_iter();
    rows.map(|(name, program)| tcp(name, program, vec![]))
        .collect()
}

fn with_peers(mut rows: Vec<Row>) -> Vec<Row> {
    rows.extend(libraries());
    rows.extend(relays());
    rows
}

/// All workloads, in the order in which they run.
pub fn all() -> Vec<Workload> {
    let mut all = vec![crowd(), latency(), latency_asking(), bulk(), connect()];
    all.extend([udp_one(), udp_many()]);
    all.push(unix("unix-stream", "unix stream", UnixStream, Epoll));
    all.push(unix(
        "unix-seqpacket",
        "unix seqpacket",
        UnixSeqpacket,
        Epoll,
    ));
    all.push(unix(
        "unix-datagram",
        "unix datagram",
        UnixDatagram,
        Datagram,
    ));
    all.extend([idle(), start()]);
    all
}

fn workload(
    name: &'static str,
    title: &'static str,
    ask: Ask,
    unit: Unit,
    floor: Party,
    rows: Vec<Row>,
) -> Workload {
    Workload {
        name,
        title,
        ask,
        unit,
        floor,
        rows,
    }
}

const TCP_FLOOR: Party = Party {
    program: Epoll,
    transport: Tcp,
};

fn crowd() -> Workload {
    let ready = || vec![value(AtLeast(0.98)), cpu(AtMost(1.03)), ahead(AtLeast(1.0))];
    let rows = with_peers(vec![
        tcp("epoll", EPOLL, ready()),
        tcp("epoll edge", EDGE, vec![]),
        tcp(
            "uring",
            URING,
            vec![value(AtLeast(1.05)), cpu(AtMost(0.95)), ahead(AtLeast(1.0))],
        ),
        tcp("liburing floor", Uring(256), vec![]),
        against(
            "liburing floor",
            Uring(256),
            Tcp,
            tcp("uring / liburing", URING, vec![]),
        ),
        tcp("async", ASYNC, vec![ahead(AtLeast(1.0))]),
        against(
            "tokio",
            Tokio(65536),
            Tcp,
            tcp("async / tokio", ASYNC, vec![value(AtLeast(1.0))]),
        ),
        tcp("threads", THREADS, vec![]),
        tcp("poll", POLL, vec![]),
    ]);
    workload(
        "ping-64",
        "64 B ping-pong, 64 connections",
        Ask::Many(64),
        Unit::PerSecond,
        TCP_FLOOR,
        rows,
    )
}

fn latency() -> Workload {
    let close = || vec![value(AtMost(1.03))];
    let rows = with_peers(vec![
        tcp("sequential", SEQUENTIAL, close()),
        tcp("threads", THREADS, close()),
        tcp("epoll", EPOLL, close()),
        tcp(
            "epoll spin",
            SPIN,
            vec![goal(Metric::Value, AtMost(0.5), Of::Best)],
        ),
        tcp("poll", POLL, vec![]),
        tcp("uring", URING, vec![]),
        tcp("liburing floor", Uring(256), vec![]),
        tcp("async", ASYNC, vec![]),
    ]);
    let title = "64 B ping-pong, 1 connection, the client sleeps in recv";
    workload(
        "ping-1",
        title,
        Ask::One(Client::Sleeps),
        Unit::Micros,
        TCP_FLOOR,
        rows,
    )
}

fn latency_asking() -> Workload {
    let rows = vec![
        tcp("sequential", SEQUENTIAL, vec![]),
        tcp("epoll", EPOLL, vec![]),
        tcp("epoll spin", SPIN, vec![]),
        tcp("uring", URING, vec![]),
        tcp("tokio", Tokio(65536), vec![]),
        tcp("asio", Asio, vec![]),
    ];
    let title = "64 B ping-pong, 1 connection, the client asks without sleeping";
    workload(
        "ping-1-asking",
        title,
        Ask::One(Client::Asks),
        Unit::Micros,
        TCP_FLOOR,
        rows,
    )
}

fn bulk() -> Workload {
    const EVERY_PEER: Of = Of::Each(&["tokio", "asio", "uvloop", "asyncio"]);
    let full = || {
        vec![
            value(AtLeast(1.0)),
            goal(Metric::Value, AtLeast(1.0), EVERY_PEER),
        ]
    };
    let mut rows = vec![
        tcp("epoll", EPOLL, full()),
        tcp("epoll edge", EDGE, vec![]),
        tcp("uring", URING, full()),
        tcp("liburing floor", Uring(8), vec![]),
        tcp("sequential", SEQUENTIAL, vec![]),
        tcp("threads", THREADS, vec![]),
        tcp("poll", POLL, vec![]),
        tcp("async", ASYNC, vec![]),
    ];
    rows.extend(libraries());
    workload(
        "bulk",
        "64 KiB at a time, 1 connection",
        Ask::Bulk,
        Unit::MegabytesPerSecond,
        TCP_FLOOR,
        rows,
    )
}

fn connect() -> Workload {
    let rows = with_peers(vec![
        tcp("epoll", EPOLL, vec![value(AtLeast(0.97))]),
        tcp("uring", URING, vec![value(AtLeast(1.1))]),
        tcp("liburing floor", Uring(256), vec![]),
        tcp("sequential", SEQUENTIAL, vec![]),
        tcp("threads", THREADS, vec![]),
        tcp("poll", POLL, vec![]),
        tcp("async", ASYNC, vec![]),
    ]);
    workload(
        "connect",
        "connect, 64 B echo, close",
        Ask::Connect,
        Unit::PerSecond,
        TCP_FLOOR,
        rows,
    )
}

const UDP_FLOOR: Party = Party {
    program: Datagram,
    transport: Udp,
};

fn udp_rows() -> Vec<Row> {
    let near = || vec![value(AtLeast(0.98))];
    vec![
        on(Udp, "sequential", SEQUENTIAL, near()),
        on(Udp, "poll", POLL, vec![]),
        on(Udp, "epoll", EPOLL, near()),
        on(Udp, "async", ASYNC, vec![]),
        on(Udp, "uring", URING, vec![]),
    ]
}

fn udp_one() -> Workload {
    workload(
        "udp-1",
        "UDP 64 B, 1 peer",
        Ask::One(Client::Sleeps),
        Unit::PerSecond,
        UDP_FLOOR,
        udp_rows(),
    )
}

fn udp_many() -> Workload {
    const BATCH: &[&str] = &["serve.batch=32"];
    let mut rows = udp_rows();
    for (name, engine) in [("sequential batch", "sequential"), ("epoll batch", "epoll")] {
        let goals = vec![value(AtLeast(0.98)), cpu(AtMost(0.9))];
        rows.push(on(Udp, name, Sockplay(engine, BATCH), goals));
    }
    workload(
        "udp-64",
        "UDP 64 B, 64 peers at once",
        Ask::Many(64),
        Unit::PerSecond,
        UDP_FLOOR,
        rows,
    )
}

/// Ping-pong over a unix socket, against the floor, and against the same engine over IPv4.
fn unix(name: &'static str, title: &'static str, transport: Transport, floor: Program) -> Workload {
    let near = || vec![value(AtLeast(0.98))];
    let mut rows = vec![
        on(transport, "sequential", SEQUENTIAL, near()),
        on(transport, "epoll", EPOLL, near()),
        on(transport, "uring", URING, vec![]),
        on(transport, "async", ASYNC, vec![]),
    ];
    if transport == UnixStream {
        let faster = on(
            transport,
            "epoll / own TCP",
            EPOLL,
            vec![value(AtLeast(1.0))],
        );
        rows.push(against("epoll over TCP", EPOLL, Tcp, faster));
    }
    let floor = Party {
        program: floor,
        transport,
    };
    workload(
        name,
        title,
        Ask::One(Client::Sleeps),
        Unit::PerSecond,
        floor,
        rows,
    )
}

fn idle() -> Workload {
    let most = |bytes| vec![goal(Metric::Value, AtMost(bytes), Of::Unit)];
    let rows = vec![
        tcp("C floor", Epoll, vec![]),
        tcp("epoll", EPOLL, most(100.0)),
        tcp("uring", URING, most(100.0)),
        tcp("async", ASYNC, most(1024.0)),
        tcp("threads", THREADS, most(16384.0)),
        // As in tokio's own example, which has a buffer of 4 KiB.
        tcp("tokio", Tokio(4096), vec![]),
        tcp("asio", Asio, vec![]),
        tcp("uvloop", Python("uvloop"), vec![]),
        tcp("asyncio", Python("asyncio"), vec![]),
    ];
    workload(
        "idle",
        "10 000 idle connections",
        Ask::Idle(10_000),
        Unit::Bytes,
        TCP_FLOOR,
        rows,
    )
}

fn start() -> Workload {
    let quick = || {
        let of_socat = goal(Metric::Value, AtMost(0.6), Of::Each(&["socat"]));
        vec![value(AtMost(2.0)), of_socat]
    };
    let floor = Party {
        program: EpollStatic,
        transport: Tcp,
    };
    let rows = vec![
        tcp("sequential", SEQUENTIAL, quick()),
        tcp("epoll", EPOLL, quick()),
        tcp("uring", URING, vec![]),
        tcp("async", ASYNC, vec![]),
        tcp("C, not static", Epoll, vec![]),
        tcp("socat", Socat, vec![]),
        tcp("ncat", Ncat, vec![]),
        tcp("asio", Asio, vec![]),
        tcp("asyncio", Python("asyncio"), vec![]),
    ];
    workload(
        "start",
        "exec to the first echo",
        Ask::Start,
        Unit::Milliseconds,
        floor,
        rows,
    )
}
