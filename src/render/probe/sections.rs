//! One run as sections: sockets, options, buffers, TCP, a remote server, the load.

use super::page::{Fact, Grid, Line, Part, Rank, Row, Section, Tone, fact};
use super::words::{many, sentence, time};
use super::{load, options};
use crate::escape;
use crate::measure::Run;
use crate::measure::report::{BacklogFacts, BufferFacts, Remote, TcpFacts};
use crate::option::Verdict;

/// A run that is alone.
pub(super) fn run(run: &Run) -> Vec<Section<'_>> {
    parts(run, Rank::Top)
}

/// A run among others: its name, everything, and its profile.
pub(super) fn whole(run: &Run) -> Vec<Section<'_>> {
    let says = format!("{} ({})", run.triple, escape::text(&run.kernel));
    let mut all = vec![Section::new(
        escape::text(&run.label),
        Rank::Top,
        vec![Part::Facts(vec![
            fact("profile", escape::text(&run.profile)),
            fact("socket", says),
        ])],
    )];
    all.extend(parts(run, Rank::Within));
    all.push(profile(run, Rank::Within));
    all
}

/// What is out of the ordinary in a run among others: options that are not in force as asked, and how it ended.
pub(super) fn remarkable(run: &Run) -> Option<Section<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for line in &run.options {
        let ruling = &line.report.ruling;
        if ruling.verdict != Verdict::Honoured {
            let why = ruling.why.as_deref().unwrap_or("");
            lines.push(Line::new(
                options::tone(ruling.verdict),
                format!("{} {}: {why}", line.report.name, ruling.verdict.name()),
            ));
        }
    }
    if let Some(echo) = &run.echo {
        lines.extend(
            echo.generator_limited()
                .map(|says| Line::new(Tone::Changed, says)),
        );
        if let Some(ended) = &echo.ended {
            lines.push(Line::new(Tone::Bad, sentence(&ended.says)));
        }
    }
    lines.extend(
        run.notes
            .iter()
            .map(|n| Line::new(Tone::Plain, sentence(n))),
    );
    let heading = escape::text(&run.label);
    (!lines.is_empty()).then(|| Section::new(heading, Rank::Top, vec![Part::Lines(lines)]))
}

/// The profile that was used.
pub(super) fn profile(run: &Run, rank: Rank) -> Section<'_> {
    Section::new("profile", rank, vec![Part::Toml(&run.toml)])
}

fn parts(run: &Run, rank: Rank) -> Vec<Section<'_>> {
    let mut all = vec![Section::new("sockets", rank, vec![Part::Facts(ends(run))])];
    if let Some(table) = options::table(&run.options) {
        all.push(Section::new("options", rank, vec![Part::Table(table)]));
    }
    if !run.buffers.is_empty() {
        let table = buffers(&run.buffers);
        all.push(Section::new("buffers", rank, vec![Part::Table(table)]));
    }
    if let Some(facts) = &run.tcp {
        let heading = format!("tcp, {}", facts.socket);
        all.push(Section::new(heading, rank, vec![Part::Facts(tcp(facts))]));
    }
    if let Some(facts) = &run.remote {
        all.push(Section::new("server", rank, remote(facts)));
    }
    if run.echo.is_some() || !run.notes.is_empty() {
        all.push(Section::new("echo", rank, load::parts(run, rank)));
    }
    all
}

fn ends(run: &Run) -> Vec<Fact<'_>> {
    let mut all = Vec::new();
    if let Some(listener) = &run.listener {
        let engine = run
            .engine
            .map_or_else(String::new, |e| format!(", engine {e}"));
        all.push(fact(
            "server",
            format!("{}{engine}", escape::text(listener)),
        ));
    }
    all.extend(run.backlog.map(|b| fact("backlog", backlog(b))));
    all.push(fact(
        "client",
        format!(
            "{} -> {}, connect took {}",
            escape::text(&run.local),
            escape::text(&run.peer),
            time(run.connect)
        ),
    ));
    all
}

fn backlog(facts: BacklogFacts) -> String {
    let kept = match facts.effective {
        Some(kept) if kept != facts.asked => format!(", the kernel keeps {kept}"),
        _ => String::new(),
    };
    let admitted = match (facts.admitted, facts.more) {
        (Some(n), true) => format!("; {n} clients and more were let in before anybody accepted"),
        (Some(n), false) => format!("; {n} clients were let in before anybody accepted"),
        (None, _) => String::new(),
    };
    format!("{}{kept}{admitted}", facts.asked)
}

fn buffers(all: &[BufferFacts]) -> Grid {
    let change = |before: i64, after: Option<i64>| match after {
        Some(after) if after != before => format!("{before} -> {after}"),
        _ => before.to_string(),
    };
    let row = |socket: &str, buffer: &str, bytes: String, rule: &str| Row {
        tone: Tone::Plain,
        word: "",
        cells: vec![socket.to_owned(), buffer.to_owned(), bytes],
        why: Some(rule.to_owned()),
    };
    let rows = all.iter().flat_map(|b| {
        let receive = change(b.receive, b.receive_after);
        let send = change(b.send, b.send_after);
        [
            row(b.socket, "receive", receive, &b.receive_rule),
            row(b.socket, "send", send, &b.send_rule),
        ]
    });
    let head = ["socket", "buffer", "bytes", ""];
    Grid {
        head: head.map(str::to_owned).into(),
        rows: rows.collect(),
        legend: None,
    }
}

fn tcp(facts: &TcpFacts) -> Vec<Fact<'_>> {
    let control = facts.congestion_control.as_deref().unwrap_or("unknown");
    let scale = facts.window_scale.map_or_else(
        || "no window scaling".to_owned(),
        |(to, from)| format!("window scale {to} to the peer, {from} from it"),
    );
    let agreed: Vec<&str> = [
        (facts.timestamps, "timestamps"),
        (facts.selective_acks, "selective acks"),
        (facts.ecn, "ECN"),
    ]
    .into_iter()
    .filter_map(|(is, what)| is.then_some(what))
    .collect();
    vec![
        fact(
            "state",
            format!(
                "{}, congestion control {}, {} sent again",
                escape::text(&facts.state),
                escape::text(control),
                many(facts.retransmitted.into(), "segment")
            ),
        ),
        fact(
            "times",
            format!(
                "rtt {} (variance {}), sends again after {}",
                time(facts.rtt),
                time(facts.rtt_variance),
                time(facts.retransmit_timeout)
            ),
        ),
        fact(
            "segments",
            format!(
                "MSS {} B sent, {} B received, {} B advertised; path MTU {} B; congestion window {}",
                facts.mss_sent,
                facts.mss_received,
                facts.mss_advertised,
                facts.path_mtu,
                many(facts.congestion_window.into(), "segment")
            ),
        ),
        fact(
            "agreed",
            [&[scale.as_str()], agreed.as_slice()].concat().join(", "),
        ),
    ]
}

fn remote(facts: &Remote) -> Vec<Part<'_>> {
    let r = &facts.resolution;
    let mut first = Vec::new();
    if !r.answers.is_empty() {
        let took = r
            .took
            .map_or_else(String::new, |t| format!(" in {}", time(t)));
        let answer = |a: &crate::measure::report::Answer| {
            let more = match (&a.passed_over, a.used) {
                (Some(why), _) => format!(" (passed over: {})", escape::text(why)),
                (None, true) => " (used)".into(),
                (None, false) => String::new(),
            };
            format!("{}{more}", escape::text(&a.address))
        };
        let answers: Vec<String> = r.answers.iter().map(answer).collect();
        first.push(fact(
            "resolved",
            format!("{}{took}: {}", escape::text(&r.name), answers.join(", ")),
        ));
    }
    for attempt in &facts.attempts {
        let what = attempt.refused.as_ref().map_or_else(
            || "connected".to_owned(),
            |r| format!("{} ({})", sentence(&r.says), escape::text(&r.errno)),
        );
        first.push(fact(
            "tried",
            format!(
                "{}: {what} after {}",
                escape::text(&attempt.address),
                time(attempt.took)
            ),
        ));
    }
    let finding = |f: &crate::measure::report::Finding| Row {
        tone: Tone::Plain,
        word: "",
        cells: vec![f.topic.name().replace('_', "-"), f.outcome.to_owned()],
        why: Some(f.says.clone()),
    };
    let table = Grid {
        head: ["about", "finding", ""].map(str::to_owned).into(),
        rows: facts.findings.iter().map(finding).collect(),
        legend: None,
    };
    let mut parts = vec![Part::Facts(first)];
    if !table.rows.is_empty() {
        parts.push(Part::Table(table));
    }
    parts
}
