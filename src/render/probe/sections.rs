//! One run as sections: sockets, options, buffers, TCP, a remote server, the load.

use super::page::{Detail, Line, Part, Rank, Section, Tone, fact};
use super::words::sentence;
use super::{load, options, server, sockets};
use crate::escape;
use crate::measure::Run;
use crate::option::Verdict;

/// A run that is alone.
pub(super) fn run(run: &Run, detail: Detail) -> Vec<Section<'_>> {
    parts(run, Rank::Top, detail)
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
    all.extend(parts(run, Rank::Within, Detail::Full));
    all.push(profile(run, Rank::Within));
    all
}

/// What is out of the ordinary in runs that are compared: options that are not in force as asked, and how a run ended.
/// What several have in common is said once.
pub(super) fn remarkable(runs: &[Run]) -> Option<Section<'_>> {
    let mut found: Vec<(Line, Vec<String>)> = Vec::new();
    for run in runs {
        let label = escape::text(&run.label);
        for line in remarks(run) {
            match found.iter_mut().find(|(known, _)| *known == line) {
                Some((_, labels)) => labels.push(label.clone()),
                None => found.push((line, vec![label.clone()])),
            }
        }
    }
    let lines = found.into_iter().map(|(line, labels)| {
        let whose = match labels.len() {
            n if n == runs.len() => "in all runs".to_owned(),
            n if n > 3 => format!("in {n} runs"),
            _ => labels.join(", "),
        };
        Line::new(line.tone, format!("{whose}: {}", line.says))
    });
    let lines: Vec<Line> = lines.collect();
    (!lines.is_empty()).then(|| Section::new("remarks", Rank::Top, vec![Part::Lines(lines)]))
}

fn remarks(run: &Run) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for line in &run.options {
        let ruling = &line.report.ruling;
        if ruling.verdict != Verdict::Honoured {
            let why = ruling.why.iter().map(|why| format!(": {why}"));
            let why: String = why.collect();
            lines.push(Line::new(
                options::tone(ruling.verdict),
                format!("{} {}{why}", line.report.name, ruling.verdict.name()),
            ));
        }
    }
    if let Some(echo) = &run.echo {
        let limit = echo.generator_limited();
        lines.extend(limit.map(|says| Line::new(Tone::Changed, says)));
        let ended = echo.ended.as_ref();
        lines.extend(ended.map(|e| Line::new(Tone::Bad, sentence(&e.says))));
    }
    let notes = run.notes.iter();
    lines.extend(notes.map(|n| Line::new(Tone::Plain, sentence(n))));
    lines
}

/// The profile that was used.
pub(super) fn profile(run: &Run, rank: Rank) -> Section<'_> {
    Section::new("profile", rank, vec![Part::Toml(&run.toml)])
}

fn parts<'a>(run: &'a Run, rank: Rank, detail: Detail) -> Vec<Section<'a>> {
    let mut ends = Vec::new();
    let remote = run.remote.iter();
    ends.extend(remote.flat_map(|r| server::reached(r, detail)));
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
