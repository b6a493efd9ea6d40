//! RFC 862, the Echo protocol: whatever is received is sent back.
//!
//! The bytes stay where the kernel put them, so an echo costs no copy. The next one is [`super::discard`].

use super::Answer;

/// The message is its own answer.
#[inline]
pub fn answer(_message: &mut [u8]) -> Answer {
    Answer::InPlace
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_not_touched() {
        let mut message = *b"Ciao!\r\n\0\xff";
        assert_eq!(answer(&mut message), Answer::InPlace);
        assert_eq!(&message, b"Ciao!\r\n\0\xff");
    }
}
