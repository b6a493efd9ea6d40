//! An observer for tests of what a call tells: each call as one line, as strace(1) has it.

use std::fmt::Write as _;
use std::sync::Mutex;

use crate::event::{Call, Event, Observer};

/// The lines so far.
#[derive(Debug, Default)]
pub(super) struct Witness(Mutex<Vec<String>>);

impl Witness {
    /// The last one.
    pub(super) fn last(&self) -> String {
        let lines = self.0.lock().expect("no test panics while it writes");
        lines.last().cloned().unwrap_or_default()
    }
}

impl Observer for Witness {
    const ON: bool = true;

    fn call(&self, call: &Call<'_>) {
        let args: Vec<String> = call.args.iter().map(ToString::to_string).collect();
        let mut line = format!("{}({}) = {}", call.name, args.join(", "), call.result);
        if let Some(errno) = &call.errno {
            let _ = write!(line, " {errno}");
        }
        self.0
            .lock()
            .expect("no test panics while it writes")
            .push(line);
    }

    fn event(&self, _: &Event<'_>) {}
}
