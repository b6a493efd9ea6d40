//! Messages without a connection: each goes to whoever has the address.

use super::kind::{Kind, covers, is_for};
use super::sockets::{Datagram, SockId};
use super::{Act, Change, Moved, Order, Wire, address_of, flags, ok};
use crate::event::{Arg, Record};

impl Wire {
    /// sendto(2) and its kin.
    pub(super) fn send_datagram(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) {
        if !ok(act.record) {
            return;
        }
        let address = address_of(act.record).or_else(|| self.sockets[id].peer.clone());
        let Some(address) = address else {
            return;
        };
        let kind = self.sockets[id].kind;
        if let Some(target) = self.target(id, &address) {
            let column = self.sockets[target].column;
            let arrow = self.data_arrow(act.column, column, act.record);
            moved.arrows.push(arrow.clone());
            let sock = &mut self.sockets[target];
            if sock.ahead > 0 {
                sock.ahead -= 1;
                sock.last_from = Some(id);
            } else {
                sock.inbox.push_back(Datagram {
                    arrow: arrow.id,
                    from: id,
                    len: u64::try_from(act.record.result).unwrap_or(0),
                    head: head(act.record),
                });
            }
            return;
        }
        let Some(column) = self.who(&address, act.column) else {
            return;
        };
        let arrow = self.data_arrow(act.column, column, act.record);
        moved.arrows.push(arrow);
        // Who had the address before is known to have closed it: the kernel says so (RFC 1122, 4.1.3.1).
        if kind == Kind::Udp && self.sockets.who_had(&address).is_some() {
            let arrow = self.arrow(column, act.column, "ICMP unreachable");
            moved.arrows.push(arrow);
        }
    }

    /// The socket that a datagram for `address` reaches. A socket that never called bind(2) has an address that only
    /// those know who heard from it.
    fn target(&mut self, from: SockId, address: &str) -> Option<SockId> {
        let kind = self.sockets[from].kind;
        if kind == Kind::Raw {
            return self.raw_target(from, address);
        }
        if let Some(id) = self.sockets.bound(address, |s| s.kind == kind) {
            return Some(id);
        }
        let last = self.sockets[from].last_from?;
        let sock = &mut self.sockets[last];
        if !sock.is_open() || sock.local.is_some() {
            return None;
        }
        sock.local = Some(address.to_owned());
        Some(last)
    }

    /// recvfrom(2) and its kin.
    pub(super) fn receive_datagram(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) {
        if !ok(act.record) || flags(act.record).contains("MSG_PEEK") {
            return;
        }
        let Some(message) = self.take(act, id, moved) else {
            if let Some(unseen) = self.unseen {
                let arrow = self.data_arrow(unseen, act.column, act.record);
                moved.arrows.push(arrow);
            } else if self.order == Order::AsReturned {
                self.sockets[id].ahead += 1;
            }
            return;
        };
        moved.change(message.arrow, Change::Delivered);
        let sender = message.from;
        self.sockets[id].last_from = Some(sender);
        let from = address_of(act.record).filter(|a| !a.is_empty());
        let sender = &mut self.sockets[sender];
        if sender.local.is_none() {
            sender.local = from;
        }
    }
    /// The socket that gets what a raw one sends: one of the same protocol that has the address, or none in particular.
    fn raw_target(&self, from: SockId, address: &str) -> Option<SockId> {
        let protocol = &self.sockets[from].protocol;
        let fits = |id: SockId, any: bool| {
            let sock = &self.sockets[id];
            let here = match sock.local.as_deref() {
                None => any,
                Some(local) => local == address || covers(local, address),
            };
            id != from
                && sock.is_open()
                && sock.kind == Kind::Raw
                && is_for(protocol, &sock.protocol)
                && here
        };
        let found = |any| self.sockets.ids().find(|&id| fits(id, any));
        found(false).or_else(|| found(true))
    }

    /// Which of the messages that were sent to a socket a call has received. Those before it were lost, if nobody else
    /// could have got them.
    fn take(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) -> Option<Datagram> {
        let raw = self.sockets[id].kind == Kind::Raw;
        let (len, seen) = (
            u64::try_from(act.record.result).unwrap_or(0),
            head(act.record),
        );
        let is_it = |message: &Datagram| {
            let shown = seen.len().min(message.head.len());
            // A raw socket of IPv4 receives the header too; a short buffer cuts the end off, or tells how long it was.
            raw || (message.head[..shown] == seen[..shown] && message.len >= len)
        };
        let exactly = |message: &Datagram| is_it(message) && message.len == len;
        let inbox = &self.sockets[id].inbox;
        let at = inbox.iter().position(exactly);
        let at = at.or_else(|| inbox.iter().position(is_it))?;
        let alone = self.sockets.shares_no_port(id);
        let before: Vec<usize> = inbox.iter().take(at).map(|m| m.arrow).collect();
        let inbox = &mut self.sockets[id].inbox;
        if alone && self.order == Order::Story {
            inbox.drain(..at);
            before
                .into_iter()
                .for_each(|arrow| moved.change(arrow, Change::Lost));
            return inbox.pop_front();
        }
        inbox.remove(at)
    }
}

/// The first bytes of a message, as far as the call shows them.
fn head(record: &Record) -> Vec<u8> {
    let data = record.args.iter().find_map(|arg| match arg {
        Arg::Data { head, .. } => Some(head.clone()),
        _ => None,
    });
    data.unwrap_or_default()
}
