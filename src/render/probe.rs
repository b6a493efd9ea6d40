//! A probe's report: one screen that explains itself, or JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::json::envelope;
use super::option_table::option_table;
use super::socket_lines::socket_lines;
use crate::escape;
use crate::measure::report::OptionLine;
use crate::measure::{Echo, Run};
use crate::option::Value;

/// Columns of a usual screen with room for the table of options.
const WIDTH: usize = 100;

/// The report as text.
pub fn text(report: &Run) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: {} ({})",
        escape::text(&report.profile),
        report.triple,
        report.kernel
    );
    if let Some(listener) = &report.listener {
        let _ = writeln!(out, "  server      {listener}");
    }
    let _ = writeln!(
        out,
        "  client      {} -> {}, connect took {}",
        report.local,
        report.peer,
        time(report.connect)
    );
    out.push_str(&socket_lines(report));
    out.push('\n');
    out.push_str(&option_table(&report.options, WIDTH));
    out.push('\n');
    if let Some(echo) = &report.echo {
        self::echo(echo, report.load.size, &mut out);
    }
    for note in &report.notes {
        let _ = writeln!(out, "  note        {note}");
    }
    out
}

fn echo(echo: &Echo, size: usize, out: &mut String) {
    let connections = match echo.connections {
        1 => "one connection".to_owned(),
        n => format!("{n} connections"),
    };
    let _ = write!(
        out,
        "  echo        {} of {} messages of {size} bytes came back",
        echo.received, echo.sent
    );
    for (n, what) in [
        (echo.lost, "lost"),
        (echo.corrupt, "corrupt"),
        (echo.errors, "failed"),
    ] {
        if n > 0 {
            let _ = write!(out, ", {n} {what}");
        }
    }
    let _ = writeln!(out, " ({connections})");
    if echo.received > 0 {
        let at = |q: f64| time(Duration::from_nanos(echo.rtt.value_at_quantile(q)));
        let _ = writeln!(
            out,
            "  round trip  min {}, p50 {}, p90 {}, p99 {}, p99.9 {}, max {}",
            time(Duration::from_nanos(echo.rtt.min())),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            time(Duration::from_nanos(echo.rtt.max())),
        );
        let bytes = bytesize::ByteSize::b(echo.bytes_per_s());
        let _ = writeln!(
            out,
            "  rate        {} messages/s, {bytes}/s",
            echo.messages_per_s()
        );
    }
    if let Some(why) = &echo.ended {
        let _ = writeln!(out, "  ended       {}", why.says);
    }
}

/// Three significant digits and a unit.
fn time(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        us if us < 100.0 => format!("{us:.1} µs"),
        us if us < 1_000.0 => format!("{us:.0} µs"),
        us if us < 100_000.0 => format!("{:.1} ms", us / 1e3),
        us if us < 1_000_000.0 => format!("{:.0} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

/// The report as JSON.
pub fn json(report: &Run) -> Json {
    envelope("probe", json!({ "runs": [run(report)] }))
}

fn run(report: &Run) -> Json {
    let options: Vec<Json> = report.options.iter().map(option).collect();
    let held = |pick: fn(&OptionLine) -> Option<&Value>| -> Json {
        let all = report
            .options
            .iter()
            .filter_map(|line| Some((line.report.name.clone(), json!(pick(line)?))));
        Json::Object(all.collect())
    };
    json!({
        "profile": report.profile,
        "socket": {
            "family": report.triple.family.name(),
            "type": report.triple.ty.name(),
            "protocol": report.triple.effective_protocol().0,
        },
        "listener": report.listener,
        "backlog": report.backlog.map(|b| json!({"asked": b.asked, "effective": b.effective})),
        "local": report.local,
        "peer": report.peer,
        "options": options,
        "sockets": {
            "listener": held(|l| l.held.listener.as_ref()),
            "accepted": held(|l| l.held.accepted.as_ref()),
            "client": held(|l| l.held.client.as_ref()),
        },
        "connect_ns": nanos(report.connect),
        "echo": report.echo.as_ref().map(echo_json),
        "notes": report.notes,
    })
}

fn option(line: &OptionLine) -> Json {
    let r = &line.report;
    json!({
        "name": r.name,
        "level": r.level,
        "set_on": line.set_on,
        "phase": r.phase.name(),
        "requested": r.requested,
        "default": r.default,
        "effective": r.effective,
        "verdict": r.ruling.verdict.name(),
        "why": r.ruling.why,
    })
}

fn echo_json(echo: &Echo) -> Json {
    let at = |q: f64| echo.rtt.value_at_quantile(q);
    json!({
        "sent": echo.sent,
        "received": echo.received,
        "lost": echo.lost,
        "corrupt": echo.corrupt,
        "errors": echo.errors,
        "bytes": echo.bytes,
        "connections": echo.connections,
        "rtt_ns": {
            "min": echo.rtt.min(), "mean": echo.rtt.mean() as u64, "p50": at(0.5), "p90": at(0.9), "p99": at(0.99),
            "p999": at(0.999), "max": echo.rtt.max(),
        },
        "messages_per_s": echo.messages_per_s(),
        "bytes_per_s": echo.bytes_per_s(),
        "elapsed_ns": nanos(echo.elapsed),
        "outcome": echo.ended.as_ref().map_or("complete", |e| e.how.name()),
        "ended": echo.ended.as_ref().map(|e| &e.says),
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
