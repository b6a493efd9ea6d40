//! What each verb does: one function per verb, through the same gate as everything else.
//!
//! [`open`] makes and names sockets, [`option`] sets and reads options, [`talk`] sends and receives once, [`bulk`] often, [`echo`] answers,
//! [`look`] asks for state, [`own`] changes the process itself, [`peer`] has a `sockplay serve` for a partner. An errno is a
//! result like any other; a [`Stop::Script`] says that the file asks for what cannot be tried.

mod bulk;
mod echo;
mod look;
mod open;
mod option;
mod own;
mod peer;
mod talk;

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use super::judge;
use super::outcome::Outcome;
use super::recorder::Recorder;
use super::stage::{Made, Stage};
use super::values::Values;
use crate::event::Off;
use crate::lab::file::step::{Held, Step};
use crate::lab::file::verbs::Verb;
use crate::socket::{Address, Family, Given, SocketName, Triple, UnixName, literal_family};
use crate::sys::{Sys, errno};

/// Why a step came to no result of its own.
#[derive(Debug)]
pub(super) enum Stop {
    /// The kernel refused a call.
    Refused(io::Error),
    /// The file asks for what cannot be tried.
    Script(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        // What has no errno was refused on this side of the kernel.
        match error.raw_os_error() {
            Some(_) => Stop::Refused(error),
            None => Stop::Script(error.to_string()),
        }
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Stop {
        Stop::Script(why)
    }
}

/// What came of one try.
type Acted = Result<Outcome, Stop>;

/// One step in the hands of its actor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    /// The gate; its calls are recorded under the actor's name.
    pub(super) sys: Sys<'a, Recorder>,
    /// What the actors of this process share.
    pub(super) stage: &'a Stage,
    /// The step.
    pub(super) step: &'a Step,
    /// What earlier steps have saved.
    pub(super) values: &'a Values,
    /// When the step must be over.
    pub(super) deadline: Instant,
}

/// How long to wait before the kernel is asked again.
const AGAIN: Duration = Duration::from_millis(1);

/// Does the step; with `until` again and again until it holds or the time is over.
pub(super) fn perform(act: &Act<'_>) -> Outcome {
    let begun = Instant::now();
    loop {
        let mut outcome = attempt(act);
        let over = Instant::now() >= act.deadline;
        if over || outcome.trouble.is_some() || judge::has_come(act.step, &outcome, act.values) {
            if act.step.get("until").is_some() {
                outcome.elapsed_ns = begun.elapsed().as_nanos() as u64;
            }
            return outcome;
        }
        // Only the last try belongs to the story.
        act.sys.observer().take(&act.step.actor);
        thread::sleep(AGAIN);
    }
}

fn attempt(act: &Act<'_>) -> Outcome {
    let begun = Instant::now();
    let mut outcome = once(act).unwrap_or_else(|stop| match stop {
        Stop::Refused(error) => Outcome::failed(errno::of(&error).name),
        Stop::Script(trouble) => Outcome {
            trouble: Some(trouble),
            ..Outcome::of(-1)
        },
    });
    if outcome.elapsed_ns == 0 {
        outcome.elapsed_ns = begun.elapsed().as_nanos() as u64;
    }
    outcome
}

fn once(act: &Act<'_>) -> Acted {
    match act.step.verb {
        Verb::Socket => open::socket(act),
        Verb::Socketpair => open::socketpair(act),
        Verb::Setsockopt => option::set(act),
        Verb::Getsockopt => option::get(act),
        Verb::Bind => open::bind(act),
        Verb::Listen => open::listen(act),
        Verb::Accept => open::accept(act),
        Verb::Connect => open::connect(act),
        Verb::Send => talk::send(act),
        Verb::Sendto => talk::sendto(act),
        Verb::Sendmsg => talk::sendmsg(act),
        Verb::Recv => talk::recv(act),
        Verb::Recvfrom => talk::recvfrom(act),
        Verb::Recvmsg => talk::recvmsg(act),
        Verb::Shutdown => open::shutdown(act),
        Verb::Close => open::close(act),
        Verb::Poll => look::poll(act),
        Verb::Getsockname => open::getsockname(act),
        Verb::Getpeername => open::getpeername(act),
        Verb::Dup => open::dup(act),
        Verb::Ioctl => look::ioctl(act),
        Verb::Fill => bulk::fill(act),
        Verb::Write => bulk::write(act),
        Verb::Gather => bulk::gather(act),
        Verb::Exchange => bulk::exchange(act),
        Verb::Echo => echo::echo(act),
        Verb::Crowd => bulk::crowd(act),
        Verb::AcceptAll => bulk::accept_all(act),
        Verb::State => look::state(act),
        Verb::Queue => look::queue(act),
        Verb::Sysctl => look::sysctl(act),
        Verb::Sum => look::sum(act),
        Verb::Decode => look::decode(act),
        Verb::Pause => own::pause(act),
        Verb::Chmod => own::chmod(act),
        Verb::Drop => own::drop_capability(act),
        Verb::Limit => own::limit(act),
        Verb::Serve => peer::serve(act),
        Verb::Says => peer::says(act),
        Verb::Stops => peer::stops(act),
        // The runner's own: they never reach an actor.
        Verb::Note | Verb::Returns | Verb::Exit => Ok(Outcome::default()),
    }
}

impl<'a> Act<'a> {
    /// Looks at the kernel without a line in the story.
    pub(super) fn unseen(&self) -> Sys<'static, Off> {
        Sys::new(&Off, "")
    }

    /// The socket that the step is about.
    pub(super) fn fd(&self) -> Result<Made, Stop> {
        let name = self.step.text("fd").unwrap_or_default();
        Ok(self.stage.socket(name)?)
    }

    /// Text with its values.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Stop> {
        let filled = self.step.text(key).map(|text| self.values.fill(text));
        Ok(filled.transpose()?)
    }

    /// A number that must be there.
    pub(super) fn number(&self, key: &str) -> Result<i64, Stop> {
        match self.step.get(key) {
            Some(Held::Number(n)) => Ok(*n),
            Some(Held::Text(text)) => {
                let filled = self.values.fill(text)?;
                crate::lab::file::wanted::number(&filled)
                    .ok_or_else(|| Stop::Script(format!("`{key}` is no number: {filled}")))
            }
            _ => Err(Stop::Script(format!("`{key}` is missing"))),
        }
    }

    /// A number, or what is usual.
    pub(super) fn number_or(&self, key: &str, usual: i64) -> Result<i64, Stop> {
        match self.step.get(key) {
            Some(_) => self.number(key),
            None => Ok(usual),
        }
    }

    /// A number of bytes, within what an experiment may ask for.
    pub(super) fn bytes(&self, key: &str, usual: usize) -> Result<usize, Stop> {
        const MOST: i64 = 128 << 20;
        let n = self.number_or(key, usual as i64)?;
        usize::try_from(n)
            .ok()
            .filter(|_| n <= MOST)
            .ok_or_else(|| Stop::Script(format!("`{key}` must be from 0 to 128 MiB, not {n}")))
    }

    /// What the step sends: text, hexadecimal digits, or a pattern of so many bytes.
    pub(super) fn payload(&self) -> Result<Vec<u8>, Stop> {
        if let Some(text) = self.step.text("data") {
            return Ok(self.values.fill_bytes(text)?);
        }
        if let Some(digits) = self.step.text("hex") {
            let digits: String = self.values.fill(digits)?.split_whitespace().collect();
            return unhex(&digits)
                .ok_or_else(|| Stop::Script("`hex` is no pairs of digits".into()));
        }
        Ok(pattern(self.bytes("bytes", 0)?))
    }

    /// The address of the key `address`, for a socket like this.
    pub(super) fn address(&self, triple: Option<Triple>) -> Result<SocketName, Stop> {
        let text = self.text("address")?.unwrap_or_default();
        if text == "@" {
            return Ok(SocketName::UNNAMED);
        }
        let bad = |why: &dyn std::fmt::Display| Stop::Script(format!("{text}: {why}"));
        let given = Given::parse(&text).map_err(|e| bad(&e))?;
        match &given.address {
            Address::Unix(UnixName::Unnamed) => Ok(SocketName::UNNAMED),
            Address::Unix(name) => Ok(SocketName::Unix(name.clone())),
            Address::Fd(_) => Err(bad(&"a descriptor is no address")),
            Address::Inet { host, .. } => {
                let family = literal_family(host).or(triple.map(|t| t.family));
                let family = family.unwrap_or(Family::Ipv4);
                let names = self
                    .unseen()
                    .resolve(&given.address, family)
                    .map_err(|e| bad(&e))?;
                names.into_iter().next().ok_or_else(|| bad(&"no address"))
            }
        }
    }
}

impl Made {
    /// Its descriptor.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Bytes by which a receiver can tell where he is: 0 to 250, again and again.
pub(super) fn pattern(len: usize) -> Vec<u8> {
    (0..=250u8).cycle().take(len).collect()
}

/// Pairs of hexadecimal digits as bytes.
pub(super) fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || digits.len() % 2 != 0 {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    (0..digits.len()).step_by(2).map(pair).collect()
}
