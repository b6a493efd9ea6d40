//! What is wrong with a profile: one [`Problem`] per place, collected so that a user sees all of them at once.
//!
//! The plan reports in the same words: it makes problems with the [`Origin`] of a setting and wraps them with
//! [`Profile::invalid`](super::Profile::invalid). How they look on a terminal is [`report`](super::report)'s business.

use std::fmt;

use super::report;
use super::settings::{Origin, Profile, Source};

/// Whether a problem ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is opened.
    Error,
    /// Said, then the run goes on.
    Warning,
}

/// One thing that is wrong, and where. Texts may quote the outside: they are escaped when rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it ends the run.
    pub severity: Severity,
    /// Where the caret goes; [`Origin::Default`] and [`Origin::Flag`] have no text to show.
    pub origin: Origin,
    /// One sentence without a full stop.
    pub message: String,
    /// What stands next to the caret, `""` for nothing.
    pub label: String,
    /// At most three ways out.
    pub help: Vec<String>,
}

impl Problem {
    /// The most helps that a problem carries.
    const HELPS: usize = 3;

    /// Something that ends the run.
    pub fn error(origin: Origin, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            origin,
            message: message.into(),
            label: String::new(),
            help: Vec::new(),
        }
    }

    /// Something to know before the run goes on.
    pub fn warning(origin: Origin, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Warning,
            ..Problem::error(origin, message)
        }
    }

    /// Says what stands next to the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = label.into();
        self
    }

    /// Adds a way out; more than three are left off.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        if self.help.len() < Problem::HELPS {
            self.help.push(help.into());
        }
        self
    }

    /// Adds several ways out.
    #[must_use]
    pub fn helps(self, helps: impl IntoIterator<Item = String>) -> Problem {
        helps.into_iter().fold(self, Problem::help)
    }
}

/// Problems on their way out of the reader. A hostile file has one on every line, so only so many are kept.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    kept: Vec<Problem>,
    left_off: usize,
}

impl Problems {
    /// The most problems that are kept; further ones are only counted.
    pub(super) const MOST: usize = 50;

    /// Takes a problem, or only counts it. The maker is not called when it would be thrown away.
    pub(crate) fn push(&mut self, make: impl FnOnce() -> Problem) {
        if self.kept.len() < Problems::MOST {
            self.kept.push(make());
        } else {
            self.left_off += 1;
        }
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The profile, or everything that is wrong with it in the order of the text.
    pub(super) fn verdict(self, profile: Profile) -> Result<Profile, Invalid> {
        match self.none_in(&profile.sources) {
            Ok(()) => Ok(profile),
            Err(invalid) => Err(invalid),
        }
    }

    /// Nothing is wrong with these texts, or everything that is, in their order.
    pub(crate) fn none_in(mut self, sources: &[Source]) -> Result<(), Invalid> {
        if self.kept.is_empty() {
            return Ok(());
        }
        self.kept.sort_by_key(|p| match p.origin {
            Origin::At { source, start, .. } => (source, start),
            Origin::Default | Origin::Flag(_) => (usize::MAX, 0),
        });
        Err(Invalid {
            sources: sources.to_vec(),
            problems: self.kept,
            left_off: self.left_off,
        })
    }
}

/// Everything that is wrong with a profile, with the texts that the carets point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The file first, then each `--set`; what [`Origin::At`] counts in.
    pub sources: Vec<Source>,
    /// In the order of the text.
    pub problems: Vec<Problem>,
    /// How many more there are at least.
    pub left_off: usize,
}

impl Invalid {
    /// A problem that has no text to point into: a file that cannot be read, a name that nobody knows.
    pub fn without_text(problem: Problem) -> Invalid {
        Invalid {
            sources: Vec::new(),
            problems: vec![problem],
            left_off: 0,
        }
    }

    /// Title, `file:line:col`, the line with carets, and the ways out, for each problem; several lines of text that
    /// hold no control character of the input.
    pub fn render(&self, color: bool) -> String {
        let style = if color {
            report::Style::Color
        } else {
            report::Style::Plain
        };
        report::render(&self.sources, &self.problems, self.left_off, style)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_at_most_three_ways_out() {
        let problem = Problem::error(Origin::Default, "x").helps((0..9).map(|n| n.to_string()));
        assert_eq!(problem.help, ["0", "1", "2"]);
    }

    #[test]
    fn a_hostile_file_costs_no_more_than_its_first_problems() {
        let mut problems = Problems::default();
        for n in 0..1000 {
            problems.push(|| Problem::error(Origin::Default, n.to_string()));
        }
        assert_eq!((problems.kept.len(), problems.left_off), (50, 950));
    }
}
