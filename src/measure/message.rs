//! Messages to be echoed: of the right form for the framing, each different from those around it.

use crate::profile::FramingKey;

/// The shortest payload that carries its number: 8 digits.
const NUMBER: usize = 8;

/// Makes messages for one conversation.
#[derive(Clone, Debug)]
pub struct Messages {
    framing: FramingKey,
    size: usize,
}

impl Messages {
    /// Messages of `size` bytes, as far as the framing leaves the choice: a fixed frame has its own size, and a
    /// delimiter or a prefix needs room.
    pub fn new(framing: &FramingKey, size: usize) -> Messages {
        let least = match framing {
            FramingKey::Fixed(fixed) => {
                return Messages {
                    framing: framing.clone(),
                    size: *fixed,
                };
            }
            FramingKey::Delimiter(delimiter) => delimiter.len(),
            FramingKey::LengthPrefix(bytes) => usize::from(*bytes),
            FramingKey::Line | FramingKey::None => 1,
        };
        Messages {
            framing: framing.clone(),
            size: size.max(least),
        }
    }

    /// Bytes of one message on the wire.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes message number `n` into `out`. Without framing it ends in a line feed, so that a server that reads lines
    /// answers too.
    pub fn write(&self, n: u64, out: &mut Vec<u8>) {
        out.clear();
        out.reserve(self.size);
        let end: &[u8] = match &self.framing {
            FramingKey::None | FramingKey::Line => b"\n",
            FramingKey::Delimiter(delimiter) => delimiter,
            FramingKey::LengthPrefix(bytes) => {
                let payload = (self.size - usize::from(*bytes)) as u64;
                out.extend_from_slice(&payload.to_be_bytes()[8 - usize::from(*bytes)..]);
                b""
            }
            FramingKey::Fixed(_) => b"",
        };
        let payload = self.size - out.len() - end.len();
        fill(n, payload, end, out);
        out.extend_from_slice(end);
    }

    /// Whether `reply` is the whole message of a number before `n`: an echo that was late, or came twice.
    pub fn is_earlier(&self, n: u64, reply: &[u8]) -> bool {
        let prefix = match self.framing {
            FramingKey::LengthPrefix(bytes) => usize::from(bytes),
            _ => 0,
        };
        let rest = reply.get(prefix..).unwrap_or_default();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit());
        let number: String = digits.map(|&b| char::from(b)).collect();
        number.parse().is_ok_and(|earlier| {
            let mut message = Vec::new();
            self.write(earlier, &mut message);
            earlier < n && message == reply
        })
    }
}

/// The number in digits, then letters that depend on it; never a byte of the delimiter.
fn fill(n: u64, len: usize, delimiter: &[u8], out: &mut Vec<u8>) {
    let number = format!("{n:0NUMBER$}");
    let letters = (0..).map(|i: u64| b'a' + ((i + n) % 26) as u8);
    let from = out.len();
    out.extend(number.bytes().chain(letters).take(len));
    for byte in &mut out[from..] {
        while delimiter.contains(byte) {
            *byte = byte.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(framing: &FramingKey, size: usize, n: u64) -> Vec<u8> {
        let mut out = Vec::new();
        Messages::new(framing, size).write(n, &mut out);
        out
    }

    #[test]
    fn every_framing_gets_a_whole_message() {
        assert_eq!(message(&FramingKey::None, 12, 7), b"00000007hij\n");
        assert_eq!(message(&FramingKey::Line, 1, 7), b"\n");
        assert_eq!(
            message(&FramingKey::LengthPrefix(4), 12, 1),
            b"\0\0\0\x0800000001"
        );
        assert_eq!(message(&FramingKey::LengthPrefix(8), 3, 1), [0; 8]);
        assert_eq!(message(&FramingKey::Fixed(10), 64, 1).len(), 10);
        let delimited = message(&FramingKey::Delimiter(b"0a".to_vec()), 64, 0);
        assert!(delimited.ends_with(b"0a"));
        assert!(!delimited[..62].iter().any(|b| b"0a".contains(b)));
    }

    #[test]
    fn only_a_whole_earlier_message_is_one() {
        for framing in [FramingKey::None, FramingKey::LengthPrefix(2)] {
            let messages = Messages::new(&framing, 64);
            let third = message(&framing, 64, 3);
            assert!(messages.is_earlier(4, &third));
            assert!(!messages.is_earlier(3, &third), "that is the one awaited");
            assert!(!messages.is_earlier(4, &third[..63]));
            let backwards: Vec<u8> = third.iter().rev().copied().collect();
            for garbage in [&backwards[..], b"", b"\0", b"99999999999999999999999"] {
                assert!(!messages.is_earlier(4, garbage));
            }
        }
    }

    #[test]
    fn neighbours_differ() {
        assert_ne!(
            message(&FramingKey::None, 9, 1),
            message(&FramingKey::None, 9, 2)
        );
    }
}
