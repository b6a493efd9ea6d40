//! The workloads: what is asked, of whom, against what, and what is expected.
//!
//! This is the table that a reader should argue with; everything else only carries it out. Here are its words; its lines are
//! in [`tcp`], in [`local`] for datagrams and unix sockets, and in [`life`] for what a server costs by being there.

mod life;
mod local;
mod tcp;

use super::contender::{Program, Transport};
use super::goal::{Bound, Goal, Metric, Of};
use super::load::one::Client;

use Program::{Asio, Epoll, Ncat, Python, Socat, Sockplay, Tokio};

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

/// All workloads, in the order in which they run.
pub fn all() -> Vec<Workload> {
    [tcp::all(), local::all(), life::all()]
        .into_iter()
        .flatten()
        .collect()
}

const EPOLL: Program = Sockplay("epoll", &[]);
const URING: Program = Sockplay("uring", &[]);
const ASYNC: Program = Sockplay("async", &[]);
const SEQUENTIAL: Program = Sockplay("sequential", &[]);
const THREADS: Program = Sockplay("threads", &[]);
const POLL: Program = Sockplay("poll", &[]);
/// As tokio's documentation has it, but with the floor's buffer.
const TOKIO: Program = Tokio(65536);

const TCP_FLOOR: Party = Party {
    program: Epoll,
    transport: Transport::Tcp,
};

/// Other people's servers.
const LIBRARIES: [(&str, Program); 4] = [
    ("tokio", TOKIO),
    ("asio", Asio),
    ("uvloop", Python("uvloop")),
    ("asyncio", Python("asyncio")),
];

/// Relays over a pipe, with a process for each connection. Not for bulk: they write to the pipe without looking whether it
/// is full, and once it is they wait for themselves.
const RELAYS: [(&str, Program); 2] = [("socat", Socat), ("ncat", Ncat)];

/// A row over TCP, against the floor, of which nothing is expected.
fn row(name: &'static str, program: Program) -> Row {
    let transport = Transport::Tcp;
    Row {
        name,
        party: Party { program, transport },
        base: Base::Floor,
        goals: vec![],
    }
}

impl Row {
    fn over(mut self, transport: Transport) -> Row {
        self.party.transport = transport;
        self
    }

    fn against(mut self, name: &'static str, program: Program, transport: Transport) -> Row {
        self.base = Base::Other(name, Party { program, transport });
        self
    }

    /// The workload's number is to be `bound` times what the row is measured against.
    fn value(self, bound: Bound) -> Row {
        self.goal(Metric::Value, bound, Of::Base)
    }

    fn cpu(self, bound: Bound) -> Row {
        self.goal(Metric::Cpu, bound, Of::Base)
    }

    fn value_of(self, bound: Bound, of: Of) -> Row {
        self.goal(Metric::Value, bound, of)
    }

    fn goal(mut self, metric: Metric, bound: Bound, of: Of) -> Row {
        self.goals.push(Goal { metric, bound, of });
        self
    }
}

fn with(mut rows: Vec<Row>, others: &[(&'static str, Program)]) -> Vec<Row> {
    rows.extend(others.iter().map(|(name, program)| row(name, *program)));
    rows
}
