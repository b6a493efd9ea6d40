//! The one heap buffer of a connection: bytes whose chunk went on to other uses.
//!
//! It holds an unsent rest, then the beginning of a frame, and nothing else; [`super::Session`] drops it as soon as both
//! are gone. It is boxed as a whole because three words would not fit into a session.

/// Bytes that outlived their chunk.
#[derive(Debug)]
pub(super) struct Carry {
    pub(super) bytes: Vec<u8>,
}

impl Carry {
    /// Copies what is still needed of a chunk.
    pub(super) fn of(rest: &[u8]) -> Carry {
        Carry {
            bytes: rest.to_vec(),
        }
    }

    /// Adds a chunk to the beginning of a frame. The buffer doubles up to `longest`, so that a frame in small pieces is
    /// not copied once per piece, and beyond that grows to exactly what is needed.
    pub(super) fn append(&mut self, chunk: &[u8], longest: usize) {
        let needed = self.bytes.len() + chunk.len();
        let room = needed.max(longest.min(self.bytes.capacity() * 2));
        if needed > self.bytes.capacity() {
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// Keeps only `live`, at the front and in no more memory than it needs: an idle connection may hold it for long.
    pub(super) fn keep(&mut self, live: std::ops::Range<usize>) {
        self.bytes.truncate(live.end);
        self.bytes.drain(..live.start);
        self.bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pieces_double_the_buffer_up_to_the_longest_frame() {
        let mut carry = Carry::of(b"a");
        let mut growths = 0;
        for _ in 1..1000 {
            let before = carry.bytes.capacity();
            carry.append(b"a", 1000);
            growths += usize::from(carry.bytes.capacity() != before);
            assert!(carry.bytes.capacity() <= 1000);
        }
        assert_eq!(carry.bytes.len(), 1000);
        assert!(growths <= 10);
        carry.append(b"bcd", 1000);
        assert_eq!(carry.bytes.capacity(), 1003);
    }

    #[test]
    fn what_is_spent_gives_its_memory_back() {
        let mut carry = Carry::of(&[7; 4096]);
        carry.keep(4090..4093);
        assert_eq!(carry.bytes, [7; 3]);
        assert!(carry.bytes.capacity() < 16);
    }
}
