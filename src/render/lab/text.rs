//! The list, the page of one experiment, and the summary of many, for a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::words::{GROUPS, blank, folded};
use crate::escape;
use crate::lab::report::{Listed, Report, StepReport, Verdict};
use crate::render::ladder;
use crate::render::probe::{Glyphs, Screen, wrap};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const MIXED: Style = AnsiColor::Yellow.on_default();

/// The widest line of prose: longer ones are hard to read.
const PROSE: usize = 100;

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What a terminal cannot show, in what it can.
pub(super) fn drawn(text: String, screen: Screen) -> String {
    match screen.glyphs {
        Glyphs::Unicode => text,
        Glyphs::Ascii => super::words::ascii(&text),
    }
}

/// Everything there is, in its groups.
pub fn list(listed: &[Listed], screen: Screen) -> String {
    let mut out = String::new();
    let names = listed.iter().map(|one| one.name.len()).max().unwrap_or(0);
    for (group, what) in GROUPS {
        let all: Vec<&Listed> = listed.iter().filter(|one| one.group == *group).collect();
        if all.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{}  {what}", styled(BOLD, group));
        for one in all {
            let room = screen.width.saturating_sub(names + 4).max(30);
            for (n, line) in wrap(&folded(&one.question), room).iter().enumerate() {
                let name = if n == 0 { one.name.as_str() } else { "" };
                let _ = writeln!(out, "  {}  {line}", padded(name, names));
            }
        }
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "{} experiments. sockplay lab NAME runs one and draws it, sockplay lab --all runs them all.",
        listed.len()
    );
    drawn(out, screen)
}

fn padded(name: &str, width: usize) -> String {
    format!("{name:<width$}")
}

/// One page per experiment; of several, the summary at the end.
pub fn pages(reports: &[Report], screen: Screen) -> String {
    let mut out = String::new();
    for (n, report) in reports.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        out += &page(report, screen);
    }
    if reports.len() > 1 {
        out.push('\n');
        out += &summary(reports, screen);
    }
    out
}

fn page(report: &Report, screen: Screen) -> String {
    let mut page = Page {
        out: String::new(),
        width: screen.width.clamp(40, PROSE),
    };
    let _ = writeln!(
        page.out,
        "{}",
        styled(DIM, &format!("{} · {}", report.group, report.name))
    );
    for line in wrap(&folded(&report.title), page.width) {
        let _ = writeln!(page.out, "{}", styled(BOLD, &line));
    }
    page.out.push('\n');
    page.part("question", Style::new(), &report.question);
    if let Some(claim) = &report.claim {
        page.part("it is said", Style::new(), claim);
    }
    page.out.push('\n');
    if !report.moments.is_empty() {
        let drawing = ladder::ladder(&report.actors, &report.processes, &report.moments);
        page.out += &ladder::text(&drawing, screen.width, screen.glyphs);
        page.out.push('\n');
    }
    page.verdict(report);
    for note in &report.notes {
        page.part("note", DIM, note);
    }
    drawn(page.out, screen)
}

struct Page {
    out: String,
    width: usize,
}

impl Page {
    /// A label, and text beside it; a blank line in the text starts a paragraph.
    fn part(&mut self, label: &str, style: Style, text: &str) {
        const LABEL: usize = 11;
        let mut label = label;
        for paragraph in text.split("\n\n") {
            for line in wrap(&folded(paragraph), self.width - LABEL) {
                let _ = writeln!(
                    self.out,
                    "{}{}",
                    styled(BOLD, &padded(label, LABEL)),
                    styled(style, &line)
                );
                label = "";
            }
        }
    }

    fn verdict(&mut self, report: &Report) {
        match &report.verdict {
            Verdict::Passed => {
                self.part("answer", Style::new(), &report.answer);
                if let Some(agrees) = &report.agrees {
                    let (style, sentence) = agreement(agrees);
                    self.part("agrees", style, sentence);
                }
                self.part("why", Style::new(), &report.explanation);
                if let Some(next) = &report.next {
                    self.part("try next", Style::new(), next);
                }
            }
            Verdict::Failed {
                step,
                expected,
                came,
            } => {
                let text = format!("step {step}: expected {expected}, came {came}");
                self.part("FAILED", BAD, &text);
                if let Some(at) = report.steps.get(step - 1) {
                    self.part("the step", DIM, &at.text);
                }
                self.part(
                    "",
                    Style::new(),
                    "Something else came than the file expects, so the run ends here without an answer. In a file that you have changed this is a finding; in a shipped one this kernel differs.",
                );
            }
            Verdict::Skipped(reason) => self.part("skipped", MIXED, reason),
            Verdict::Lost(why) => self.part("FAILED", BAD, why),
        }
    }
}

/// What the word of a file means.
pub(super) fn agreement(agrees: &str) -> (Style, &'static str) {
    match agrees {
        "yes" => (GOOD, "yes: this kernel does what is said"),
        "no" => (BAD, "no: this kernel does something else than is said"),
        _ => (
            MIXED,
            "not quite: it is true, with a difference that matters",
        ),
    }
}

/// A line per experiment, in their groups, and what it comes to.
pub fn summary(reports: &[Report], screen: Screen) -> String {
    let mut out = String::new();
    let names = reports.iter().map(|r| r.name.len()).max().unwrap_or(0);
    for (group, _) in GROUPS {
        let all: Vec<&Report> = reports.iter().filter(|r| r.group == *group).collect();
        if all.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{}", styled(BOLD, group));
        for report in all {
            out += &line(report, names, screen.width);
        }
        out.push('\n');
    }
    out += &totals(reports);
    drawn(out, screen)
}

/// `✓ backlog   not quite  TITLE`
fn line(report: &Report, names: usize, width: usize) -> String {
    let (style, mark) = match report.passed() {
        Some(true) => (GOOD, "✓"),
        Some(false) => (BAD, "✗"),
        None => (MIXED, "–"),
    };
    let (colour, agrees) = match (&report.agrees, report.passed()) {
        (Some(agrees), Some(true)) => (agreement(agrees).0, agrees.as_str()),
        _ => (DIM, ""),
    };
    let text = match &report.verdict {
        Verdict::Passed => folded(&report.title),
        Verdict::Skipped(reason) => format!("skipped: {}", folded(reason)),
        Verdict::Failed { .. } | Verdict::Lost(_) => failure(report),
    };
    let room = width.saturating_sub(names + 15).max(30);
    let mut out = String::new();
    for (n, part) in wrap(&text, room).iter().enumerate() {
        let (mark, name, agrees) = match n {
            0 => (mark, report.name.as_str(), agrees),
            _ => (" ", "", ""),
        };
        let _ = writeln!(
            out,
            "{} {}  {}  {part}",
            styled(style, mark),
            padded(name, names),
            styled(colour, &padded(agrees, 9)),
        );
    }
    out
}

fn totals(reports: &[Report]) -> String {
    let count = |passed: Option<bool>| reports.iter().filter(|r| r.passed() == passed).count();
    let agrees = |word: &str| {
        let held = |r: &&Report| r.passed() == Some(true) && r.agrees.as_deref() == Some(word);
        reports.iter().filter(held).count()
    };
    let (passed, failed, skipped) = (count(Some(true)), count(Some(false)), count(None));
    let mut out = format!("{passed} passed, {failed} failed, {skipped} skipped.");
    let _ = write!(
        out,
        " What is said: {} times yes, {} times not quite, {} times no.",
        agrees("yes"),
        agrees("not quite"),
        agrees("no")
    );
    out.push('\n');
    out
}

/// One line about an experiment that did not do what was expected.
pub fn failure(report: &Report) -> String {
    match &report.verdict {
        Verdict::Failed {
            step,
            expected,
            came,
        } => {
            let what = report.steps.get(step - 1).map_or_else(String::new, told);
            format!(
                "{}: step {step}{what}: expected {}, came {}",
                escape::text(&report.name),
                folded(blank(expected)),
                folded(blank(came))
            )
        }
        Verdict::Lost(why) => format!("{}: {}", escape::text(&report.name), escape::text(why)),
        Verdict::Passed | Verdict::Skipped(_) => String::new(),
    }
}

fn told(step: &StepReport) -> String {
    format!(" ({} {})", step.actor, step.does)
}
