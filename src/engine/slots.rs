//! The table of connections: a slot each, reused, with a generation so that late news of a closed one finds nobody.

use std::time::Instant;

use super::connection::Connection;
use super::waiter::{Interest, Token};

/// Tokens below this are the engine's own.
const FIRST: u64 = 2;

/// One connection and what it waits for.
#[derive(Debug)]
pub struct Slot {
    /// The connection.
    pub connection: Connection,
    /// What the waiter was last told.
    pub interest: Interest,
    /// When something last moved.
    pub active: Instant,
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

/// All connections of a worker.
#[derive(Debug, Default)]
pub struct Slots {
    entries: Vec<(u32, Option<Slot>)>,
    free: Vec<u32>,
}

impl Slots {
    /// Puts a connection into a slot.
    pub fn insert(&mut self, slot: Slot) -> Token {
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push((0, None));
            self.entries.len() as u32 - 1
        });
        let entry = &mut self.entries[index as usize];
        entry.1 = Some(slot);
        token(index, entry.0)
    }

    /// The slot of a token, if that connection is still there.
    pub fn get(&mut self, token: Token) -> Option<&mut Slot> {
        let (index, generation) = place(token)?;
        match self.entries.get_mut(index as usize) {
            Some((now, slot)) if *now == generation => slot.as_mut(),
            _ => None,
        }
    }

    /// Takes a connection out; its token finds nobody from now on.
    pub fn remove(&mut self, token: Token) -> Option<Slot> {
        let (index, generation) = place(token)?;
        let entry = self
            .entries
            .get_mut(index as usize)
            .filter(|e| e.0 == generation)?;
        let slot = entry.1.take()?;
        entry.0 = entry.0.wrapping_add(1);
        self.free.push(index);
        Some(slot)
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
        all.filter(|(_, (_, slot))| slot.as_ref().is_some_and(&pick))
            .map(|(index, (generation, _))| token(index as u32, *generation))
            .collect()
    }
}

fn token(index: u32, generation: u32) -> Token {
    Token((u64::from(generation) << 32) | (u64::from(index) + FIRST))
}

fn place(token: Token) -> Option<(u32, u32)> {
    let index = (token.0 & u64::from(u32::MAX)).checked_sub(FIRST)?;
    Some((u32::try_from(index).ok()?, (token.0 >> 32) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_index_and_generation() {
        assert_eq!(place(token(0, 0)), Some((0, 0)));
        assert_eq!(place(token(7, u32::MAX)), Some((7, u32::MAX)));
        assert_eq!(place(Token(0)), None);
        assert_eq!(place(Token(1)), None);
        assert_ne!(token(7, 1), token(7, 2));
    }
}
