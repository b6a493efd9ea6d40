//! Provided buffers: the kernel picks one when data arrives, so that an idle connection needs none.
//!
//! A [`Set`] is a ring in memory that both sides read: entries are appended here and taken by the kernel from the front.
//! Only a few are in it at a time, and the one returned last goes in first, so that what is used stays in the cache. A
//! [`Chunk`] is the right to one part of a buffer: it is made from a completion, and given back exactly once.

use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

use crate::sys::pages::Pages;

/// io_uring_register_buf_ring(3): a buffer is consumed piece by piece.
const IOU_PBUF_RING_INC: u16 = 2;

/// Small receives that a shared buffer is sure to hold.
const RECEIVES_OF_ONE: usize = 16;

/// After so many rounds in which no receive was without a buffer the kernel gets fewer again.
const CONTENT: u32 = 1024;

/// Which buffers an operation receives into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Group {
    /// Many receives share a buffer, where the kernel can do that.
    Shared = 0,
    /// Each receive has a buffer of its own.
    Whole = 1,
}

impl Group {
    pub(super) const fn number(self) -> u16 {
        self as u16
    }
}

/// How a buffer is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumption {
    /// By one receive.
    AtOnce,
    /// IOU_PBUF_RING_INC, from Linux 6.12: by as many receives as fit.
    Incremental,
}

/// What a group consists of.
#[derive(Clone, Copy, Debug)]
pub struct Buffers {
    /// Bytes of a buffer.
    pub size: u32,
    /// How many there are.
    pub count: u16,
    /// How many the kernel has at a time, at first.
    pub at_hand: u16,
    /// How they are used up.
    pub consumption: Consumption,
}

/// A part of a provided buffer that holds what one receive gave.
#[derive(Debug)]
pub struct Chunk {
    start: u32,
    len: u32,
    buffer: u16,
    group: Group,
}

impl Chunk {
    /// How many bytes it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn buffer(&self) -> u16 {
        self.buffer
    }
}

/// Whether the kernel goes on with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// IORING_CQE_F_BUF_MORE: there is more room in it.
    Part,
    /// It is used up.
    Last,
}

/// A buffer outside of the ring.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    /// Where the next piece begins.
    filled: u32,
    /// Chunks that were not given back.
    lent: u32,
    state: Held,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Held {
    /// The kernel may write to it.
    #[default]
    ByKernel,
    /// It waits for its chunks.
    ByChunks,
}

/// One group of buffers.
#[derive(Debug)]
pub(super) struct Set {
    plan: Buffers,
    entries: u16,
    memory: Pages,
    ring: Pages,
    tail: u16,
    /// How many the kernel has, and how many it shall have.
    at_hand: u16,
    wanted: u16,
    /// Rounds since a receive found no buffer.
    content: u32,
    free: Vec<u16>,
    used: Vec<Use>,
}

impl Set {
    /// Memory for a group. Pages that are never used are never there.
    pub(super) fn new(plan: Buffers) -> io::Result<Set> {
        let entries = plan.count.next_power_of_two();
        Ok(Set {
            plan,
            entries,
            memory: Pages::new(plan.size as usize * usize::from(plan.count))?,
            ring: Pages::new(usize::from(entries) * size_of::<BufRingEntry>())?,
            tail: 0,
            at_hand: 0,
            wanted: plan.at_hand,
            content: 0,
            free: (0..plan.count).rev().collect(),
            used: vec![Use::default(); usize::from(plan.count)],
        })
    }

    pub(super) fn register(&self, submitter: &Submitter<'_>, group: Group) -> io::Result<()> {
        let flags = match self.plan.consumption {
            Consumption::AtOnce => 0,
            Consumption::Incremental => IOU_PBUF_RING_INC,
        };
        // SAFETY: the pages are as long as that many entries and are freed after the ring was closed (Pool).
        #[allow(unsafe_code, reason = "the kernel keeps the address")]
        unsafe {
            submitter.register_buf_ring_with_flags(
                self.ring.start() as u64,
                self.entries,
                group.number(),
                flags,
            )
        }
    }

    /// As strace shows the argument.
    pub(super) fn shown(&self, group: Group) -> String {
        let flags = match self.plan.consumption {
            Consumption::AtOnce => "0",
            Consumption::Incremental => "IOU_PBUF_RING_INC",
        };
        format!(
            "{{ring_entries={}, bgid={}, flags={flags}}}",
            self.entries,
            group.number()
        )
    }

    /// A receive found no buffer: the kernel gets more of them from now on. Incremental buffers are large, and whoever
    /// uses several of them up at once has to be slowed rather than fed.
    fn want_more(&mut self) {
        if self.plan.consumption == Consumption::AtOnce {
            self.wanted = self.wanted.saturating_mul(2).min(self.plan.count);
            self.content = 0;
        }
    }

    /// Where a buffer is.
    fn address(&self, buffer: u16) -> *mut u8 {
        let offset = usize::from(buffer) * self.plan.size as usize;
        self.memory.at(offset, self.plan.size as usize)
    }

    /// Hands buffers to the kernel until it has enough of them.
    fn refill(&mut self) {
        self.content += 1;
        if self.content > CONTENT {
            self.wanted = (self.wanted / 2).max(self.plan.at_hand);
            self.content = 0;
        }
        if self.at_hand >= self.wanted || self.free.is_empty() {
            return;
        }
        #[allow(clippy::cast_ptr_alignment, reason = "it begins at a page")]
        let base = self.ring.start().cast::<BufRingEntry>();
        while self.at_hand < self.wanted
            && let Some(buffer) = self.free.pop()
        {
            let place = usize::from(self.tail & (self.entries - 1));
            let address = self.address(buffer);
            self.used[usize::from(buffer)] = Use::default();
            // SAFETY: the place is inside of the ring's pages, and the kernel reads only up to the tail.
            #[allow(unsafe_code, reason = "the ring is shared with the kernel")]
            let entry = unsafe { &mut *base.add(place) };
            entry.set_addr(address as u64);
            entry.set_len(self.plan.size);
            entry.set_bid(buffer);
            self.tail = self.tail.wrapping_add(1);
            self.at_hand += 1;
        }
        // SAFETY: the tail lies in the first entry, which lives as long as the pages, and only this thread writes it.
        #[allow(unsafe_code, reason = "the kernel reads the tail while we write it")]
        unsafe {
            let tail = BufRingEntry::tail(base);
            AtomicU16::from_ptr(tail.cast_mut()).store(self.tail, Ordering::Release);
        }
    }

    fn taken(&mut self, group: Group, buffer: u16, res: i32, taken: Taken) -> Option<Chunk> {
        let used = self.used.get_mut(usize::from(buffer))?;
        let room = self.plan.size - used.filled;
        // MSG_TRUNC: a message may have been longer than the room it was put into.
        let len = u32::try_from(res).unwrap_or(0).min(room);
        let start = used.filled;
        used.filled += len;
        used.lent += 1;
        if taken == Taken::Last {
            used.state = Held::ByChunks;
            self.at_hand = self.at_hand.saturating_sub(1);
        }
        Some(Chunk {
            start,
            len,
            buffer,
            group,
        })
    }

    fn give_back(&mut self, chunk: &Chunk) {
        let used = &mut self.used[usize::from(chunk.buffer)];
        used.lent -= 1;
        if used.lent == 0 && used.state == Held::ByChunks {
            self.free.push(chunk.buffer);
        }
    }

    fn part(&self, chunk: &Chunk) -> *mut u8 {
        let offset = usize::from(chunk.buffer) * self.plan.size as usize + chunk.start as usize;
        self.memory.at(offset, chunk.len as usize)
    }
}

/// All groups of a ring. Must be dropped after the ring was closed, or at least emptied of operations.
#[derive(Debug, Default)]
pub(super) struct Pool {
    sets: [Option<Set>; 2],
}

impl Pool {
    pub(super) fn add(&mut self, group: Group, set: Set) {
        self.sets[group as usize] = Some(set);
    }

    fn set(&self, group: Group) -> &Set {
        self.sets[group as usize]
            .as_ref()
            .expect("a chunk comes from a group that was registered")
    }

    fn set_mut(&mut self, group: Group) -> &mut Set {
        self.sets[group as usize]
            .as_mut()
            .expect("a chunk comes from a group that was registered")
    }

    pub(super) fn refill(&mut self) {
        self.sets.iter_mut().flatten().for_each(Set::refill);
    }

    pub(super) fn want_more(&mut self, group: Group) {
        self.set_mut(group).want_more();
    }

    /// Buffers that the kernel has or could have.
    pub(super) fn available(&self, group: Group) -> usize {
        let set = self.sets[group as usize].as_ref();
        set.map_or(0, |s| usize::from(s.at_hand) + s.free.len())
    }

    /// About so many receives will find a buffer. Of an incremental one each may take as much as comes, so that is a
    /// guess, on the small side.
    pub(super) fn receives(&self, group: Group) -> usize {
        let set = self.sets[group as usize].as_ref();
        let each = match set.map(|s| s.plan.consumption) {
            Some(Consumption::Incremental) => RECEIVES_OF_ONE,
            _ => 1,
        };
        self.available(group) * each
    }

    #[inline]
    pub(super) fn taken(
        &mut self,
        group: Group,
        buffer: u16,
        res: i32,
        taken: Taken,
    ) -> Option<Chunk> {
        self.set_mut(group).taken(group, buffer, res, taken)
    }

    #[inline]
    pub(super) fn bytes(&self, chunk: &Chunk) -> &[u8] {
        let part = self.set(chunk.group).part(chunk);
        // SAFETY: the part was filled by the kernel, which does not touch it again before the chunk is given back.
        #[allow(unsafe_code, reason = "the rest of the buffer may be the kernel's")]
        unsafe {
            std::slice::from_raw_parts(part, chunk.len as usize)
        }
    }

    #[inline]
    pub(super) fn bytes_mut(&mut self, chunk: &mut Chunk) -> &mut [u8] {
        let part = self.set(chunk.group).part(chunk);
        // SAFETY: as above, and a chunk is the only one of its part, borrowed mutably here.
        #[allow(unsafe_code, reason = "the rest of the buffer may be the kernel's")]
        unsafe {
            std::slice::from_raw_parts_mut(part, chunk.len as usize)
        }
    }

    #[inline]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "who gives a chunk back has it no longer"
    )]
    pub(super) fn give_back(&mut self, chunk: Chunk) {
        self.set_mut(chunk.group).give_back(&chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Buffers = Buffers {
        size: 100,
        count: 3,
        at_hand: 2,
        consumption: Consumption::Incremental,
    };

    fn pool() -> Pool {
        let mut pool = Pool::default();
        pool.add(Group::Shared, Set::new(PLAN).unwrap());
        pool.refill();
        pool
    }

    #[test]
    fn pieces_of_a_buffer_lie_behind_each_other_and_it_returns_after_the_last() {
        let mut pool = pool();
        let mut first = pool.taken(Group::Shared, 0, 60, Taken::Part).unwrap();
        let mut second = pool.taken(Group::Shared, 0, 40, Taken::Last).unwrap();
        pool.bytes_mut(&mut first).fill(1);
        pool.bytes_mut(&mut second).fill(2);
        assert_eq!(pool.bytes(&first), [1; 60]);
        assert_eq!(pool.bytes(&second), [2; 40]);
        assert_eq!(pool.available(Group::Shared), 2);
        pool.give_back(second);
        assert_eq!(pool.available(Group::Shared), 2, "a piece is still lent");
        pool.give_back(first);
        assert_eq!(pool.available(Group::Shared), 3);
    }

    #[test]
    fn the_kernel_has_a_few_and_gets_the_one_that_was_returned_last() {
        let mut pool = pool();
        assert_eq!(pool.set(Group::Shared).at_hand, 2);
        assert_eq!(pool.set(Group::Shared).free, [2]);
        let chunk = pool.taken(Group::Shared, 1, 100, Taken::Last).unwrap();
        pool.give_back(chunk);
        assert_eq!(pool.set(Group::Shared).free, [2, 1]);
        pool.refill();
        assert_eq!(pool.set(Group::Shared).free, [2]);
        assert_eq!(pool.set(Group::Shared).tail, 3);
    }

    #[test]
    fn a_truncated_message_is_as_long_as_its_buffer_and_garbage_is_nobodys() {
        let mut pool = pool();
        let chunk = pool.taken(Group::Shared, 0, 5000, Taken::Last).unwrap();
        assert_eq!(pool.bytes(&chunk).len(), 100);
        let error = pool.taken(Group::Shared, 1, -104, Taken::Last).unwrap();
        assert_eq!(pool.bytes(&error).len(), 0);
        assert!(pool.taken(Group::Shared, 9, 1, Taken::Last).is_none());
    }
}
