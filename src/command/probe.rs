//! `sockplay probe`: both ends of a profile in one process, or the client's half against anything that echoes.

use std::thread;
use std::time::Duration;

use crate::cli::{Common, Probe};
use crate::engine::{self, Books};
use crate::error::Error;
use crate::event::{Observer, Off};
use crate::measure::message::Messages;
use crate::measure::{Load, Run, load};
use crate::plan::Plan;
use crate::profile::{Profile, ReplyKey, RequestsKey, Setting};
use crate::render::probe::{json, text};
use crate::socket::{Given, Protocol, Role, Type};
use crate::sys::Readback;
use crate::sys::packet::Codec;
use crate::sys::stop::{Level, Stop};
use crate::sys::{self, Client, Server, Sys};

use super::observer::{Events, Show, Tasks, Trace};
use super::probe_place::{Place, move_aside};
use super::probe_sockets::Examined;
use super::{connect, dry_run, output, probe_remote, setup};

/// How long a stream may be silent before the probe gives up.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(args: &Probe) -> Result<(), Error> {
    let common = &args.common;
    let given = setup::given(args.address.as_deref())?;
    let mut profile = setup::profile(common, given.as_ref(), setup::Start::Address)?;
    let local = given.is_none() && !kernel_echoes(&profile);
    if local {
        move_aside(&mut profile)?;
    }
    if common.dry_run {
        return show_plans(&profile, given.as_ref(), local, common);
    }
    let place = if local {
        Some(Place::make(&mut profile)?)
    } else {
        None
    };
    setup::logging(&profile, common)?;
    sys::raise_descriptor_limit();
    connect::exit_on_interrupt(place.as_ref().and_then(|p| p.directory.clone()))?;
    let events = if common.verbose {
        Events::Log("probe")
    } else {
        Events::Silent
    };
    let outcome = match Trace::asked(common, Tasks::Several)? {
        Some(trace) => probe(
            &Show::traced(events, trace),
            &mut profile,
            given.as_ref(),
            place,
        ),
        None if events == Events::Silent => probe(&Off, &mut profile, given.as_ref(), place),
        None => probe(&Show::events(events), &mut profile, given.as_ref(), place),
    }?;
    let report = outcome.run;
    if common.json {
        output::json(&json(&report))?;
    } else {
        output::text(&text(&report))?;
    }
    if let Some(error) = outcome.failed {
        return Err(error);
    }
    match &report.echo {
        Some(echo) if echo.received < echo.sent => Err(Error::Said),
        _ => Ok(()),
    }
}

fn show_plans(
    profile: &Profile,
    given: Option<&Given>,
    local: bool,
    common: &Common,
) -> Result<(), Error> {
    let client = setup::plan(profile, Role::Connect, given)?;
    if !local {
        return dry_run::run(&[&client], common);
    }
    let server = setup::plan(profile, Role::Serve, None)?;
    dry_run::run(&[&server, &client], common)
}

fn probe<O: Observer>(
    observer: &O,
    profile: &mut Profile,
    given: Option<&Given>,
    place: Option<Place>,
) -> Result<Outcome, Error> {
    let sys = Sys::new(observer, "client");
    match place {
        Some(_place) => both_ends(sys, profile).map(|run| Outcome { run, failed: None }),
        None => probe_remote::examine(sys, profile, given),
    }
}

/// ICMP echo needs no server of ours.
fn kernel_echoes(profile: &Profile) -> bool {
    profile.socket.ty.value == Type::Raw
        && matches!(
            profile.socket.protocol.value,
            Protocol::ICMP | Protocol::ICMPV6
        )
}

/// A report, and why there is no more of it.
pub(super) struct Outcome {
    pub(super) run: Run,
    pub(super) failed: Option<Error>,
}

fn both_ends<O: Observer>(sys: Sys<'_, O>, profile: &mut Profile) -> Result<Run, Error> {
    let plan = setup::plan(profile, Role::Serve, None)?;
    let server_sys = sys.task("server");
    engine::possible(server_sys, &plan)?;
    let server = server_sys.open_server(&plan, Readback::BeforeAndAfter)?;
    if let Some(port) = server.name.port().filter(|_| plan.triple.has_ports()) {
        profile.address.port = Setting::flag(port, "probe");
    }
    let client_plan = setup::plan(profile, Role::Connect, None)?;
    let examined = Examined::look(sys, &server, &plan, &client_plan)?;
    let listener = server.name.ready(plan.triple.ty);
    let backlog = server.backlog;
    let mut report = examined.report(profile, &client_plan, Some(listener), backlog);
    if plan.serve.reply != ReplyKey::Echo || plan.serve.requests == RequestsKey::Count(0) {
        let why = if plan.serve.reply == ReplyKey::Echo {
            "requests = 0"
        } else {
            "reply is not \"echo\""
        };
        report.notes.push(format!(
            "no round trip was measured: the server does not echo ({why})"
        ));
        server_sys.close_server(server);
        return Ok(report);
    }
    let echo = measured(sys, profile, &client_plan, &plan, server)?;
    report.echo = Some(echo);
    Ok(report)
}

/// The server in a thread of its own, the load in this one.
fn measured<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    client_plan: &Plan,
    plan: &Plan,
    server: Server,
) -> Result<crate::measure::Echo, Error> {
    let rules = engine::rules::rules(plan);
    let (books, stop) = (Books::new(engine::workers::count(plan)), Stop::default());
    let run = engine::Run {
        sys: sys.task("server"),
        plan,
        rules: &rules,
        books: &books,
        stop: &stop,
    };
    let servers = engine::workers::beside(run, server)?;
    thread::scope(|scope| {
        let serving = scope.spawn(move || engine::serve(run, servers));
        let per_connection = match plan.serve.requests {
            RequestsKey::Count(n) if plan.triple.ty.has_connections() => Some(u64::from(n)),
            _ => None,
        };
        let outcome = run_load(sys, profile, client_plan, PATIENCE, per_connection);
        stop.raise(Level::Closing, Some(Duration::ZERO));
        stop.raise(Level::Now, None);
        match (outcome, serving.join()) {
            (Ok(echo), Ok(Ok(()))) => Ok(echo),
            (Err(error), _) | (_, Ok(Err(error))) => Err(error),
            (_, Err(_)) => Err(Error::failed("the server's thread ended early")),
        }
    })
}

fn run_load<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    plan: &Plan,
    patience: Duration,
    per_connection: Option<u64>,
) -> Result<crate::measure::Echo, Error> {
    let open = || sys.open_client(plan, Readback::After);
    load_over(sys, profile, plan, open()?, patience, per_connection, open)
}

pub(super) fn load_over<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    plan: &Plan,
    first: Client,
    patience: Duration,
    per_connection: Option<u64>,
    open: impl FnMut() -> Result<Client, Error>,
) -> Result<crate::measure::Echo, Error> {
    let messages = Messages::new(&plan.framing, profile.probe.size.value);
    let load = Load {
        count: profile.probe.count.value,
        writes: profile.probe.writes.value,
        patience,
        per_connection,
    };
    load::run(
        sys,
        first,
        plan.triple.ty,
        &Codec::new(plan.triple),
        &messages,
        &load,
        open,
    )
}
