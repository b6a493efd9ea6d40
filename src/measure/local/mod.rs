//! What each socket of a probe holds: the listener, an accepted socket, the client.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::error::Error;
use crate::event::{Backlog, Observer, OptionReport};
use crate::measure::Run;
use crate::measure::message::Messages;
use crate::measure::report::{BacklogFacts, LoadFacts, OptionLine, SocketFacts};
use crate::option::Value;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::socket::Triple;
use crate::sys::{Blocking, Client, Linger, Readback, Readiness, Server, Sys, errno};

/// Examines both ends of a profile: connects once, accepts once, reads every requested option on all sockets, closes
/// the two again. The server's socket stays open, with nobody in its queue.
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
    let examined = Examined::look(sys, server, plan, client_plan)?;
    let listener = server.name.ready(plan.triple.ty);
    Ok(examined.report(profile, client_plan, Some(listener), server.backlog))
}

/// Examines the client's end alone: the server is somebody else's.
pub fn client_only<O: Observer>(
    sys: Sys<'_, O>,
    profile: &Profile,
    client: &Client,
    plan: &Plan,
) -> Run {
    Examined::client_only(sys, client, plan).report(profile, plan, None, None)
}

/// Looks at the client's socket once more after the load: what TCP has learned, and how far the buffers have grown.
pub fn after_load<O: Observer>(sys: Sys<'_, O>, client: BorrowedFd<'_>, run: &mut Run) {
    run.tcp = super::tcp_facts::tcp_facts(sys, client, "client").or(run.tcp.take());
}

/// What there is to say where nobody could be reached.
pub fn nobody(profile: &Profile, plan: &Plan) -> Run {
    Examined::nobody().report(profile, plan, None, None)
}

/// The sockets of a probe, looked at once.
struct Examined {
    kernel: String,
    local: String,
    peer: String,
    connect: Duration,
    options: Vec<OptionLine>,
}

/// One report of a set option, and on which socket it was set.
type SetOn = (OptionReport, &'static str);

impl Examined {
    /// Connects once, accepts once, reads every requested option on all three sockets, and closes the two again.
    fn look<O: Observer>(
        sys: Sys<'_, O>,
        server: &Server,
        plan: &Plan,
        client_plan: &Plan,
    ) -> Result<Examined, Error> {
        let client = sys.open_client(client_plan, Readback::BeforeAndAfter)?;
        let on_server = if plan.triple.ty.has_connections() {
            "listener"
        } else {
            "server"
        };
        let mut set: Vec<SetOn> = server
            .reports
            .iter()
            .map(|r| (r.clone(), on_server))
            .collect();
        let accepted = accept_one(sys, server, plan, &client)?;
        if let Some(fd) = &accepted {
            let reports = sys
                .task("server")
                .set_accepted(fd.as_fd(), plan, Readback::After)?;
            set.extend(reports.into_iter().map(|r| (r, "accepted")));
        }
        // The same option on both ends is one line: the server's, with what the client holds beside it.
        let known = |name: &str, set: &[SetOn]| set.iter().any(|(r, _)| r.name == name);
        let only_client: Vec<_> = client
            .reports
            .iter()
            .filter(|r| !known(&r.name, &set))
            .cloned()
            .collect();
        set.extend(only_client.into_iter().map(|r| (r, "client")));
        let options = set
            .into_iter()
            .map(|(report, set_on)| {
                let held = SocketFacts {
                    fresh: None,
                    listener: read(sys, server.fd.as_fd(), &report, plan.triple),
                    accepted: accepted
                        .as_ref()
                        .and_then(|fd| read(sys, fd.as_fd(), &report, plan.triple)),
                    client: read(sys, client.fd.as_fd(), &report, plan.triple),
                };
                OptionLine {
                    report,
                    set_on,
                    held,
                    why_held: Vec::new(),
                }
            })
            .collect();
        let examined = Examined::of(sys, &client, plan, options);
        sys.close(client.fd, Linger::AsSet);
        if let Some(fd) = accepted {
            sys.task("server").close(fd, Linger::AsSet);
        }
        Ok(examined)
    }

    /// Only the client's socket is ours.
    fn client_only<O: Observer>(sys: Sys<'_, O>, client: &Client, plan: &Plan) -> Examined {
        let options = client
            .reports
            .iter()
            .map(|report| {
                let held = SocketFacts {
                    client: read(sys, client.fd.as_fd(), report, plan.triple),
                    ..SocketFacts::default()
                };
                OptionLine {
                    report: report.clone(),
                    set_on: "client",
                    held,
                    why_held: Vec::new(),
                }
            })
            .collect();
        Examined::of(sys, client, plan, options)
    }

    /// There is no socket to look at.
    fn nobody() -> Examined {
        Examined {
            kernel: String::new(),
            local: String::new(),
            peer: String::new(),
            connect: Duration::ZERO,
            options: Vec::new(),
        }
    }

    fn of<O: Observer>(
        sys: Sys<'_, O>,
        client: &Client,
        plan: &Plan,
        options: Vec<OptionLine>,
    ) -> Examined {
        Examined {
            kernel: sys.kernel_triple(client.fd.as_fd()),
            local: client.local.ready(plan.triple.ty),
            peer: client.peer.ready(plan.triple.ty),
            connect: client.connect_time,
            options,
        }
    }

    fn report(
        self,
        profile: &Profile,
        plan: &Plan,
        listener: Option<String>,
        backlog: Option<Backlog>,
    ) -> Run {
        Run {
            profile: profile.name.clone(),
            label: profile.name.clone(),
            triple: plan.triple,
            kernel: self.kernel,
            listener,
            engine: None,
            backlog: backlog.map(|b| BacklogFacts {
                asked: b.asked,
                effective: b.effective,
                admitted: None,
                more: false,
            }),
            local: self.local,
            peer: self.peer,
            connect: self.connect,
            options: self.options,
            buffers: Vec::new(),
            tcp: None,
            remote: None,
            load: LoadFacts {
                size: Messages::new(&plan.framing, profile.probe.size.value).size(),
                connections: 1,
                pipeline: 1,
                writes: profile.probe.writes.value,
                rate: None,
                warmup: 0,
            },
            echo: None,
            notes: plan.warnings.clone(),
            toml: crate::profile::show(profile, true),
        }
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

fn read<O: Observer>(
    sys: Sys<'_, O>,
    fd: BorrowedFd<'_>,
    report: &OptionReport,
    triple: Triple,
) -> Option<Value> {
    sys.read_option(fd, report.row?, triple)
}
