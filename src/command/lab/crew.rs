//! Many experiments at a time, each in a process of its own with a deadline; what they leave is removed.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::worker::Task;
use crate::command::interrupt;
use crate::error::Error;
use crate::escape;
use crate::lab::file::step::Experiment;
use crate::lab::report::{Report, Verdict};
use crate::lab::run::not_run;
use crate::lab::shipped::Found;
use crate::sys::errno;
use crate::sys::process::{Spawned, spawn_self};

/// The longest parent: what follows is `/sockplay-lab-`, six letters, a number, and a name.
const LONGEST: usize = 50;

/// No experiment may take longer.
const DEADLINE: Duration = Duration::from_secs(30);

/// An experiment, read, with the text that its process reads again.
pub(super) struct Ready {
    pub(super) found: Found,
    pub(super) experiment: Experiment,
}

/// A directory for the unix paths of all, which is gone afterwards.
struct Directory(PathBuf);

impl Directory {
    fn make() -> Result<Directory, Error> {
        // TMPDIR may be empty or relative; a unix path of a run is neither.
        let parent = fs::canonicalize(std::env::temp_dir()).or_else(|_| fs::canonicalize("/tmp"));
        let parent = parent.map_err(|e| refused(&std::env::temp_dir(), &e))?;
        if parent.as_os_str().len() > LONGEST {
            let shown = escape::text(&parent.to_string_lossy());
            return Err(Error::failed(format!(
                "{shown} is too long a name for a directory of unix sockets, whose paths hold 107 bytes"
            ))
            .with_help("TMPDIR names another one: TMPDIR=/tmp sockplay lab …"));
        }
        let path = nix::unistd::mkdtemp(&parent.join(format!("sockplay-lab-{}", "X".repeat(6))))
            .map_err(|e| refused(&parent, &e.into()))?;
        interrupt::remember(path.clone());
        Ok(Directory(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        interrupt::remove(&self.0);
    }
}

fn mkdir(path: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().mode(0o700).create(path);
    made.map_err(|e| refused(path, &e))
}

fn refused(path: &Path, error: &std::io::Error) -> Error {
    let shown = escape::text(&path.to_string_lossy());
    Error::from(errno::failure("mkdir", shown, error))
        .with_help("TMPDIR names the directory for it")
}

/// Runs them, at most `jobs` at a time, and tells of each as it is done; gives the reports in the given order.
pub(super) fn run(
    ready: &[Ready],
    jobs: usize,
    done: &(dyn Fn(&Report) + Sync),
) -> Result<Vec<Report>, Error> {
    let directory = Directory::make()?;
    let next = AtomicUsize::new(0);
    let reports: Mutex<Vec<Option<Report>>> = Mutex::new(ready.iter().map(|_| None).collect());
    let work = || -> Result<(), Error> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = ready.get(at) else {
                return Ok(());
            };
            let own = directory.0.join(at.to_string());
            mkdir(&own)?;
            let report = elsewhere(one, own, directory.0.join("lock"));
            done(&report);
            let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
            reports[at] = Some(report);
        }
    };
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for n in 0..jobs.min(ready.len()) {
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(worker) => workers.push(worker),
                // With one there is only less at the same time.
                Err(_) if n > 0 => break,
                Err(e) => return Err(Error::failed(format!("cannot start a thread: {e}"))),
            }
        }
        workers.into_iter().try_for_each(|w| {
            w.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(reports.into_iter().flatten().collect())
}

/// Runs one in a process of its own; whatever becomes of that, there is a report.
fn elsewhere(ready: &Ready, directory: PathBuf, lock: PathBuf) -> Report {
    let task = Task {
        name: ready.found.name.clone(),
        source: ready.found.source.clone(),
        text: ready.found.text.clone(),
        directory,
        lock,
    };
    let lost = |why: String| not_run(&ready.experiment, Verdict::Lost(why), Vec::new());
    let piped = |command: &mut std::process::Command| {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C is for us: a worker ends when we do.
        command.stderr(Stdio::piped()).process_group(0);
    };
    let child = spawn_self(&["lab".into(), "worker".into()], piped);
    let outcome = child
        .map_err(|e| format!("its process could not be started: {e}"))
        .and_then(|child| heard(child, &task));
    outcome.unwrap_or_else(lost)
}

fn heard(mut child: Spawned, task: &Task) -> Result<Report, String> {
    let json = serde_json::to_string(task).expect("plain data becomes JSON");
    if let Some(mut stdin) = child.child.stdin.take() {
        // A process that does not read it has died, and that is noticed below.
        let _ = stdin.write_all(json.as_bytes());
    }
    let out = whole(child.child.stdout.take());
    let said = whole(child.child.stderr.take());
    let text = out
        .recv_timeout(DEADLINE)
        .map_err(|_| format!("it did not end within {} s", DEADLINE.as_secs()))?;
    serde_json::from_str(&text).map_err(|_| {
        let said = said
            .recv_timeout(Duration::from_secs(1))
            .unwrap_or_default();
        format!(
            "its process ended without a report: {}",
            escape::text(said.trim())
        )
    })
}

/// Everything that comes out of a pipe until its end.
fn whole(pipe: Option<impl std::io::Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (tell, heard) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before an error is all there is.
            let _ = std::io::Read::read_to_end(&mut pipe, &mut bytes);
        }
        // Nobody waits for it any more when the deadline is over.
        let _ = tell.send(String::from_utf8_lossy(&bytes).into_owned());
    };
    // Without the thread nothing is heard, and the deadline says so.
    let _ = thread::Builder::new().name("pipe".into()).spawn(read);
    heard
}
