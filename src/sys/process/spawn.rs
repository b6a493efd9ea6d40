//! This program once more, as a process of its own: `sockplay serve` for a peer, a worker for an experiment.
//!
//! The kernel sends the death signal when the *thread* dies that made the child, not its process (prctl(2)). So that a
//! child does not die with some thread of a pool, all are made by one thread that lives as long as we do.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

use super::{Ended, die_with, until_it_ends};

/// How long a new process may take to be there.
const PATIENCE: Duration = Duration::from_secs(20);

type Answer = mpsc::SyncSender<io::Result<Child>>;

/// The thread that makes children. It waits for ever, so it cannot be joined, and ends with the process.
static NURSERY: LazyLock<mpsc::SyncSender<(Command, Answer)>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::sync_channel::<(Command, Answer)>(0);
    let make = move || {
        for (mut command, answer) in inbox {
            // Nobody waits for the answer any more: then the child is dropped, and dies with us at the latest.
            let _ = answer.send(command.spawn());
        }
    };
    // Without the thread the inbox is gone, and so the order fails.
    let _ = thread::Builder::new().name("nursery".into()).spawn(make);
    orders
});

/// A child that runs this program. When it is dropped, it is killed and waited for.
#[derive(Debug)]
pub struct Spawned {
    /// The process, with its pipes where `configure` asked for them.
    pub child: Child,
}

/// Starts this very executable, even if its file is gone, with these arguments. `configure` says what becomes of its
/// streams, environment and directory; unless it does, they are ours. The child dies with this process.
///
/// It starts a thread the first time: a process that is to fork ([`super::fork_actor`]) has to do so before.
pub fn spawn_self(args: &[OsString], configure: impl FnOnce(&mut Command)) -> io::Result<Spawned> {
    let parent = getpid();
    let mut command = Command::new("/proc/self/exe");
    command.arg0("sockplay").args(args);
    configure(&mut command);
    let before_exec = move || die_with(parent);
    // SAFETY: `die_with` makes two system calls and allocates nothing.
    #[allow(
        unsafe_code,
        reason = "what runs between fork and exec must be safe there"
    )]
    unsafe {
        command.pre_exec(before_exec);
    }
    let (answer, made) = mpsc::sync_channel(1);
    let gone = || io::Error::other("the thread that makes children could not be started");
    NURSERY.send((command, answer)).map_err(|_| gone())?;
    // The standard library waits for its child's word that the program was found; a word that is lost never comes.
    let child = made.recv_timeout(PATIENCE).map_err(|_| gone())??;
    Ok(Spawned { child })
}

impl Spawned {
    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// SIGTERM: asks it to stop. Nothing happens where it has ended.
    pub fn terminate(&mut self) -> io::Result<()> {
        if self.try_wait()?.is_none() {
            // It is a child that was not waited for, so the number is still its own.
            kill(Pid::from_raw(self.pid()), Signal::SIGTERM)?;
        }
        Ok(())
    }

    /// Waits until it has ended. Its standard input is closed first, so that it does not wait for us.
    pub fn wait(&mut self) -> io::Result<Ended> {
        Ok(self.child.wait()?.into())
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> io::Result<Option<Ended>> {
        Ok(self.child.try_wait()?.map(Ended::from))
    }

    /// Waits no longer than that; `None`: it still runs.
    pub fn wait_for(&mut self, time: Duration) -> io::Result<Option<Ended>> {
        if self.try_wait()?.is_none() {
            until_it_ends(self.pid(), time)?;
        }
        self.try_wait()
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Whatever they answer, there is nothing more to be done about it.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
