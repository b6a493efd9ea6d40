//! `sockplay serve`: open the profile's socket, say what became of it, answer whoever comes, stop in order.

use std::thread;
use std::time::Duration;

use crate::cli::Serve;
use crate::engine::{self, Books};
use crate::error::Error;
use crate::event::{Event, Observer, Off};
use crate::plan::Plan;
use crate::profile::Setting;
use crate::session::Rules;
use crate::socket::Role;
use crate::sys::stop::{Asks, Level, Signals, Stop};
use crate::sys::{self, Sys};

use super::observer::{Ends, Events, Show, Trace};
use super::{dry_run, output, setup};

pub(super) fn run(args: &Serve) -> Result<(), Error> {
    let common = &args.common;
    let given = setup::given(args.address.as_deref())?;
    let mut profile = setup::profile(
        args.config.as_deref(),
        &common.overlays(),
        given.as_ref(),
        setup::Start::Article,
    )?;
    if let Some(engine) = args.engine {
        profile.serve.engine = Setting::flag(engine, "--engine");
    }
    if args.sockperf {
        setup::speak_sockperf(&mut profile);
    }
    let plan = setup::plan(&profile, Role::Serve, given.as_ref())?;
    if common.dry_run {
        return dry_run::run(&[&plan], common);
    }
    setup::logging(&profile, common)?;
    sys::raise_descriptor_limit();
    for caveat in dry_run::known_in_advance(&plan) {
        log::warn!(target: "server", "{caveat}");
    }
    let events = match (common.quiet, common.json) {
        (false, false) => Events::Log("server"),
        (false, true) => Events::LogAndJson("server", "serve"),
        (true, true) => Events::Json("serve"),
        (true, false) => Events::Silent,
    };
    match (Trace::asked(common, Ends::Server)?, events) {
        (Some(trace), events) => serve(Show::traced(events, trace), plan, common.json),
        (None, Events::Silent) => serve(Off, plan, common.json),
        (None, events) => serve(Show::events(events), plan, common.json),
    }
}

/// What the thread that reads the signals shares with the engine. It lives as long as the process: that thread has no
/// other end.
struct Run<O> {
    observer: O,
    plan: Plan,
    rules: Rules,
    books: Books,
    stop: Stop,
}

fn serve<O: Observer + Send + 'static>(observer: O, plan: Plan, json: bool) -> Result<(), Error> {
    let rules = engine::rules::rules(&plan);
    let workers = engine::workers::count(&plan);
    let run: &'static Run<O> = Box::leak(Box::new(Run {
        observer,
        plan,
        rules,
        books: Books::new(workers),
        stop: Stop::default(),
    }));
    let signals = Signals::take().map_err(|e| Error::failed(format!("signalfd: {e}")))?;
    let plan = &run.plan;
    let shared = engine::Run {
        sys: Sys::new(&run.observer, "server"),
        plan,
        rules: &run.rules,
        books: &run.books,
        stop: &run.stop,
    };
    run.observer.event(&Event::Starting {
        profile: &plan.profile,
        triple: plan.triple,
    });
    let servers = engine::open(shared)?;
    let server = &servers[0];
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || answer_signals(run, &signals))
        .map_err(|e| Error::failed(format!("cannot start the thread that reads signals: {e}")))?;
    run.observer.event(&Event::Listening {
        name: &server.name,
        triple: plan.triple,
        backlog: server.backlog,
    });
    if servers.len() > 1 {
        let note = format!("{} workers, a socket of its own each", servers.len());
        run.observer.event(&Event::Note(&note));
    }
    if !json && !output::is_terminal() {
        output::line(&format!(
            "listening on {}",
            server.name.ready(plan.triple.ty)
        ))?;
    }
    let outcome = engine::serve(shared, servers);
    let accounts = run.books.accounts();
    if outcome.is_ok() && run.stop.level() != Level::Running {
        run.observer.event(&Event::Note("Server closed by user."));
    }
    run.observer.event(&Event::Stopped(&accounts));
    outcome?;
    match accounts.bytes_lost_at_stop {
        0 => Ok(()),
        n => Err(Error::failed(format!(
            "{n} received bytes were given up when the server was stopped"
        ))),
    }
}

/// The first INT or TERM begins the end, the second is the end; USR1 asks for the counters.
fn answer_signals<O: Observer>(run: &'static Run<O>, signals: &Signals) {
    let drain = run.plan.serve.drain_timeout;
    loop {
        let asks = signals.next(&run.stop);
        match (asks, run.stop.level()) {
            (Asks::Counters, _) => run.observer.event(&Event::Counters(&run.books.accounts())),
            (Asks::Interrupt, Level::Running) => begin_to_stop(run, Level::Closing, drain),
            (Asks::Terminate, Level::Running) => begin_to_stop(run, Level::Draining, drain),
            (Asks::Interrupt | Asks::Terminate, _) => run.stop.raise(Level::Now, None),
        }
    }
}

fn begin_to_stop<O: Observer>(run: &Run<O>, level: Level, drain: Duration) {
    let open = run.books.connections();
    if open > 0 {
        let (s, seconds) = (
            if open == 1 { "" } else { "s" },
            humantime::format_duration(drain),
        );
        let text =
            format!("waiting for {open} connection{s}, at most {seconds}; Ctrl-C again stops now");
        run.observer.event(&Event::Note(&text));
    }
    run.stop.raise(level, Some(drain));
}
