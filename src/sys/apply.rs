//! Options set, read back, and judged: what was asked for, what was there, what the kernel made of it.

use std::io;
use std::os::fd::BorrowedFd;

use super::{Sys, errno, hint, sysctl};
use crate::error::Error;
use crate::event::{Event, Observer, OptionReport};
use crate::option::{Access, Ruling, Verdict, judge, remark};
use crate::plan::steps::Wish;
use crate::plan::{Need, Plan, SetOption};
use crate::socket::{Phase, Triple};

/// Whether the value before is read as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readback {
    /// Not at all: what became of the option has been said before.
    Nothing,
    /// Only the value after.
    After,
    /// Both.
    BeforeAndAfter,
}

impl<O: Observer> Sys<'_, O> {
    /// Sets the options of an accepted socket. What becomes of them need only be told for the first one.
    pub fn set_accepted(
        &self,
        fd: BorrowedFd<'_>,
        plan: &Plan,
        readback: Readback,
    ) -> Result<Vec<OptionReport>, Error> {
        plan.options_at(Phase::PostAccept)
            .filter_map(|set| {
                self.apply(fd, set, plan.triple, readback)
                    .map_err(|e| hint::explain(e, plan))
                    .transpose()
            })
            .collect()
    }

    /// Sets one option and reads it back. `None`: nothing needs to be said of it.
    pub(super) fn apply(
        &self,
        fd: BorrowedFd<'_>,
        set: &SetOption,
        triple: Triple,
        readback: Readback,
    ) -> Result<Option<OptionReport>, Error> {
        let row = set.option.row;
        let said = set.wish == Wish::Profile && readback != Readback::Nothing;
        let readable = said && row.is_none_or(|r| r.access != Access::WriteOnly);
        let read = || self.getsockopt(fd, &set.option).ok();
        let default = (readable && readback == Readback::BeforeAndAfter)
            .then(read)
            .flatten();
        let outcome = self.setsockopt(fd, &set.option, &set.payload);
        let effective = readable.then(read).flatten();
        let ruling = match &outcome {
            Err(e) => refused(set, e)?,
            Ok(()) => judged(set, effective.as_deref(), triple),
        };
        if !said {
            return Ok(None);
        }
        let decode = |bytes: Vec<u8>| set.option.decode(&bytes);
        let report = OptionReport {
            name: set.option.name.clone(),
            row,
            level: set.option.level_name.clone(),
            phase: set.phase,
            requested: set.requested.clone(),
            default: default.map(decode),
            effective: effective.map(decode),
            ruling,
        };
        self.observer().event(&Event::Option(&report));
        Ok(Some(report))
    }
}

/// A refused option ends the run, unless the profile can do without it.
fn refused(set: &SetOption, error: &io::Error) -> Result<Ruling, Error> {
    let failure = errno::failure("setsockopt", set.option.name.clone(), error);
    match (set.need, set.wish) {
        (Need::Optional, _) | (_, Wish::Ours) => {
            let why = format!(
                "{}: {}",
                failure.errno.name,
                failure.errno.says.to_lowercase()
            );
            Ok(Ruling {
                verdict: Verdict::Refused,
                why: Some(why),
            })
        }
        (Need::Required, Wish::Profile) => Err(failure.into()),
    }
}

/// What the kernel made of a value that it took.
fn judged(set: &SetOption, effective: Option<&[u8]>, triple: Triple) -> Ruling {
    let Some(row) = set.option.row else {
        return judge_raw(set, effective);
    };
    let ruling = judge(row, &set.payload, effective, &sysctl::number);
    match remark(row, triple) {
        Some(remark) if ruling.verdict == Verdict::Honoured => remark,
        _ => ruling,
    }
}

/// Of an option that is in no table, only equality can be told.
fn judge_raw(set: &SetOption, effective: Option<&[u8]>) -> Ruling {
    match effective {
        Some(bytes) if bytes == set.payload.bytes => Ruling {
            verdict: Verdict::Honoured,
            why: None,
        },
        Some(_) => Ruling {
            verdict: Verdict::Adjusted,
            why: Some("the kernel reports another value".into()),
        },
        None => Ruling {
            verdict: Verdict::Honoured,
            why: Some("cannot be read back".into()),
        },
    }
}
