//! From calls to [`Moment`]s, in the order of the script: what happened where a step stands.

use std::collections::HashMap;
use std::os::fd::AsRawFd as _;
use std::path::Path;

use super::act::pattern;
use super::judge;
use super::outcome::{Outcome, plain};
use super::stage::Stage;
use super::values::Values;
use crate::event::{Arg, Moment, Record, Seen};
use crate::lab::file::step::{Held, Step};
use crate::lab::file::verbs::{self, Verb};

/// Of more calls in one step than there is room for, the first and the last are shown, and how many there are between.
#[derive(Clone, Copy, Debug)]
struct Room {
    calls: usize,
    at_each_end: usize,
}

impl Room {
    /// What repeats one call says nothing new by the second.
    fn of(verb: Verb) -> Room {
        let (calls, at_each_end) = match verb {
            Verb::Fill | Verb::Write | Verb::Gather => (3, 1),
            _ => (6, 2),
        };
        Room { calls, at_each_end }
    }
}

/// The moments so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) moments: Vec<Moment>,
    /// How many calls have begun.
    begun: u32,
    /// The descriptors of what steps call by a name, as far as calls have shown them.
    numbers: HashMap<String, Arg>,
}

impl Story {
    /// A caption.
    pub(super) fn note(&mut self, text: &str) {
        self.moments.push(Moment::Note(text.to_owned()));
    }

    /// A step is over: its calls, then what is to be said beside them.
    pub(super) fn done(&mut self, step: &Step, records: Vec<Record>, outcome: &Outcome, t_ns: u64) {
        self.calls(step, records, outcome);
        if let Some(signal) = &outcome.killed {
            let killed = self.killed(step, signal, t_ns);
            self.moments.push(killed);
        } else if let Some(aside) = &outcome.aside {
            let seen = match step.verb {
                // What another process says of itself.
                Verb::Says => Seen::Inferred,
                _ => Seen::Observed,
            };
            self.aside(&step.actor, t_ns, aside.clone(), seen);
        }
    }

    fn calls(&mut self, step: &Step, records: Vec<Record>, outcome: &Outcome) {
        let many = records.len();
        let shown = records.first().and_then(|record| record.args.first());
        if let (Some(name), Some(fd @ Arg::Fd(_))) = (step.text("fd"), shown) {
            self.numbers.insert(name.to_owned(), fd.clone());
        }
        let Room { calls, at_each_end } = Room::of(step.verb);
        for (n, record) in records.into_iter().enumerate() {
            if many > calls && n == at_each_end {
                let text = Moment::more_calls(many - 2 * at_each_end);
                self.aside(&step.actor, record.t_ns, text, Seen::Observed);
            }
            if many <= calls || n < at_each_end || n >= many - at_each_end {
                self.moments
                    .push(Moment::Call(telling(step, record, outcome)));
            }
        }
    }

    fn aside(&mut self, task: &str, t_ns: u64, text: String, seen: Seen) {
        self.moments.push(Moment::Aside {
            t_ns,
            task: task.to_owned(),
            text,
            seen,
        });
    }

    /// A step is blocked: the calls that it has made, and the one that it waits in.
    pub(super) fn began(
        &mut self,
        step: &Step,
        records: Vec<Record>,
        args: Vec<Arg>,
        t_ns: u64,
    ) -> u32 {
        self.calls(step, records, &Outcome::default());
        self.begun += 1;
        self.moments.push(Moment::Began {
            id: self.begun,
            t_ns,
            task: step.actor.clone(),
            name: call_of(step.verb).to_owned(),
            args,
        });
        self.begun
    }

    /// A blocked step is over. The call that it waited in is the first that returned since.
    pub(super) fn returned(
        &mut self,
        id: u32,
        step: &Step,
        records: Vec<Record>,
        outcome: &Outcome,
        t_ns: u64,
    ) {
        let mut records = records.into_iter();
        if let Some(record) = records.next() {
            let record = telling(step, record, outcome);
            self.moments.push(Moment::Returned { id, record });
        }
        self.done(step, records.collect(), outcome, t_ns);
    }

    /// The story with `$tmp` for the directory of the run, as the file says it.
    pub(super) fn without(&self, directory: &Path) -> Vec<Moment> {
        let named = directory.display().to_string();
        let json = serde_json::to_string(&self.moments).expect("plain data becomes JSON");
        // A directory whose name JSON must escape keeps it: then nothing is replaced.
        let short = json.replace(&named, "$tmp");
        serde_json::from_str(&short).unwrap_or_else(|_| self.moments.clone())
    }

    /// The call in which a process died: nobody was left to tell of it.
    fn killed(&self, step: &Step, signal: &str, t_ns: u64) -> Moment {
        let name = step.text("fd").unwrap_or_default();
        let number = self.numbers.get(name).cloned();
        let mut args = vec![number.unwrap_or_else(|| Arg::symbol(name.to_owned()))];
        if let Some(data) = step.text("data") {
            args.push(Arg::data(data.as_bytes()));
            args.push(Arg::Int(i64::try_from(data.len()).unwrap_or(i64::MAX)));
        }
        Moment::Call(Record {
            t_ns,
            task: step.actor.clone(),
            name: call_of(step.verb).to_owned(),
            args,
            result: -1,
            errno: Some(format!("killed by {signal}")),
            elapsed_ns: 0,
        })
    }

    /// Something else came than was expected.
    pub(super) fn unmet(&mut self, actor: &str, expected: &str, came: &str) {
        self.moments.push(Moment::Unmet {
            task: actor.to_owned(),
            expected: expected.to_owned(),
            came: came.to_owned(),
        });
    }
}

/// A call as it tells most about its step: of a struct the fields that the step asks for, of what is no text its bytes.
fn telling(step: &Step, mut record: Record, outcome: &Outcome) -> Record {
    let asked = step.get("value").or_else(|| step.get("until"));
    if let (Verb::Getsockopt, Some(Held::Fields(fields)), Some(value)) =
        (step.verb, asked, &outcome.value)
        && let Some(arg) = record.args.get_mut(3)
    {
        let shown = fields.iter().filter_map(|(name, _)| {
            let found = judge::field(value, name)?;
            Some(format!("{name}={}", plain(found)))
        });
        let shown: Vec<String> = shown.collect();
        *arg = Arg::symbol(format!("{{{}, ...}}", shown.join(", ")));
    }
    if step.get("hex").is_some() {
        for arg in &mut record.args {
            if let Arg::Data { head, len } = arg {
                let more = if head.len() < *len { " …" } else { "" };
                *arg = Arg::symbol(format!("{}{more}", judge::pairs(head)));
            }
        }
    }
    record
}

/// The call that a step waits in.
fn call_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Accept => "accept4",
        Verb::Write => "send",
        Verb::Gather | Verb::Exchange => "recv",
        Verb::Echo => "recvmsg",
        Verb::Crowd => "connect",
        other => verbs::of(other).name,
    }
}

/// What is known of a call before it returns: the descriptor, the address, what is sent.
pub(super) fn known_args(step: &Step, stage: &Stage, values: &Values) -> Vec<Arg> {
    let mut args = Vec::new();
    if let Some(made) = step.text("fd").and_then(|name| stage.socket(name).ok()) {
        args.push(Arg::Fd(made.fd.as_raw_fd()));
    }
    let fill = |key| step.text(key).and_then(|text| values.fill(text).ok());
    if let Some(address) = fill("address") {
        args.push(Arg::Address {
            brief: address.clone(),
            full: address,
        });
    }
    let sends = matches!(
        step.verb,
        Verb::Send | Verb::Sendto | Verb::Sendmsg | Verb::Write
    );
    if sends {
        match (fill("data"), step.get("bytes")) {
            (Some(data), _) => args.push(Arg::data(data.as_bytes())),
            (None, Some(Held::Number(n))) => {
                let len = usize::try_from(*n).unwrap_or_default();
                let head = pattern(len.min(Arg::SHOWN));
                args.push(Arg::Data { head, len });
                args.push(Arg::Int(*n));
            }
            _ => {}
        }
    }
    args
}
