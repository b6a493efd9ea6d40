//! A message of 64 bytes that no other message equals: number, peer, and a text that depends on both.
//!
//! Separate because both sides of the comparison are made here: an echo is right when it is the message, byte for byte.

/// Bytes of a message.
pub const SIZE: usize = 64;

const HEAD: usize = 8;
const STARTS: usize = 256;
const TEXT: [u8; STARTS + SIZE] = pattern();

/// The message that a peer sends next.
pub struct Message {
    pub bytes: [u8; SIZE],
    number: u32,
    peer: u32,
}

impl Message {
    pub fn of(peer: u32) -> Message {
        let mut message = Message {
            bytes: [0; SIZE],
            number: 0,
            peer,
        };
        message.advance();
        message
    }

    /// Becomes the next message of this peer.
    pub fn advance(&mut self) {
        self.number = self.number.wrapping_add(1);
        self.bytes[..4].copy_from_slice(&self.number.to_ne_bytes());
        self.bytes[4..HEAD].copy_from_slice(&self.peer.to_ne_bytes());
        let start = self.number.wrapping_mul(31).wrapping_add(self.peer * 17) as usize % STARTS;
        self.bytes[HEAD..].copy_from_slice(&TEXT[start..start + SIZE - HEAD]);
    }

    /// Whether `bytes` is an earlier message of this peer: a datagram that was given up and came after all.
    pub fn is_late(&self, bytes: &[u8]) -> bool {
        let number = bytes
            .get(..4)
            .and_then(|b| b.try_into().ok())
            .map(u32::from_ne_bytes);
        bytes.len() == SIZE
            && bytes[4..HEAD] == self.peer.to_ne_bytes()
            && number.is_some_and(|n| n.wrapping_sub(self.number).cast_signed() < 0)
    }
}

/// Bytes without a short period: xorshift, Marsaglia 2003.
pub const fn pattern<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut i = 0;
    while i < N {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (state >> 32) as u8;
        i += 1;
    }
    bytes
}
