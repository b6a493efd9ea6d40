//! What came of a load: counts, times, and how it ended.
//!
//! [`super::load`] fills it in; renderers and comparisons read it. Nothing here sends anything.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longer times are recorded as this one: ten minutes.
const LONGEST_NS: u64 = 600_000_000_000;

/// What came of a load. Times in nanoseconds where it is not said otherwise.
#[derive(Clone, Debug)]
pub struct Echo {
    /// Measured messages sent.
    pub sent: u64,
    /// Messages whose echo came back right.
    pub received: u64,
    /// Messages without an echo.
    pub lost: u64,
    /// Messages whose echo was wrong.
    pub corrupt: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Echoes of datagrams that came after they had been counted as lost: part of `lost`.
    pub late: u64,
    /// Echoes of datagrams that came more than once.
    pub duplicates: u64,
    /// Datagrams that reached this host and found the client's own receive buffer full: part of `lost`.
    pub dropped_here: u64,
    /// Bytes of right echoes.
    pub bytes: u64,
    /// Connections that were opened for the load.
    pub connections: u64,
    /// Round trip of each right echo; with a rate, from the moment at which it should have been sent.
    pub rtt: Histogram<u64>,
    /// Time of each connect(2).
    pub connect: Histogram<u64>,
    /// From the first send to the last echo, connecting included.
    pub elapsed: Duration,
    /// CPU time of the generator's own thread in that time.
    pub cpu: Duration,
    /// With a rate: how well the generator kept to it.
    pub schedule: Option<Schedule>,
    /// The run in slices of equal length, for a picture of it.
    pub slices: Vec<Slice>,
    /// Every round trip in the order of the echoes, if they are kept.
    pub samples: Option<Vec<u64>>,
    /// Why the run ended early, if it did.
    pub ended: Option<Ending>,
}

/// How well a generator kept to its own schedule. A message is late only if its connection was free: what a slow server
/// delays is the server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Messages sent more than 1 ms after their time although nothing was in their way.
    pub late: u64,
    /// The worst of them.
    pub worst: Duration,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Echoes in it.
    pub count: u64,
    /// Their round trips added up, in nanoseconds.
    pub total_ns: u64,
}

impl Slice {
    /// The mean round trip in it, in nanoseconds.
    pub fn mean_ns(self) -> Option<u64> {
        self.total_ns.checked_div(self.count)
    }
}

/// How many slices a run is cut into.
pub const SLICES: usize = 32;

/// Why a run ended before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// In a word.
    pub how: How,
    /// In a sentence.
    pub says: String,
}

/// The ways in which a peer ends a run, each told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// An echo differs from what was sent.
    WrongBytes,
    /// More came back than was sent.
    ExtraBytes,
    /// The peer closed without an answer.
    ClosedEarly,
    /// The peer closed in the middle of an answer.
    CutShort,
    /// The peer reset the connection.
    Reset,
    /// Nothing comes back, or nothing any more.
    Silent,
    /// Only a part of an answer comes back, and no more.
    Stalled,
    /// What comes back are datagrams that nobody sent.
    Garbage,
    /// The peer takes no more bytes.
    NeverReads,
    /// Nobody is there: an ICMP error, or connect(2) failed.
    Refused,
    /// Another call failed.
    Failed,
    /// The user has ended it.
    Interrupted,
}

impl How {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            How::WrongBytes => "wrong-bytes",
            How::ExtraBytes => "extra-bytes",
            How::ClosedEarly => "closed-early",
            How::CutShort => "cut-short",
            How::Reset => "reset",
            How::Silent => "silent",
            How::Stalled => "stalled",
            How::Garbage => "garbage",
            How::NeverReads => "never-reads",
            How::Refused => "refused",
            How::Failed => "failed",
            How::Interrupted => "interrupted",
        }
    }
}

impl Default for Echo {
    fn default() -> Echo {
        let histogram =
            || Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are in order");
        Echo {
            sent: 0,
            received: 0,
            lost: 0,
            corrupt: 0,
            errors: 0,
            late: 0,
            duplicates: 0,
            dropped_here: 0,
            bytes: 0,
            connections: 0,
            rtt: histogram(),
            connect: histogram(),
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
            schedule: None,
            slices: vec![Slice::default(); SLICES],
            samples: None,
            ended: None,
        }
    }
}

impl Echo {
    /// Right echoes per second.
    pub fn messages_per_s(&self) -> u64 {
        per_second(self.received, self.elapsed)
    }

    /// Echoed bytes per second.
    pub fn bytes_per_s(&self) -> u64 {
        per_second(self.bytes, self.elapsed)
    }
}

fn per_second(n: u64, time: Duration) -> u64 {
    (u128::from(n) * 1_000_000_000)
        .checked_div(time.as_nanos())
        .map_or(0, |rate| rate as u64)
}
