//! How connections end: shutdown(2), close(2), and what their peers say of it later.
//!
//! close(2) sends FIN, or RST where bytes are thrown away: unread ones (RFC 2525, 2.17), or by SO_LINGER with a time of
//! zero. Not every call of a long step is told, so that bytes may have been read of which nobody heard: what the peer
//! receives then is what counts.

use super::conns::{ConnId, Side, Stage};
use super::kind::Kind;
use super::options::Setting;
use super::sockets::SockId;
use super::{Act, Change, Moved, Wire};
use crate::event::Arg;

impl Wire {
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
        self.release((conn, side), moved);
        let now = self.conns.get(conn);
        if now.stage == Stage::Open && !std::mem::replace(&mut now.ends[side].finished, true) && tcp
        {
            self.between(conn, side, "FIN", moved);
        }
    }

    /// close(2) of a socket's last descriptor.
    pub(super) fn close(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(id) = self.sockets.close(&mut self.conns, act) else {
            return;
        };
        self.abandon(id, moved);
        let Some((conn, side)) = self.sockets[id].conn else {
            return;
        };
        let aborts = self.sockets[id].has(Setting::Aborts);
        let now = self.conns.get(conn);
        now.ends[side].closed = true;
        let resets = aborts || !now.ends[side].unread.is_empty();
        if self.sockets[id].kind == Kind::Tcp && now.stage == Stage::Open && resets {
            now.stage = Stage::Gone;
            self.between(conn, side, "RST", moved);
        } else {
            self.finish(id, moved);
        }
        let last = moved
            .arrows
            .last()
            .filter(|a| a.label == "FIN" || a.label == "RST");
        self.conns.get(conn).ends[side].last = last.map(|a| a.id);
    }

    /// What recv(2) returned at one end tells how the other one was closed.
    pub(super) fn heard_end(
        &mut self,
        (conn, side): (ConnId, Side),
        reset: bool,
        moved: &mut Moved,
    ) {
        let now = self.conns.get(conn);
        let peer = &mut now.ends[1 - side];
        let label = if reset { "RST" } else { "FIN" };
        // After a FIN of its own a reset may be the answer to what came later.
        if now.gaps
            && let Some(id) = peer.last.take()
            && (reset || !peer.finished)
            && (now.stage == Stage::Open || !reset)
        {
            moved.change(id, Change::Label(label.to_owned()));
            now.stage = if reset { Stage::Gone } else { Stage::Open };
        }
    }

    /// A listener takes those who wait with it.
    fn abandon(&mut self, listener: SockId, moved: &mut Moved) {
        if self.sockets[listener].kind != Kind::Tcp {
            return;
        }
        let before = moved.arrows.len();
        let address = self.sockets[listener].local.clone().unwrap_or_default();
        let mut left = Vec::new();
        for conn in std::mem::take(&mut self.sockets[listener].queue) {
            let now = self.conns.get(conn);
            if now.stage == Stage::Open && !now.ends[0].closed {
                now.stage = Stage::Gone;
                let column = now.ends[0].column;
                self.between(conn, 1, "RST", moved);
                left.push((conn, column));
            }
        }
        together(&mut moved.arrows, before);
        for (conn, column) in left {
            let arrow = moved.arrows[before..].iter().find(|a| Some(a.to) == column);
            let orphan = arrow.map(|a| (conn, address.clone(), a.id));
            self.orphans.extend(orphan);
        }
    }

    /// Another listener accepts a connection whose own one has closed (net.ipv4.tcp_migrate_req): it was not reset.
    pub(super) fn adopt(
        &mut self,
        listener: SockId,
        peer: Option<&str>,
        moved: &mut Moved,
    ) -> Option<ConnId> {
        let address = self.sockets[listener].local.clone()?;
        let fits = |(conn, at, _): &(ConnId, String, usize)| {
            let client = self.conns.see(*conn).client.as_deref();
            *at == address && (client.is_none() || client == peer)
        };
        let at = self.orphans.iter().position(fits)?;
        let (conn, _, arrow) = self.orphans.remove(at);
        let others = self.orphans.iter().filter(|(_, _, a)| *a == arrow).count();
        moved.change(
            arrow,
            match others {
                0 => Change::Gone,
                1 => Change::Label("RST".to_owned()),
                n => Change::Label(format!("RST ×{n}")),
            },
        );
        self.conns.get(conn).stage = Stage::Open;
        Some(conn)
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
            let label = format!("{} ×{n}", arrow.label);
            arrow.relabel(label);
        }
        arrow
    }));
}
