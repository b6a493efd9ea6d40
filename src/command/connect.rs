//! `sockplay connect`: talk to a server. A byte pipe when standard input is no terminal, line by line when it is one.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::thread;

use crate::cli::Connect;
use crate::error::Error;
use crate::event::{Event, Observer, Off};
use crate::plan::Plan;
use crate::socket::Role;
use crate::sys::Readback;
use crate::sys::Sys;
use crate::sys::stop::{Asks, Signals, Stop};

use super::observer::{Ends, Events, Show, Trace};
use super::pipe::{self, Output};
use super::{dry_run, output as out, setup};

pub(super) fn run(args: &Connect) -> Result<(), Error> {
    let common = &args.common;
    let given = setup::given(args.address.as_deref())?;
    let profile = setup::profile(
        args.config.as_deref(),
        &common.overlays(),
        given.as_ref(),
        setup::Start::Address,
    )?;
    let plan = setup::plan(&profile, Role::Connect, given.as_ref())?;
    if common.dry_run {
        return dry_run::run(&[&plan], common);
    }
    setup::logging(&profile, common)?;
    exit_on_interrupt(None)?;
    // A pipe is silent: what became of the options is said on a terminal, or when asked for.
    let talkative = !common.quiet && (common.verbose || std::io::stdin().is_terminal());
    let events = match (common.json, talkative) {
        (true, _) => Events::Json("connect"),
        (false, true) => Events::Log("client"),
        (false, false) => Events::Silent,
    };
    let output = match (common.json, out::is_terminal()) {
        (true, _) => Output::Events,
        (false, true) => Output::Escaped,
        (false, false) => Output::Payload,
    };
    match Trace::asked(common, Ends::Client)? {
        Some(trace) => converse(&Show::traced(events, trace), &plan, output),
        None if events == Events::Silent => converse(&Off, &plan, output),
        None => converse(&Show::events(events), &plan, output),
    }
}

fn converse<O: Observer>(observer: &O, plan: &Plan, output: Output) -> Result<(), Error> {
    let sys = Sys::new(observer, "client");
    let client = sys.open_client(plan, Readback::After)?;
    if output == Output::Events {
        observer.event(&Event::Connected {
            local: &client.local,
            peer: &client.peer,
        });
    }
    let terminal = std::io::stdin().is_terminal();
    let ready = plan.triple.ty;
    if terminal {
        let (local, peer) = (client.local.ready(ready), client.peer.ready(ready));
        out::problem(&format!(
            "Connected to {peer} from {local}. Type a line; Ctrl-D ends, Ctrl-C interrupts."
        ));
    }
    pipe::run(sys, &client, plan, output)?.outcome()
}

/// Ctrl-C ends a conversation wherever it is waiting: exit 130, as a shell reports it.
/// `directory` is a temporary one of ours, which must not stay behind.
pub(super) fn exit_on_interrupt(directory: Option<PathBuf>) -> Result<(), Error> {
    let signals = Signals::take().map_err(|e| Error::failed(format!("signalfd: {e}")))?;
    let wait = move || {
        let stop = Stop::default();
        loop {
            let asks = signals.next(&stop);
            if asks != Asks::Counters
                && let Some(directory) = &directory
            {
                // Exiting is all that is left to do, whether or not this works.
                let _ = std::fs::remove_dir_all(directory);
            }
            match asks {
                Asks::Interrupt => std::process::exit(i32::from(Error::Interrupted.exit())),
                Asks::Terminate => std::process::exit(128 + 15),
                Asks::Counters => {}
            }
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .map(drop)
        .map_err(|e| Error::failed(format!("cannot start the thread that reads signals: {e}")))
}
