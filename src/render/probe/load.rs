//! What was sent and what came back, as facts and charts: the last section of a run.

use std::fmt::Write as _;

use super::page::{Fact, Part, Rank, Says, fact};
use super::words::{self, bytes, count, many};
use crate::escape;
use crate::measure::{Echo, How, Run};

/// Facts, then the charts of one run.
pub(super) fn parts(run: &Run, rank: Rank) -> Vec<Part<'_>> {
    let mut facts = Vec::new();
    if let Some(echo) = &run.echo {
        facts.extend(self::echo(run, echo));
    }
    facts.extend(run.notes.iter().map(|n| fact("note", words::sentence(n))));
    let mut parts = vec![Part::Facts(facts)];
    if let Some(echo) = run.echo.as_ref().filter(|e| e.received > 0) {
        parts.push(Part::Histogram(&echo.rtt));
        // Among others it has its line in the chart of all.
        if rank == Rank::Top {
            parts.push(Part::Percentiles(vec![(
                escape::text(&run.label),
                &echo.rtt,
            )]));
        }
    }
    parts
}

fn echo<'a>(run: &'a Run, echo: &'a Echo) -> Vec<Fact<'a>> {
    let mut all = vec![fact("messages", messages(run, echo))];
    if echo.received > 0 {
        all.push(fact("round trip", round_trip(echo)));
    }
    if echo.received > 1 {
        all.push(Fact {
            name: "over time",
            says: Says::Course(&echo.slices),
        });
        let (messages, bytes) = (count(echo.messages_per_s()), bytes(echo.bytes_per_s()));
        all.push(fact("rate", format!("{messages} messages/s, {bytes}/s")));
    }
    if let Some(unsent) = echo.schedule.map(|s| s.unsent).filter(|n| *n > 0) {
        all.push(fact(
            "unsent",
            format!(
                "{}: their time came while their connection was busy, until the run was over",
                many(unsent, "message")
            ),
        ));
    }
    if echo.connect.len() > 1 {
        all.push(fact(
            "connect",
            format!(
                "{} times: p50 {}, p99 {}, max {}",
                count(echo.connect.len()),
                words::ns(echo.connect.value_at_quantile(0.5)),
                words::ns(echo.connect.value_at_quantile(0.99)),
                words::ns(echo.connect.max())
            ),
        ));
    }
    all.extend(echo.generator_limited().map(|says| fact("limit", says)));
    // Of a server that is not ours its findings have said that it refuses.
    let told = |how: How| how == How::Refused && run.remote.is_some();
    let ended = echo.ended.as_ref().filter(|e| !told(e.how));
    all.extend(ended.map(|e| fact("ended", words::sentence(&e.says))));
    all
}

/// A single one has no distribution.
fn round_trip(echo: &Echo) -> String {
    let at = |q: f64| words::ns(echo.rtt.value_at_quantile(q));
    let (min, max) = (words::ns(echo.rtt.min()), words::ns(echo.rtt.max()));
    if echo.received == 1 {
        return max;
    }
    let (p50, p90, p99, p999) = (at(0.5), at(0.9), at(0.99), at(0.999));
    format!("min {min}, p50 {p50}, p90 {p90}, p99 {p99}, p99.9 {p999}, max {max}")
}

fn messages(run: &Run, echo: &Echo) -> String {
    let load = &run.load;
    let mut out = format!(
        "{} of {} message{} of {} bytes came back",
        count(echo.received),
        count(echo.sent),
        if echo.sent == 1 { "" } else { "s" },
        load.size
    );
    for (n, what) in [
        (echo.lost, "lost"),
        (echo.late, "of them late"),
        (
            echo.dropped_here,
            "of them dropped by the client's own buffer",
        ),
        (echo.corrupt, "corrupt"),
        (echo.in_flight, "still under way"),
        (echo.duplicates, "came twice"),
    ] {
        if n > 0 {
            let _ = write!(out, ", {} {what}", count(n));
        }
    }
    if echo.errors > 0 {
        let _ = write!(out, ", {} failed", many(echo.errors, "call"));
    }
    let _ = write!(out, " ({})", how(run, echo).join(", "));
    out
}

/// Over how many connections, and in which way.
fn how(run: &Run, echo: &Echo) -> Vec<String> {
    let load = &run.load;
    let mut how = vec![many(echo.connections, "connection")];
    if load.connections > 1 {
        how.push(format!("{} at a time", load.connections));
    } else if echo.connections > 1 {
        how.push("one after the other".into());
    }
    if load.pipeline > 1 {
        how.push(format!("{} under way on each", load.pipeline));
    }
    if load.writes > 1 {
        how.push(format!("each in {} writes", load.writes));
    }
    if let Some(rate) = load.rate {
        how.push(match echo.schedule {
            Some(schedule) if schedule.unsent > 0 || schedule.late > 0 => {
                format!("{} per second wanted", count(rate))
            }
            _ => format!("{} per second, on time", count(rate)),
        });
    }
    if load.warmup > 0 {
        how.push(format!("after {} to warm up", count(load.warmup)));
    }
    if let Some((client, _)) = &load.cores {
        how.push(format!("client on core {client}, server on the others"));
    }
    how
}
