//! A report as a page: headings, facts, tables and charts, in the order in which they are read.
//!
//! The one place that decides what is said; how it looks is the business of [`super::text`], [`super::markdown`] and
//! [`super::html`]. Text in a page is escaped already ([`crate::escape`]): one line, no control bytes.

use super::{compare, sections};
use crate::escape;
use crate::measure::echo::Slice;
use crate::measure::report::Comparison;
use crate::measure::times::Times;
use crate::measure::{Report, Run};
use crate::socket::Type;

/// Where and when a report was made; whoever knows fills it in.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// uname(2)'s release.
    pub kernel: String,
    /// Cores that the process may use.
    pub cores: usize,
    /// The local time, as people write it.
    pub when: String,
}

impl Environment {
    /// `Linux 6.1.0, 2 cores, sockplay 0.1.0, 2026-01-02 03:04`
    pub(in crate::render) fn line(&self) -> String {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        format!(
            "Linux {}, {} {cores}, sockplay {}, {}",
            escape::text(&self.kernel),
            self.cores,
            env!("CARGO_PKG_VERSION"),
            escape::text(&self.when)
        )
    }
}

/// A report.
pub(super) struct Page<'a> {
    /// What was probed.
    pub title: String,
    /// In the order of reading.
    pub sections: Vec<Section<'a>>,
}

/// A heading and what stands under it.
pub(super) struct Section<'a> {
    /// One or two words, or the label of a run.
    pub heading: String,
    /// Whether it opens a run or belongs to it.
    pub rank: Rank,
    /// In the order of reading.
    pub parts: Vec<Part<'a>>,
}

/// The depth of a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// A part of the whole report.
    Top,
    /// A part of a run.
    Within,
}

/// What a section is made of.
pub(super) enum Part<'a> {
    /// Names with what is to be said of them.
    Facts(Vec<Fact<'a>>),
    /// A table.
    Table(Grid),
    /// Sentences.
    Lines(Vec<Line>),
    /// Round trips by length.
    Histogram(&'a Times),
    /// Round trips of each run against the percentile.
    Percentiles(Vec<(String, &'a Times)>),
    /// Ratios with their intervals.
    Forest(&'a Comparison, Vec<String>),
    /// A profile.
    Toml(&'a str),
}

/// A name and what is to be said of it.
pub(super) struct Fact<'a> {
    /// `round trip`
    pub name: &'static str,
    /// Text or a picture.
    pub says: Says<'a>,
}

/// What a fact says.
pub(super) enum Says<'a> {
    /// A sentence or less.
    Text(String),
    /// Several, each on a line of its own.
    Lines(Vec<String>),
    /// The course of a run, and its shortest and longest mean.
    Course(&'a [Slice]),
}

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Good or bad.
    pub tone: Tone,
    /// The sentence.
    pub says: String,
}

/// A table. Columns without any content are left out by whoever draws it.
pub(super) struct Grid {
    /// One per column; the last one is the reason.
    pub head: Vec<String>,
    /// Each with as many cells as there are columns.
    pub rows: Vec<Row>,
    /// What the signs mean that occur in it, for whoever shows signs and no words.
    pub signs: Vec<(Tone, &'static str)>,
    /// What the columns mean.
    pub note: Option<String>,
}

/// A row of a table.
pub(super) struct Row {
    /// Good or bad.
    pub tone: Tone,
    /// The same in a word, where there is one.
    pub word: &'static str,
    /// One per column but the last.
    pub cells: Vec<String>,
    /// The reason, in the column after them.
    pub why: Option<String>,
}

/// How something is to be taken. Never told by colour alone: each has a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing to say.
    Plain,
    /// As it should be.
    Good,
    /// Not what was asked for, for a reason.
    Changed,
    /// Failed.
    Bad,
    /// Without effect.
    Quiet,
}

impl Tone {
    /// One character for tables.
    pub(super) const fn sign(self) -> char {
        match self {
            Tone::Plain => ' ',
            Tone::Good => '=',
            Tone::Changed => '~',
            Tone::Bad => 'x',
            Tone::Quiet => '-',
        }
    }

    /// A word, for a style sheet.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Good => "good",
            Tone::Changed => "changed",
            Tone::Bad => "bad",
            Tone::Quiet => "quiet",
        }
    }
}

/// How much of several runs is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The comparison, and of each run only what is out of the ordinary.
    Brief,
    /// Everything, and the profiles.
    Full,
}

impl<'a> Page<'a> {
    /// The page of a report.
    pub(super) fn of(report: &'a Report, detail: Detail) -> Page<'a> {
        let mut all = Vec::new();
        match (report.runs.as_slice(), detail) {
            ([], _) => {}
            ([run], Detail::Brief) => all.extend(sections::run(run, detail)),
            ([run], Detail::Full) => {
                all.extend(sections::run(run, detail));
                all.push(sections::profile(run, Rank::Top));
            }
            (runs, detail) => {
                all.push(compare::section(report));
                match detail {
                    Detail::Brief => all.extend(sections::remarkable(runs)),
                    Detail::Full => all.extend(runs.iter().flat_map(sections::whole)),
                }
            }
        }
        all.extend(compare::expectations(&report.expectations));
        Page {
            title: title(report),
            sections: all,
        }
    }
}

fn title(report: &Report) -> String {
    match report.runs.as_slice() {
        [] => "nothing was probed".into(),
        [run] => format!("{}: {}", subject(run), run.triple),
        runs => {
            let labels: Vec<String> = runs.iter().map(|r| escape::text(&r.label)).collect();
            let labels = labels.join(", ");
            match labels.chars().count() {
                n if n <= LONGEST_TITLE => format!("{labels} compared"),
                _ => format!("{} runs compared", runs.len()),
            }
        }
    }
}

/// The profile, or the server that is not ours and by which profile it was reached.
fn subject(run: &Run) -> String {
    let profile = escape::text(&run.profile);
    match &run.remote {
        None => profile,
        Some(remote) => {
            // The port of a raw socket's address is nobody's.
            let server = match run.triple.ty {
                Type::Raw if !run.peer.is_empty() => escape::text(&run.peer),
                _ => escape::text(&remote.resolution.name),
            };
            match profile.as_str() {
                WITHOUT_PROFILE => server,
                _ => format!("{server} by {profile}"),
            }
        }
    }
}

/// More labels than fit into so many characters are no title.
const LONGEST_TITLE: usize = 80;
/// What a profile is called that nobody wrote.
const WITHOUT_PROFILE: &str = "defaults";

impl<'a> Section<'a> {
    /// A section of those parts.
    pub(super) fn new(heading: impl Into<String>, rank: Rank, parts: Vec<Part<'a>>) -> Section<'a> {
        Section {
            heading: heading.into(),
            rank,
            parts,
        }
    }
}

/// A fact in several lines.
pub(super) fn lines<'a>(name: &'static str, says: Vec<String>) -> Fact<'a> {
    Fact {
        name,
        says: Says::Lines(says),
    }
}

/// A fact in words.
pub(super) fn fact<'a>(name: &'static str, says: impl Into<String>) -> Fact<'a> {
    Fact {
        name,
        says: Says::Text(says.into()),
    }
}

impl Line {
    /// A sentence.
    pub(super) fn new(tone: Tone, says: impl Into<String>) -> Line {
        Line {
            tone,
            says: says.into(),
        }
    }
}
