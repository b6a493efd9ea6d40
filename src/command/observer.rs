//! Who looks at a run: the log, the trace, the JSON stream, in every combination.
//!
//! [`Show`] is compiled twice, with and without calls, so that a run without `--trace` has no trace of the trace; a
//! run that shows nothing at all uses [`crate::event::Off`].

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cli::{Common, TraceForm};
use crate::error::Error;
use crate::escape;
use crate::event::{Call, Event, Observer, Tally};
use crate::render::{call_line, json, log_line};

use super::ladder::Ladder;
use super::output::Shown;
use super::{output, setup};

/// Where events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Events {
    /// To the log, under this name.
    Log(&'static str),
    /// To the log, and to standard output as JSON of this schema.
    LogAndJson(&'static str, &'static str),
    /// Only to standard output as JSON of this schema.
    Json(&'static str),
    /// Nowhere.
    Silent,
}

/// An observer that shows events, and calls if `CALLS`.
#[derive(Debug)]
pub(super) struct Show<const CALLS: bool> {
    events: Events,
    trace: Trace,
    /// What a trace adds up to.
    tally: Mutex<Tally>,
}

impl Show<false> {
    pub(super) fn events(events: Events) -> Show<false> {
        Show {
            events,
            trace: Trace {
                form: TraceForm::Call,
                file: None,
                ends: Ends::Client,
                ladder: None,
            },
            tally: Mutex::default(),
        }
    }
}

impl Show<true> {
    pub(super) fn traced(events: Events, trace: Trace) -> Show<true> {
        Show {
            events,
            trace,
            tally: Mutex::default(),
        }
    }
}

/// Where calls go, and how they look.
#[derive(Debug)]
pub(super) struct Trace {
    form: TraceForm,
    file: Option<Mutex<File>>,
    ends: Ends,
    ladder: Option<Mutex<Ladder>>,
}

/// Which ends of a conversation make calls that are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// A server's.
    Server,
    /// A client's.
    Client,
    /// Both: each line of the trace says whose call it is.
    Both,
    /// Those of a client among other tasks.
    Prober,
}

impl Ends {
    /// Whether a line of the trace says whose call it is.
    fn name_tasks(self) -> bool {
        matches!(self, Ends::Both | Ends::Prober)
    }

    /// The columns of a ladder.
    pub(super) fn columns(self) -> [&'static str; 2] {
        match self {
            Ends::Server => ["server", "~ peers"],
            Ends::Client | Ends::Prober => ["client", "~ server"],
            Ends::Both => ["client", "server"],
        }
    }
}

impl Trace {
    /// What `--trace` and `--trace-file` ask for, if anything.
    pub(super) fn asked(common: &Common, ends: Ends) -> Result<Option<Trace>, Error> {
        let trace = |form, file: Option<File>| {
            let is_ladder = form == TraceForm::Ladder;
            let screen = || {
                output::screen_of(if file.is_some() {
                    Shown::File
                } else {
                    Shown::StandardError
                })
            };
            Trace {
                form,
                ends,
                ladder: is_ladder.then(|| Mutex::new(Ladder::new(ends, screen()))),
                file: file.map(Mutex::new),
            }
        };
        let Some(path) = &common.trace_file else {
            return Ok(common.trace.map(|form| trace(form, None)));
        };
        let file = setup::opened(
            path,
            OpenOptions::new().write(true).create(true).truncate(true),
            "--trace-file names a file that can be written",
        )?;
        let form = common.trace.unwrap_or(TraceForm::Json);
        Ok(Some(trace(form, Some(file))))
    }

    fn show(&self, call: &Call<'_>) {
        if let Some(ladder) = &self.ladder {
            // Drawn and written under one lock: rows must not change places.
            let mut ladder = ladder.lock().unwrap_or_else(PoisonError::into_inner);
            self.write(&ladder.call(call));
            return;
        }
        let line = match self.form {
            TraceForm::Call if self.ends.name_tasks() => {
                format!("{:<7} {}", call.task, call_line::line(call))
            }
            TraceForm::Call | TraceForm::Ladder => call_line::line(call),
            TraceForm::Json => escape::json(&json::call(call)),
        };
        self.write(&(line + "\n"));
    }

    /// Shows what a ladder held back.
    fn end(&self) {
        if let Some(ladder) = &self.ladder {
            let mut ladder = ladder.lock().unwrap_or_else(PoisonError::into_inner);
            self.write(&ladder.end());
        }
    }

    fn write(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        // A trace that cannot be written must not stop the sockets.
        match &self.file {
            Some(file) => {
                if let Ok(mut file) = file.lock() {
                    let plain = anstream::adapter::strip_str(text);
                    let _ = write!(file, "{plain}").and_then(|()| file.flush());
                }
            }
            None => {
                let _ = write!(anstream::stderr().lock(), "{text}");
            }
        }
    }
}

impl<const CALLS: bool> Observer for Show<CALLS> {
    const ON: bool = CALLS;

    fn call(&self, call: &Call<'_>) {
        self.trace.show(call);
        *self.tally().calls.entry(call.name).or_default() += 1;
    }

    fn event(&self, event: &Event<'_>) {
        if CALLS {
            match event {
                Event::Sent { .. } => self.tally().answers += 1,
                Event::Stopped(_) => {
                    self.trace.end();
                    self.show(&Event::Calls(&self.tally()));
                }
                _ => {}
            }
        }
        self.show(event);
    }
}

/// A client has no event that is its last.
impl<const CALLS: bool> Drop for Show<CALLS> {
    fn drop(&mut self) {
        self.trace.end();
    }
}

impl<const CALLS: bool> Show<CALLS> {
    /// A thread that panicked while it held the lock has left a count, and a count is never half done.
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, event: &Event<'_>) {
        let (log, schema) = match self.events {
            Events::Silent => return,
            Events::Log(name) => (Some(name), None),
            Events::LogAndJson(name, schema) => (Some(name), Some(schema)),
            Events::Json(schema) => (None, Some(schema)),
        };
        if let Some(name) = log.filter(|_| log::max_level() > log::LevelFilter::Off) {
            let (level, text) = log_line::message(event);
            log::log!(target: name, level, "{text}");
        }
        if let Some(schema) = schema {
            // A reader that has gone away does not stop the server.
            let _ = output::json(&json::event(schema, event));
        }
    }
}
