//! How connections begin: connect(2), accept(2), socketpair(2).
//!
//! On loopback the kernel answers within the call, so that the packets of a call stand beside it: connect(2) has sent a
//! SYN and, if it returned, got its answer.

use super::conns::{ConnId, Stage, Syn};
use super::kind::Kind;
use super::sockets::SockId;
use super::{Act, Change, Moved, Order, Wire, address_of, ok};
use crate::event::Arg;

/// errnos of connect(2) that come before any packet.
const AT_HOME: &[&str] = &[
    "EADDRNOTAVAIL",
    "EADDRINUSE",
    "EACCES",
    "EPERM",
    "ENETUNREACH",
    "EAFNOSUPPORT",
    "EBADF",
    "ENOTSOCK",
    "EINVAL",
    "EPROTOTYPE",
    "ENOENT",
    "EALREADY",
    "EISCONN",
    "EFAULT",
    "EOPNOTSUPP",
];

/// So long nobody on loopback takes to answer a SYN.
const UNANSWERED_NS: u64 = 30_000_000;

/// After that long without an answer the kernel sends the SYN again: TCP_TIMEOUT_INIT.
const SYN_AGAIN_NS: u64 = 1_000_000_000;

impl Wire {
    /// socketpair(2)
    pub(super) fn pair(&mut self, act: Act<'_>) {
        let fds = act.record.args.iter().find_map(|arg| match arg {
            Arg::Symbol(text) => text.strip_prefix('[').and_then(|t| t.strip_suffix(']')),
            _ => None,
        });
        let mut fds = fds
            .unwrap_or("")
            .split(',')
            .filter_map(|n| n.trim().parse().ok());
        let (Some(a), Some(b)) = (fds.next(), fds.next()) else {
            return;
        };
        let conn = self.conns.add(Stage::Open, [Some(act.column); 2]);
        for (side, fd) in [a, b].into_iter().enumerate() {
            if let Some(id) = self.sockets.add(act, fd, Kind::Unix) {
                self.sockets[id].conn = Some((conn, side));
            }
        }
    }

    /// connect(2) is waiting: its SYN is under way.
    pub(super) fn connect_begins(&mut self, act: Act<'_>, moved: &mut Moved) {
        if let Some(id) = self.sockets.at(act)
            && self.sockets[id].kind == Kind::Tcp
            && self.sockets[id].conn.is_none()
        {
            self.ask(act, id, moved);
            if let Some((conn, _)) = self.sockets[id].conn {
                self.conns.get(conn).waits = true;
            }
        }
    }

    /// The SYN, and the connection that it may become.
    pub(super) fn ask(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) {
        let address = address_of(act.record).unwrap_or_default();
        let kind = self.sockets[id].kind;
        let listener = self
            .sockets
            .bound(&address, |s| s.listening && s.kind == kind);
        if let Some(listener) = listener
            && let Some(conn) = self.sockets[listener].early.pop_front()
        {
            self.conns.move_end(conn, 0, act.column);
            self.sockets[id].conn = Some((conn, 0));
            return;
        }
        let column = match listener {
            Some(listener) => Some(self.sockets[listener].column),
            None => self.who(&address, act.column),
        };
        let conn = self.conns.add(Stage::Asked, [Some(act.column), column]);
        let local = self.sockets[id].local.clone();
        self.conns.get(conn).client = local;
        self.sockets[id].conn = Some((conn, 0));
        if let Some(listener) = listener {
            self.sockets[listener].queue.push_back(conn);
        }
        if kind == Kind::Tcp {
            self.send_syn(conn, "SYN", moved);
            self.sockets[id].peer = Some(address.clone());
            if address == self.sockets[id].local.clone().unwrap_or_default() {
                self.is_itself(conn, moved);
            }
        }
    }

    fn send_syn(&mut self, conn: ConnId, label: &str, moved: &mut Moved) {
        self.between(conn, 0, label, moved);
        if let Some(arrow) = moved.arrows.last().filter(|a| a.label == label) {
            self.conns.get(conn).syn = Syn::Sent(arrow.id);
        }
    }

    /// Nobody answered the last SYN.
    fn lose(&mut self, conn: ConnId, moved: &mut Moved) {
        let now = self.conns.get(conn);
        if let Syn::Sent(id) = now.syn {
            now.syn = Syn::Lost;
            moved.change(id, Change::Lost);
        }
    }

    /// Both ends are one socket: nothing goes anywhere.
    pub(super) fn is_itself(&mut self, conn: ConnId, moved: &mut Moved) {
        let now = self.conns.get(conn);
        now.ends[1].column = now.ends[0].column;
        for id in std::mem::take(&mut now.arrows) {
            moved.change(id, Change::Gone);
        }
    }

    /// Whoever had an address, or the one whose calls are not seen.
    pub(super) fn who(&self, address: &str, asks: usize) -> Option<usize> {
        let had = self.sockets.who_had(address);
        had.or_else(|| self.stranger.get(asks).copied().flatten())
    }

    /// connect(2) returned.
    pub(super) fn connect(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(id) = self.sockets.at(act) else {
            return;
        };
        if matches!(
            self.sockets[id].kind,
            Kind::Udp | Kind::UnixDatagram | Kind::Raw
        ) {
            if ok(act.record) {
                self.sockets[id].peer = address_of(act.record);
            }
            return;
        }
        if let Some((conn, _)) = self.sockets[id].conn {
            self.conns.get(conn).waits = false;
        }
        let errno = act.record.errno.as_deref().unwrap_or("");
        if errno == "EISCONN" {
            return self.establish(id, moved);
        }
        let unix = self.sockets[id].kind == Kind::Unix;
        if AT_HOME.contains(&errno) || (unix && !ok(act.record)) {
            return;
        }
        if self.sockets[id].conn.is_none() {
            self.ask(act, id, moved);
        }
        if act.record.elapsed_ns >= SYN_AGAIN_NS
            && !unix
            && let Some((conn, _)) = self.sockets[id].conn
        {
            self.lose(conn, moved);
            self.send_syn(conn, "SYN, again", moved);
        }
        match errno {
            "" => self.establish(id, moved),
            "ECONNREFUSED" | "ECONNRESET" => self.refused(id, moved),
            "ETIMEDOUT" | "EHOSTUNREACH" => {
                self.unanswered(id, moved);
                self.give_up(id);
            }
            "EINPROGRESS" if act.record.elapsed_ns >= UNANSWERED_NS || self.is_full(id) => {
                self.unanswered(id, moved);
            }
            _ => {}
        }
    }

    /// poll(2) tells whether a connection that was begun is there.
    pub(super) fn polled(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(Arg::Symbol(list)) = act.record.args.first() else {
            return;
        };
        for one in list.split("{fd=").skip(1) {
            let mut parts = one.trim_end_matches([']', '}', ',', ' ']).split(", ");
            let fd = parts.next().and_then(|fd| fd.parse().ok());
            let Some(id) = fd.and_then(|fd| self.sockets.named(act.space, fd)) else {
                continue;
            };
            let came = parts.find_map(|part| part.strip_prefix("revents="));
            if came == Some("POLLOUT") {
                self.establish(id, moved);
            } else if act.record.result == 0
                && one.contains("POLLOUT")
                && act.record.elapsed_ns >= UNANSWERED_NS
            {
                self.unanswered(id, moved);
            }
        }
    }

    fn unanswered(&mut self, id: SockId, moved: &mut Moved) {
        if let Some((conn, _)) = self.sockets[id].conn {
            self.lose(conn, moved);
        }
    }

    /// Whether the listener that a socket asks has more in its queue than its backlog (listen(2)).
    fn is_full(&self, id: SockId) -> bool {
        let asks = self.sockets[id].conn.map(|(conn, _)| conn);
        let listener = asks.and_then(|conn| self.sockets.queued_at(conn));
        listener.is_some_and(|listener| {
            let listener = &self.sockets[listener];
            let queue = listener.queue.iter();
            let open = queue.filter(|c| self.conns.see(**c).stage == Stage::Open);
            let open = open.count() as u64;
            listener.backlog.is_some_and(|backlog| open > backlog)
        })
    }

    /// The rest of the handshake, if it is not there yet.
    pub(super) fn establish(&mut self, id: SockId, moved: &mut Moved) {
        let Some((conn, _)) = self.sockets[id].conn else {
            return;
        };
        self.complete(conn, self.sockets[id].kind, moved);
    }

    fn complete(&mut self, conn: ConnId, kind: Kind, moved: &mut Moved) {
        if self.conns.get(conn).stage != Stage::Asked {
            return;
        }
        let now = self.conns.get(conn);
        now.stage = Stage::Open;
        if std::mem::replace(&mut now.syn, Syn::Settled) == Syn::Lost {
            self.between(conn, 0, "SYN, again", moved);
        }
        if kind == Kind::Tcp {
            self.between(conn, 1, "SYN+ACK", moved);
            self.between(conn, 0, "ACK", moved);
        } else {
            self.between(conn, 0, "queued", moved);
        }
    }

    fn refused(&mut self, id: SockId, moved: &mut Moved) {
        if let Some((conn, _)) = self.sockets[id].conn {
            self.between(conn, 1, "RST", moved);
            self.give_up(id);
        }
    }

    /// The socket has no connection any more, and nobody will accept one.
    fn give_up(&mut self, id: SockId) {
        if let Some((conn, _)) = self.sockets[id].conn.take() {
            self.conns.get(conn).stage = Stage::Gone;
        }
    }

    /// accept(2) returned a connection: the one of that peer, or the oldest.
    pub(super) fn accept(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(listener) = self.sockets.at(act) else {
            return;
        };
        let kind = self.sockets[listener].kind;
        let peer = address_of(act.record).filter(|p| !p.is_empty());
        let conns = &self.conns;
        let queue = &mut self.sockets[listener].queue;
        queue.retain(|c| conns.see(*c).stage != Stage::Gone || conns.see(*c).ends[0].closed);
        let known = |c: &ConnId| peer.is_some() && conns.see(*c).client == peer;
        let at = queue.iter().position(known);
        // One whose address is known to be another one is not meant.
        let may_be = |c: &ConnId| conns.see(*c).client.is_none() || peer.is_none();
        let open = |c: &ConnId| may_be(c) && conns.see(*c).stage == Stage::Open;
        let at = at.or_else(|| queue.iter().position(open));
        let at = at.or_else(|| queue.iter().position(may_be));
        let conn = at.and_then(|at| queue.remove(at));
        let conn = conn.or_else(|| self.adopt(listener, peer.as_deref(), moved));
        let conn = if let Some(conn) = conn {
            self.complete(conn, kind, moved);
            conn
        } else {
            let conn = self.somebody_connected(act, kind, moved);
            if self.order == Order::AsReturned && self.unseen.is_none() {
                self.sockets[listener].early.push_back(conn);
            }
            conn
        };
        self.conns.get(conn).client = peer;
        self.conns.move_end(conn, 1, act.column);
        if let Some(id) = self.sockets.add(act, act.record.result, kind) {
            self.sockets[id].conn = Some((conn, 1));
            let local = self.sockets[listener].local.clone();
            self.sockets[id].local = local;
        }
    }

    /// A connection whose beginning was not seen.
    fn somebody_connected(&mut self, act: Act<'_>, kind: Kind, moved: &mut Moved) -> ConnId {
        let stranger = self.stranger.get(act.column).copied().flatten();
        let conn = self.conns.add(Stage::Open, [stranger, Some(act.column)]);
        let label = if kind == Kind::Tcp {
            "handshake"
        } else {
            "queued"
        };
        self.between(conn, 0, label, moved);
        conn
    }
}
