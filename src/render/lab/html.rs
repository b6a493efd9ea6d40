//! Experiments as one HTML file that needs nothing else: the index, and a section each with its ladder beside its steps.
//!
//! `page.html` is the template; it escapes whatever is put into it, but for the ladders, which escape by themselves. It looks
//! like the page of a probe, and its custom properties are those that [`ladder::STYLE`] expects.

use std::time::Duration;

use minijinja::context;
use minijinja::value::Value;
use serde::Serialize;

use super::prose::{Anchors, Span};
use super::words::{GROUPS, blank, folded};
use super::{source, text};
use crate::escape;
use crate::lab::report::{Report, StepReport, Verdict};
use crate::render::probe::{Environment, time};
use crate::render::{ladder, markup};

const TEMPLATE: &str = include_str!("page.html");

/// The page of one experiment, or of several with an index; `took` is how long all of them took together.
pub fn html(reports: &[Report], took: Duration, environment: &Environment) -> String {
    let ordered = in_groups(reports);
    let (anchors, names) = Anchors::of(&ordered);
    let page = Page { anchors };
    let sections: Vec<Value> = ordered
        .iter()
        .zip(&names)
        .map(|(report, anchor)| page.section(report, anchor))
        .collect();
    let title = match reports {
        [one] => format!("{}: {}", folded(&one.name), folded(&one.title)),
        many => format!("{} experiments", many.len()),
    };
    let values = context! {
        title,
        several => reports.len() != 1,
        groups => page.index(&ordered, &names),
        counts => counts(reports),
        claims => claims(reports),
        took => time(took),
        sections,
        ladder_style => Value::from_safe_string(ladder::STYLE.to_owned()),
        environment => environment.line(),
    };
    markup::page(TEMPLATE, values)
}

/// Group by group, and in each as they were given.
fn in_groups(reports: &[Report]) -> Vec<&Report> {
    let place = |report: &&Report| GROUPS.iter().position(|(group, _)| *group == report.group);
    let mut all: Vec<&Report> = reports.iter().collect();
    all.sort_by_key(|report| place(report).unwrap_or(GROUPS.len()));
    all
}

/// A word in a colour, with a sign for those who do not see the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Badge {
    tone: &'static str,
    sign: &'static str,
    word: &'static str,
}

const fn badge(tone: &'static str, sign: &'static str, word: &'static str) -> Badge {
    Badge { tone, sign, word }
}

fn verdict(report: &Report) -> Badge {
    match report.passed() {
        Some(true) => badge("good", "✓", "passed"),
        Some(false) => badge("bad", "✗", "failed"),
        None => badge("quiet", "–", "skipped"),
    }
}

/// Whether the claim holds; nothing where there is none, or where this run did not find out.
fn agrees(report: &Report) -> Option<Badge> {
    let word = report.agrees.as_deref();
    match word.filter(|_| report.passed() == Some(true))? {
        "yes" => Some(badge("good", "=", "yes")),
        "no" => Some(badge("other", "≠", "no")),
        _ => Some(badge("changed", "≈", "not quite")),
    }
}

/// How many passed, failed, were skipped.
fn counts(reports: &[Report]) -> Vec<Value> {
    tally(&[Some(true), Some(false), None], |passed| {
        let all = reports.iter().filter(|r| r.passed() == *passed);
        all.map(verdict).collect()
    })
}

/// How many claims the kernel agrees with, and how far.
fn claims(reports: &[Report]) -> Vec<Value> {
    tally(&["yes", "not quite", "no"], |word| {
        let all = reports.iter().filter_map(agrees);
        all.filter(|badge| badge.word == *word).collect()
    })
}

fn tally<T>(kinds: &[T], of: impl Fn(&T) -> Vec<Badge>) -> Vec<Value> {
    let one = |kind: &T| {
        let badges = of(kind);
        let badge = badges.first()?;
        Some(context! { badge, count => badges.len() })
    };
    kinds.iter().filter_map(one).collect()
}

struct Page {
    anchors: Anchors,
}

impl Page {
    /// The groups, each with a line per experiment.
    fn index(&self, ordered: &[&Report], names: &[String]) -> Vec<Value> {
        let rest = ("others", "");
        let group = |(group, what): &(&str, &str)| {
            let known = |r: &Report| GROUPS.iter().any(|(g, _)| *g == r.group);
            let mine = |r: &Report| r.group == *group || (*group == rest.0 && !known(r));
            let all = ordered.iter().zip(names).filter(|(r, _)| mine(r));
            let rows: Vec<Value> = all.map(|(r, anchor)| self.row(r, anchor)).collect();
            (!rows.is_empty()).then(|| context! { name => group, what, rows })
        };
        GROUPS.iter().chain([&rest]).filter_map(group).collect()
    }

    fn row(&self, report: &Report, anchor: &str) -> Value {
        let failure = folded(&text::failure(report));
        context! {
            anchor,
            name => folded(&report.name),
            question => self.anchors.line(&report.question),
            verdict => verdict(report),
            agrees => agrees(report),
            failure => (!failure.is_empty()).then_some(failure),
        }
    }

    fn section(&self, report: &Report, anchor: &str) -> Value {
        let said = |text: &str| self.anchors.paragraphs(text);
        let passed = report.passed() == Some(true);
        let shown = |text: &str| if passed { said(text) } else { Vec::new() };
        let drawing = (!report.moments.is_empty()).then(|| {
            let ladder = ladder::ladder(&report.actors, &report.processes, &report.moments);
            Value::from_safe_string(ladder::svg(&ladder))
        });
        let agreement = agrees(report).map(|badge| {
            let (_, sentence) = text::agreement(badge.word);
            let meaning = sentence.split_once(": ").map_or("", |(_, meaning)| meaning);
            context! { badge, meaning }
        });
        context! {
            anchor,
            name => folded(&report.name),
            group => folded(&report.group),
            title => self.anchors.line(&report.title),
            question => self.anchors.line(&report.question),
            claim => report.claim.as_deref().map(said),
            agreement,
            verdict => verdict(report),
            took => (report.elapsed_ns > 0).then(|| time(Duration::from_nanos(report.elapsed_ns))),
            trouble => trouble(report, anchor),
            ladder => drawing,
            steps => self.steps(report, anchor),
            answer => shown(&report.answer),
            explanation => shown(&report.explanation),
            next => report.next.as_deref().map_or_else(Vec::new, shown),
            notes => report.notes.iter().map(|n| self.anchors.line(n)).collect::<Vec<_>>(),
        }
    }

    fn steps(&self, report: &Report, anchor: &str) -> Vec<Value> {
        let steps = report.steps.iter().zip(1..);
        steps
            .map(|(step, n)| self.step(step, n, unmet(report, n).as_ref(), anchor))
            .collect()
    }

    fn step(&self, step: &StepReport, n: usize, unmet: Option<&Unmet>, anchor: &str) -> Value {
        if step.does == "note" {
            let note: Vec<Span> = self.anchors.line(&source::note(&step.text));
            return context! { n, note };
        }
        let state = match (unmet, step.met) {
            (Some(_), _) | (None, Some(false)) => badge("bad", "✗", "not met"),
            (None, Some(true)) => badge("good", "✓", "met"),
            (None, None) => badge("quiet", "–", "not run"),
        };
        let id = unmet.is_some().then(|| step_anchor(anchor, n));
        // Success that returns nothing needs no word.
        let came = step.came.as_deref().filter(|c| !matches!(*c, "0" | ""));
        context! {
            n,
            id,
            state,
            pieces => source::pieces(&step.text),
            came => came.map(escape::lines),
            unmet,
        }
    }
}

/// What a step should have done and what it did.
#[derive(Clone, Debug, Serialize)]
struct Unmet {
    expected: String,
    came: String,
}

/// Of the step that ended the run.
fn unmet(report: &Report, n: usize) -> Option<Unmet> {
    match &report.verdict {
        Verdict::Failed {
            step,
            expected,
            came,
        } if *step == n => Some(Unmet {
            expected: escape::lines(blank(expected)),
            came: escape::lines(blank(came)),
        }),
        _ => None,
    }
}

/// A dot is in no other anchor.
fn step_anchor(anchor: &str, n: usize) -> String {
    format!("{anchor}.{n}")
}

/// Why there is no answer.
fn trouble(report: &Report, anchor: &str) -> Option<Value> {
    match &report.verdict {
        Verdict::Passed => None,
        Verdict::Failed { step, .. } => {
            let at = report.steps.get(step.wrapping_sub(1));
            let who = at.map(|s| format!("{} {}", folded(&s.actor), folded(&s.does)));
            let to = at.map(|_| step_anchor(anchor, *step));
            Some(context! { kind => "failed", step, who, to, unmet => unmet(report, *step) })
        }
        Verdict::Skipped(reason) => Some(context! { kind => "skipped", reason => folded(reason) }),
        Verdict::Lost(why) => Some(context! { kind => "lost", reason => folded(why) }),
    }
}
