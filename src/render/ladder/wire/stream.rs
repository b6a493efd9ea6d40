//! What connections carry, and how they end.
//!
//! close(2) sends FIN, or RST where bytes are thrown away: unread ones (RFC 2525, 2.17), or by SO_LINGER with a time of
//! zero.

use super::conns::{ConnId, Side, Stage};
use super::sockets::{Kind, SockId};
use super::{Act, Moved, Order, Wire, flags, ok};
use crate::event::Arg;

impl Wire {
    /// An arrow that leaves one end for the other.
    pub(super) fn between(&mut self, conn: ConnId, from: Side, label: &str, moved: &mut Moved) {
        let ends = &self.conns.get(conn).ends;
        if let (Some(a), Some(b)) = (ends[from].column, ends[1 - from].column) {
            let arrow = self.arrow(a, b, label);
            moved.arrows.push(arrow);
        }
    }

    /// send(2) and its kin on a connection.
    pub(super) fn send_stream(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) {
        if !ok(act.record) {
            return;
        }
        // With MSG_FASTOPEN (tcp(7)) it is connect(2) too.
        if self.sockets[id].conn.is_none() && flags(act.record).contains("MSG_FASTOPEN") {
            self.ask(act, id, moved);
        }
        self.establish(id, moved);
        let Some((conn, side)) = self.sockets[id].conn else {
            return;
        };
        let kind = self.sockets[id].kind;
        let ends = &self.conns.get(conn).ends;
        let (from, to) = (ends[side].column, ends[1 - side].column);
        if let (Some(from), Some(to)) = (from, to) {
            let arrow = self.data_arrow(from, to, act.record);
            let sent = u64::try_from(act.record.result).unwrap_or(0);
            let peer = &mut self.conns.get(conn).ends[1 - side];
            let early = peer.ahead.min(sent);
            peer.ahead -= early;
            if sent > early {
                peer.unread.push_back((arrow.id, sent - early));
            }
            moved.arrows.push(arrow);
        }
        let conn_now = self.conns.get(conn);
        if kind == Kind::Tcp && conn_now.ends[1 - side].closed && conn_now.stage == Stage::Open {
            conn_now.stage = Stage::Gone;
            self.between(conn, 1 - side, "RST", moved);
        }
    }

    /// recv(2) and its kin on a connection.
    pub(super) fn receive_stream(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) {
        let Some((conn, side)) = self.sockets[id].conn else {
            return;
        };
        if self.unseen.is_some() && self.conns.see(conn).ends[1 - side].column == self.unseen {
            return self.hear_from_unseen(act, (conn, side), moved);
        }
        let conn = self.conns.get(conn);
        if act.record.errno.as_deref() == Some("ECONNRESET") {
            conn.stage = Stage::Gone;
        }
        if !ok(act.record) || flags(act.record).contains("MSG_PEEK") {
            return;
        }
        let mut left = u64::try_from(act.record.result).unwrap_or(0);
        let end = &mut conn.ends[side];
        while left > 0
            && let Some((arrow, bytes)) = end.unread.front_mut()
        {
            let taken = left.min(*bytes);
            *bytes -= taken;
            left -= taken;
            if *bytes == 0 {
                moved.arrived.push(*arrow);
                end.unread.pop_front();
            }
        }
        if self.order == Order::AsReturned {
            end.ahead += left;
        }
    }

    /// What an end did whose calls are not seen shows in what is received from it.
    fn hear_from_unseen(&mut self, act: Act<'_>, (conn, side): (ConnId, Side), moved: &mut Moved) {
        let kind = self.sockets.at(act).map(|id| self.sockets[id].kind);
        let tcp = kind == Some(Kind::Tcp);
        let now = self.conns.get(conn);
        let (Some(here), Some(there)) = (now.ends[side].column, now.ends[1 - side].column) else {
            return;
        };
        let peeks = flags(act.record).contains("MSG_PEEK");
        let label = match (act.record.result, act.record.errno.as_deref()) {
            (1.., _) if !peeks => {
                let arrow = self.data_arrow(there, here, act.record);
                return moved.arrows.push(arrow);
            }
            (0, _) if tcp && !std::mem::replace(&mut now.ends[1 - side].finished, true) => "FIN",
            (_, Some("ECONNRESET")) if now.stage == Stage::Open => {
                now.stage = Stage::Gone;
                "RST"
            }
            _ => return,
        };
        let arrow = self.arrow(there, here, label);
        moved.arrows.push(arrow);
    }

    /// shutdown(2)
    pub(super) fn shutdown(&mut self, act: Act<'_>, moved: &mut Moved) {
        let writes = matches!(act.record.args.get(1), Some(Arg::Symbol(how)) if how != "SHUT_RD");
        if let Some(id) = self.sockets.at(act).filter(|_| writes) {
            self.finish(id, moved);
        }
    }

    /// The last of what this end sends.
    fn finish(&mut self, id: SockId, moved: &mut Moved) {
        let Some((conn, side)) = self.sockets[id].conn else {
            return;
        };
        let tcp = self.sockets[id].kind == Kind::Tcp;
        let now = self.conns.get(conn);
        if now.stage == Stage::Open && !std::mem::replace(&mut now.ends[side].finished, true) && tcp
        {
            self.between(conn, side, "FIN", moved);
        }
    }

    /// close(2) of a socket's last descriptor.
    pub(super) fn close(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(id) = self.sockets.close(act) else {
            return;
        };
        self.abandon(id, moved);
        let Some((conn, side)) = self.sockets[id].conn else {
            return;
        };
        let aborts = self.sockets[id].aborts;
        let now = self.conns.get(conn);
        now.ends[side].closed = true;
        let resets = aborts || !now.ends[side].unread.is_empty();
        if self.sockets[id].kind == Kind::Tcp && now.stage == Stage::Open && resets {
            now.stage = Stage::Gone;
            self.between(conn, side, "RST", moved);
        } else {
            self.finish(id, moved);
        }
    }

    /// A listener takes those who wait with it.
    fn abandon(&mut self, listener: SockId, moved: &mut Moved) {
        if self.sockets[listener].kind != Kind::Tcp {
            return;
        }
        let before = moved.arrows.len();
        for conn in std::mem::take(&mut self.sockets[listener].queue) {
            let now = self.conns.get(conn);
            if now.stage == Stage::Open && !now.ends[0].closed {
                now.stage = Stage::Gone;
                self.between(conn, 1, "RST", moved);
            }
        }
        together(&mut moved.arrows, before);
    }
}

/// Makes one arrow of those from number `from` on that are the same: `RST ×3`.
fn together(arrows: &mut Vec<super::Arrow>, from: usize) {
    let mut counted: Vec<(super::Arrow, usize)> = Vec::new();
    for arrow in arrows.drain(from..) {
        match counted.iter_mut().find(|(a, _)| a.to == arrow.to) {
            Some((_, n)) => *n += 1,
            None => counted.push((arrow, 1)),
        }
    }
    arrows.extend(counted.into_iter().map(|(mut arrow, n)| {
        if n > 1 {
            arrow.label = format!("{} ×{n}", arrow.label);
            arrow.brief.clone_from(&arrow.label);
        }
        arrow
    }));
}
