//! `sockplay probe`: both ends of a profile in one process, or the client's half against a server that somebody else
//! runs; one profile examined and measured, or several compared.
//!
//! `candidates` makes a profile for each `-c` and each value of `--vary`; `stand` opens and examines one, `ours` is its server; `blocks`
//! measures all of them, in turns; `visit` examines a server of others around that; `findings` holds what was expected against what was found; `export` writes the
//! files. `place` and [`super::interrupt`] keep the machine as it was.

mod blocks;
mod candidates;
mod export;
mod findings;
mod ours;
mod place;
mod progress;
mod stand;
mod visit;

use std::sync::atomic::AtomicBool;

use crate::cli::{Common, Probe};
use crate::engine;
use crate::error::Error;
use crate::event::{Observer, Off};
use crate::profile::Profile;
use crate::socket::{Given, Protocol, Role, Type};
use crate::sys::cores::Cores;
use crate::sys::{self, Sys};

use super::observer::{Ends, Events, Show, Trace};
use super::{dry_run, interrupt, setup};
use blocks::{Entrant, Lanes};
use candidates::Candidate;
use export::Exports;
use findings::Expected;
use ours::Serving;
use stand::{Sockets, Stand};
use visit::Visit;

/// Who runs the server.
#[derive(Clone, Copy, Debug)]
enum Server<'a> {
    /// This process does.
    Ours,
    /// Somebody else does, at the profile's address or at this one; or the kernel itself, which answers ICMP echo.
    Theirs(Option<&'a Given>),
}

pub(super) fn run(args: &Probe) -> Result<(), Error> {
    let common = &args.common;
    let given = setup::given(args.address.as_deref())?;
    let mut candidates = candidates::all(args, given.as_ref())?;
    let expected = Expected::of(args, &candidates)?;
    for candidate in &mut candidates {
        if server_of(&candidate.profile, given.as_ref()).is_ours() {
            place::move_aside(&mut candidate.profile)?;
        }
    }
    if common.dry_run {
        return show_plans(&candidates, given.as_ref(), common);
    }
    setup::logging(&candidates[0].profile, common)?;
    sys::raise_descriptor_limit();
    let events = if common.verbose {
        Events::Log("probe")
    } else {
        Events::Silent
    };
    let ends = if server_of(&candidates[0].profile, given.as_ref()).is_ours() {
        Ends::Both
    } else {
        Ends::Prober
    };
    let mut exports = Exports::open(args, expected, &candidates)?;
    let interrupt = interrupt::watch()?;
    let outcome = match Trace::asked(common, ends)? {
        Some(trace) => {
            let observer = Show::traced(events, trace);
            probe(
                &observer,
                candidates,
                given.as_ref(),
                &mut exports,
                interrupt,
            )
        }
        None if events == Events::Silent => {
            probe(&Off, candidates, given.as_ref(), &mut exports, interrupt)
        }
        None => {
            let observer = Show::events(events);
            probe(
                &observer,
                candidates,
                given.as_ref(),
                &mut exports,
                interrupt,
            )
        }
    };
    exports.finish(outcome)
}

impl Server<'_> {
    fn is_ours(self) -> bool {
        matches!(self, Server::Ours)
    }
}

fn server_of<'a>(profile: &Profile, given: Option<&'a Given>) -> Server<'a> {
    // ICMP echo needs no server of ours.
    let kernel_echoes = profile.socket.ty.value == Type::Raw
        && matches!(
            profile.socket.protocol.value,
            Protocol::ICMP | Protocol::ICMPV6
        );
    match given {
        None if !kernel_echoes => Server::Ours,
        _ => Server::Theirs(given),
    }
}

fn show_plans(
    candidates: &[Candidate],
    given: Option<&Given>,
    common: &Common,
) -> Result<(), Error> {
    let mut plans = Vec::new();
    for Candidate { profile, .. } in candidates {
        if server_of(profile, given).is_ours() {
            plans.push(setup::plan(profile, Role::Serve, None)?);
        }
        plans.push(setup::plan(profile, Role::Connect, given)?);
    }
    dry_run::run(&plans.iter().collect::<Vec<_>>(), common)
}

/// Opens and examines every candidate, then measures all of them in turns. Whatever was found before something failed
/// is in the report of `exports`.
fn probe<O: Observer>(
    observer: &O,
    candidates: Vec<Candidate>,
    given: Option<&Given>,
    exports: &mut Exports,
    halt: &AtomicBool,
) -> Result<(), Error> {
    let sys = Sys::new(observer, "client");
    let (mut stands, mut sockets) = (Vec::new(), Vec::new());
    let several = candidates.len() > 1;
    for candidate in candidates {
        let server = server_of(&candidate.profile, given);
        let label = candidate.label.clone();
        let failed = match Stand::open(sys, candidate, server) {
            Ok(opened) => {
                exports.report.runs.push(opened.run);
                stands.push(opened.stand);
                sockets.push(opened.sockets);
                opened.failed
            }
            Err(error) if several => Some(error.with_help(format!(
                "that is {label}; nothing is compared unless all can be opened"
            ))),
            Err(error) => Some(error),
        };
        let failed = failed.or(exports.write().err());
        if let Some(error) = failed {
            stand::close(sys, sockets);
            return Err(error);
        }
    }
    measure(sys, &stands, sockets, exports, halt)
}

/// Lets every server of ours serve, and all clients send in turns.
fn measure<O: Observer>(
    sys: Sys<'_, O>,
    stands: &[Stand],
    mut sockets: Vec<Sockets>,
    exports: &mut Exports,
    halt: &AtomicBool,
) -> Result<(), Error> {
    let mut servers = Vec::new();
    for (stand, sockets) in stands.iter().zip(&mut sockets) {
        if let (Some(run), Some(server)) = (stand.serving(sys), sockets.server.take()) {
            let opened = engine::workers::beside(run, server);
            servers.push((run, opened));
        }
    }
    if servers.iter().any(|(_, opened)| opened.is_err()) {
        return close_all(sys, servers, sockets);
    }
    interrupt::measuring();
    let cores = Cores::divided().filter(|_| !servers.is_empty());
    if let Some(cores) = &cores {
        cores.of_the_servers();
        for run in &mut exports.report.runs {
            run.load.cores = Some((cores.client, cores.servers.clone()));
        }
    }
    std::thread::scope(|scope| {
        let serving: Vec<Serving<'_>> = servers
            .into_iter()
            .filter_map(|(run, opened)| Some(Serving::start(scope, run, opened.ok()?)))
            .collect();
        if let Some(cores) = &cores {
            cores.of_the_client();
        }
        let mut outcome = clients(sys, stands, sockets, exports, halt);
        if let Some(cores) = &cores {
            cores.release();
        }
        stands.iter().for_each(Stand::stop_serving);
        for server in serving {
            outcome = outcome.and(server.end());
        }
        outcome
    })
}

/// How a server runs, and its sockets, one per worker.
type Opened<'a, O> = (engine::Run<'a, O>, Result<Vec<sys::Server>, Error>);

/// One server could not be opened as often as it has workers: the others go too.
fn close_all<O: Observer>(
    sys: Sys<'_, O>,
    servers: Vec<Opened<'_, O>>,
    sockets: Vec<Sockets>,
) -> Result<(), Error> {
    let mut outcome = Ok(());
    for (run, opened) in servers {
        match opened {
            Ok(all) => {
                for server in all {
                    run.sys.close_server(server);
                }
            }
            Err(error) => outcome = Err(error),
        }
    }
    stand::close(sys, sockets);
    outcome
}

/// The clients' part: who is alone with a server of others examines it too.
fn clients<O: Observer>(
    sys: Sys<'_, O>,
    stands: &[Stand],
    sockets: Vec<Sockets>,
    exports: &mut Exports,
    halt: &AtomicBool,
) -> Result<(), Error> {
    let stands = stands.iter().zip(sockets).enumerate();
    let mut entrants: Vec<Entrant<'_>> = stands
        .map(|(run, (stand, sockets))| Entrant::new(run, stand, sockets.first))
        .collect();
    let visit = match entrants.as_mut_slice() {
        [alone] => Visit::begin(sys, alone, &mut exports.report.runs[0], halt),
        _ => None,
    };
    let outcome = Lanes::open(sys, entrants, halt).and_then(|lanes| lanes.run(exports));
    let Some(visit) = visit else {
        return outcome;
    };
    visit.end(outcome, &mut exports.report.runs[0]);
    Ok(())
}
