//! Who has which descriptor: a table per process, and what the calls told of each socket.

use std::collections::{HashMap, VecDeque};
use std::ops::{Index, IndexMut};

use super::conns::{ConnId, Conns, Side};
use super::kind::{self, Kind, covers, port};
use super::options::Setting;
use super::{Act, Order, ok};
use crate::event::Arg;
use crate::render::ladder::message;

/// Calls that one actor may make on a socket of another.
const ONLY_LOOK: &[&str] = &[
    "getsockopt",
    "setsockopt",
    "getsockname",
    "getpeername",
    "ioctl",
    "fcntl",
    "epoll_ctl",
];

/// A socket's number in the story; descriptors are used again, these are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SockId(usize);

/// What is known of a socket.
#[derive(Debug)]
pub(super) struct Sock {
    pub(super) kind: Kind,
    /// Family and protocol, as socket(2) was asked for them.
    pub(super) protocol: (String, String),
    /// Who used it last.
    pub(super) column: usize,
    /// Its address, as people write it; with port 0 until the kernel's choice is seen.
    pub(super) local: Option<String>,
    /// Where a connected datagram socket sends to.
    pub(super) peer: Option<String>,
    pub(super) listening: bool,
    /// Options that change what it sends or takes.
    pub(super) set: Vec<Setting>,
    /// Beyond so many connections in its queue a listener answers no SYN.
    pub(super) backlog: Option<u64>,
    /// Connections that nobody accepted yet, the oldest first.
    pub(super) queue: VecDeque<ConnId>,
    /// Connections that were accepted before their connect(2) was told.
    pub(super) early: VecDeque<ConnId>,
    pub(super) conn: Option<(ConnId, Side)>,
    /// Datagrams that were sent to it and not received.
    pub(super) inbox: VecDeque<Datagram>,
    /// Datagrams that it received before their sending was told.
    pub(super) ahead: u64,
    /// Who sent what it received last.
    pub(super) last_from: Option<SockId>,
    /// Descriptors that mean it, and messages that carry one.
    descriptors: usize,
    /// The columns of whoever got one of them, with it.
    holders: Vec<((usize, i32), usize)>,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Datagram {
    pub(super) arrow: usize,
    pub(super) from: SockId,
    pub(super) len: u64,
    /// The first of its bytes, as far as they are known.
    pub(super) head: Vec<u8>,
}

impl Sock {
    pub(super) fn has(&self, setting: Setting) -> bool {
        self.set.contains(&setting)
    }

    pub(super) fn is_open(&self) -> bool {
        self.descriptors > 0
    }
}

/// All sockets of the story.
#[derive(Debug)]
pub(super) struct Sockets {
    all: Vec<Sock>,
    /// By process and descriptor; the newest is the last. In threads a new socket may be told of before the close(2) of the
    /// one that had its number.
    table: HashMap<(usize, i32), Vec<SockId>>,
    order: Order,
    /// Sockets on their way from one process or descriptor to another (SCM_RIGHTS).
    in_flight: VecDeque<Vec<SockId>>,
}

impl Index<SockId> for Sockets {
    type Output = Sock;
    fn index(&self, id: SockId) -> &Sock {
        &self.all[id.0]
    }
}

impl IndexMut<SockId> for Sockets {
    fn index_mut(&mut self, id: SockId) -> &mut Sock {
        &mut self.all[id.0]
    }
}

impl Sockets {
    pub(super) fn new(order: Order) -> Sockets {
        Sockets {
            all: Vec::new(),
            table: HashMap::new(),
            order,
            in_flight: VecDeque::new(),
        }
    }

    pub(super) fn named(&self, space: usize, fd: i32) -> Option<SockId> {
        self.table.get(&(space, fd))?.last().copied()
    }

    /// The socket that a call is about.
    pub(super) fn at(&self, act: Act<'_>) -> Option<SockId> {
        match act.record.args.first() {
            Some(Arg::Fd(fd)) => self.named(act.space, *fd),
            _ => None,
        }
    }

    /// Who uses a socket is who an arrow to it must reach.
    pub(super) fn touch(&mut self, conns: &mut Conns, act: Act<'_>) {
        if let Some(id) = self.at(act)
            && !ONLY_LOOK.contains(&act.record.name.as_str())
        {
            self[id].column = act.column;
            if let Some((conn, side)) = self[id].conn {
                conns.move_end(conn, side, act.column);
            }
        }
    }

    /// socket(2)
    pub(super) fn socket(&mut self, act: Act<'_>) {
        let kind = kind::of(&act.record.args);
        if let Some(id) = self.add(act, act.record.result, kind) {
            self[id].protocol = kind::protocol(&act.record.args);
        }
    }

    /// A new socket behind the descriptor `fd`.
    pub(super) fn add(&mut self, act: Act<'_>, fd: i64, kind: Kind) -> Option<SockId> {
        let fd = i32::try_from(fd).ok()?;
        let id = SockId(self.all.len());
        self.all.push(Sock {
            kind,
            protocol: Default::default(),
            column: act.column,
            local: None,
            peer: None,
            listening: false,
            set: Vec::new(),
            backlog: None,
            queue: VecDeque::new(),
            early: VecDeque::new(),
            conn: None,
            inbox: VecDeque::new(),
            ahead: 0,
            last_from: None,
            descriptors: 0,
            holders: Vec::new(),
        });
        self.name(act, fd, id);
        Some(id)
    }

    fn name(&mut self, act: Act<'_>, fd: i32, id: SockId) {
        let place = (act.space, fd);
        self[id].descriptors += 1;
        self[id].holders.push((place, act.column));
        let named = self.table.entry(place).or_default();
        let before = match self.order {
            Order::Story => std::mem::take(named),
            Order::AsReturned => Vec::new(),
        };
        named.push(id);
        for id in before {
            // Its close(2) was not seen.
            self.unname(id, place);
        }
    }

    /// A descriptor is gone.
    fn unname(&mut self, id: SockId, place: (usize, i32)) {
        let sock = &mut self[id];
        sock.descriptors = sock.descriptors.saturating_sub(1);
        if let Some(at) = sock.holders.iter().position(|(p, _)| *p == place) {
            sock.holders.remove(at);
        }
    }

    /// dup(2)
    pub(super) fn dup(&mut self, act: Act<'_>) {
        if let (Some(id), Ok(fd)) = (self.at(act), i32::try_from(act.record.result)) {
            self.name(act, fd, id);
        }
    }

    /// close(2): the socket, if that was its last descriptor. What somebody else still has is theirs from now on.
    pub(super) fn close(&mut self, conns: &mut Conns, act: Act<'_>) -> Option<SockId> {
        let Some(Arg::Fd(fd)) = act.record.args.first() else {
            return None;
        };
        let named = self.table.get_mut(&(act.space, *fd))?;
        if named.is_empty() {
            return None;
        }
        let id = named.remove(0);
        self.unname(id, (act.space, *fd));
        let holders = &self[id].holders;
        if let Some(&(_, other)) = holders.first()
            && holders.iter().all(|(_, column)| *column != act.column)
        {
            self[id].column = other;
            if let Some((conn, side)) = self[id].conn {
                conns.move_end(conn, side, other);
            }
        }
        (self[id].descriptors == 0).then_some(id)
    }

    /// bind(2) and getsockname(2) tell a socket's address.
    pub(super) fn learn(&mut self, act: Act<'_>) {
        let Some(id) = self.at(act) else {
            return;
        };
        if let [_, Arg::Address { brief, .. }, ..] = act.record.args.as_slice()
            && !brief.is_empty()
        {
            self[id].local = Some(kind::plain(brief));
        }
    }

    /// listen(2)
    pub(super) fn listen(&mut self, act: Act<'_>) {
        if let Some(id) = self.at(act) {
            self[id].listening = true;
            self[id].backlog = match act.record.args.get(1) {
                Some(Arg::Int(n)) => u64::try_from(*n).ok(),
                _ => None,
            };
        }
    }

    /// The open socket that receives what is sent to `address`, among those that `fits`; the newest if there are several.
    pub(super) fn bound(&self, address: &str, fits: impl Fn(&Sock) -> bool) -> Option<SockId> {
        let candidates = || {
            let numbered = self.all.iter().enumerate().rev();
            numbered.filter(|(_, s)| s.is_open() && fits(s))
        };
        let like = |wanted: fn(&str, &str) -> bool| {
            let mut found = candidates();
            let hit = found.find(|(_, s)| s.local.as_deref().is_some_and(|l| wanted(l, address)));
            hit.map(|(i, _)| SockId(i))
        };
        like(|local, address| local == address)
            .or_else(|| like(covers))
            .or_else(|| like(|local, _| port(local) == Some("0")))
    }

    /// The open ones that `fit`, the newest first.
    pub(super) fn open(&self, fit: impl Fn(&Sock) -> bool) -> Vec<SockId> {
        let fitting = self
            .ids()
            .filter(|&id| self[id].is_open() && fit(&self[id]));
        let mut all: Vec<SockId> = fitting.collect();
        all.reverse();
        all
    }

    /// All of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = SockId> {
        (0..self.all.len()).map(SockId)
    }

    /// Whether a socket is the only one that its address reaches, groups of multicast included.
    pub(super) fn shares_no_port(&self, id: SockId) -> bool {
        let own = self[id].local.as_deref();
        let same = |s: &Sock| s.is_open() && s.kind == self[id].kind;
        let alike = |s: &Sock| own.and_then(port) == s.local.as_deref().and_then(port);
        self.all.iter().filter(|s| same(s) && alike(s)).count() == 1
    }

    /// The listener in whose queue a connection is.
    pub(super) fn queued_at(&self, conn: ConnId) -> Option<SockId> {
        let at = self.all.iter().position(|s| s.queue.contains(&conn));
        at.map(SockId)
    }

    /// The column of whoever had this address, open or not.
    pub(super) fn who_had(&self, address: &str) -> Option<usize> {
        let had = |s: &&Sock| {
            let local = s.local.as_deref();
            local.is_some_and(|l| l == address || covers(l, address))
        };
        self.all.iter().rev().find(had).map(|s| s.column)
    }

    /// Remembers the sockets that a message carries.
    pub(super) fn pass(&mut self, act: Act<'_>) {
        let fds = passed(act);
        let ids = fds.iter().filter_map(|fd| self.named(act.space, *fd));
        let ids: Vec<SockId> = ids.collect();
        if ids.is_empty() {
            return;
        }
        // A message on its way keeps its sockets open (unix(7)).
        for &id in &ids {
            self[id].descriptors += 1;
        }
        self.in_flight.push_back(ids);
    }

    /// Gives the sockets that a message carried their new descriptors.
    pub(super) fn take_passed(&mut self, act: Act<'_>) {
        let fds = passed(act);
        if fds.is_empty() || !ok(act.record) {
            return;
        }
        let ids = self.in_flight.pop_front().unwrap_or_default();
        for (fd, id) in fds.into_iter().zip(ids) {
            self.name(act, fd, id);
            self[id].descriptors = self[id].descriptors.saturating_sub(1);
        }
    }
}

fn passed(act: Act<'_>) -> Vec<i32> {
    let texts = act.record.args.iter().filter_map(|arg| match arg {
        Arg::Symbol(text) => Some(message::passed(text)),
        _ => None,
    });
    texts.flatten().collect()
}
