//! What a probe found out: plain data, rendered as text, JSON, Markdown or HTML.
//!
//! A [`Report`] has a [`Run`] per profile. What there is to say of one is in parts, each `None` or empty where it does
//! not apply: [`options`] and [`sockets`] tell what the kernel made of the values, [`remote`] what a server that is not
//! ours does, [`super::Echo`] how the load went, [`comparison`] what the difference between two runs is worth.

pub mod comparison;
pub mod options;
pub mod remote;
pub mod sockets;

use std::time::Duration;

pub use comparison::{Comparison, Difference, DifferingKey, Versus};
pub use options::{OptionLine, SocketFacts};
pub use remote::{Answer, Attempt, Finding, Refusal, Remote, Resolution, Topic};
pub use sockets::{BacklogFacts, BufferFacts, TcpFacts};

use super::Echo;
use crate::socket::Triple;

/// One probe: of one profile, or of several that are compared.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One per profile, in the order of the command line.
    pub runs: Vec<Run>,
    /// What the runs differ in, if there are several.
    pub comparison: Option<Comparison>,
    /// What was expected, and whether it came.
    pub expectations: Vec<Judged>,
}

/// One probe of one profile.
#[derive(Clone, Debug)]
pub struct Run {
    /// The profile's name.
    pub profile: String,
    /// What this run is called beside others: the profile's name, and what `--vary` has set.
    pub label: String,
    /// What was opened.
    pub triple: Triple,
    /// What the kernel says that it is: SO_DOMAIN, SO_TYPE, SO_PROTOCOL in C's words.
    pub kernel: String,
    /// Where the server listens, if it is ours.
    pub listener: Option<String>,
    /// How the server waits, if it is ours.
    pub engine: Option<&'static str>,
    /// Asked, effective and counted backlog.
    pub backlog: Option<BacklogFacts>,
    /// The client's end.
    pub local: String,
    /// The server's end.
    pub peer: String,
    /// Time spent in connect(2), the first time.
    pub connect: Duration,
    /// Every requested option, and what each socket holds.
    pub options: Vec<OptionLine>,
    /// The buffers of each socket, before and after the load.
    pub buffers: Vec<BufferFacts>,
    /// TCP_INFO of the client's socket, after the load.
    pub tcp: Option<TcpFacts>,
    /// What a server that is not ours does.
    pub remote: Option<Remote>,
    /// What was sent, and how.
    pub load: LoadFacts,
    /// What came back, if anything was sent.
    pub echo: Option<Echo>,
    /// Why there is no echo, and other things to know.
    pub notes: Vec<String>,
    /// The profile as TOML, each value with its origin.
    pub toml: String,
}

/// What was sent, and how.
#[derive(Clone, Debug, Default)]
pub struct LoadFacts {
    /// Bytes of one message.
    pub size: usize,
    /// Connections at a time.
    pub connections: usize,
    /// Messages under way on each.
    pub pipeline: usize,
    /// Writes that one message is cut into.
    pub writes: u32,
    /// Messages per second over all connections, if they are sent on time and not when the answer is there.
    pub rate: Option<u64>,
    /// Messages before the measured ones.
    pub warmup: u64,
    /// The client's core and the servers', where both ends are in this process and there are cores for both.
    pub cores: Option<(usize, Vec<usize>)>,
}

/// An expectation, and what came of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// `echo.rtt_ns.p99 < 2ms`
    pub expectation: String,
    /// Where it was written: `--expect`, `configs/x.toml:12`.
    pub origin: String,
    /// Which run, by its label.
    pub run: String,
    /// What there was, as text with its unit; `None`: the report has no such value.
    pub found: Option<String>,
    /// Whether it holds.
    pub met: bool,
}
