//! Several runs side by side, what their difference is worth, and what was expected.

use super::page::{Grid, Line, Part, Rank, Row, Section, Tone};
use super::words::{self, count, ns};
use crate::escape;
use crate::measure::report::{Comparison, Difference, Judged, Versus};
use crate::measure::times::Times;
use crate::measure::{Echo, Report, Run};

/// From here on two medians are worth telling apart: the rule of the verdict itself.
const WORTH: f64 = 0.03;

/// One column per run, then a sentence per verdict and how it was come by.
pub(super) fn section(report: &Report) -> Section<'_> {
    let mut parts = vec![Part::Table(table(report))];
    if let Some(comparison) = &report.comparison {
        parts.push(Part::Lines(verdicts(comparison)));
    }
    let measured = |run: &'_ Run| run.echo.as_ref().is_some_and(|e| e.received > 0);
    let lines: Vec<(String, &Times)> = report
        .runs
        .iter()
        .filter(|run| measured(run))
        .filter_map(|run| Some((escape::text(&run.label), &run.echo.as_ref()?.rtt)))
        .collect();
    if !lines.is_empty() {
        parts.push(Part::Percentiles(lines));
    }
    if let Some(comparison) = &report.comparison {
        let labels = report.runs.iter().map(|r| escape::text(&r.label)).collect();
        parts.push(Part::Forest(comparison, labels));
    }
    Section::new("comparison", Rank::Top, parts)
}

fn table(report: &Report) -> Grid {
    let runs = &report.runs;
    let mut head = vec![String::new()];
    head.extend(runs.iter().map(|r| escape::text(&r.label)));
    head.push(String::new());
    let mut rows = Vec::new();
    let comparison = report.comparison.as_ref();
    for key in comparison.iter().flat_map(|c| &c.differing) {
        let value = |v: &Option<String>| v.as_ref().map_or_else(|| "-".into(), |v| escape::text(v));
        rows.push(row(&key.key, key.values.iter().map(value).collect()));
    }
    rows.push(connects(runs));
    rows.extend(measurements(report));
    if let Some(comparison) = comparison {
        rows.push(row("p50 / first", ratios(comparison, runs.len())));
    }
    let marked = rows
        .iter()
        .flat_map(|r: &Row| &r.cells)
        .any(|c| c.ends_with(MARK));
    for row in &mut rows {
        row.cells.resize(runs.len() + 1, "-".into());
    }
    Grid {
        head,
        rows,
        signs: Vec::new(),
        note: marked
            .then(|| "* differs from the first run; how sure that is, the verdict says".into()),
    }
}

/// After a value that differs.
const MARK: &str = " *";

fn row(name: &str, values: Vec<String>) -> Row {
    let mut cells = vec![escape::text(name)];
    cells.extend(values);
    Row {
        tone: Tone::Plain,
        word: "",
        cells,
        why: None,
    }
}

/// What a connection costs: the first one, or where each run has opened many, their median.
fn connects(runs: &[Run]) -> Row {
    let many = |run: &Run| {
        let times = run.echo.as_ref().map(|e| &e.connect)?;
        (times.len() > 1).then(|| ns(times.value_at_quantile(0.5)))
    };
    match runs.iter().map(many).collect::<Option<Vec<_>>>() {
        Some(medians) => row("connect p50", medians),
        None => row(
            "connect",
            runs.iter()
                .map(|run| match run.peer.as_str() {
                    "" => "-".to_owned(),
                    _ => words::time(run.connect),
                })
                .collect(),
        ),
    }
}

/// Times and rates are marked where the verdict on the round trip says that there is a difference, and they share it in
/// its direction;
/// losses wherever they are not the same.
fn measurements(report: &Report) -> Vec<Row> {
    type Pick = fn(&Echo) -> u64;
    let times: [(&str, Pick); 5] = [
        ("p50", |e| e.rtt.value_at_quantile(0.5)),
        ("p90", |e| e.rtt.value_at_quantile(0.9)),
        ("p99", |e| e.rtt.value_at_quantile(0.99)),
        ("p99.9", |e| e.rtt.value_at_quantile(0.999)),
        ("max", |e| e.rtt.max()),
    ];
    let counts: [(&str, Pick); 3] = [
        ("lost", |e| e.lost),
        ("corrupt", |e| e.corrupt),
        ("failed calls", |e| e.errors),
    ];
    let echo = |i: usize| report.runs[i].echo.as_ref();
    let all = 0..report.runs.len();
    let mut rows = Vec::new();
    let measured = |i: usize| echo(i).filter(|e| e.received > 0);
    for (name, pick) in times {
        let of = |i: usize| measured(i).map(pick);
        let cell = |i: usize| mark(report, i, (of(0), of(i)), Difference::Longer, ns);
        rows.push(row(name, all.clone().map(cell).collect()));
    }
    let rate = |i| measured(i).map(Echo::messages_per_s);
    let cell = |i: usize| mark(report, i, (rate(0), rate(i)), Difference::Shorter, count);
    rows.push(row("messages/s", all.clone().map(cell).collect()));
    for (name, pick) in counts {
        if all.clone().any(|i| echo(i).is_some_and(|e| pick(e) > 0)) {
            let cell = |i: usize| match (echo(0).map(pick), echo(i).map(pick)) {
                (Some(first), Some(n)) if first != n => format!("{}{MARK}", count(n)),
                (_, n) => n.map_or_else(|| "-".into(), count),
            };
            rows.push(row(name, all.clone().map(cell).collect()));
        }
    }
    rows
}

/// `more` is what the verdict on the round trip is when this value is the greater one.
fn mark(
    report: &Report,
    run: usize,
    (first, this): (Option<u64>, Option<u64>),
    more: Difference,
    show: fn(u64) -> String,
) -> String {
    let Some(this) = this else {
        return "-".into();
    };
    let verdict = verdict(report, run).map_or(Difference::None, |v| v.difference);
    let shares = |first: u64| {
        let change = this as f64 / first as f64 - 1.0;
        let is_more = change > 0.0;
        verdict != Difference::None && is_more == (verdict == more) && change.abs() >= WORTH
    };
    let mark = if first.is_some_and(shares) { MARK } else { "" };
    format!("{}{mark}", show(this))
}

fn verdict(report: &Report, run: usize) -> Option<&Versus> {
    let comparison = report.comparison.as_ref()?;
    comparison.versus.iter().find(|v| v.run == run)
}

fn ratios(comparison: &Comparison, runs: usize) -> Vec<String> {
    let mut all = vec!["-".to_owned(); runs];
    for versus in &comparison.versus {
        if let Some(cell) = all.get_mut(versus.run) {
            *cell = words::ratio(versus.ratio);
        }
    }
    if let Some(first) = all.first_mut() {
        *first = "1".into();
    }
    all
}

fn verdicts(comparison: &Comparison) -> Vec<Line> {
    let mut lines = Vec::new();
    for versus in &comparison.versus {
        let tone = match versus.difference {
            Difference::None => Tone::Good,
            Difference::Shorter | Difference::Longer => Tone::Changed,
        };
        lines.push(Line::new(tone, words::sentence(&versus.says)));
        if let Some(why) = &versus.why {
            lines.push(Line::new(
                Tone::Plain,
                format!("because {}", words::sentence(why)),
            ));
        }
    }
    if let Some(shortest) = &comparison.shortest {
        lines.push(Line::new(Tone::Plain, words::sentence(shortest)));
    }
    let block = comparison.block.map_or_else(String::new, |n| {
        format!(" of {}", words::many(n, "message"))
    });
    lines.push(Line::new(
        Tone::Plain,
        format!(
            "method: {} of blocks{block}, run in turns (A B B A); the median of their ratios, and its bootstrap \
             interval from {} resamples",
            words::many(comparison.pairs as u64, "pair"),
            count(comparison.resamples as u64)
        ),
    ));
    lines
}

/// What was expected, if anything was.
pub(super) fn expectations(all: &[Judged]) -> Option<Section<'static>> {
    let row = |judged: &Judged| Row {
        tone: if judged.met { Tone::Good } else { Tone::Bad },
        word: if judged.met { "met" } else { "not met" },
        cells: vec![
            words::sentence(&judged.expectation),
            judged
                .found
                .as_deref()
                .map_or_else(|| "nothing".into(), words::sentence),
            escape::text(&judged.run),
            words::sentence(&judged.origin),
        ],
        why: None,
    };
    let signs = [(Tone::Good, "met"), (Tone::Bad, "not met")];
    let signs = signs
        .into_iter()
        .filter(|(tone, _)| all.iter().any(|judged| row(judged).tone == *tone));
    let grid = Grid {
        head: ["expected", "found", "run", "written at", ""]
            .map(str::to_owned)
            .into(),
        rows: all.iter().map(row).collect(),
        signs: signs.collect(),
        note: None,
    };
    (!all.is_empty()).then(|| Section::new("expectations", Rank::Top, vec![Part::Table(grid)]))
}
