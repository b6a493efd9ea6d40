//! Both ends of a profile, or one of them, looked at while one connection stands: what each socket holds, and why.
//!
//! `held` reads every requested option on every socket, `reasons` finds the sentence for each surprise, with what `scene`
//! knows of the handshake; `queue` counts
//! the backlog on a twin of the listener, `buffers` tells who may still change a buffer. Nothing here sends a message
//! that is measured: that is [`super::load`]'s.

mod buffers;
mod held;
mod queue;
mod reasons;
mod scene;

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::error::Error;
use crate::event::{Backlog, Observer};
use crate::measure::Run;
use crate::measure::report::{BacklogFacts, LoadFacts};
use crate::plan::Plan;
use crate::profile::{Profile, Word as _};
use crate::sys::{Blocking, Client, Linger, Readback, Readiness, Server, Sys, errno};

use held::{Ends, Server as ServerEnd};

/// Examines both ends of a profile: connects once, accepts once, reads every requested option on all sockets, closes
/// the two again, and counts on a twin of the listener how many clients its queue takes. The server's socket stays
/// open, with nobody in its queue.
///
/// # Errors
/// A call that a client or the server needs was refused.
pub fn both_ends<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    server: &Server,
    plan: &Plan,
    client_plan: &Plan,
) -> Result<Run, Error> {
    let client = sys.open_client(client_plan, Readback::BeforeAndAfter)?;
    let accepted = accept_one(sys, server, plan, &client)?;
    let on_accepted = match &accepted {
        Some(fd) => sys
            .task("server")
            .set_accepted(fd.as_fd(), plan, Readback::BeforeAndAfter)?,
        None => Vec::new(),
    };
    let ends = Ends {
        client: &client,
        client_plan,
        server: Some(ServerEnd {
            opened: server,
            plan,
            accepted: accepted.as_ref().map(|fd| fd.as_fd()),
            on_accepted: &on_accepted,
        }),
    };
    let mut run = facts(sys, profile, &ends);
    sys.close(client.fd, Linger::AsSet);
    if let Some(fd) = accepted {
        sys.task("server").close(fd, Linger::AsSet);
    }
    run.listener = Some(server.name.ready(plan.triple.ty));
    run.engine = Some(plan.serve.engine.word());
    if let Some(backlog) = server.backlog {
        let (facts, note) = counted(sys, server, plan, backlog);
        run.backlog = Some(facts);
        run.notes.extend(note);
    }
    Ok(run)
}

/// Examines the client's end alone: the server is somebody else's.
pub fn client_only<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    client: &Client,
    plan: &Plan,
) -> Run {
    let ends = Ends {
        client,
        client_plan: plan,
        server: None,
    };
    facts(sys, profile, &ends)
}

/// What there is to say where nobody could be reached.
pub fn nobody<O: Observer>(sys: Sys<'_, O>, profile: &Profile, plan: &Plan) -> Run {
    Run {
        kernel: sys.kernel_says(plan.triple),
        ..blank(profile, plan)
    }
}

fn blank(profile: &Profile, plan: &Plan) -> Run {
    Run {
        profile: profile.name.clone(),
        label: profile.name.clone(),
        triple: plan.triple,
        kernel: String::new(),
        listener: None,
        engine: None,
        backlog: None,
        local: String::new(),
        peer: String::new(),
        connect: Duration::ZERO,
        options: Vec::new(),
        buffers: Vec::new(),
        tcp: None,
        remote: None,
        load: LoadFacts::default(),
        echo: None,
        notes: plan.warnings.clone(),
        toml: crate::profile::show(profile, true),
    }
}

/// Reads again, after the load and while the client's socket is still open, what the load may have changed: its buffers,
/// and what TCP has learned.
pub fn after_load<O: Observer>(sys: Sys<'_, O>, client: BorrowedFd<'_>, run: &mut Run) {
    run.tcp = super::tcp_facts::tcp_facts(sys, client, "client").or(run.tcp.take());
    buffers::again(sys, client, run.triple, &mut run.buffers);
}

fn facts<O: Observer>(sys: Sys<'_, O>, profile: &Profile, ends: &Ends<'_>) -> Run {
    let (client, plan) = (ends.client, ends.client_plan);
    Run {
        kernel: sys.kernel_triple(client.fd.as_fd()),
        local: client.local.ready(plan.triple.ty),
        peer: client.peer.ready(plan.triple.ty),
        connect: client.connect_time,
        options: held::lines(sys, ends),
        buffers: buffers::facts(sys, ends),
        ..blank(profile, plan)
    }
}

/// The backlog asked, kept and counted, and why it was not counted.
fn counted<O: Observer>(
    sys: Sys<'_, O>,
    server: &Server,
    plan: &Plan,
    backlog: Backlog,
) -> (BacklogFacts, Option<String>) {
    let mut facts = BacklogFacts {
        asked: backlog.asked,
        effective: backlog.effective,
        admitted: None,
        more: false,
    };
    match queue::admitted(sys, server, plan) {
        Ok(counted) => {
            facts.admitted = Some(counted.clients);
            facts.more = counted.more;
            (facts, None)
        }
        Err(why) => (facts, Some(format!("the backlog was not counted: {why}"))),
    }
}

/// The server's side of `client`'s connection; `None` where there are none, or it does not come in time.
fn accept_one<O: Observer>(
    sys: Sys<'_, O>,
    server: &Server,
    plan: &Plan,
    client: &Client,
) -> Result<Option<OwnedFd>, Error> {
    if !plan.triple.ty.has_connections() {
        return Ok(None);
    }
    if plan.sets("TCP_DEFER_ACCEPT") {
        // tcp(7): a listener with this option sees a connection only when there are data.
        sys.send(client.fd.as_fd(), b"\n")
            .map_err(|e| errno::failure("send", client.peer.to_string(), &e))?;
    }
    let sys = sys.task("server");
    let patience = i32::try_from(plan.connect.timeout.as_millis()).unwrap_or(i32::MAX);
    let listener = server.fd.as_fd();
    let subject = || server.name.to_string();
    let ready = sys
        .poll(&[(listener, Readiness::Readable)], patience)
        .map_err(|e| errno::failure("poll", subject(), &e))?;
    if ready != [true] {
        return Ok(None);
    }
    let (fd, _) = sys
        .accept(listener, Blocking::Yes)
        .map_err(|e| errno::failure("accept4", subject(), &e))?;
    Ok(Some(fd))
}
