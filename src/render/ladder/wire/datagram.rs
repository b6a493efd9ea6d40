//! Messages without a connection: each goes to whoever has the address.

use super::kind::Kind;
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
        let targets = self.targets(id, &address);
        if !targets.is_empty() {
            return self.deliver(act, (id, &targets), moved);
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

    /// recvfrom(2) and its kin.
    pub(super) fn receive_datagram(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) {
        let flags = flags(act.record);
        let waits = act.record.errno.as_deref() == Some("EAGAIN");
        if waits && !flags.contains("MSG_ERRQUEUE") {
            return self.is_empty(id, moved);
        }
        if !ok(act.record) || flags.contains("MSG_PEEK") {
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
        self.received(message.arrow);
        moved.change(message.arrow, Change::Delivered);
        let sender = message.from;
        self.sockets[id].last_from = Some(sender);
        let from = address_of(act.record).filter(|a| !a.is_empty());
        let sender = &mut self.sockets[sender];
        if sender.local.is_none() {
            sender.local = from;
        }
    }
    /// There is nothing in a socket: what was sent to it alone was lost.
    fn is_empty(&mut self, id: SockId, moved: &mut Moved) {
        if !self.all_is_told() {
            return;
        }
        for message in std::mem::take(&mut self.sockets[id].inbox) {
            let arrow = message.arrow;
            let waits = |other: SockId| self.sockets[other].inbox.iter().any(|m| m.arrow == arrow);
            let copy = self.groups.iter().flatten().any(|(id, _)| *id == arrow);
            if !copy && !self.sockets.ids().any(waits) {
                moved.change(arrow, Change::Lost);
            }
        }
    }

    fn all_is_told(&self) -> bool {
        self.order == Order::Story && !self.gaps.contains(&true)
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
        let before: Vec<usize> = inbox.iter().take(at).map(|m| m.arrow).collect();
        if self.all_is_told() && self.sockets.shares_no_port(id) {
            self.sockets[id].inbox.drain(..at);
            for arrow in before {
                moved.change(arrow, Change::Lost);
            }
            return self.sockets[id].inbox.pop_front();
        }
        self.sockets[id].inbox.remove(at)
    }
}

/// The first bytes of a message, as far as the call shows them.
pub(super) fn head(record: &Record) -> Vec<u8> {
    let data = record.args.iter().find_map(|arg| match arg {
        Arg::Data { head, .. } => Some(head.clone()),
        _ => None,
    });
    data.unwrap_or_default()
}
