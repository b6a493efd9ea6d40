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

    pub(super) fn group(&self) -> Group {
        self.group
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
    pub(super) tail: u16,
    /// How many the kernel has, and how many it shall have.
    pub(super) at_hand: u16,
    wanted: u16,
    /// Rounds since a receive found no buffer.
    content: u32,
    pub(super) free: Vec<u16>,
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
    pub(super) fn want_more(&mut self) {
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
    pub(super) fn refill(&mut self) {
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

    pub(super) fn taken(
        &mut self,
        group: Group,
        buffer: u16,
        res: i32,
        taken: Taken,
    ) -> Option<Chunk> {
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

    pub(super) fn give_back(&mut self, chunk: &Chunk) {
        let used = &mut self.used[usize::from(chunk.buffer)];
        used.lent -= 1;
        if used.lent == 0 && used.state == Held::ByChunks {
            self.free.push(chunk.buffer);
        }
    }

    pub(super) fn part(&self, chunk: &Chunk) -> *mut u8 {
        let offset = usize::from(chunk.buffer) * self.plan.size as usize + chunk.start as usize;
        self.memory.at(offset, chunk.len as usize)
    }

    /// Buffers that the kernel has or could have.
    pub(super) fn available(&self) -> usize {
        usize::from(self.at_hand) + self.free.len()
    }

    /// About so many receives will find a buffer. Of an incremental one each may take as much as comes, so that is a
    /// guess, on the small side.
    pub(super) fn receives(&self) -> usize {
        const OF_AN_INCREMENTAL_ONE: usize = 16;
        match self.plan.consumption {
            Consumption::Incremental => self.available() * OF_AN_INCREMENTAL_ONE,
            Consumption::AtOnce => self.available(),
        }
    }
}
