//! Messages as they are sent, and as they should come back.
//!
//! The only place of the generator that knows how messages are made. Both buffers are made once; the last message written is
//! remembered, so that a long answer that comes in many parts is written once.

use std::borrow::Cow;
use std::ops::Range;

use super::Form;
use crate::socket::Type;

/// Makes messages and recognises their echoes.
pub(super) struct Wire<'a> {
    form: Form<'a>,
    message: Numbered,
    answer: Numbered,
    uniqueness: Uniqueness,
}

/// A message and which one it is.
struct Numbered {
    n: Option<u64>,
    bytes: Vec<u8>,
}

/// What a message tells about its number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Uniqueness {
    /// All of it.
    Numbered,
    /// It is too short for its number, so that messages repeat.
    Repeating,
}

impl<'a> Wire<'a> {
    pub(super) fn new(form: Form<'a>) -> Wire<'a> {
        /// As many digits as a number has at least.
        const LARGE: u64 = 98_765_432;
        let empty = || Numbered {
            n: None,
            bytes: Vec::with_capacity(form.messages.size()),
        };
        let mut wire = Wire {
            form,
            message: empty(),
            answer: empty(),
            uniqueness: Uniqueness::Repeating,
        };
        wire.prepare_answer(LARGE);
        if wire.number_of(&wire.answer.bytes) == Some(LARGE) {
            wire.uniqueness = Uniqueness::Numbered;
        }
        wire
    }

    pub(super) fn ty(&self) -> Type {
        self.form.ty
    }

    /// Bytes of one message, and of its echo.
    pub(super) fn size(&self) -> usize {
        self.form.messages.size()
    }

    /// Whether each message can be told from all others.
    pub(super) fn is_numbered(&self) -> bool {
        self.uniqueness == Uniqueness::Numbered
    }

    /// Makes message `n` ready to be sent.
    #[inline]
    pub(super) fn prepare(&mut self, n: u64) {
        if self.message.n != Some(n) {
            self.form.messages.write(n, &mut self.message.bytes);
            self.message.n = Some(n);
        }
    }

    /// The message that was made ready, with what goes around it.
    #[inline]
    pub(super) fn message(&self) -> Cow<'_, [u8]> {
        let seq = self.message.n.unwrap_or_default() as u16;
        self.form.codec.wrap(seq, &self.message.bytes)
    }

    /// What comes back for message `n`.
    #[inline]
    pub(super) fn answer(&mut self, n: u64) -> &[u8] {
        self.prepare_answer(n);
        &self.answer.bytes
    }

    #[inline]
    fn prepare_answer(&mut self, n: u64) {
        if self.answer.n != Some(n) {
            self.form.messages.write_answer(n, &mut self.answer.bytes);
            self.answer.n = Some(n);
        }
    }

    /// Whether this is what comes back for message `n`, to the last byte: the usual case, in which nothing is written.
    #[inline]
    pub(super) fn is_answer(&self, n: u64, reply: &[u8]) -> bool {
        self.form.messages.is_answer(n, reply)
    }

    /// The number of a whole and right answer, as far as it tells: the smallest, where messages repeat.
    pub(super) fn number_of(&self, reply: &[u8]) -> Option<u64> {
        self.form.messages.number_of(reply)
    }

    /// Where the message is in what a socket without connections received. `None`: it has nothing to do with us.
    #[inline]
    pub(super) fn unwrap(&self, received: &[u8]) -> Option<Range<usize>> {
        self.form.codec.unwrap(received)
    }
}
