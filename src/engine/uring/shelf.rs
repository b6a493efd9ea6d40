//! What was received and not yet spent: lent to a session, or waiting for one that still sends.
//!
//! Each connection has a [`Row`] of items, oldest first. An item is a chunk of a provided buffer, and a copy where the
//! buffer could not be spared: a peer that does not read must not keep buffers that others need.

use crate::event::Observer;
use crate::sys::ring::Ring;
use crate::sys::ring::buffers::Chunk;

/// No item.
pub(super) const NOTHING: u32 = u32::MAX;

/// Items of one connection, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    first: u32,
    last: u32,
}

impl Row {
    pub(super) const EMPTY: Row = Row {
        first: NOTHING,
        last: NOTHING,
    };

    pub(super) fn is_empty(self) -> bool {
        self.first == NOTHING
    }
}

/// Where bytes are.
#[derive(Debug)]
enum Bytes {
    /// Nowhere: the end of a stream, or an empty message.
    None,
    /// In a provided buffer.
    Provided(Chunk),
    /// Here.
    Copied(Box<[u8]>),
}

/// What one receive gave.
#[derive(Debug)]
struct Item {
    bytes: Bytes,
    /// Its result: more than there are bytes, if a message was truncated.
    n: u32,
    next: u32,
}

/// The items of all connections of a worker.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    items: Vec<Item>,
    free: Vec<u32>,
    copied: usize,
}

impl Shelf {
    /// Bytes that were copied here.
    pub(super) fn held(&self) -> usize {
        self.copied
    }

    /// Puts what a receive gave at the end of a row.
    pub(super) fn push(&mut self, row: &mut Row, chunk: Option<Chunk>, n: u32) {
        let item = Item {
            bytes: chunk.map_or(Bytes::None, Bytes::Provided),
            n,
            next: NOTHING,
        };
        let at = if let Some(at) = self.free.pop() {
            self.items[at as usize] = item;
            at
        } else {
            self.items.push(item);
            self.items.len() as u32 - 1
        };
        if row.is_empty() {
            row.first = at;
        } else {
            self.items[row.last as usize].next = at;
        }
        row.last = at;
    }

    /// Takes the oldest item out of a row, with the result of its receive. It stays on the shelf.
    pub(super) fn pop(&self, row: &mut Row) -> Option<(u32, usize)> {
        let item = self.items.get(row.first as usize)?;
        let at = row.first;
        row.first = item.next;
        Some((at, item.n as usize))
    }

    /// Whether a row has more than so many items.
    pub(super) fn is_longer(&self, row: Row, than: usize) -> bool {
        let mut at = row.first;
        for _ in 0..than {
            match self.items.get(at as usize) {
                Some(item) => at = item.next,
                None => return false,
            }
        }
        at != NOTHING
    }

    /// The bytes of an item.
    #[inline]
    pub(super) fn bytes<'a, O: Observer>(&'a self, ring: &'a Ring<'_, O>, at: u32) -> &'a [u8] {
        match self.items.get(at as usize).map(|item| &item.bytes) {
            Some(Bytes::Provided(chunk)) => ring.bytes(chunk),
            Some(Bytes::Copied(bytes)) => bytes,
            Some(Bytes::None) | None => &[],
        }
    }

    /// The same, to be answered in place.
    #[inline]
    pub(super) fn bytes_mut<'a, O: Observer>(
        &'a mut self,
        ring: &'a mut Ring<'_, O>,
        at: u32,
    ) -> &'a mut [u8] {
        match self.items.get_mut(at as usize).map(|item| &mut item.bytes) {
            Some(Bytes::Provided(chunk)) => ring.bytes_mut(chunk),
            Some(Bytes::Copied(bytes)) => bytes,
            Some(Bytes::None) | None => &mut [],
        }
    }

    /// Clears an item away; its buffer goes back.
    #[inline]
    pub(super) fn clear<O: Observer>(&mut self, ring: &mut Ring<'_, O>, at: u32) {
        let Some(item) = self.items.get_mut(at as usize) else {
            return;
        };
        match std::mem::replace(&mut item.bytes, Bytes::None) {
            Bytes::Provided(chunk) => ring.give_back(chunk),
            Bytes::Copied(bytes) => self.copied -= bytes.len(),
            Bytes::None => {}
        }
        self.free.push(at);
    }

    /// Copies what a row has in provided buffers, so that others can have these.
    pub(super) fn copy<O: Observer>(&mut self, ring: &mut Ring<'_, O>, row: Row) {
        let mut at = row.first;
        while let Some(item) = self.items.get_mut(at as usize) {
            at = item.next;
            if let Bytes::Provided(chunk) = &item.bytes {
                let copy = Bytes::Copied(ring.bytes(chunk).into());
                self.copied += chunk.len();
                if let Bytes::Provided(chunk) = std::mem::replace(&mut item.bytes, copy) {
                    ring.give_back(chunk);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_and_items_are_used_again() {
        let mut shelf = Shelf::default();
        let (mut one, mut two) = (Row::EMPTY, Row::EMPTY);
        for n in 1..=3 {
            shelf.push(&mut one, None, n);
            shelf.push(&mut two, None, 10 * n);
        }
        assert!(shelf.is_longer(one, 2) && !shelf.is_longer(one, 3));
        let taken: Vec<usize> = std::iter::from_fn(|| shelf.pop(&mut two))
            .map(|(_, n)| n)
            .collect();
        assert_eq!(taken, [10, 20, 30]);
        assert!(two.is_empty() && !one.is_empty());
        let (at, n) = shelf.pop(&mut one).unwrap();
        assert_eq!(n, 1);
        shelf.free.push(at);
        let before = shelf.items.len();
        shelf.push(&mut two, None, 7);
        assert_eq!(shelf.items.len(), before);
    }
}
