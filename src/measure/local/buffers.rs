//! The two buffers of each socket, and who may still change them: SO_BUF_LOCK, the protocol, its sysctls.
//!
//! tcp(7): until a program sets SO_RCVBUF or SO_SNDBUF, TCP fits the buffer to the connection, up to the third number of
//! tcp_rmem and tcp_wmem. Nothing else tunes its buffers.

use std::os::fd::{AsFd as _, BorrowedFd};

use crate::event::Observer;
use crate::measure::report::BufferFacts;
use crate::option::{Fits, OptionName, Value, find, remark};
use crate::plan::Plan;
use crate::socket::Triple;
use crate::sys::{Sys, sysctl};

use super::held::Ends;

/// SOCK_SNDBUF_LOCK and SOCK_RCVBUF_LOCK of linux/socket.h, the bits of SO_BUF_LOCK.
const SEND_LOCK: i64 = 1;
const RECEIVE_LOCK: i64 = 2;

/// One entry per socket, the server's first.
pub(super) fn facts<O: Observer>(sys: Sys<'_, O>, ends: &Ends<'_>) -> Vec<BufferFacts> {
    let mut sockets = Vec::with_capacity(3);
    if let Some(server) = &ends.server {
        sockets.push((server.word(), server.opened.fd.as_fd(), server.plan));
        sockets.extend(server.accepted.map(|fd| ("accepted", fd, server.plan)));
    }
    sockets.push(("client", ends.client.fd.as_fd(), ends.client_plan));
    sockets
        .into_iter()
        .filter_map(|(socket, fd, plan)| one(sys, socket, fd, plan))
        .collect()
}

/// Reads the client's once more.
pub(super) fn again<O: Observer>(
    sys: Sys<'_, O>,
    client: BorrowedFd<'_>,
    triple: Triple,
    buffers: &mut [BufferFacts],
) {
    if let Some(facts) = buffers.iter_mut().find(|b| b.socket == "client") {
        facts.receive_after = number(sys, client, "SO_RCVBUF", triple);
        facts.send_after = number(sys, client, "SO_SNDBUF", triple);
    }
}

fn one<O: Observer>(
    sys: Sys<'_, O>,
    socket: &'static str,
    fd: BorrowedFd<'_>,
    plan: &Plan,
) -> Option<BufferFacts> {
    let triple = plan.triple;
    // MPTCP has no SO_BUF_LOCK to ask.
    let wished = |side: &Side| if plan.sets(side.option) { side.lock } else { 0 };
    let locked =
        number(sys, fd, "SO_BUF_LOCK", triple).unwrap_or_else(|| wished(&RECEIVE) | wished(&SEND));
    let receive = number(sys, fd, "SO_RCVBUF", triple)?;
    let send = number(sys, fd, "SO_SNDBUF", triple)?;
    let rule = |side: &Side, value| side.rule(socket, locked, value, triple);
    Some(BufferFacts {
        socket,
        receive,
        receive_after: None,
        send,
        send_after: None,
        receive_rule: rule(&RECEIVE, receive),
        send_rule: rule(&SEND, send),
    })
}

fn number<O: Observer>(
    sys: Sys<'_, O>,
    fd: BorrowedFd<'_>,
    name: &str,
    triple: Triple,
) -> Option<i64> {
    let row = find(name).filter(|row| row.fits(triple))?;
    let bytes = sys.getsockopt(fd, &OptionName::on(row, triple)).ok()?;
    match row.decode(&bytes) {
        Value::Int(n) => Some(n),
        _ => None,
    }
}

/// One direction.
struct Side {
    option: &'static str,
    lock: i64,
    /// Least, first and greatest of TCP.
    range: &'static str,
    /// Everybody else's.
    default: &'static str,
}

const RECEIVE: Side = Side {
    option: "SO_RCVBUF",
    lock: RECEIVE_LOCK,
    range: "net.ipv4.tcp_rmem",
    default: "net.core.rmem_default",
};
const SEND: Side = Side {
    option: "SO_SNDBUF",
    lock: SEND_LOCK,
    range: "net.ipv4.tcp_wmem",
    default: "net.core.wmem_default",
};

/// tcp(7): 0 leaves receive buffers alone; send buffers have no such switch.
const MODERATE: &str = "net.ipv4.tcp_moderate_rcvbuf";

impl Side {
    fn rule(&self, socket: &str, locked: i64, value: i64, triple: Triple) -> String {
        let ignored = find(self.option)
            .and_then(|row| remark(row, triple))
            .and_then(|ruling| ruling.why);
        if let Some(why) = ignored {
            return format!("without effect, {why}");
        }
        if locked & self.lock != 0 {
            return format!("fixed by {}", self.option);
        }
        if !Fits::STREAM.has(triple) {
            return match sysctl::number(self.default) {
                Some(default) if default == value => format!("never tuned ({})", self.default),
                _ => "never tuned".to_owned(),
            };
        }
        if socket == "listener" {
            return format!("accepted sockets start with it ({})", self.range);
        }
        if self.lock == RECEIVE_LOCK && sysctl::number(MODERATE) == Some(0) {
            return format!("not tuned ({MODERATE} = 0)");
        }
        match sysctl::numbers(self.range).last() {
            Some(most) => format!("tuned by the kernel, up to {most} B ({})", self.range),
            None => "tuned by the kernel".to_owned(),
        }
    }
}
