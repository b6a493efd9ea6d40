//! Other processes of ours, none of which outlives this one: `fork` makes an actor that goes on with our memory, `spawn`
//! starts this program anew, `channel` is how an actor and its parent talk.
//!
//! Both children ask the kernel for SIGKILL when their parent dies (PR_SET_PDEATHSIG, prctl(2)), and both are killed and
//! waited for when their handle is dropped: nothing is left behind.

mod channel;
mod fork;
mod spawn;

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub use channel::{Channel, Heard};
pub use fork::{Fork, fork_actor};
pub use spawn::{Spawned, spawn_self};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Code(i32),
    /// By a signal: `SIGPIPE`.
    Signal(String),
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Ended {
        match status.signal() {
            Some(number) => Ended::Signal(signal_name(number)),
            None => Ended::Code(status.code().unwrap_or_default()),
        }
    }
}

/// `SIGPIPE`; a real-time signal by its number.
fn signal_name(number: i32) -> String {
    nix::sys::signal::Signal::try_from(number)
        .map_or_else(|_| format!("signal {number}"), |s| s.as_str().to_owned())
}

/// Asks for SIGKILL when the thread dies that made this process, and makes sure that it is still there. Only calls that
/// are safe between fork(2) and execve(2).
fn die_with(parent: nix::unistd::Pid) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    // It may have died before we asked.
    if nix::unistd::getppid() == parent {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(libc::ESRCH))
    }
}

/// Waits until a child that was not waited for has ended, but no longer than `time`: pidfd_open(2) and poll(2).
/// Tells whether it has.
fn until_it_ends(pid: i32, time: Duration) -> io::Result<bool> {
    // SAFETY: pidfd_open(2) takes two numbers, and what it returns is a new descriptor or -1.
    #[allow(unsafe_code, reason = "no safe wrapper without another dependency")]
    let pidfd = unsafe {
        match libc::syscall(libc::SYS_pidfd_open, pid, 0) {
            -1 => return Err(io::Error::last_os_error()),
            number => OwnedFd::from_raw_fd(number as i32),
        }
    };
    readable(pidfd.as_fd(), Instant::now() + time)
}

/// Whether a descriptor becomes readable before that moment.
fn readable(fd: BorrowedFd<'_>, until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // Rounded up, so that the last part of a millisecond is not spent asking again and again.
        let ms = left.as_micros().div_ceil(1000);
        let timeout = PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], timeout) {
            Ok(0) if Instant::now() >= until => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(e) => return Err(e.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use nix::sys::signal::kill;
    use nix::unistd::{Pid, pause};

    use super::super::alone::alone;
    use super::*;

    /// Long enough for any machine; nothing waits that long unless it fails.
    const LONG: Duration = Duration::from_secs(20);

    fn is_gone(pid: i32) -> bool {
        kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH)
    }

    /// Not a test: what the child runs that is to be ended from outside.
    const SLEEPER: &str = "sys::process::tests::sleeper";

    #[test]
    fn sleeper() {
        if std::env::var_os("SOCKPLAY_TEST_SLEEPER").is_some() {
            pause();
        }
    }

    fn spawn_sleeper() -> Spawned {
        let args = ["--exact", SLEEPER].map(Into::into);
        spawn_self(&args, |command| {
            command.env("SOCKPLAY_TEST_SLEEPER", "1");
            command.stdout(Stdio::null());
        })
        .unwrap()
    }

    #[test]
    fn an_actor_talks_and_ends_with_its_code() {
        alone(|| {
            let mut actor = fork_actor(|channel| {
                while let Some(message) = channel.recv() {
                    if message == "end" {
                        return 7;
                    }
                    channel.send(&message).unwrap();
                }
                8
            })
            .unwrap();
            let long = "\u{1f9e6}".repeat(1 << 18);
            for message in ["", "a", &long, "b"] {
                actor.channel.send(message).unwrap();
                assert_eq!(actor.channel.recv().as_deref(), Some(message));
            }
            let nothing = actor.channel.recv_for(Duration::from_millis(1));
            assert_eq!(nothing, Heard::Nothing);
            assert_eq!(actor.try_wait().unwrap(), None);
            actor.channel.send("end").unwrap();
            for _ in 0..2 {
                assert_eq!(actor.wait().unwrap(), Ended::Code(7));
            }
            assert_eq!(actor.wait_for(LONG).unwrap(), Some(Ended::Code(7)));
            assert_eq!(actor.channel.recv(), None);
            assert_eq!(actor.channel.recv_for(LONG), Heard::Gone);
            let refused = actor.channel.send("anyone?").unwrap_err();
            assert_eq!(refused.raw_os_error(), Some(libc::EPIPE));
        });
    }

    #[test]
    fn an_actor_dies_of_a_broken_pipe_unless_it_asks_not_to() {
        use crate::event::Off;
        use crate::socket::{Family, Triple, Type};
        use crate::sys::Sys;
        use nix::sys::socket::MsgFlags;

        alone(|| {
            let send = |flags: MsgFlags| {
                let body = move |_: &Channel| {
                    let sys = Sys::new(&Off, "child");
                    let pair = sys.socketpair(Triple::new(Family::Unix, Type::Stream));
                    let (ours, theirs) = pair.unwrap();
                    drop(theirs);
                    let refused = sys.send_with(ours.as_fd(), b"x", flags).unwrap_err();
                    refused.raw_os_error().unwrap()
                };
                fork_actor(body).unwrap().wait().unwrap()
            };
            let pipe = Ended::Signal("SIGPIPE".to_owned());
            assert_eq!(send(MsgFlags::empty()), pipe);
            assert_eq!(send(MsgFlags::MSG_NOSIGNAL), Ended::Code(libc::EPIPE));
        });
    }

    #[test]
    fn a_panic_stays_in_the_actor() {
        alone(|| {
            let mut actor = fork_actor(|_| panic!("on purpose")).unwrap();
            assert_eq!(actor.wait().unwrap(), Ended::Code(101));
        });
    }

    #[test]
    fn nothing_outlives_its_handle_or_its_parent() {
        alone(|| {
            let idle = |_: &Channel| {
                pause();
                0
            };
            let dropped = fork_actor(idle).unwrap().pid;
            assert!(is_gone(dropped));
            let family = fork_actor(|channel| {
                let child = fork_actor(idle).unwrap();
                let spawned = spawn_sleeper();
                channel.send(&child.pid.to_string()).unwrap();
                channel.send(&spawned.pid().to_string()).unwrap();
                idle(channel)
            })
            .unwrap();
            let pids = [(); 2].map(|()| family.channel.recv().unwrap().parse().unwrap());
            for pid in pids {
                assert!(!is_gone(pid));
            }
            drop(family);
            for pid in pids {
                // Whoever inherits them may take its time to bury them, so being gone is not asked for.
                assert!(matches!(until_it_ends(pid, LONG), Ok(true)) || is_gone(pid));
            }
        });
    }

    #[test]
    fn a_process_with_threads_does_not_fork() {
        let refused = fork_actor(|_| 0).unwrap_err().to_string();
        assert!(
            refused.ends_with("threads cannot fork and go on"),
            "{refused}"
        );
    }

    #[test]
    fn this_program_is_started_anew_and_ends_on_request() {
        let mut list = spawn_self(&["--list".into()], |command| {
            command.stdout(Stdio::piped());
        })
        .unwrap();
        let output = std::io::read_to_string(list.child.stdout.take().unwrap()).unwrap();
        assert!(output.contains(SLEEPER), "{output}");
        assert_eq!(list.wait().unwrap(), Ended::Code(0));
        // The thread that asks for it is not the one that it depends on.
        let mut sleeper = std::thread::spawn(spawn_sleeper).join().unwrap();
        let alive = sleeper.wait_for(Duration::from_millis(50)).unwrap();
        assert_eq!(alive, None);
        sleeper.terminate().unwrap();
        let term = Some(Ended::Signal("SIGTERM".to_owned()));
        assert_eq!(sleeper.wait_for(LONG).unwrap(), term);
        sleeper.terminate().expect("a second time is no error");
        let pid = spawn_sleeper().pid();
        assert!(is_gone(pid), "dropped and still there");
    }

    #[test]
    fn signals_have_names() {
        assert_eq!(signal_name(libc::SIGKILL), "SIGKILL");
        assert_eq!(signal_name(40), "signal 40");
    }
}
