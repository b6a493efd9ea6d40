//! The prose of an experiment as paragraphs of text and code, with links between experiments.
//!
//! What stands in backticks is code; where it is the name of an experiment of the same page it leads there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::words::folded;
use crate::lab::report::Report;

/// Text or code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Span {
    /// On one line, escaped for control characters.
    pub text: String,
    /// Whether it stood in backticks.
    pub code: bool,
    /// The anchor of the experiment whose name this is.
    pub to: Option<String>,
}

/// Where each experiment of a page is.
#[derive(Clone, Debug, Default)]
pub(super) struct Anchors {
    by_name: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

/// Anchors that are the page's own, or a ladder's.
const RESERVED: &[&str] = &["index", "ladder-head", "ladder-dim"];

impl Anchors {
    /// The anchors of all, in their order. Files of several directories may have the same name, and any character in it.
    pub(super) fn of(reports: &[&Report]) -> (Anchors, Vec<String>) {
        let mut anchors = Anchors {
            by_name: BTreeMap::new(),
            taken: RESERVED.iter().map(|r| (*r).to_owned()).collect(),
        };
        let all = reports.iter().map(|r| anchors.make(&r.name)).collect();
        (anchors, all)
    }

    fn make(&mut self, name: &str) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let plain: String = name
            .chars()
            .map(|c| if allowed(c) { c } else { '-' })
            .collect();
        let mut anchor = match plain.as_str() {
            "" => "experiment".to_owned(),
            _ => plain.clone(),
        };
        let mut n = 1;
        while !self.taken.insert(anchor.clone()) {
            n += 1;
            anchor = format!("{plain}-{n}");
        }
        self.by_name
            .entry(name.to_owned())
            .or_insert_with(|| anchor.clone());
        anchor
    }

    /// Text that may have backticks and line ends, as one line.
    pub(super) fn line(&self, text: &str) -> Vec<Span> {
        let folded = folded(text);
        let mut spans = Vec::new();
        let mut rest = folded.as_str();
        while let Some((before, code, after)) = first_code(rest) {
            push(&mut spans, before);
            spans.push(Span {
                text: code.to_owned(),
                code: true,
                to: self.by_name.get(code).cloned(),
            });
            rest = after;
        }
        push(&mut spans, rest);
        spans
    }

    /// Text in paragraphs: a blank line divides them, other line ends are spaces.
    pub(super) fn paragraphs(&self, text: &str) -> Vec<Vec<Span>> {
        let mut all: Vec<Vec<&str>> = vec![Vec::new()];
        for line in text.lines() {
            match (line.trim().is_empty(), all.last_mut()) {
                (false, Some(last)) => last.push(line),
                _ => all.push(Vec::new()),
            }
        }
        let lines = all.iter().filter(|lines| !lines.is_empty());
        lines.map(|lines| self.line(&lines.join(" "))).collect()
    }
}

/// What is before the first code, the code, and what is after it.
fn first_code(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    (!code.is_empty()).then_some((before, code, after))
}

fn push(spans: &mut Vec<Span>, text: &str) {
    if !text.is_empty() {
        spans.push(Span {
            text: text.to_owned(),
            code: false,
            to: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    fn anchors(names: &[&str]) -> (Anchors, Vec<String>) {
        let called = |name: &&str| Report {
            name: (*name).to_owned(),
            ..report()
        };
        let reports: Vec<Report> = names.iter().map(called).collect();
        Anchors::of(&reports.iter().collect::<Vec<_>>())
    }

    #[test]
    fn every_experiment_has_an_anchor_of_its_own() {
        let (_, all) = anchors(&[
            "backlog",
            "my file",
            "backlog",
            "index",
            "",
            "ü\"><",
            "backlog-2",
        ]);
        assert_eq!(
            all,
            [
                "backlog",
                "my-file",
                "backlog-2",
                "index-2",
                "experiment",
                "----",
                "backlog-2-2"
            ]
        );
    }

    #[test]
    fn names_in_backticks_lead_to_their_experiment() {
        let (anchors, _) = anchors(&["backlog"]);
        let spans = anchors.line("See `backlog`\nor `ss -ltn`, and a ` alone.");
        let told: Vec<(&str, bool, Option<&str>)> = spans
            .iter()
            .map(|s| (s.text.as_str(), s.code, s.to.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("See ", false, None),
                ("backlog", true, Some("backlog")),
                (" or ", false, None),
                ("ss -ltn", true, None),
                (", and a ` alone.", false, None),
            ]
        );
    }

    #[test]
    fn a_blank_line_divides_paragraphs_and_control_bytes_are_shown() {
        let (anchors, _) = anchors(&[]);
        let all = anchors.paragraphs("\none\ntwo\n \n\n\u{1b}[31mthree\n");
        let told: Vec<&str> = all.iter().map(|p| p[0].text.as_str()).collect();
        assert_eq!(told, ["one two", "\\x1b[31mthree"]);
        assert!(anchors.paragraphs("\n \n").is_empty());
    }
}
