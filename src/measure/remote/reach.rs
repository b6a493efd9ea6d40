//! From a name to a connection: every address that the name stands for, each tried in turn until one answers.
//!
//! Each attempt has its own time and, if it fails, its own explained errno; nothing here sends a byte but where a
//! datagram socket would otherwise "connect" to nobody.

use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::event::Observer;
use crate::measure::report::{Answer, Attempt, Refusal, Remote, Resolution};
use crate::plan::{NoPlan, Plan};
use crate::profile::Profile;
use crate::socket::{Address, Family, Given, Role, SocketName, Type};
use crate::sys::{Client, Linger, Readback, Readiness, Sys};

/// All attempts together get as long as one may take, and at least this.
const ALL_ATTEMPTS: Duration = Duration::from_secs(10);

/// How long a datagram may take to come back as "port unreachable" before the next address is none of our business.
const KNOCK_MS: i32 = 100;

/// What came of it.
#[derive(Debug)]
pub struct Reached {
    /// Names and attempts; no findings yet.
    pub remote: Remote,
    /// The plan for the address that answered; of the one that was asked for, if none did.
    pub plan: Plan,
    /// The connection and its address, or why there is none: the failure of the last attempt.
    pub outcome: Result<(Client, SocketName), Error>,
}

/// Resolves the address of `plan` and connects to the first of its addresses that answers. Both families are tried if
/// neither profile nor ADDRESS has decided for one. Fails only if there is nothing that could be tried.
pub fn reach<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    given: Option<&Given>,
    plan: &Plan,
) -> Result<Reached, Error> {
    let (names, took) = sys.look_up(&plan.address, plan.triple.family)?;
    let mut reaching = Reaching {
        sys,
        profile,
        given,
        until: Instant::now() + plan.connect.timeout.max(ALL_ATTEMPTS),
        several: names.len() > 1,
    };
    let mut remote = Remote {
        resolution: Resolution {
            name: plan.address.to_string(),
            took,
            answers: Vec::new(),
        },
        ..Remote::default()
    };
    let mut outcome = None;
    let mut used = plan.clone();
    for name in names {
        let passed_over = match &outcome {
            Some(Ok(_)) => Some("an address before it has answered".to_owned()),
            _ => match reaching.plan_for(plan, &name) {
                Ok(plan) => {
                    let (attempt, came) = reaching.attempt(&plan, &name);
                    remote.attempts.push(attempt);
                    used = plan;
                    outcome = Some(came.map(|client| (client, name.clone())));
                    None
                }
                Err(why) => Some(why),
            },
        };
        let is_used = passed_over.is_none() && matches!(outcome, Some(Ok(_)));
        remote.resolution.answers.push(Answer {
            address: name.ready(plan.triple.ty),
            used: is_used,
            passed_over,
        });
    }
    let outcome = outcome.unwrap_or_else(|| Err(nothing_to_try(&remote.resolution)));
    Ok(Reached {
        remote,
        plan: used,
        outcome,
    })
}

fn nothing_to_try(resolution: &Resolution) -> Error {
    let why = resolution
        .answers
        .iter()
        .find_map(|answer| answer.passed_over.clone())
        .unwrap_or_else(|| "the resolver knows no address".to_owned());
    Error::failed(format!(
        "{}: no address could be tried: {why}",
        resolution.name
    ))
    .with_help("set socket.family to the other family, or use another name")
}

struct Reaching<'a, O: Observer> {
    sys: Sys<'a, O>,
    profile: &'a Profile,
    given: Option<&'a Given>,
    until: Instant,
    several: bool,
}

impl<O: Observer> Reaching<'_, O> {
    /// The plan for one address, with what is left of the time, or why it is passed over.
    fn plan_for(&self, plan: &Plan, name: &SocketName) -> Result<Plan, String> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("no time was left for it".to_owned());
        }
        let mut own =
            if name.family() == plan.triple.family || matches!(plan.address, Address::Fd(_)) {
                plan.clone()
            } else {
                self.other_family(name.family())?
            };
        own.connect.timeout = own.connect.timeout.min(left);
        Ok(own)
    }

    fn other_family(&self, family: Family) -> Result<Plan, String> {
        let fixed = &self.profile.socket.family;
        if fixed.is_set() {
            let place = crate::escape::text(&self.profile.place(fixed.origin));
            return Err(format!("{} was asked for ({place})", fixed.value.name()));
        }
        let mut profile = self.profile.clone();
        profile.socket.family.value = family;
        Plan::new(&profile, Role::Connect, self.given).map_err(|no_plan| {
            let why = match no_plan {
                NoPlan::Address(unsuitable) => unsuitable.to_string(),
                NoPlan::Profile(invalid) => invalid
                    .problems
                    .first()
                    .map_or_else(String::new, |p| crate::escape::text(&p.message)),
            };
            format!("the profile does not suit {}: {why}", family.name())
        })
    }

    fn attempt(&mut self, plan: &Plan, name: &SocketName) -> (Attempt, Result<Client, Error>) {
        let before = Instant::now();
        let inherited = matches!(plan.address, Address::Fd(_));
        let opened = if inherited {
            self.sys.open_client(plan, Readback::BeforeAndAfter)
        } else {
            self.sys
                .open_client_at(plan, name, Readback::BeforeAndAfter)
        };
        let opened = opened.and_then(|client| self.somebody_is_there(plan, client));
        let took = match &opened {
            Ok(client) => client.connect_time,
            Err(_) => before.elapsed(),
        };
        let attempt = Attempt {
            address: name.ready(plan.triple.ty),
            took,
            refused: opened.as_ref().err().map(refusal),
        };
        (attempt, opened)
    }

    /// connect(2) of a datagram socket only notes the address. Where a name has several, an empty datagram tells whether
    /// the host says that nobody has the port: then the next address gets its turn.
    fn somebody_is_there(&self, plan: &Plan, client: Client) -> Result<Client, Error> {
        let fd = client.fd.as_fd();
        if !self.several || plan.triple.ty != Type::Datagram || plan.triple.family == Family::Unix {
            return Ok(client);
        }
        let knock = self.sys.send(fd, b"").and_then(|_| {
            self.sys.poll(&[(fd, Readiness::Readable)], KNOCK_MS)?;
            match self.sys.take_error(fd)? {
                None => Ok(()),
                Some(error) => Err(error),
            }
        });
        match knock {
            Err(error) => {
                let failure = super::explained("send", &client.peer.ready(plan.triple.ty), &error);
                self.sys.close(client.fd, Linger::AsSet);
                Err(failure.into())
            }
            Ok(()) => Ok(client),
        }
    }
}

/// Why an attempt failed, on one line.
fn refusal(error: &Error) -> Refusal {
    match error {
        Error::Refused(failure) => {
            let errno = failure.errno.name.clone();
            let said = failure.errno.says.to_lowercase();
            let what = match failure.call {
                "connect" | "send" => said,
                call => format!("{call} {}: {said}", failure.subject),
            };
            let says = match &failure.cause {
                // SO_SNDTIMEO has ended connect(2), and "in progress" is what that is called.
                Some(cause) if errno == "EINPROGRESS" => cause.clone(),
                Some(cause) => format!("{what}: {cause}"),
                None => what,
            };
            Refusal { errno, says }
        }
        other => Refusal {
            errno: String::new(),
            says: other.to_string().lines().next().unwrap_or("").to_owned(),
        },
    }
}
