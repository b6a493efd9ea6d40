//! Python's socket module as the independent other end: it speaks every family and type, and none of it is ours.

use std::process::Command;

use super::process::{Finished, Process};

/// What every script may use without saying so.
const PRELUDE: &str = "import os, sys, socket, struct, time, array, errno
socket.setdefaulttimeout(20)
def ready(text='ready'):
    print(text, flush=True)
";

/// A script and its arguments.
#[derive(Debug)]
pub struct Python(Command);

/// A script; `sys.argv[1:]` are the arguments to come.
pub fn python(script: &str) -> Python {
    let mut command = Command::new("python3");
    command.args(["-u", "-c", &format!("{PRELUDE}{script}")]);
    Python(command)
}

impl Python {
    /// One more argument.
    #[must_use]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a number is passed as it is: `.arg(port)`"
    )]
    pub fn arg(mut self, arg: impl ToString) -> Python {
        self.0.arg(arg.to_string());
        self
    }

    /// Starts it, with its standard input open.
    pub fn starts(mut self) -> Process {
        Process::spawn(&mut self.0)
    }

    /// Runs it to its end.
    pub fn finishes(mut self) -> Finished {
        let mut process = Process::spawn(&mut self.0);
        process.ends_input();
        process.finishes()
    }

    /// Runs it to its end; an exception is a failure of the test. What it printed, without the last line end.
    pub fn prints(self) -> String {
        let finished = self.finishes();
        assert_eq!(finished.code, 0, "{}", finished.err);
        finished.text().trim_end().to_owned()
    }
}
