//! What connections carry, and what their senders' kernels hold back.
//!
//! What is sent with MSG_MORE, or under TCP_CORK, has its arrow where it is let go: at the next send(2) that says no more,
//! the setsockopt(2) that takes the cork off, or, 200 ms later, where it is received (tcp(7)).

use super::conns::{Bytes, ConnId, Fast, Held, Side, Stage};
use super::kind::Kind;
use super::options::Setting;
use super::sockets::SockId;
use super::{Act, Arrow, Change, Freight, Moved, Order, Wire, flags, message, ok};
use crate::event::{Arg, Record};

/// A recv(2) that waits so long for bytes did not find them there; on loopback there is no way that takes longer.
const LATE_NS: u64 = 30_000_000;

/// What is held back is no more than a segment: the loopback device's MTU without headers.
const SEGMENT: u64 = 65_483;

impl Wire {
    /// An arrow that leaves one end for the other.
    pub(super) fn between(&mut self, conn: ConnId, from: Side, label: &str, moved: &mut Moved) {
        let ends = &self.conns.get(conn).ends;
        if let (Some(a), Some(b)) = (ends[from].column, ends[1 - from].column) {
            let arrow = self.arrow(a, b, label);
            self.conns.get(conn).arrows.push(arrow.id);
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
            self.ask_with_data(act, id, moved);
        }
        self.establish(id, moved);
        let Some((conn, side)) = self.sockets[id].conn else {
            return;
        };
        let kind = self.sockets[id].kind;
        let more = self.sockets[id].has(Setting::Corked) || flags(act.record).contains("MSG_MORE");
        let held = self.conns.see(conn).ends[side].held.len;
        if kind == Kind::Tcp && (more || held > 0) {
            self.hold((conn, side), act.record);
            if more && self.conns.see(conn).ends[side].held.len <= SEGMENT {
                return;
            }
            self.release((conn, side), moved);
        } else {
            let ends = &self.conns.see(conn).ends;
            if let (Some(from), Some(to)) = (ends[side].column, ends[1 - side].column) {
                let arrow = self.data_arrow(from, to, act.record);
                let sent = u64::try_from(act.record.result).unwrap_or(0);
                let beside = flags(act.record).contains("MSG_OOB");
                let sent = if beside {
                    self.urge((conn, side), arrow.id, sent)
                } else {
                    sent
                };
                self.carry((conn, side), arrow, sent, moved);
            }
        }
        let now = self.conns.get(conn);
        if kind == Kind::Tcp && now.ends[1 - side].closed && now.stage == Stage::Open {
            now.stage = Stage::Gone;
            self.between(conn, 1 - side, "RST", moved);
        }
    }

    /// connect(2) and send(2) in one: what the SYN carries, only TCP_INFO knows.
    fn ask_with_data(&mut self, act: Act<'_>, id: SockId, moved: &mut Moved) {
        let address = super::address_of(act.record).unwrap_or_default();
        let listener = self.sockets.bound(&address, |s| s.listening);
        let before = moved.arrows.len();
        self.ask(act, id, moved);
        // Without TCP_FASTOPEN a listener gives no cookie, and without a cookie there is an ordinary handshake.
        let takes = listener.is_none_or(|l| self.sockets[l].has(Setting::FastOpen));
        if let (Some(arrow), true) = (moved.arrows.get_mut(before), takes)
            && let Some((conn, _)) = self.sockets[id].conn
        {
            let sent = u64::try_from(act.record.result).unwrap_or(0);
            let with = format!("SYN + {}", message::size(sent));
            arrow.relabel(format!("{with}?"));
            self.conns.get(conn).fast = Some(Fast {
                syn: arrow.id,
                with,
                data: None,
            });
        }
    }

    /// The last byte is urgent. One that was urgent before it and not read becomes ordinary (tcp(7)). What is left of the
    /// others.
    fn urge(&mut self, (conn, side): (ConnId, Side), arrow: usize, sent: u64) -> u64 {
        let peer = &mut self.conns.get(conn).ends[1 - side];
        if let Some(before) = peer.urgent.replace(arrow) {
            match peer.unread.iter_mut().find(|b| b.arrow == before) {
                Some(bytes) => bytes.left += 1,
                None => peer.unread.push_back(Bytes {
                    arrow: before,
                    left: 1,
                    sent_ns: self.now_ns,
                }),
            }
        }
        sent.saturating_sub(1)
    }

    /// Bytes leave one end.
    fn carry(&mut self, (conn, side): (ConnId, Side), arrow: Arrow, sent: u64, moved: &mut Moved) {
        let live = self.order == Order::AsReturned;
        let now = self.conns.get(conn);
        let peer = &mut now.ends[1 - side];
        let early = peer.ahead.min(sent);
        peer.ahead -= early;
        if sent > early {
            peer.unread.push_back(Bytes {
                arrow: arrow.id,
                left: sent - early,
                sent_ns: self.now_ns,
            });
        }
        now.arrows.push(arrow.id);
        let first = now.fast.as_mut().filter(|fast| fast.data.is_none());
        if let Some(fast) = first {
            fast.data = Some(arrow.id);
            if live {
                return;
            }
        }
        moved.arrows.push(arrow);
    }

    /// Bytes stay with their sender.
    fn hold(&mut self, (conn, side): (ConnId, Side), record: &Record) {
        let held = &mut self.conns.get(conn).ends[side].held;
        let sent = u64::try_from(record.result).unwrap_or(0);
        let data = record.args.iter().find_map(|arg| match arg {
            Arg::Data { head, .. } => Some(head.as_slice()),
            _ => None,
        });
        if held.head.len() as u64 == held.len {
            let whole = usize::try_from(sent).unwrap_or(usize::MAX);
            let data = data.unwrap_or_default();
            held.head.extend(&data[..data.len().min(whole)]);
        }
        held.len += sent;
    }

    /// What was held back leaves.
    pub(super) fn release(&mut self, (conn, side): (ConnId, Side), moved: &mut Moved) {
        let ends = &mut self.conns.get(conn).ends;
        let Held { len, head } = std::mem::take(&mut ends[side].held);
        if let (1.., Some(from), Some(to)) = (len, ends[side].column, ends[1 - side].column) {
            let whole = usize::try_from(len).unwrap_or(usize::MAX);
            let label = message::payload_label(&head, whole);
            let arrow = Arrow {
                brief: message::size(len),
                ..self.arrow(from, to, &label)
            };
            self.carry((conn, side), arrow, len, moved);
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
        let reset = act.record.errno.as_deref() == Some("ECONNRESET");
        let peeks = flags(act.record).contains("MSG_PEEK");
        let asked = self.sockets[id].kind == Kind::Tcp && !is_empty_request(act.record);
        if reset || (ok(act.record) && act.record.result == 0 && asked) {
            self.heard_end((conn, side), reset, moved);
        }
        if reset {
            self.conns.get(conn).stage = Stage::Gone;
            self.orphans.retain(|(orphan, ..)| *orphan != conn);
        }
        if !ok(act.record) || peeks {
            return;
        }
        if flags(act.record).contains("MSG_OOB") {
            let read = self.conns.get(conn).ends[side].urgent.take();
            moved.changes.extend(read.map(|id| (id, Change::Delivered)));
            return;
        }
        let mut left = u64::try_from(act.record.result).unwrap_or(0);
        let unread = self.conns.see(conn).ends[side].unread.iter();
        if left > unread.map(|bytes| bytes.left).sum() {
            self.release((conn, 1 - side), moved);
        }
        let late = self.came_late(act, id, (conn, side));
        let end = &mut self.conns.get(conn).ends[side];
        while left > 0
            && let Some(bytes) = end.unread.front_mut()
        {
            let taken = left.min(bytes.left);
            bytes.left -= taken;
            left -= taken;
            // Who reads past the place of an urgent byte has lost it.
            end.urgent = end.urgent.filter(|arrow| *arrow >= bytes.arrow);
            if bytes.left == 0 {
                moved.change(bytes.arrow, late.clone().unwrap_or(Change::Delivered));
                end.unread.pop_front();
            }
        }
        if self.order == Order::AsReturned {
            end.ahead += left;
        }
        let ends = &self.conns.see(conn).ends;
        if let (Some(from), Some(to), Some(_)) = (ends[1 - side].column, ends[side].column, late) {
            let mut arrow = self.data_arrow(from, to, act.record);
            arrow.freight = Freight::Delivered;
            moved.arrows.push(arrow);
        }
    }

    /// Whether a call had to wait for bytes that were sent before it began: they were held back (Nagle's algorithm, RFC
    /// 9293, 3.7.4), or were lost and sent again. What then becomes of the arrow of their sending.
    fn came_late(&self, act: Act<'_>, id: SockId, (conn, side): (ConnId, Side)) -> Option<Change> {
        let sock = &self.sockets[id];
        let record = act.record;
        let first = self.conns.see(conn).ends[side].unread.front()?;
        let waited = record.elapsed_ns >= LATE_NS && first.sent_ns < record.t_ns;
        let wants_more = sock.has(Setting::Patient) || flags(record).contains("MSG_WAITALL");
        if self.order != Order::Story || sock.kind != Kind::Tcp || !waited || wants_more {
            return None;
        }
        Some(if sock.has(Setting::Choosy) {
            Change::Lost
        } else {
            Change::Gone
        })
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
}

/// Whether recv(2) had no room for a single byte: then 0 says nothing of the end.
fn is_empty_request(record: &Record) -> bool {
    record.args.iter().skip(1).find_map(|arg| match arg {
        Arg::Int(n) => Some(*n),
        _ => None,
    }) == Some(0)
}
