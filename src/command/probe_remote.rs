//! `sockplay probe ADDRESS`: a server that somebody else runs, reached, examined, and put under load if it echoes.
//!
//! What there is to find out is [`crate::measure::remote`]'s business; here is the order of things: contact, load, and then
//! what needs connections of its own, because a server may serve one at a time, or one and no more.

use std::time::Duration;

use crate::error::Error;
use crate::event::Observer;
use crate::measure::report::Remote;
use crate::measure::{Echo, Run, remote};
use crate::plan::Plan;
use crate::profile::Profile;
use crate::socket::{Family, Given, Role, SocketName};
use crate::sys::{Client, Linger, Readback, Sys};

use super::probe::{Outcome, load_over};
use super::probe_sockets::Examined;
use super::setup;

/// How long the peer may be silent in a load: it may not echo at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long either part of an examination may take, before and after the load.
const DEADLINE: Duration = Duration::from_secs(10);
/// The same after a load that has already waited in vain.
const AFTER_TROUBLE: Duration = Duration::from_secs(3);

/// The client's half: whom the name stands for, what the server does, and a load if it echoes or one was asked for.
pub(super) fn examine<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    given: Option<&Given>,
) -> Result<Outcome, Error> {
    let plan = setup::plan(profile, Role::Connect, given)?;
    let reached = remote::reach(sys, profile, given, &plan)?;
    let there = There {
        sys,
        profile,
        plan: &reached.plan,
    };
    match reached.outcome {
        Ok((first, name)) => Ok(there.is_examined(first, &name, reached.remote)),
        Err(error) => {
            let mut run = Examined::nobody().report(profile, there.plan, None, None);
            run.remote = Some(reached.remote);
            Ok(Outcome {
                run,
                failed: Some(error),
            })
        }
    }
}

/// A server that was reached.
struct There<'a, O: Observer> {
    sys: Sys<'a, O>,
    profile: &'a Profile,
    plan: &'a Plan,
}

impl<O: Observer> There<'_, O> {
    fn is_examined(&self, first: Client, name: &SocketName, mut remote: Remote) -> Outcome {
        let (sys, plan, profile) = (self.sys, self.plan, self.profile);
        let examined = Examined::client_only(sys, &first, plan);
        let mut run = examined.report(profile, plan, None, None);
        if first.peer == SocketName::UNNAMED && plan.triple.family != Family::Unix {
            run.notes.push("the peer has no address".into());
        }
        let size = profile.probe.size.value;
        let mut examination = remote::Examination::new(sys, plan, (&first, name), size, DEADLINE);
        run.tcp = examination.tcp(&first);
        let asked = profile.probe.count.is_set();
        let failed = if asked {
            // Whoever asks for so many messages gets them first: the server may be there for one connection only.
            let failed = self.load(Ok(first), name, None, &mut run).err();
            examination.resume(match &run.echo {
                Some(echo) if echo.received == echo.sent => DEADLINE,
                _ => AFTER_TROUBLE,
            });
            if let Some(client) = examination.contact(None) {
                sys.close(client.fd, Linger::AsSet);
            }
            failed
        } else {
            let first = examination.contact(Some(first));
            if examination.is_worth_a_load() {
                let client = first.map_or_else(|| self.open(name), Ok);
                let per_connection = examination.per_connection();
                if let Err(error) = self.load(client, name, per_connection, &mut run) {
                    run.notes.push(no_load(&error.to_string()));
                }
            } else {
                let why =
                    "the server does not just echo (--set probe.count=N runs one all the same)";
                run.notes.push(no_load(why));
            }
            examination.resume(DEADLINE);
            None
        };
        remote.findings = examination.rest();
        run.remote = Some(remote);
        Outcome { run, failed }
    }

    fn open(&self, name: &SocketName) -> Result<Client, Error> {
        self.sys.open_client_at(self.plan, name, Readback::After)
    }

    fn load(
        &self,
        client: Result<Client, Error>,
        name: &SocketName,
        per_connection: Option<u64>,
        run: &mut Run,
    ) -> Result<(), Error> {
        let echo: Echo = load_over(
            self.sys,
            self.profile,
            self.plan,
            client?,
            PATIENCE,
            per_connection,
            || self.open(name),
        )?;
        run.echo = Some(echo);
        Ok(())
    }
}

fn no_load(why: &str) -> String {
    let why = why.lines().next().unwrap_or_default();
    format!("no load was run: {why}")
}
