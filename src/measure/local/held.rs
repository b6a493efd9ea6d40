//! Every requested option, and what each socket of the probe holds of it.
//!
//! The same option on both ends is one line, unless the ends were asked for different values or got different answers:
//! then each end has its own.

use std::os::fd::{AsFd as _, BorrowedFd};

use crate::event::{Observer, OptionReport};
use crate::measure::report::{OptionLine, SocketFacts};
use crate::option::{OptionName, Value};
use crate::plan::{Act, Plan};
use crate::sys::{Client, Linger, Sys};

use super::reasons::{self, Scene};

/// The sockets of a probe while its connection stands.
pub(super) struct Ends<'a> {
    pub(super) client: &'a Client,
    pub(super) client_plan: &'a Plan,
    /// `None`: it is somebody else's.
    pub(super) server: Option<Server<'a>>,
}

/// The server's end.
pub(super) struct Server<'a> {
    pub(super) opened: &'a crate::sys::Server,
    pub(super) plan: &'a Plan,
    /// `None`: datagrams, or nobody came in time.
    pub(super) accepted: Option<BorrowedFd<'a>>,
    /// What became of the options that are set on an accepted socket.
    pub(super) on_accepted: &'a [OptionReport],
}

impl Server<'_> {
    /// What its first socket is called.
    pub(super) fn word(&self) -> &'static str {
        if self.plan.triple.ty.has_connections() {
            "listener"
        } else {
            "server"
        }
    }
}

/// One report of a set option, and on which socket it was set.
struct SetOn<'a> {
    report: &'a OptionReport,
    on: &'static str,
    plan: &'a Plan,
}

/// A line per requested option, the server's first.
pub(super) fn lines<O: Observer>(sys: Sys<'_, O>, ends: &Ends<'_>) -> Vec<OptionLine> {
    let set = requested(ends);
    if set.is_empty() {
        return Vec::new();
    }
    let triple = ends.client_plan.triple;
    // What was never set is what the kernel begins with; where no such socket can be had, it is left out.
    let fresh = sys.task("fresh").socket(triple).ok();
    let scene = Scene::look(sys, ends);
    let lines = set
        .iter()
        .map(|one| {
            let option = option(one.report, one.plan);
            let read = |fd: Option<BorrowedFd<'_>>| {
                let option = option.as_ref().filter(|o| readable(o))?;
                Some(option.decode(&sys.getsockopt(fd?, option).ok()?))
            };
            let server = ends.server.as_ref();
            let held = SocketFacts {
                fresh: match one.on {
                    "accepted" => one.report.default.clone(),
                    _ => read(fresh.as_ref().map(|fd| fd.as_fd())),
                },
                listener: read(server.map(|s| s.opened.fd.as_fd())),
                accepted: read(server.and_then(|s| s.accepted)),
                client: read(Some(ends.client.fd.as_fd())),
            };
            let mut line = OptionLine {
                report: one.report.clone(),
                set_on: one.on,
                held,
                why_held: Vec::new(),
            };
            reasons::explain(&mut line, &scene);
            line
        })
        .collect();
    if let Some(fd) = fresh {
        sys.task("fresh").close(fd, Linger::AsSet);
    }
    lines
}

fn requested<'a>(ends: &'a Ends<'a>) -> Vec<SetOn<'a>> {
    let mut set = Vec::new();
    if let Some(server) = &ends.server {
        let on = |on| {
            move |report| SetOn {
                report,
                on,
                plan: server.plan,
            }
        };
        set.extend(server.opened.reports.iter().map(on(server.word())));
        set.extend(server.on_accepted.iter().map(on("accepted")));
    }
    let of_client = ends.client.reports.iter().filter(|report| {
        !set.iter()
            .any(|of_server: &SetOn<'_>| same(of_server.report, report))
    });
    let of_client: Vec<_> = of_client
        .map(|report| SetOn {
            report,
            on: "client",
            plan: ends.client_plan,
        })
        .collect();
    set.extend(of_client);
    set
}

/// Whether one line tells both: the same was asked, and the same came of it.
fn same(a: &OptionReport, b: &OptionReport) -> bool {
    (&a.name, &a.level, &a.requested, &a.effective, &a.ruling)
        == (&b.name, &b.level, &b.requested, &b.effective, &b.ruling)
}

/// Level and number, as the plan set them: a raw option is in no table.
fn option(report: &OptionReport, plan: &Plan) -> Option<OptionName> {
    if let Some(row) = report.row {
        return Some(OptionName::on(row, plan.triple));
    }
    plan.steps.iter().find_map(|step| match &step.act {
        Act::Set(set)
            if set.option.name == report.name && set.option.level_name == report.level =>
        {
            Some(set.option.clone())
        }
        _ => None,
    })
}

fn readable(option: &OptionName) -> bool {
    option
        .row
        .is_none_or(|row| row.access != crate::option::Access::WriteOnly)
}

/// A number, if it is one.
pub(super) fn int(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Int(n)) => Some(*n),
        _ => None,
    }
}
