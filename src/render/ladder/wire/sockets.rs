//! Who has which descriptor: a table per process, and what the calls told of each socket.

use std::collections::{HashMap, VecDeque};
use std::ops::{Index, IndexMut};

use super::conns::{ConnId, Conns, Side};
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

/// How a socket's messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Packets, with a handshake.
    Tcp,
    /// A connection without packets.
    Unix,
    /// Packets, without a handshake.
    Udp,
    /// Messages without packets or a handshake.
    UnixDatagram,
    /// Nothing is drawn.
    Other,
}

/// What is known of a socket.
#[derive(Debug)]
pub(super) struct Sock {
    pub(super) kind: Kind,
    /// Who used it last.
    pub(super) column: usize,
    /// Its address, as people write it; with port 0 until the kernel's choice is seen.
    pub(super) local: Option<String>,
    /// Where a connected datagram socket sends to.
    pub(super) peer: Option<String>,
    pub(super) listening: bool,
    /// Connections that nobody accepted yet, the oldest first.
    pub(super) queue: VecDeque<ConnId>,
    /// Connections that were accepted before their connect(2) was told.
    pub(super) early: VecDeque<ConnId>,
    pub(super) conn: Option<(ConnId, Side)>,
    /// SO_LINGER with a time of zero: close(2) resets.
    pub(super) aborts: bool,
    /// Datagrams that were sent to it and not received: the arrow, and who sent it.
    pub(super) inbox: VecDeque<(usize, SockId)>,
    /// Datagrams that it received before their sending was told.
    pub(super) ahead: u64,
    /// Who sent what it received last.
    pub(super) last_from: Option<SockId>,
    /// Descriptors that mean it.
    descriptors: usize,
}

impl Sock {
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

    fn named(&self, space: usize, fd: i32) -> Option<SockId> {
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
        let kind = kind(&act.record.args);
        self.add(act, act.record.result, kind);
    }

    /// A new socket behind the descriptor `fd`.
    pub(super) fn add(&mut self, act: Act<'_>, fd: i64, kind: Kind) -> Option<SockId> {
        let fd = i32::try_from(fd).ok()?;
        let id = SockId(self.all.len());
        self.all.push(Sock {
            kind,
            column: act.column,
            local: None,
            peer: None,
            listening: false,
            queue: VecDeque::new(),
            early: VecDeque::new(),
            conn: None,
            aborts: false,
            inbox: VecDeque::new(),
            ahead: 0,
            last_from: None,
            descriptors: 0,
        });
        self.name(act.space, fd, id);
        Some(id)
    }

    fn name(&mut self, space: usize, fd: i32, id: SockId) {
        self[id].descriptors += 1;
        let named = self.table.entry((space, fd)).or_default();
        let before = match self.order {
            Order::Story => std::mem::take(named),
            Order::AsReturned => Vec::new(),
        };
        named.push(id);
        for id in before {
            // Its close(2) was not seen.
            self[id].descriptors = self[id].descriptors.saturating_sub(1);
        }
    }

    /// dup(2)
    pub(super) fn dup(&mut self, act: Act<'_>) {
        if let (Some(id), Ok(fd)) = (self.at(act), i32::try_from(act.record.result)) {
            self.name(act.space, fd, id);
        }
    }

    /// close(2): the socket, if that was its last descriptor.
    pub(super) fn close(&mut self, act: Act<'_>) -> Option<SockId> {
        let Some(Arg::Fd(fd)) = act.record.args.first() else {
            return None;
        };
        let named = self.table.get_mut(&(act.space, *fd))?;
        if named.is_empty() {
            return None;
        }
        let id = named.remove(0);
        self[id].descriptors = self[id].descriptors.saturating_sub(1);
        (self[id].descriptors == 0).then_some(id)
    }

    /// bind(2), getsockname(2) and setsockopt(2) tell what a socket is like.
    pub(super) fn learn(&mut self, act: Act<'_>) {
        let Some(id) = self.at(act) else {
            return;
        };
        match act.record.args.as_slice() {
            [_, Arg::Address { brief, .. }, ..] if !brief.is_empty() => {
                self[id].local = Some(brief.clone());
            }
            [_, _, Arg::Symbol(name), Arg::Symbol(value), ..] if name == "SO_LINGER" => {
                let zero = |field: &str| {
                    let rest = value.split_once(field).map(|(_, rest)| rest);
                    rest.map(|r| r.trim_start_matches('=').starts_with('0'))
                };
                self[id].aborts = zero("onoff") == Some(false) && zero("linger=") == Some(true);
            }
            _ => {}
        }
    }

    /// listen(2)
    pub(super) fn listen(&mut self, act: Act<'_>) {
        if let Some(id) = self.at(act) {
            self[id].listening = true;
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
            self.name(act.space, fd, id);
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

/// What socket(2) was asked for.
pub(super) fn kind(args: &[Arg]) -> Kind {
    let symbol = |at: usize| match args.get(at) {
        Some(Arg::Symbol(text)) => text.as_ref(),
        _ => "",
    };
    let inet = symbol(0).starts_with("AF_INET");
    let unix = matches!(symbol(0), "AF_UNIX" | "AF_LOCAL");
    let ty = symbol(1).split('|').next().unwrap_or("");
    match ty {
        "SOCK_STREAM" if inet => Kind::Tcp,
        "SOCK_DGRAM" if inet => Kind::Udp,
        "SOCK_STREAM" | "SOCK_SEQPACKET" if unix => Kind::Unix,
        "SOCK_DGRAM" if unix => Kind::UnixDatagram,
        _ => Kind::Other,
    }
}

fn port(address: &str) -> Option<&str> {
    address.rsplit_once(':').map(|(_, port)| port)
}

/// Whether what is bound to all addresses of the host gets what is for one of them.
fn covers(local: &str, address: &str) -> bool {
    let wild = matches!(local.rsplit_once(':'), Some(("0.0.0.0" | "[::]", _)));
    // Connecting to the address of nobody in particular reaches this host.
    let anywhere = matches!(address.rsplit_once(':'), Some(("0.0.0.0" | "[::]", _)));
    (wild || anywhere) && port(local) == port(address)
}
