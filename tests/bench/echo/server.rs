//! One server process: started on its core, ready, measured, ended.
//!
//! Separate because every program is treated alike here, whoever wrote it. Our own and the floors say where they listen;
//! others are given a port that was free, which in a network namespace of one's own nobody else takes.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::contender::Transport;
use super::load;
use super::place::{Cores, pin};

/// How long a server may take until it can be connected to.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a server listens.
#[derive(Clone, Debug)]
pub enum At {
    Port(u16),
    Path(PathBuf),
}

/// Why there is no measurement.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It cannot be done here, and that is no fault: not installed, not built, not part of the build.
    Skipped(String),
    /// It should have worked.
    Failed(String),
}

impl Trouble {
    /// For the list of what is missing.
    pub fn text(&self) -> String {
        match self {
            Trouble::Skipped(why) => why.clone(),
            Trouble::Failed(why) => format!("FAILED: {why}"),
        }
    }

    /// The same, about another program.
    pub fn of(self, whom: &str) -> Trouble {
        match self {
            Trouble::Skipped(why) => Trouble::Skipped(format!("{whom}: {why}")),
            Trouble::Failed(why) => Trouble::Failed(format!("{whom}: {why}")),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Failed(error.to_string())
    }
}

/// How it is known that a server can be connected to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// It prints `listening on …`.
    Says,
    /// A connection succeeds.
    Connects,
}

/// Processes to end when this one is told to stop.
static ALIVE: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Ends every server, and this process, at SIGINT or SIGTERM; `folder` goes with them.
pub fn end_all_on_signal(folder: PathBuf) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            for pid in ALIVE.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                let _ = kill(Pid::from_raw(*pid as i32), Signal::SIGKILL);
            }
            let _ = fs::remove_dir_all(&folder);
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// A running server; dropped, it is killed and waited for.
pub struct Server {
    child: Child,
    /// Where to connect.
    pub at: At,
    /// Its standard error: a file without a name, so nothing fills up and nothing stays.
    errors: File,
}

impl Server {
    /// Starts `command` on the server's core; a program that says where it listens replaces `at`.
    pub fn start(
        mut command: Command,
        at: At,
        ready: Ready,
        transport: Transport,
        cores: Cores,
    ) -> Result<Server, Trouble> {
        let mut server = Server::spawn(&mut command, at, cores)?;
        match ready {
            Ready::Says => server.read_ready_line()?,
            Ready::Connects => {
                let until = Instant::now() + PATIENCE;
                while load::open(&server.at, transport).is_err() {
                    server.still_runs()?;
                    if Instant::now() > until {
                        return Err(Trouble::Failed(format!("not ready within {PATIENCE:?}")));
                    }
                    // Other people's servers say nothing that could be waited for.
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
        Ok(server)
    }

    /// Starts it and waits for nothing. The affinity is inherited, so not one instruction of it runs on the load's core.
    pub fn spawn(command: &mut Command, at: At, cores: Cores) -> Result<Server, Trouble> {
        let errors = tempfile::tempfile()?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(errors.try_clone()?);
        pin(cores.server);
        let child = command.spawn();
        pin(cores.load);
        let child = child.map_err(|e| Trouble::Failed(format!("{command:?}: {e}")))?;
        ALIVE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(child.id());
        Ok(Server { child, at, errors })
    }

    fn read_ready_line(&mut self) -> Result<(), Trouble> {
        let until = Instant::now() + PATIENCE;
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            let stdout = self
                .child
                .stdout
                .as_mut()
                .expect("standard output is piped");
            let left = until.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let ready = poll(
                &mut [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)],
                timeout,
            );
            if ready == Ok(0) {
                return Err(Trouble::Failed(format!(
                    "no ready line within {PATIENCE:?}"
                )));
            }
            let mut byte = [0];
            if stdout.read(&mut byte)? == 0 {
                let status = self.child.wait()?;
                return Err(self.ended(status));
            }
            line.push(byte[0]);
        }
        let line = String::from_utf8_lossy(&line);
        let place = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_default();
        self.at = match place.rsplit_once(':').map(|(_, port)| port.parse()) {
            Some(Ok(port)) => At::Port(port),
            _ if place.starts_with('/') => At::Path(place.into()),
            _ => return Err(Trouble::Failed(format!("ready line {line:?}"))),
        };
        Ok(())
    }

    /// An error when it has ended by itself.
    pub fn still_runs(&mut self) -> Result<(), Trouble> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(self.ended(status)),
        }
    }

    /// A server that ended at once says why. Exit codes 3 and 4 are sockplay's, the floors' too: a key or an engine that
    /// this build or this kernel does not have.
    fn ended(&mut self, status: ExitStatus) -> Trouble {
        let mut said = String::new();
        // What cannot be read is not said; the status is.
        let _ = self.errors.rewind();
        let _ = self.errors.read_to_string(&mut said);
        let said = said.lines().next().unwrap_or("and said nothing").to_owned();
        match status.code() {
            Some(code @ (3 | 4)) => Trouble::Skipped(format!("exit {code}: {said}")),
            _ => Trouble::Failed(format!("it ended, {status}: {said}")),
        }
    }

    /// CPU time so far, of all its threads, those that have ended included; what it forked is not in it.
    pub fn cpu(&self) -> Result<Duration, Trouble> {
        let clock = clock_getcpuclockid(self.pid()).and_then(clock_gettime);
        clock
            .map(Duration::from)
            .map_err(|e| Trouble::Failed(format!("its CPU clock: {e}")))
    }

    /// Anonymous memory in RAM, in bytes: proc_pid_status(5), `RssAnon`.
    pub fn anonymous_memory(&self) -> Result<u64, Trouble> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
        let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.map(|k| k * 1024)
            .ok_or_else(|| Trouble::Failed("no RssAnon in its status".into()))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // By its number, and waited for: a number is not given away before that.
        let _ = self.child.kill();
        let _ = self.child.wait();
        ALIVE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|pid| *pid != self.child.id());
        if let At::Path(path) = &self.at {
            remove(path);
        }
    }
}

/// A killed server leaves its path behind, and sockplay's the lock beside it.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let _ = fs::remove_file(lock);
}
