//! One run as sections: sockets, options, buffers, TCP, a remote server, the load.

use super::page::{Line, Part, Rank, Section, Tone, fact};
use super::words::sentence;
use super::{load, options, server, sockets};
use crate::escape;
use crate::measure::Run;
use crate::option::Verdict;

/// A run that is alone.
pub(super) fn run(run: &Run) -> Vec<Section<'_>> {
    parts(run, Rank::Top)
}

/// A run among others: its name, everything, and its profile.
pub(super) fn whole(run: &Run) -> Vec<Section<'_>> {
    let mut all = vec![Section::new(
        escape::text(&run.label),
        Rank::Top,
        vec![Part::Facts(vec![
            fact("profile", escape::text(&run.profile)),
            fact("socket", run.triple.to_string()),
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

fn parts<'a>(run: &'a Run, rank: Rank) -> Vec<Section<'a>> {
    let mut ends = Vec::new();
    ends.extend(run.remote.iter().flat_map(server::reached));
    ends.extend(sockets::ends(run));
    let mut all = Vec::new();
    let mut add = |heading: &str, parts: Vec<Part<'a>>| {
        all.push(Section::new(heading, rank, parts));
    };
    if !ends.is_empty() {
        add("sockets", vec![Part::Facts(ends)]);
    }
    if let Some(table) = options::table(&run.options) {
        add("options", vec![Part::Table(table)]);
    }
    if !run.buffers.is_empty() {
        add("buffers", vec![Part::Facts(sockets::buffers(&run.buffers))]);
    }
    if let Some(facts) = &run.tcp {
        add("tcp", vec![Part::Facts(sockets::tcp(facts, run))]);
    }
    if let Some(remote) = run.remote.as_ref().filter(|r| !r.findings.is_empty()) {
        let findings = server::findings(&remote.findings);
        add("server", vec![Part::Facts(findings)]);
    }
    if run.echo.is_some() || !run.notes.is_empty() {
        add("echo", load::parts(run, rank));
    }
    all
}
