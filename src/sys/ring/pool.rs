//! The groups of provided buffers of one ring, and the bytes of the chunks that were received into them.

use super::buffers::{Chunk, Group, Set, Taken};

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
        self.sets[group as usize].as_ref().map_or(0, Set::available)
    }

    /// About so many receives will find a buffer.
    pub(super) fn receives(&self, group: Group) -> usize {
        self.sets[group as usize].as_ref().map_or(0, Set::receives)
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
        let part = self.set(chunk.group()).part(chunk);
        // SAFETY: the part was filled by the kernel, which does not touch it again before the chunk is given back.
        #[allow(unsafe_code, reason = "the rest of the buffer may be the kernel's")]
        unsafe {
            std::slice::from_raw_parts(part, chunk.len())
        }
    }

    #[inline]
    pub(super) fn bytes_mut(&mut self, chunk: &mut Chunk) -> &mut [u8] {
        let part = self.set(chunk.group()).part(chunk);
        // SAFETY: as above, and a chunk is the only one of its part, borrowed mutably here.
        #[allow(unsafe_code, reason = "the rest of the buffer may be the kernel's")]
        unsafe {
            std::slice::from_raw_parts_mut(part, chunk.len())
        }
    }

    #[inline]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "who gives a chunk back has it no longer"
    )]
    pub(super) fn give_back(&mut self, chunk: Chunk) {
        self.set_mut(chunk.group()).give_back(&chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::super::buffers::{Buffers, Consumption};
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
