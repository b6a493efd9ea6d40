//! Messages without a connection: each goes to whoever has the address.

use super::sockets::{Kind, SockId};
use super::{Act, Moved, Order, Wire, address_of, flags, ok};

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
                sock.inbox.push_back((arrow.id, id));
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
        let Some((arrow, sender)) = self.sockets[id].inbox.pop_front() else {
            if let Some(unseen) = self.unseen {
                let arrow = self.data_arrow(unseen, act.column, act.record);
                moved.arrows.push(arrow);
            } else if self.order == Order::AsReturned {
                self.sockets[id].ahead += 1;
            }
            return;
        };
        moved.arrived.push(arrow);
        self.sockets[id].last_from = Some(sender);
        let from = address_of(act.record).filter(|a| !a.is_empty());
        let sender = &mut self.sockets[sender];
        if sender.local.is_none() {
            sender.local = from;
        }
    }
}
