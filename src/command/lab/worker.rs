//! One experiment in a process of its own: `sockplay lab` starts one for each, in a network of its own.
//!
//! What such a process leaves behind (blocked threads, sockets, a namespace, less privilege) ends with it. It reads a
//! [`Task`] as JSON from standard input and writes a [`Report`] to standard output.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::command::output;
use crate::error::Error;
use crate::lab::file::step::Network as Wish;
use crate::lab::report::{Report, Verdict};
use crate::lab::shipped::Found;
use crate::lab::{needs, run};
use crate::sys::namespace::{self, Network};

/// What a worker is to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) text: String,
    /// Where its unix paths may lie; it is there, and removed by who made it.
    pub(super) directory: PathBuf,
    /// A file to lock while the machine's own network is used, so that such experiments do not meet.
    pub(super) lock: PathBuf,
}

pub(super) fn run() -> Result<(), Error> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|e| Error::failed(format!("read standard input: {e}")))?;
    let task: Task = serde_json::from_str(&text)
        .map_err(|e| Error::Usage(format!("`lab worker` is for `lab` itself: {e}")))?;
    let report = report(&task)?;
    let json = serde_json::to_string(&report).expect("plain data becomes JSON");
    output::line(&json)?;
    // Threads that are blocked in a call have no other end.
    std::process::exit(0);
}

fn report(task: &Task) -> Result<Report, Error> {
    let found = Found {
        name: task.name.clone(),
        source: task.source.clone(),
        text: task.text.clone(),
    };
    let experiment = found.read().map_err(|e| Error::Profile(e.to_string()))?;
    let network = match experiment.network {
        Wish::Own => namespace::enter(),
        Wish::Shared => Network::Shared {
            why: "the experiment asks for the machine's own".to_owned(),
        },
    };
    let mut notes = Vec::new();
    let mut alone = None;
    if let Network::Shared { why } = &network {
        if experiment.network == Wish::Own {
            notes.push(format!(
                "it ran in the machine's own network, where others and earlier connections can disturb it: {why}"
            ));
        }
        alone = Some(locked(task)?);
    }
    if let Some(reason) = needs::missing(&experiment, &network) {
        return Ok(run::not_run(&experiment, Verdict::Skipped(reason), notes));
    }
    let report = run::run(&experiment, &task.directory, notes);
    drop(alone);
    report
}

fn locked(task: &Task) -> Result<Flock<File>, Error> {
    let shown = || crate::escape::text(&task.lock.to_string_lossy());
    let file =
        File::create(&task.lock).map_err(|e| Error::failed(format!("open {}: {e}", shown())))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, e)| Error::failed(format!("flock {}: {e}", shown())))
}
