//! What was sent, and what came of it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{nanos, one_of};
use crate::measure;
use crate::measure::How;
use crate::measure::report::LoadFacts;

/// What was sent, and how.
#[derive(Serialize, JsonSchema)]
pub(super) struct Load<'a> {
    /// Of one message.
    size_bytes: usize,
    /// Connections at a time.
    connections: usize,
    /// Messages under way on each.
    pipeline: usize,
    /// Writes that one message is cut into.
    writes: u32,
    /// Messages per second over all connections, sent on time; null: each is sent when the answer to the one before is
    /// there.
    rate_per_s: Option<u64>,
    /// Messages before the measured ones.
    warmup: u64,
    /// The core that the client kept to; null: it had none of its own.
    client_core: Option<usize>,
    /// Those of the servers.
    server_cores: Option<&'a [usize]>,
}

impl<'a> Load<'a> {
    pub(super) fn of(load: &'a LoadFacts) -> Load<'a> {
        Load {
            size_bytes: load.size,
            connections: load.connections,
            pipeline: load.pipeline,
            writes: load.writes,
            rate_per_s: load.rate,
            warmup: load.warmup,
            client_core: load.cores.as_ref().map(|(client, _)| *client),
            server_cores: load.cores.as_ref().map(|(_, servers)| servers.as_slice()),
        }
    }
}

/// What came of a load.
#[derive(Serialize, JsonSchema)]
pub(super) struct Echo<'a> {
    /// Measured messages sent.
    sent: u64,
    /// Messages whose echo came back right.
    received: u64,
    /// Messages without an echo.
    lost: u64,
    /// Messages whose echo was wrong.
    corrupt: u64,
    /// Messages that were under way when the run ended for a reason that was not theirs.
    in_flight: u64,
    /// Calls that failed; their messages are counted as lost.
    errors: u64,
    /// Echoes of datagrams that came after they had been counted as lost; part of `lost`.
    late: u64,
    /// Echoes of datagrams that came more than once.
    duplicates: u64,
    /// Datagrams that found the client's own receive buffer full; part of `lost`.
    dropped_here: u64,
    /// Bytes of right echoes.
    bytes: u64,
    /// Connections that were opened.
    connections: u64,
    /// Round trips; with a rate, from the moment at which a message should have been sent. All 0 if nothing came back.
    rtt_ns: Distribution,
    /// Distribution of connect(2) during the load; null if there was none.
    connect_ns: Option<Distribution>,
    /// Right echoes per second.
    messages_per_s: u64,
    /// Echoed bytes per second.
    bytes_per_s: u64,
    /// From the first send to the last echo.
    elapsed_ns: u64,
    /// CPU time of the generator in that time.
    cpu_ns: u64,
    /// With a rate: how well the generator kept to it; null without.
    schedule: Option<Schedule>,
    /// Whether the generator, and not the peer, was the limit: then the numbers are the generator's.
    generator_limited: bool,
    /// The run in slices of equal length.
    slices: Slices,
    /// How it ended, in a word.
    #[schemars(schema_with = "outcome")]
    outcome: &'a str,
    /// Why it ended early, in a sentence; null if it did not.
    ended: Option<&'a str>,
}

/// A distribution of times.
#[derive(Serialize, JsonSchema)]
struct Distribution {
    /// The shortest.
    min: u64,
    /// The mean.
    mean: u64,
    /// Half are at most so long.
    p50: u64,
    /// 90 %.
    p90: u64,
    /// 99 %.
    p99: u64,
    /// 99.9 %.
    p999: u64,
    /// The longest.
    max: u64,
}

/// How well the generator kept to its rate.
#[derive(Serialize, JsonSchema)]
struct Schedule {
    /// Messages sent more than 1 ms late although nothing was in their way.
    late: u64,
    /// The worst of them.
    worst_ns: u64,
    /// Messages that were never sent, because their connection was busy until the run's time was over.
    unsent: u64,
}

/// Slices of a run.
#[derive(Serialize, JsonSchema)]
struct Slices {
    /// How long each is.
    each_ns: u64,
    /// The mean round trip of each; null: nothing came back in it.
    mean_ns: Vec<Option<u64>>,
    /// Echoes in each.
    count: Vec<u64>,
}

impl<'a> Echo<'a> {
    pub(super) fn of(echo: &'a measure::Echo) -> Echo<'a> {
        Echo {
            sent: echo.sent,
            received: echo.received,
            lost: echo.lost,
            corrupt: echo.corrupt,
            in_flight: echo.in_flight,
            errors: echo.errors,
            late: echo.late,
            duplicates: echo.duplicates,
            dropped_here: echo.dropped_here,
            bytes: echo.bytes,
            connections: echo.connections,
            rtt_ns: Distribution::of(&echo.rtt),
            connect_ns: (!echo.connect.is_empty()).then(|| Distribution::of(&echo.connect)),
            messages_per_s: echo.messages_per_s(),
            bytes_per_s: echo.bytes_per_s(),
            elapsed_ns: nanos(echo.elapsed),
            cpu_ns: nanos(echo.cpu),
            schedule: echo.schedule.map(|s| Schedule {
                late: s.late,
                worst_ns: nanos(s.worst),
                unsent: s.unsent,
            }),
            generator_limited: echo.generator_limited().is_some(),
            slices: Slices {
                each_ns: nanos(echo.slice),
                mean_ns: echo.slices.iter().map(|s| s.mean_ns()).collect(),
                count: echo.slices.iter().map(|s| s.count).collect(),
            },
            outcome: echo.ended.as_ref().map_or(COMPLETE, |e| e.how.name()),
            ended: echo.ended.as_ref().map(|e| e.says.as_str()),
        }
    }
}

impl Distribution {
    fn of(times: &measure::times::Times) -> Distribution {
        let at = |q: f64| times.value_at_quantile(q);
        Distribution {
            min: times.min(),
            mean: times.mean() as u64,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: times.max(),
        }
    }
}

/// The outcome of a run that went to its end.
const COMPLETE: &str = "complete";

/// Every ending that [`How`] knows; a report with another one would not be valid.
const ENDINGS: [How; 12] = [
    How::WrongBytes,
    How::ExtraBytes,
    How::ClosedEarly,
    How::CutShort,
    How::Reset,
    How::Silent,
    How::Stalled,
    How::Garbage,
    How::NeverReads,
    How::Refused,
    How::Failed,
    How::Interrupted,
];

fn outcome(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let words: Vec<&str> = std::iter::once(COMPLETE)
        .chain(ENDINGS.map(How::name))
        .collect();
    one_of(&words)
}
