//! What a ladder shows, one moment after the other: the calls of several actors as a story.
//!
//! The order of moments is that of the story. Where calls overlap (one actor is blocked while another acts) a call is two
//! moments, [`Moment::Began`] and [`Moment::Returned`]; a trace that hears of calls only when they return has only
//! [`Moment::Call`]. Packets are no moments: nobody here sees them, whoever draws may infer them and must say so.

use serde::{Deserialize, Serialize};

use super::{Arg, Record};

/// One row, or a few, of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// A call from its beginning to its end.
    Call(Record),
    /// A call began, and others act before it returns.
    Began {
        /// The same in the [`Moment::Returned`] that belongs to it; a call that never returns has none.
        id: u32,
        /// Since the start of the run.
        t_ns: u64,
        /// Who.
        task: String,
        /// The call.
        name: String,
        /// As far as they are known before the call returns: the descriptor, the address, what is sent.
        args: Vec<Arg>,
    },
    /// A call that had begun returned; it began at `record.t_ns`.
    Returned {
        /// As in [`Moment::Began`].
        id: u32,
        /// The whole call.
        record: Record,
    },
    /// A caption across all columns.
    Note(String),
    /// What an actor did, or what became of it, that is no system call.
    Aside {
        /// Since the start of the run.
        t_ns: u64,
        /// Who.
        task: String,
        /// In a few words: `pause 50 ms`, `exits`.
        text: String,
        /// Whether this process saw it.
        seen: Seen,
    },
    /// Here something else came than was expected.
    Unmet {
        /// Whose step it was.
        task: String,
        /// What should have come: `EADDRINUSE`.
        expected: String,
        /// What came: `0`.
        came: String,
    },
}

impl Moment {
    /// The text of an aside in the place of `n` calls that are not told one by one.
    pub fn more_calls(n: usize) -> String {
        format!("… {n} more calls")
    }

    /// Whether an aside's text is one of [`Moment::more_calls`].
    pub fn is_more_calls(text: &str) -> bool {
        text.starts_with("… ") && text.ends_with(" more calls")
    }
}

/// How something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// This process did it or asked the kernel.
    Observed,
    /// It follows from what was observed, or another process says it. A ladder marks it `~`.
    Inferred,
}
