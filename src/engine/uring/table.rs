//! The table of connections: one cache line each, reused only when none of its operations is under way any more.
//!
//! What an idle connection costs is one [`Slot`], and its peer's name only if an observer may want to hear it: no buffer.

use std::os::fd::OwnedFd;

use super::shelf::{NOTHING, Row};
use crate::engine::connection::Connection;
use crate::engine::slots::Names;
use crate::session::Session;
use crate::socket::SocketName;
use crate::sys::ring::Key;

/// Names a connection: its slot, and which connection in that slot it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token(Key);

/// Keys below this are the engine's own.
const FIRST: u64 = 8;
/// How often a slot was taken counts modulo this: a key has 56 bits.
const BIRTHS: u32 = 1 << 24;

impl Token {
    pub(super) const fn of(key: Key) -> Token {
        Token(key)
    }

    pub(super) const fn key(self) -> Key {
        self.0
    }

    fn new(index: u32, birth: u32) -> Token {
        Token(Key((u64::from(birth) << 32) | (u64::from(index) + FIRST)))
    }

    fn index(self) -> usize {
        (self.0.0 & u64::from(u32::MAX)).wrapping_sub(FIRST) as usize
    }

    fn birth(self) -> u32 {
        (self.0.0 >> 32) as u32
    }
}

/// What becomes of what the peer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiving {
    /// It waits in the socket.
    Not,
    /// A receive is under way that goes on and on.
    Many,
    /// A receive is under way.
    One,
    /// It is being cancelled.
    Cancelled,
    /// It waits for a buffer.
    Hungry,
    /// It waits for the memory budget.
    Starved,
    /// The stream has ended.
    Ended,
}

/// What becomes of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// Nothing is under way.
    Not,
    /// A send that does not wait, and only says so if it fails.
    Silent,
    /// It did not succeed; how, is among the completions at hand.
    Failed,
    /// A send that waits for room.
    Waits,
}

/// Whether it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is.
    Awake,
    /// It is in one of the profile's pauses.
    Pausing,
    /// It is over, and closed as soon as nothing is under way.
    Over,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) session: Session,
    pub(super) fd: OwnedFd,
    /// The sweep before which something last moved.
    pub(super) active: u32,
    birth: u32,
    /// What is lent to the session; [`NOTHING`]: nothing.
    pub(super) lent: u32,
    /// What was received and waits for the session.
    pub(super) row: Row,
    pub(super) receiving: Receiving,
    pub(super) sending: Sending,
    pub(super) state: State,
    /// A peer that sends much gets whole buffers for so many more receives.
    pub(super) bulk: u8,
}

const _: () = assert!(size_of::<Option<Slot>>() <= 64);

impl Slot {
    /// Whether the kernel works for it.
    pub(super) fn is_busy(&self) -> bool {
        let receives = matches!(
            self.receiving,
            Receiving::Many | Receiving::One | Receiving::Cancelled
        );
        receives || self.sending != Sending::Not
    }
}

static NOBODY: SocketName = SocketName::UNNAMED;

/// All connections of a worker.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    births: u32,
    keep: Names,
    names: Vec<SocketName>,
}

impl Table {
    pub(super) fn new(keep: Names) -> Table {
        Table {
            slots: Vec::new(),
            free: Vec::new(),
            births: 0,
            keep,
            names: Vec::new(),
        }
    }

    /// Whether the names of peers are kept.
    pub(super) fn keeps_names(&self) -> bool {
        self.keep == Names::Kept
    }

    pub(super) fn insert(&mut self, connection: Connection, active: u32) -> Token {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        if self.keeps_names() {
            let places = self.names.len().max(index as usize + 1);
            self.names.resize(places, SocketName::UNNAMED);
            self.names[index as usize] = connection.peer;
        }
        self.births = (self.births + 1) % BIRTHS;
        self.slots[index as usize] = Some(Slot {
            session: connection.session,
            fd: connection.fd,
            active,
            birth: self.births,
            lent: NOTHING,
            row: Row::EMPTY,
            receiving: Receiving::Not,
            sending: Sending::Not,
            state: State::Awake,
            bulk: 0,
        });
        Token::new(index, self.births)
    }

    /// The slot of a token, if that connection is still there.
    #[inline]
    pub(super) fn get(&mut self, token: Token) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(token.index())?.as_mut()?;
        (slot.birth == token.birth()).then_some(slot)
    }

    /// The same, and who it is: nobody, where names are not kept.
    #[inline]
    pub(super) fn get_named(&mut self, token: Token) -> Option<(&mut Slot, &SocketName)> {
        let slot = self.slots.get_mut(token.index())?.as_mut()?;
        let name = self.names.get(token.index()).unwrap_or(&NOBODY);
        (slot.birth == token.birth()).then_some((slot, name))
    }

    /// Takes a connection out, with what it still has on the shelf.
    pub(super) fn remove(&mut self, token: Token) -> Option<(Connection, u32, Row)> {
        self.get(token)?;
        let slot = self.slots[token.index()].take()?;
        self.free.push(token.index() as u32);
        let name = self.names.get_mut(token.index());
        let peer = name.map(|name| std::mem::replace(name, SocketName::UNNAMED));
        let connection = Connection {
            fd: slot.fd,
            peer: peer.unwrap_or(SocketName::UNNAMED),
            session: slot.session,
        };
        Some((connection, slot.lent, slot.row))
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tokens of all connections that `pick` picks.
    pub(super) fn tokens(&self, pick: impl Fn(&Slot) -> bool) -> Vec<Token> {
        let all = self.slots.iter().enumerate();
        all.filter_map(|(index, slot)| {
            let slot = slot.as_ref().filter(|slot| pick(slot))?;
            Some(Token::new(index as u32, slot.birth))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Rules;

    fn connection(port: u16) -> Connection {
        let (fd, _) = std::os::unix::net::UnixStream::pair().expect("socketpair(2)");
        Connection {
            fd: fd.into(),
            peer: SocketName::Inet(([127, 0, 0, 1], port).into()),
            session: Session::new(&Rules::default()),
        }
    }

    #[test]
    fn a_late_token_finds_nobody() {
        let mut table = Table::new(Names::Kept);
        let first = table.insert(connection(1), 0);
        assert!(first.key().0 >= FIRST && first.key().0 < 1 << 56);
        assert_eq!(table.remove(first).unwrap().0.peer.port(), Some(1));
        assert!(table.remove(first).is_none());
        let second = table.insert(connection(2), 0);
        assert!(table.get(first).is_none(), "its slot is another's now");
        assert_eq!(table.get_named(second).unwrap().1.port(), Some(2));
        assert!(table.get(Token::of(Key(1))).is_none());
        assert_eq!(table.tokens(|_| true), [second]);
    }
}
