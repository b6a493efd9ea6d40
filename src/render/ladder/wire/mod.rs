//! What is between the actors: packets, bytes and associations, inferred from the calls alone.
//!
//! Nobody here sees a packet. [`Wire`] follows sockets by process and descriptor through the calls of all actors and
//! draws what Linux does on loopback when such calls return such results; what it does not understand it leaves out.
//! `sockets` knows who has which descriptor, `conns` which are connected; `opening`, `stream` and `ending` are the life of
//! a connection, `options` what setsockopt(2) and getsockopt(2) tell of it, `datagram` messages without one. What shows only
//! later is a [`Change`] of an arrow that is already there.

mod conns;
mod datagram;
mod ending;
mod group;
mod kind;
mod opening;
mod options;
mod sockets;
mod stream;

use conns::{ConnId, Conns, Syn};
use kind::Kind;
use sockets::Sockets;

use super::message;
use crate::event::{Arg, Record};

/// From one column to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The column that it leaves.
    pub from: usize,
    /// The column that it reaches.
    pub to: usize,
    /// `SYN`, `"Ciao!" 5 B`
    pub label: String,
    /// Where there is little room: `5 B`.
    pub brief: String,
    /// What travels.
    pub freight: Freight,
    /// Its number, by which it is found again when its bytes have arrived.
    pub(super) id: usize,
}

/// What an arrow stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freight {
    /// A packet, or a change of the kernel's state, that nobody here saw.
    Inferred,
    /// Bytes that one end was seen to send and the other to receive.
    Delivered,
    /// What never reached the other end: a SYN that nobody answered, a datagram without room.
    Lost,
}

/// What shows of an arrow later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Its bytes were received by whoever makes this call.
    Delivered,
    /// It reached nobody.
    Lost,
    /// It is something else than it seemed to be.
    Label(String),
    /// It never was.
    Gone,
}

/// A call as the wire looks at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    /// The column of who made it.
    pub(super) column: usize,
    /// Whose table of descriptors it is.
    pub(super) space: usize,
    pub(super) record: &'a Record,
}

/// What one call moved.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) arrows: Vec<Arrow>,
    /// What this call tells of arrows of earlier ones.
    pub(super) changes: Vec<(usize, Change)>,
}

impl Moved {
    /// Says more of an arrow, be it of this call or of an earlier one.
    fn change(&mut self, id: usize, change: Change) {
        let Some(at) = self.arrows.iter().position(|arrow| arrow.id == id) else {
            return self.changes.push((id, change));
        };
        let arrow = &mut self.arrows[at];
        match change {
            Change::Delivered => arrow.freight = Freight::Delivered,
            Change::Lost => arrow.freight = Freight::Lost,
            Change::Label(label) => arrow.relabel(label),
            Change::Gone => drop(self.arrows.remove(at)),
        }
    }
}

impl Arrow {
    pub(super) fn relabel(&mut self, label: String) {
        self.brief.clone_from(&label);
        self.label = label;
    }
}

/// In which order calls are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// As they happened.
    Story,
    /// As they returned in several threads: a peer's answer may be told before the call that it answers.
    AsReturned,
}

/// All that is known of the sockets of all actors.
#[derive(Debug)]
pub(super) struct Wire {
    sockets: Sockets,
    conns: Conns,
    /// The column of those whose calls are not seen.
    unseen: Option<usize>,
    order: Order,
    /// Who is meant by an address that nobody here has, by the column that asks.
    stranger: Vec<Option<usize>>,
    /// Connections whose listener closed before they were accepted, its address, and the arrow of their RST.
    orphans: Vec<(ConnId, String, usize)>,
    /// Columns of actors not all of whose calls are told.
    gaps: Vec<bool>,
    /// Messages to several: the arrow to each, and whether it was received.
    groups: Vec<Vec<(usize, bool)>>,
    /// When the call that is being told returned.
    now_ns: u64,
    /// How many arrows there were.
    arrows: usize,
}

impl Wire {
    /// For so many columns; `stranger` is the column of those whose calls are not seen.
    pub(super) fn new(columns: usize, stranger: Option<usize>, order: Order) -> Wire {
        let other = |column| match stranger {
            Some(s) => (s != column).then_some(s),
            None => (columns == 2).then_some(1 - column),
        };
        Wire {
            sockets: Sockets::new(order),
            conns: Conns::default(),
            unseen: stranger,
            order,
            stranger: (0..columns)
                .map(|c| {
                    if c < 2 || stranger.is_some() {
                        other(c)
                    } else {
                        None
                    }
                })
                .collect(),
            orphans: Vec::new(),
            gaps: vec![false; columns],
            groups: Vec::new(),
            now_ns: 0,
            arrows: 0,
        }
    }

    /// What is known when nothing more comes.
    pub(super) fn end(&mut self) -> Vec<(usize, Change)> {
        let mut changes = self.nobodys();
        for conn in self.conns.iter_mut() {
            if let (Syn::Sent(id), true) = (conn.syn, conn.waits) {
                changes.push((id, Change::Lost));
            }
            let data = conn.fast.take().and_then(|fast| fast.data);
            changes.extend(data.map(|id| (id, Change::Gone)));
        }
        changes
    }

    /// An actor has made calls that are not told.
    pub(super) fn gap(&mut self, column: usize) {
        if let Some(gap) = self.gaps.get_mut(column) {
            *gap = true;
        }
        for conn in self.conns.iter_mut() {
            conn.gaps |= conn.ends.iter().any(|end| end.column == Some(column));
        }
    }

    /// A call began that does not return at once.
    pub(super) fn began(&mut self, act: Act<'_>) -> Moved {
        let mut moved = Moved::default();
        if act.record.name == "connect" {
            self.connect_begins(act, &mut moved);
        }
        moved
    }

    /// A call returned, whether or not its beginning was seen.
    pub(super) fn returned(&mut self, act: Act<'_>) -> Moved {
        let mut moved = Moved::default();
        self.now_ns = act.record.t_ns.saturating_add(act.record.elapsed_ns);
        self.sockets.touch(&mut self.conns, act);
        match act.record.name.as_str() {
            "socket" | "socketpair" | "dup" | "fcntl" => self.born(act),
            "bind" | "getsockname" | "getpeername" if ok(act.record) => {
                self.address(act, &mut moved);
            }
            "setsockopt" if ok(act.record) => self.option_set(act, &mut moved),
            "getsockopt" if ok(act.record) => self.option_read(act, &mut moved),
            "listen" if ok(act.record) => self.sockets.listen(act),
            "connect" => self.connect(act, &mut moved),
            "accept" | "accept4" if ok(act.record) => self.accept(act, &mut moved),
            "send" | "sendto" | "sendmsg" | "write" => self.send(act, &mut moved),
            "recv" | "recvfrom" | "recvmsg" | "read" => self.receive(act, &mut moved),
            "shutdown" if ok(act.record) => self.shutdown(act, &mut moved),
            "close" => self.close(act, &mut moved),
            "poll" if ok(act.record) => self.polled(act, &mut moved),
            _ => {}
        }
        moved
    }

    fn born(&mut self, act: Act<'_>) {
        if !ok(act.record) {
            return;
        }
        match act.record.name.as_str() {
            "socketpair" => self.pair(act),
            "dup" => self.sockets.dup(act),
            "fcntl" if duplicates(act.record) => self.sockets.dup(act),
            "socket" => self.sockets.socket(act),
            _ => {}
        }
    }

    fn send(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(id) = self.sockets.at(act) else {
            return;
        };
        let sock = &self.sockets[id];
        match sock.kind {
            Kind::Tcp | Kind::Unix => self.send_stream(act, id, moved),
            Kind::Udp | Kind::UnixDatagram | Kind::Raw => self.send_datagram(act, id, moved),
            Kind::Other => {}
        }
        if ok(act.record) {
            self.sockets.pass(act);
        }
    }

    fn receive(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(id) = self.sockets.at(act) else {
            return;
        };
        if ok(act.record) {
            self.sockets.take_passed(act);
        }
        match self.sockets[id].kind {
            Kind::Tcp | Kind::Unix => self.receive_stream(act, id, moved),
            Kind::Udp | Kind::UnixDatagram | Kind::Raw => self.receive_datagram(act, id, moved),
            Kind::Other => {}
        }
    }

    fn arrow(&mut self, from: usize, to: usize, label: &str) -> Arrow {
        self.arrows += 1;
        Arrow {
            from,
            to,
            label: label.to_owned(),
            brief: label.to_owned(),
            freight: Freight::Inferred,
            id: self.arrows,
        }
    }

    /// The arrow of bytes that a call has sent.
    fn data_arrow(&mut self, from: usize, to: usize, record: &Record) -> Arrow {
        let sent = u64::try_from(record.result).unwrap_or(0);
        let urgent = if flags(record).contains("MSG_OOB") {
            " urgent"
        } else {
            ""
        };
        let label = format!("{}{urgent}", data_label(record, sent));
        Arrow {
            brief: message::size(sent),
            ..self.arrow(from, to, &label)
        }
    }
}

/// fcntl(2) with F_DUPFD or F_DUPFD_CLOEXEC.
fn duplicates(record: &Record) -> bool {
    let command = record.args.get(1).map(Arg::to_string);
    command.is_some_and(|name| name.starts_with("F_DUPFD"))
}

pub(super) fn ok(record: &Record) -> bool {
    record.errno.is_none() && record.result >= 0
}

/// The flags of a call that moves a message, as text.
fn flags(record: &Record) -> String {
    let symbols = record.args.iter().skip(1).filter_map(|arg| match arg {
        Arg::Symbol(text) if text.contains("MSG_") => Some(text.as_ref()),
        _ => None,
    });
    symbols.collect::<Vec<_>>().join("|")
}

/// The first address of a call: whom it was for, or whom it was from.
fn address_of(record: &Record) -> Option<String> {
    record.args.iter().find_map(|arg| match arg {
        Arg::Address { brief, .. } => Some(kind::plain(brief)),
        Arg::Symbol(text) => message::Message::read(text)
            .map(|m| m.name)
            .filter(|n| !n.is_empty()),
        _ => None,
    })
}

/// `"Ciao!" 5 B`: what was sent of what was asked to be.
fn data_label(record: &Record, sent: u64) -> String {
    let whole = usize::try_from(sent).unwrap_or(usize::MAX);
    for arg in &record.args {
        match arg {
            Arg::Data { head, .. } => {
                let head = &head[..head.len().min(whole)];
                return message::payload_label(head, whole);
            }
            Arg::Symbol(text) => {
                if let Some(message) = message::Message::read(text) {
                    return format!("{} {}", message.label(), message::size(sent));
                }
            }
            _ => {}
        }
    }
    message::size(sent)
}
