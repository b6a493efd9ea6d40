//! What came of a load: counts, times, and how it ended.
//!
//! [`super::load`] fills it in; renderers and comparisons read it. Nothing here sends anything.

use std::time::Duration;

use super::times::Times;

/// A share of CPU time above which the generator itself was the limit.
const BUSY_PERCENT: u32 = 95;

/// What came of a load. Times in nanoseconds where it is not said otherwise.
///
/// Every message is counted once: `sent = received + lost + corrupt + in_flight`.
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
    /// Messages that were under way when the run ended for a reason that was not theirs: Ctrl-C, or what came back for
    /// another message. Nobody waited for their echoes.
    pub in_flight: u64,
    /// Calls that failed. Their messages are counted as lost.
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
    pub rtt: Times,
    /// Time of each connect(2).
    pub connect: Times,
    /// From the first send to the last echo, connecting included.
    pub elapsed: Duration,
    /// CPU time of the generator's own thread in that time.
    pub cpu: Duration,
    /// With a rate: how well the generator kept to it.
    pub schedule: Option<Schedule>,
    /// The run in slices of equal length, for a picture of it: at most [`SLICES`], and more than half of that unless the
    /// run was very short.
    pub slices: Vec<Slice>,
    /// How long each of them is.
    pub slice: Duration,
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
    /// Messages whose time came while their connection was busy, until the run's time was over: they were never sent, and
    /// are not in [`Echo::sent`].
    pub unsent: u64,
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

/// How many slices a run is cut into, at most.
pub const SLICES: usize = 32;

/// A shorter run is not long enough to say what limited it.
const SHORTEST_JUDGED: Duration = Duration::from_millis(50);

/// About a millisecond, and a power of two: slices are doubled when a run has more than [`SLICES`] of them.
const SHORTEST_SLICE: Duration = Duration::from_nanos(1 << 20);

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
        Echo {
            sent: 0,
            received: 0,
            lost: 0,
            corrupt: 0,
            in_flight: 0,
            errors: 0,
            late: 0,
            duplicates: 0,
            dropped_here: 0,
            bytes: 0,
            connections: 0,
            rtt: Times::default(),
            connect: Times::default(),
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
            schedule: None,
            slices: Vec::with_capacity(SLICES),
            slice: SHORTEST_SLICE,
            samples: None,
            ended: None,
        }
    }
}

impl Echo {
    /// Enters a right echo of `bytes` that took `rtt_ns` and came `at_ns` after the beginning of the run.
    pub fn record(&mut self, rtt_ns: u64, bytes: usize, at_ns: u64) {
        self.received += 1;
        self.bytes += bytes as u64;
        self.rtt.saturating_record(rtt_ns);
        if let Some(samples) = &mut self.samples {
            samples.push(rtt_ns);
        }
        // A slice is a power of two: no division per echo.
        let mut nth = (at_ns >> self.slice.as_nanos().trailing_zeros()) as usize;
        while nth >= SLICES {
            self.fold();
            nth /= 2;
        }
        if nth >= self.slices.len() {
            self.slices.resize(nth + 1, Slice::default());
        }
        self.slices[nth].count += 1;
        self.slices[nth].total_ns += rtt_ns;
    }

    /// Makes one slice of two.
    fn fold(&mut self) {
        let half = self.slices.len().div_ceil(2);
        for nth in 0..half {
            let mut both = self.slices[2 * nth];
            if let Some(second) = self.slices.get(2 * nth + 1) {
                both.count += second.count;
                both.total_ns += second.total_ns;
            }
            self.slices[nth] = both;
        }
        self.slices.truncate(half);
        self.slice *= 2;
    }

    /// Why the numbers are the generator's own and not the server's, if they are: it was short of CPU, or late by itself.
    pub fn generator_limited(&self) -> Option<String> {
        // CPU time is counted in ticks in some kernels, and the first messages cost more than all others.
        if self.elapsed >= SHORTEST_JUDGED && self.cpu * 100 >= self.elapsed * BUSY_PERCENT {
            let percent = self.cpu.as_nanos() * 100 / self.elapsed.as_nanos();
            return Some(format!(
                "the generator itself was the limit: its thread was busy for {} % of the time",
                percent.min(100)
            ));
        }
        let schedule = self
            .schedule
            .filter(|s| s.late.saturating_mul(1000) > self.sent)?;
        Some(format!(
            "the generator itself was late: {} of {} messages left more than 1 ms after their time, at worst {:.1} ms, \
             although nothing was in their way",
            schedule.late,
            self.sent,
            schedule.worst.as_secs_f64() * 1e3
        ))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_doubled_until_the_run_fits() {
        let mut echo = Echo::default();
        let step = 300_000;
        for nth in 0..1000 {
            echo.record(nth, 64, nth * step);
        }
        assert_eq!(echo.slice, SHORTEST_SLICE * 16);
        assert!((SLICES / 2..=SLICES).contains(&echo.slices.len()));
        assert_eq!(echo.slices.iter().map(|s| s.count).sum::<u64>(), 1000);
        let total: u64 = echo.slices.iter().map(|s| s.total_ns).sum();
        assert_eq!(total, 999 * 1000 / 2);
        let first = echo.slices[0];
        assert_eq!(first.count, (16 << 20) / step + 1);
        assert_eq!(first.mean_ns(), Some((first.count - 1) / 2));
    }

    #[test]
    fn a_long_gap_leaves_empty_slices() {
        let mut echo = Echo::default();
        echo.record(5, 1, 0);
        echo.record(7, 1, 40 << 20);
        assert_eq!((echo.slices.len(), echo.slice), (21, SHORTEST_SLICE * 2));
        assert_eq!(
            echo.slices[20],
            Slice {
                count: 1,
                total_ns: 7
            }
        );
        assert_eq!(echo.slices[1].mean_ns(), None);
    }

    #[test]
    fn who_was_the_limit() {
        let second = Duration::from_secs(1);
        let limited = |cpu_ms, late| {
            Echo {
                sent: 1000,
                elapsed: second,
                cpu: Duration::from_millis(cpu_ms),
                schedule: Some(Schedule {
                    late,
                    worst: second / 100,
                    unsent: 0,
                }),
                ..Echo::default()
            }
            .generator_limited()
        };
        assert_eq!(limited(949, 1), None);
        assert!(limited(950, 0).unwrap().contains("95 %"));
        assert!(limited(1001, 0).unwrap().contains("100 %"));
        assert_eq!(limited(10, 1), None, "too few to change p99.9");
        let late = limited(10, 2).unwrap();
        assert!(
            late.contains("2 of 1000") && late.contains("10.0 ms"),
            "{late}"
        );
        assert_eq!(Echo::default().generator_limited(), None);
    }
}
