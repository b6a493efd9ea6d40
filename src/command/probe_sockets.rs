//! What each socket of a probe holds: the listener, an accepted socket, the client.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use crate::error::Error;
use crate::event::{Backlog, Observer, OptionReport};
use crate::measure::message::Messages;
use crate::measure::{OptionLine, Report, SocketFacts};
use crate::option::{Value, find};
use crate::plan::Plan;
use crate::profile::Profile;
use crate::sys::open::Readback;
use crate::sys::{Client, Linger, Server, Sys, errno};

/// The sockets of a probe, looked at once.
pub(super) struct Examined {
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
    pub(super) fn look<O: Observer>(
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
        let accepted = if plan.triple.ty.has_connections() {
            let (fd, _) = sys
                .task("server")
                .accept(server.fd.as_fd())
                .map_err(|e| errno::failure("accept4", "probe", &e))?;
            set.extend(
                sys.task("server")
                    .set_accepted(fd.as_fd(), plan)?
                    .into_iter()
                    .map(|r| (r, "accepted")),
            );
            Some(fd)
        } else {
            None
        };
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
                    listener: read(sys, server.fd.as_fd(), &report),
                    accepted: accepted
                        .as_ref()
                        .and_then(|fd| read(sys, fd.as_fd(), &report)),
                    client: read(sys, client.fd.as_fd(), &report),
                };
                OptionLine {
                    report,
                    set_on,
                    held,
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
    pub(super) fn client_only<O: Observer>(
        sys: Sys<'_, O>,
        client: &Client,
        plan: &Plan,
    ) -> Examined {
        let options = client
            .reports
            .iter()
            .map(|report| {
                let held = SocketFacts {
                    client: read(sys, client.fd.as_fd(), report),
                    ..SocketFacts::default()
                };
                OptionLine {
                    report: report.clone(),
                    set_on: "client",
                    held,
                }
            })
            .collect();
        Examined::of(sys, client, plan, options)
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

    pub(super) fn report(
        self,
        profile: &Profile,
        plan: &Plan,
        listener: Option<String>,
        backlog: Option<Backlog>,
    ) -> Report {
        Report {
            profile: profile.name.clone(),
            triple: plan.triple,
            kernel: self.kernel,
            listener,
            backlog,
            local: self.local,
            peer: self.peer,
            connect: self.connect,
            options: self.options,
            echo: None,
            size: Messages::new(&plan.framing, profile.probe.size.value).size(),
            notes: plan.warnings.clone(),
        }
    }
}

fn read<O: Observer>(sys: Sys<'_, O>, fd: BorrowedFd<'_>, report: &OptionReport) -> Option<Value> {
    sys.read_option(fd, find(&report.name)?)
}
