//! Whom a message without a connection reaches: one socket, one of several that share a port, or a group.
//!
//! Which of several it is, only what is received tells. So a message waits with each of them; whoever receives it takes it
//! away from the others, unless each got a copy of its own (ip(7), multicast).

use super::datagram::head;
use super::kind::{Kind, covers, is_for, port};
use super::sockets::{Datagram, Sock, SockId};
use super::{Act, Change, Moved, Wire};

impl Wire {
    /// The sockets that a message for `address` may reach; more than one if they share it.
    pub(super) fn targets(&mut self, from: SockId, address: &str) -> Vec<SockId> {
        let kind = self.sockets[from].kind;
        if kind == Kind::Raw {
            return self.raw_target(from, address).into_iter().collect();
        }
        if is_group(address) {
            return self.sockets.open(|s| {
                s.kind == kind
                    && s.local.as_deref().is_some_and(|local| {
                        local == address || (is_wild(local) && port(local) == port(address))
                    })
            });
        }
        let Some(one) = self.sockets.bound(address, |s| s.kind == kind) else {
            return self.unbound_target(from, address).into_iter().collect();
        };
        let local = self.sockets[one].local.clone();
        let shares = |s: &Sock| s.kind == kind && s.local == local && s.peer.is_none();
        let mut all = self.sockets.open(shares);
        all.retain(|id| *id != one);
        all.insert(0, one);
        all
    }

    /// A socket that never called bind(2) has an address that only those know who heard from it.
    fn unbound_target(&mut self, from: SockId, address: &str) -> Option<SockId> {
        let last = self.sockets[from].last_from?;
        let sock = &mut self.sockets[last];
        if !sock.is_open() || sock.local.is_some() {
            return None;
        }
        sock.local = Some(address.to_owned());
        Some(last)
    }

    /// The socket that gets what a raw one sends: one of the same protocol that has the address, or none in particular.
    fn raw_target(&self, from: SockId, address: &str) -> Option<SockId> {
        let protocol = &self.sockets[from].protocol;
        let all = self
            .sockets
            .open(|s| s.kind == Kind::Raw && is_for(protocol, &s.protocol));
        let others = || all.iter().copied().filter(|id| *id != from);
        let local = |id: &SockId| self.sockets[*id].local.as_deref();
        let has = |id: &SockId| local(id).is_some_and(|l| l == address || covers(l, address));
        let found = others().find(has);
        found.or_else(|| others().find(|id| local(id).is_none()))
    }

    /// Sends a message to all who may receive it.
    pub(super) fn deliver(
        &mut self,
        act: Act<'_>,
        (from, targets): (SockId, &[SockId]),
        moved: &mut Moved,
    ) {
        let copies = super::address_of(act.record).is_some_and(|address| is_group(&address));
        // One arrow for each column, or one for all where only one of them gets it.
        let mut arrows: Vec<(usize, usize)> = Vec::new();
        for &target in targets {
            let column = self.sockets[target].column;
            let known = arrows.iter().find(|(to, _)| *to == column || !copies);
            let arrow = if let Some((_, arrow)) = known {
                *arrow
            } else {
                let arrow = self.data_arrow(act.column, column, act.record);
                let id = arrow.id;
                arrows.push((column, id));
                moved.arrows.push(arrow);
                id
            };
            let sock = &mut self.sockets[target];
            if sock.ahead > 0 {
                sock.ahead -= 1;
                sock.last_from = Some(from);
                return;
            }
            sock.inbox.push_back(Datagram {
                arrow,
                from,
                len: u64::try_from(act.record.result).unwrap_or(0),
                head: head(act.record),
            });
        }
        if arrows.len() > 1 {
            let open = arrows.into_iter().map(|(_, arrow)| (arrow, false));
            self.groups.push(open.collect());
        }
    }

    /// A message was received: nobody else gets it, unless it is one of several copies.
    pub(super) fn received(&mut self, arrow: usize) {
        let copies = self.groups.iter_mut().flatten();
        let mut copies = copies.filter(|(id, _)| *id == arrow);
        if let Some((_, received)) = copies.next() {
            *received = true;
            return;
        }
        for id in self.sockets.ids().collect::<Vec<_>>() {
            self.sockets[id].inbox.retain(|m| m.arrow != arrow);
        }
    }

    /// Copies that nobody received, of messages that others did receive, and all but one of those that nobody received.
    pub(super) fn nobodys(&mut self) -> Vec<(usize, Change)> {
        let mut gone = Vec::new();
        for group in std::mem::take(&mut self.groups) {
            let some = group.iter().any(|(_, received)| *received);
            let missed = group.into_iter().filter(|(_, received)| !received);
            gone.extend(missed.skip(usize::from(!some)));
        }
        gone.into_iter().map(|(id, _)| (id, Change::Gone)).collect()
    }
}

fn is_wild(local: &str) -> bool {
    local.starts_with("0.0.0.0:") || local.starts_with("[::]:")
}

/// Whether an address is one of a multicast group, or of all hosts of a network.
fn is_group(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let first = host.split('.').next().and_then(|n| n.parse::<u8>().ok());
    host.starts_with("[ff")
        || first.is_some_and(|n| (224..240).contains(&n))
        || host.ends_with(".255.255.255")
}
