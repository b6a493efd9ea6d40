//! RFC 863, the Discard protocol: whatever is received is thrown away, and nothing is said.
//!
//! On purpose: these bytes are counted as discarded, but no peer lost anything it was promised.
//! The next one is [`super::chargen`].

use super::Answer;

/// There is no answer.
#[inline]
pub fn answer(_message: &mut [u8]) -> Answer {
    Answer::Nothing("the handler gives no answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said() {
        let answer = answer(&mut b"anyone?".to_vec());
        assert!(matches!(answer, Answer::Nothing(_)));
    }
}
