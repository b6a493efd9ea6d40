//! One candidate while it is open: its server, if that is ours, what its client sends, and what was found out.

use std::time::Duration;

use crate::engine;
use crate::error::Error;
use crate::event::Observer;
use crate::measure::load::{Amount, Form};
use crate::measure::message::Messages;
use crate::measure::report::LoadFacts;
use crate::measure::{Load, Run, local, remote};
use crate::plan::Plan;
use crate::profile::{FramingKey, Profile, ReplyKey, RequestsKey, Setting};
use crate::socket::{Family, Given, Role, SocketName};
use crate::sys::packet::Codec;
use crate::sys::{Client, Linger, Readback, Server, Sys};

use super::super::interrupt;
use super::super::setup;
use super::Server as Whose;
use super::candidates::{Asked, Candidate};
use super::ours::{Ours, no_echo};
use super::place::Place;

/// How long a peer may be silent before the load is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same against a peer that may not echo at all.
const REMOTE_PATIENCE: Duration = Duration::from_secs(5);

/// One candidate, open.
pub(super) struct Stand {
    /// What the client follows.
    pub(super) client: Plan,
    /// What it sends, and how.
    pub(super) load: Load,
    /// Whether that was asked for.
    pub(super) asked: Asked,
    /// Whether its amount was.
    pub(super) amount: Asked,
    /// Bytes of a message as the profile has them.
    asked_size: usize,
    codec: Codec,
    messages: Messages,
    /// The server's half, if it is ours.
    ours: Option<Ours>,
    /// The server's address, if it is not.
    pub(super) theirs: Option<SocketName>,
    /// Whether there is anything to measure.
    pub(super) echoes: Asked,
    /// Removed when everything is closed.
    place: Option<Place>,
}

/// What opening a candidate gives.
pub(super) struct Opened {
    pub(super) stand: Stand,
    /// What was found out so far.
    pub(super) run: Run,
    /// Sockets that are open.
    pub(super) sockets: Sockets,
    /// Why nothing can follow, if that is so.
    pub(super) failed: Option<Error>,
}

/// The sockets of a stand, on their way to whoever uses them.
#[derive(Default)]
pub(super) struct Sockets {
    /// A server of ours, which nobody serves yet.
    pub(super) server: Option<Server>,
    /// A connection that is there already, for the load.
    pub(super) first: Option<Client>,
}

/// Closes sockets that nobody will use: nothing follows.
pub(super) fn close<O: Observer>(sys: Sys<'_, O>, all: Vec<Sockets>) {
    for sockets in all {
        if let Some(server) = sockets.server {
            sys.task("server").close_server(server);
        }
        if let Some(client) = sockets.first {
            sys.close(client.fd, Linger::AsSet);
        }
    }
}

impl Stand {
    /// Opens and examines a candidate.
    pub(super) fn open<O: Observer>(
        sys: Sys<'_, O>,
        candidate: Candidate,
        server: Whose<'_>,
    ) -> Result<Opened, Error> {
        let label = candidate.label.clone();
        let (samples, amount) = (candidate.samples, candidate.amount);
        let mut notes = notes(&candidate.profile, server);
        let mut opened = match server {
            Whose::Ours => Stand::both_ends(sys, candidate)?,
            Whose::Theirs(given) => Stand::client_half(sys, &candidate, given)?,
        };
        opened.run.label = label;
        opened.stand.load.keep_samples = samples == Asked::Yes;
        opened.stand.amount = amount;
        let size = opened.stand.size();
        let asked = opened.stand.asked_size;
        if size != asked {
            notes.push(format!(
                "a message has {size} bytes and not {asked}: its framing leaves no other size"
            ));
        }
        opened.run.notes.extend(notes);
        opened.run.load = opened.stand.facts();
        Ok(opened)
    }

    fn both_ends<O: Observer>(sys: Sys<'_, O>, candidate: Candidate) -> Result<Opened, Error> {
        let Candidate {
            mut profile, load, ..
        } = candidate;
        let place = Place::make(&mut profile)?;
        if let Some(directory) = &place.directory {
            interrupt::remember(directory.clone());
        }
        let plan = setup::plan(&profile, Role::Serve, None)?;
        let server_sys = sys.task("server");
        engine::possible(server_sys, &plan)?;
        let server = server_sys.open_server(&plan, Readback::BeforeAndAfter)?;
        if let Some(port) = server.name.port().filter(|_| plan.triple.has_ports()) {
            profile.address.port = Setting::flag(port, "probe");
        }
        let examined = setup::plan(&profile, Role::Connect, None).and_then(|client| {
            let run = local::both_ends(sys, &profile, &server, &plan, &client)?;
            Ok((client, run))
        });
        let (client, mut run) = match examined {
            Ok(both) => both,
            Err(error) => {
                server_sys.close_server(server);
                return Err(error);
            }
        };
        let mut stand = Stand::new(&profile, client, load, PATIENCE);
        stand.place = Some(place);
        if let Some(why) = no_echo(&plan) {
            let note = format!("no round trip was measured: the server does not echo ({why})");
            run.notes.push(note);
            stand.echoes = Asked::No;
        }
        stand.load.per_connection = match plan.serve.requests {
            RequestsKey::Count(n) if plan.triple.ty.has_connections() => Some(u64::from(n)),
            _ => None,
        };
        stand.ours = Some(Ours::new(plan));
        let sockets = Sockets {
            server: Some(server),
            first: None,
        };
        Ok(Opened {
            stand,
            run,
            sockets,
            failed: None,
        })
    }

    /// Reaches a server of somebody else's. If nobody answers, what was tried is told beside the error.
    fn client_half<O: Observer>(
        sys: Sys<'_, O>,
        candidate: &Candidate,
        given: Option<&Given>,
    ) -> Result<Opened, Error> {
        let profile = &candidate.profile;
        let plan = setup::plan(profile, Role::Connect, given)?;
        let remote::Reached {
            remote,
            plan,
            outcome,
        } = remote::reach(sys, profile, given, &plan)?;
        let (first, name, failed) = match outcome {
            Ok((client, name)) => (Some(client), Some(name), None),
            Err(error) => (None, None, Some(error)),
        };
        let mut run = if let Some(client) = &first {
            local::client_only(sys, profile, client, &plan)
        } else {
            local::nobody(sys, profile, &plan)
        };
        run.remote = Some(remote);
        let unnamed = first
            .as_ref()
            .is_some_and(|c| c.peer == SocketName::UNNAMED);
        if unnamed && plan.triple.family != Family::Unix {
            run.notes.push("the peer has no address".into());
        }
        let mut stand = Stand::new(profile, plan, candidate.load, REMOTE_PATIENCE);
        stand.theirs = name;
        Ok(Opened {
            stand,
            run,
            sockets: Sockets {
                server: None,
                first,
            },
            failed,
        })
    }

    /// Another connection of the same kind.
    pub(super) fn connect<O: Observer>(&self, sys: Sys<'_, O>) -> Result<Client, Error> {
        match &self.theirs {
            Some(name) => sys.open_client_at(&self.client, name, Readback::Nothing),
            None => sys.open_client(&self.client, Readback::Nothing),
        }
    }

    fn new(profile: &Profile, client: Plan, asked: Asked, patience: Duration) -> Stand {
        let probe = &profile.probe;
        let amount = match &probe.duration {
            Some(time) => Amount::Time(time.value),
            None => Amount::Count(probe.count.value),
        };
        let load = Load {
            amount,
            connections: probe.connections.value as usize,
            pipeline: probe.pipeline.value as usize,
            rate: probe.rate.as_ref().map(|rate| rate.value),
            writes: probe.writes.value,
            warmup: probe.warmup.value,
            patience,
            per_connection: None,
            keep_samples: false,
        };
        // Messages with boundaries need no framing, and have sockperf's header all the same.
        let framing = match profile.serve.reply.value {
            ReplyKey::Sockperf => &FramingKey::Sockperf,
            _ => &client.framing,
        };
        Stand {
            messages: Messages::new(framing, probe.size.value),
            codec: Codec::new(client.triple),
            client,
            load,
            asked,
            amount: asked,
            asked_size: probe.size.value,
            ours: None,
            theirs: None,
            echoes: Asked::Yes,
            place: None,
        }
    }

    /// What a message is.
    pub(super) fn form(&self) -> Form<'_> {
        Form {
            ty: self.client.triple.ty,
            codec: &self.codec,
            messages: &self.messages,
        }
    }

    /// Bytes of a message.
    pub(super) fn size(&self) -> usize {
        self.messages.size()
    }

    fn facts(&self) -> LoadFacts {
        LoadFacts {
            size: self.messages.size(),
            connections: self.load.connections,
            pipeline: self.load.pipeline,
            writes: self.load.writes,
            rate: self.load.rate,
            warmup: self.load.warmup,
            cores: None,
        }
    }

    /// Tells a server of ours that it is over.
    pub(super) fn stop_serving(&self) {
        if let Some(ours) = &self.ours {
            ours.stop();
        }
    }

    /// How its server runs, if that is ours.
    pub(super) fn serving<'a, O: Observer>(
        &'a self,
        sys: Sys<'a, O>,
    ) -> Option<engine::Run<'a, O>> {
        Some(self.ours.as_ref()?.run(sys))
    }
}

/// What to know of a profile before its numbers.
fn notes(profile: &Profile, server: Whose<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if !server.is_ours() {
        return notes;
    }
    let pause = &profile.serve.pause;
    for (name, time) in [
        ("before_accept", pause.before_accept.value),
        ("before_read", pause.before_read.value),
        ("between_reads", pause.between_reads.value),
        ("before_close", pause.before_close.value),
    ] {
        if !time.is_zero() {
            let time = humantime::format_duration(time);
            notes.push(format!("the profile's server pauses: {name} = {time}"));
        }
    }
    notes
}
