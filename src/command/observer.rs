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
                tasks: Tasks::One,
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
    tasks: Tasks,
}

/// Whether a line of the trace says whose call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tasks {
    /// There is only one.
    One,
    /// There are several, as when both ends are in this process.
    Several,
}

impl Trace {
    /// What `--trace` and `--trace-file` ask for, if anything.
    pub(super) fn asked(common: &Common, tasks: Tasks) -> Result<Option<Trace>, Error> {
        let Some(path) = &common.trace_file else {
            return Ok(common.trace.map(|form| Trace {
                form,
                file: None,
                tasks,
            }));
        };
        let file = setup::opened(
            path,
            OpenOptions::new().write(true).create(true).truncate(true),
            "--trace-file names a file that can be written",
        )?;
        Ok(Some(Trace {
            form: common.trace.unwrap_or(TraceForm::Json),
            file: Some(Mutex::new(file)),
            tasks,
        }))
    }

    fn show(&self, call: &Call<'_>) {
        let line = match self.form {
            TraceForm::Call if self.tasks == Tasks::Several => {
                format!("{:<7} {}", call.task, call_line::line(call))
            }
            TraceForm::Call => call_line::line(call),
            TraceForm::Json => escape::json(&json::call(call)),
        };
        // A trace that cannot be written must not stop the sockets.
        match &self.file {
            Some(file) => {
                if let Ok(mut file) = file.lock() {
                    let _ = writeln!(file, "{line}").and_then(|()| file.flush());
                }
            }
            None => {
                let _ = writeln!(anstream::stderr().lock(), "{line}");
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
                Event::Stopped(_) => self.show(&Event::Calls(&self.tally())),
                _ => {}
            }
        }
        self.show(event);
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
