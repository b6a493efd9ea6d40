//! What all options of one connection share: which socket was set, and what the handshake has agreed on.

use std::os::fd::{AsFd as _, BorrowedFd};

use crate::event::Observer;
use crate::option::{OptionName, Value, find};
use crate::plan::{Act, Plan};
use crate::socket::{Phase, Triple};
use crate::sys::Sys;

use super::held::Ends;

/// TCPI_OPT_TIMESTAMPS and TCPI_OPT_WSCALE of linux/tcp.h.
const TIMESTAMPS: i64 = 1;
const WINDOW_SCALING: i64 = 4;

/// What the reasons are made from.
pub(super) struct Scene {
    pub(super) triple: Triple,
    /// Options by name that are set on each socket.
    pub(super) set: SetOptions,
    pub(super) accepted: Handshake,
    pub(super) client: Handshake,
}

pub(super) struct SetOptions {
    pub(super) accepted: Vec<String>,
    pub(super) client: Vec<String>,
}

/// What two ends have agreed on, as one of them tells it.
#[derive(Clone, Copy, Default)]
pub(super) struct Handshake {
    pub(super) timestamps: bool,
    /// By how many bits the windows that this end announces are shifted.
    pub(super) scale: Option<i64>,
}

impl Scene {
    /// Asks both ends of the connection.
    pub(super) fn look<O: Observer>(sys: Sys<'_, O>, ends: &Ends<'_>) -> Scene {
        let triple = ends.client_plan.triple;
        let ask = |fd: Option<BorrowedFd<'_>>| {
            let row = find("TCP_INFO").filter(|row| row.fits(triple))?;
            let bytes = sys.getsockopt(fd?, &OptionName::on(row, triple)).ok()?;
            Some(Handshake::of(&row.decode(&bytes)))
        };
        let server = ends.server.as_ref();
        Scene {
            triple,
            set: SetOptions {
                accepted: server.map_or_else(Vec::new, |s| names(s.plan, Some(Phase::PostAccept))),
                client: names(ends.client_plan, None),
            },
            accepted: ask(server.and_then(|s| s.accepted)).unwrap_or_default(),
            client: ask(Some(ends.client.fd.as_fd())).unwrap_or_default(),
        }
    }

    pub(super) fn handshake(&self, on: &str) -> Handshake {
        if on == "client" {
            self.client
        } else {
            self.accepted
        }
    }
}

impl Handshake {
    fn of(info: &Value) -> Handshake {
        let field = |name| int(info.field(name));
        let options = field("options").unwrap_or(0);
        Handshake {
            timestamps: options & TIMESTAMPS != 0,
            scale: field("rcv_wscale").filter(|_| options & WINDOW_SCALING != 0),
        }
    }
}

fn names(plan: &Plan, at: Option<Phase>) -> Vec<String> {
    let set = plan.steps.iter().filter_map(|step| match &step.act {
        Act::Set(set) => Some(set),
        _ => None,
    });
    set.filter(|set| at.is_none_or(|at| set.phase == at))
        .map(|set| set.option.name.clone())
        .collect()
}

/// A number, if it is one.
pub(super) fn int(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Int(n)) => Some(*n),
        _ => None,
    }
}
