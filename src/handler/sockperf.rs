//! sockperf's header, and what its server does with a message: sent back with the client bit cleared, if it asks for that.
//!
//! Observed on the server of sockperf 3.7: it answers a message exactly if the client bit and the pong bit are set and the
//! warm-up bit is not; other bits come back as they were. `ping-pong` sets pong on every message, `under-load` on every
//! hundredth (`--reply-every`), `throughput` on none. Its framing is [`crate::session::Framing::Sockperf`].

use super::Answer;

/// Bytes of the header, all of it big-endian: sequence number (8), flags (2), length of the whole message (4).
pub const HEADER: usize = 14;
/// Flag of a message that comes from a client.
pub const CLIENT: u16 = 1;
/// Flag of a message that wants an answer.
pub const PONG: u16 = 2;
/// Flag of a message that only warms up: it is never answered.
pub const WARM_UP: u16 = 4;

/// The header of a message of `length` bytes, itself included.
#[inline]
pub const fn header(sequence: u64, flags: u16, length: u32) -> [u8; HEADER] {
    let all = (sequence as u128) << 48 | (flags as u128) << 32 | length as u128;
    let [_, _, header @ ..] = all.to_be_bytes();
    header
}

/// The sequence number.
#[inline]
pub fn sequence(header: &[u8; HEADER]) -> u64 {
    let mut sequence = [0; 8];
    sequence.copy_from_slice(&header[..8]);
    u64::from_be_bytes(sequence)
}

/// The flags.
#[inline]
pub const fn flags(header: &[u8; HEADER]) -> u16 {
    u16::from_be_bytes([header[8], header[9]])
}

/// The length that the header claims for the whole message. Less than [`HEADER`] makes no sense.
#[inline]
pub const fn length(header: &[u8; HEADER]) -> u32 {
    u32::from_be_bytes([header[10], header[11], header[12], header[13]])
}

/// The message without its client bit, if it is whole and asks for an answer.
#[inline]
pub fn answer(message: &mut [u8]) -> Answer {
    let len = message.len();
    let Some(header) = message.first_chunk_mut::<HEADER>() else {
        return Answer::Nothing("it is too short for sockperf's header");
    };
    if length(header) as usize != len {
        return Answer::Nothing("its length is not what sockperf's header says");
    }
    let flags = flags(header);
    if flags & CLIENT == 0 {
        return Answer::Nothing("sockperf's client bit is not set");
    }
    if flags & (PONG | WARM_UP) != PONG {
        return Answer::Nothing("sockperf's header asks for no answer");
    }
    [header[8], header[9]] = (flags & !CLIENT).to_be_bytes();
    Answer::InPlace
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(flags: u16, claimed: u32, body: &[u8]) -> Vec<u8> {
        [&header(7, flags, claimed)[..], body].concat()
    }

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let h = header(0x0102_0304_0506_0708, 0x090a, 0x0b0c_0d0e);
        assert_eq!(h, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
        assert_eq!(sequence(&h), 0x0102_0304_0506_0708);
        assert_eq!((flags(&h), length(&h)), (0x090a, 0x0b0c_0d0e));
    }

    /// What the server of sockperf 3.7 was seen to do with each of these flags.
    #[test]
    fn only_a_clients_ping_is_answered_and_only_its_client_bit_changes() {
        for (asked, answered) in [
            (0x0003, Some(0x0002)),
            (0x0013, Some(0x0012)),
            (0x8003, Some(0x8002)),
            (0x0000, None),
            (0x0001, None),
            (0x0002, None),
            (0x0004, None),
            (0x0005, None),
            (0x0007, None),
            (0x0009, None),
            (0x0011, None),
            (0xffff, None),
        ] {
            let mut text = message(asked, 17, b"abc");
            let before = text.clone();
            let answer = answer(&mut text);
            if let Some(flags) = answered {
                assert_eq!(answer, Answer::InPlace, "{asked:#x}");
                assert_eq!(text, message(flags, 17, b"abc"), "{asked:#x}");
            } else {
                assert!(matches!(answer, Answer::Nothing(_)), "{asked:#x}");
                assert_eq!(text, before, "{asked:#x}");
            }
        }
    }

    #[test]
    fn a_message_that_is_not_what_it_says_is_not_answered() {
        for mut text in [
            vec![],
            vec![0; 13],
            vec![0xff; 14],
            message(3, 13, b""),
            message(3, 15, b""),
            message(3, 0, b"abc"),
            message(3, u32::MAX, b"abc"),
        ] {
            let before = text.clone();
            assert!(matches!(answer(&mut text), Answer::Nothing(_)), "{text:?}");
            assert_eq!(text, before);
        }
        assert_eq!(answer(&mut message(3, 14, b"")), Answer::InPlace);
    }
}
