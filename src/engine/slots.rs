//! The table of connections: a slot each, reused, with a generation so that late news of a closed one finds nobody.
//!
//! What an idle connection costs is one [`Entry`], and its peer's name only if an observer may want to hear it.

use std::os::fd::OwnedFd;

use super::connection::Connection;
use super::waiter::{Interest, Token};
use crate::event::{Observer, Off};
use crate::session::Session;
use crate::socket::SocketName;

/// Tokens below this are the engine's own.
const FIRST: u64 = 3;

impl Token {
    /// Whether it can be a connection's.
    #[inline]
    pub fn is_a_peers(self) -> bool {
        self.0 >= FIRST
    }
}

/// One connection and what it waits for.
#[derive(Debug)]
pub struct Slot {
    /// What to do next.
    pub session: Session,
    /// The accepted socket.
    pub fd: OwnedFd,
    /// The sweep before which something last moved.
    pub active: u32,
    /// What the session held at the end of the last turn, as far as the engine has counted it, in bytes.
    pub held: u32,
    /// What the waiter was last told.
    pub interest: Interest,
    /// Whether it is in one of the profile's pauses.
    pub state: State,
}

/// Why a slot is not served although its socket may be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is served.
    Awake,
    /// Until the pause is over.
    Pausing,
}

/// A slot, taken or free, and how often it was taken.
#[derive(Debug, Default)]
struct Entry {
    slot: Option<Slot>,
    generation: u32,
}

const _: () = assert!(size_of::<Entry>() <= 64);

/// Whether the names of peers are kept: 32 bytes each, which nobody needs when nobody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Beside the slots.
    Kept,
    /// Everybody is nobody.
    Forgotten,
}

impl Names {
    /// As this observer needs them.
    pub const fn for_observer<O: Observer>() -> Names {
        if O::EVENTS {
            Names::Kept
        } else {
            Names::Forgotten
        }
    }
}

static NOBODY: SocketName = SocketName::UNNAMED;

/// All connections of a worker.
#[derive(Debug)]
pub struct Slots {
    entries: Vec<Entry>,
    free: Vec<u32>,
    keep: Names,
    names: Vec<SocketName>,
}

impl Slots {
    /// No connection yet.
    pub fn new(keep: Names) -> Slots {
        Slots {
            entries: Vec::new(),
            free: Vec::new(),
            keep,
            names: Vec::new(),
        }
    }

    /// Puts a connection into a slot.
    pub fn insert(&mut self, connection: Connection, active: u32) -> Token {
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::default());
            self.entries.len() as u32 - 1
        });
        if self.keep == Names::Kept {
            let places = self.names.len().max(index as usize + 1);
            self.names.resize(places, SocketName::UNNAMED);
            self.names[index as usize] = connection.peer;
        }
        let entry = &mut self.entries[index as usize];
        entry.slot = Some(Slot {
            session: connection.session,
            fd: connection.fd,
            active,
            held: 0,
            interest: Interest::Read,
            state: State::Awake,
        });
        token(index, entry.generation)
    }

    /// The slot of a token, if that connection is still there.
    #[inline]
    pub fn get(&mut self, token: Token) -> Option<&mut Slot> {
        self.get_named::<Off>(token).map(|(slot, _)| slot)
    }

    /// The same, and who it is as far as this observer needs to know.
    #[inline]
    pub fn get_named<O: Observer>(&mut self, token: Token) -> Option<(&mut Slot, &SocketName)> {
        let (index, generation) = place(token);
        let entry = self.entries.get_mut(index as usize)?;
        if entry.generation != generation {
            return None;
        }
        let name = if O::EVENTS {
            self.names.get(index as usize)
        } else {
            None
        };
        Some((entry.slot.as_mut()?, name.unwrap_or(&NOBODY)))
    }

    /// Takes a connection out, and tells what was counted as held by it; its token finds nobody from now on.
    pub fn remove(&mut self, token: Token) -> Option<(Connection, u32)> {
        let (index, generation) = place(token);
        let entry = self
            .entries
            .get_mut(index as usize)
            .filter(|e| e.generation == generation)?;
        let slot = entry.slot.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(index);
        let name = self.names.get_mut(index as usize);
        let peer = name.map(|name| std::mem::replace(name, SocketName::UNNAMED));
        let connection = Connection {
            fd: slot.fd,
            peer: peer.unwrap_or(SocketName::UNNAMED),
            session: slot.session,
        };
        Some((connection, slot.held))
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tokens of all connections that `pick` picks.
    pub fn tokens(&self, pick: impl Fn(&Slot) -> bool) -> Vec<Token> {
        let all = self.entries.iter().enumerate();
        all.filter(|(_, entry)| entry.slot.as_ref().is_some_and(&pick))
            .map(|(index, entry)| token(index as u32, entry.generation))
            .collect()
    }
}

fn token(index: u32, generation: u32) -> Token {
    Token((u64::from(generation) << 32) | (u64::from(index) + FIRST))
}

/// Index and generation. A token below [`FIRST`] has an index beyond every table.
#[inline]
fn place(token: Token) -> (u32, u32) {
    let index = (token.0 as u32).wrapping_sub(FIRST as u32);
    (index, (token.0 >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Rules;

    struct Looks;

    impl Observer for Looks {
        const ON: bool = false;
        fn call(&self, _: &crate::event::Call<'_>) {}
        fn event(&self, _: &crate::event::Event<'_>) {}
    }

    fn connection(port: u16) -> Connection {
        let (fd, _) = std::os::unix::net::UnixStream::pair().expect("socketpair(2)");
        Connection {
            fd: fd.into(),
            peer: SocketName::Inet(([127, 0, 0, 1], port).into()),
            session: Session::new(&Rules::default()),
        }
    }

    #[test]
    fn a_token_is_index_and_generation() {
        assert_eq!(place(token(0, 0)), (0, 0));
        assert_eq!(place(token(7, u32::MAX)), (7, u32::MAX));
        let mut slots = Slots::new(Names::Kept);
        slots.insert(connection(1), 0);
        for own in 0..FIRST {
            assert!(slots.get(Token(own)).is_none());
        }
        assert_ne!(token(7, 1), token(7, 2));
    }

    #[test]
    fn a_name_is_its_connections_and_a_late_token_finds_nobody() {
        let mut slots = Slots::new(Names::Kept);
        let first = slots.insert(connection(1), 0);
        let second = slots.insert(connection(2), 0);
        let port = |slots: &mut Slots, token| slots.get_named::<Looks>(token).unwrap().1.port();
        assert_eq!(port(&mut slots, second), Some(2));
        assert_eq!(slots.remove(first).unwrap().0.peer.port(), Some(1));
        assert!(slots.remove(first).is_none());
        let third = slots.insert(connection(3), 0);
        assert!(slots.get(first).is_none(), "its slot is another's now");
        assert_eq!(port(&mut slots, third), Some(3));
        assert_eq!(slots.len(), 2);
    }

    #[test]
    fn who_is_not_looked_at_has_no_name() {
        let mut slots = Slots::new(Names::Forgotten);
        let token = slots.insert(connection(1), 0);
        assert_eq!(
            slots.get_named::<Looks>(token).unwrap().1,
            &SocketName::UNNAMED
        );
        assert_eq!(slots.names.capacity(), 0);
    }
}
