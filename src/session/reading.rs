//! What was received: cut into frames, answered, or given up.
//!
//! The half of [`Session`] that changes its mind; the other half, in [`super`], sends and forgets. One whole message, the
//! common case, is answered there without coming here.

use std::num::NonZeroU32;

use crate::handler::Answer;

use super::Session;
use super::framing::Cut;
use super::rules::{Close, Framing, Received, Rules, Want};

impl Session {
    /// Takes the end of the stream: an unterminated line is still a message, an unfinished frame of known length is
    /// given up. Chargen goes on: RFC 864 speaks until the connection is gone, and a half-close is not that.
    pub fn ended(&mut self, rules: &Rules) -> Received {
        if self.speaks() || self.then.end().is_some() {
            return Received::default();
        }
        let mut got = Received::default();
        let mut close = Close::PeerEnded;
        let tail = self.ready as usize..self.end as usize;
        if !tail.is_empty() {
            match self.carry.take() {
                Some(mut carry) if rules.framing.ends_with_the_stream() => {
                    got.messages = 1;
                    got.discarded = self.answer(rules, &mut carry.bytes[tail]);
                    self.carry = Some(carry);
                }
                carry => {
                    got.discarded = tail.len();
                    self.end = self.ready;
                    self.carry = carry;
                    close = Close::UnfinishedFrame;
                }
            }
        }
        self.then = rules.closing(close);
        if self.now != Want::Send {
            self.settle();
        }
        got
    }

    /// [`Session::received`] for everything that is not one whole message.
    #[inline(never)] // it would push the common case out of registers
    pub(super) fn sorted(&mut self, rules: &Rules, chunk: &mut [u8]) -> Received {
        if self.speaks() {
            return Received {
                messages: 0,
                discarded: chunk.len(),
            };
        }
        if chunk.is_empty() && rules.framing != Framing::Message {
            return self.ended(rules);
        }
        if self.now == Want::Send || self.then.end().is_some() {
            return self.refuse(rules, chunk.len());
        }
        if chunk.is_empty() {
            return self.empty_message(rules);
        }
        let got = match self.carry.take() {
            None => self.frames(rules, chunk, 0),
            Some(mut carry) => {
                let seen = carry.bytes.len();
                carry.append(chunk, rules.longest());
                let got = self.frames(rules, &mut carry.bytes, seen);
                self.carry = Some(carry);
                got
            }
        };
        self.settle();
        got
    }

    /// Answers the frames that `data` begins with; no delimiter ends within its first `seen` bytes.
    fn frames(&mut self, rules: &Rules, data: &mut [u8], mut seen: usize) -> Received {
        (self.at, self.ready, self.end) = (0, 0, data.len() as u32);
        let mut got = Received::default();
        let mut rest = data;
        while !rest.is_empty() && self.then.end().is_none() {
            match rules.framing.cut(rest, seen, rules.longest()) {
                Cut::Frame(length) => {
                    let (frame, behind) = rest.split_at_mut(length);
                    got.messages += 1;
                    got.discarded += self.answer(rules, frame);
                    rest = behind;
                    seen = 0;
                }
                Cut::Unfinished => return got,
                Cut::TooLong => self.then = rules.closing(Close::FrameTooLong),
            }
        }
        if self.then.end() == Some(Close::RequestsDone) {
            got.discarded += self.refuse(rules, rest.len()).discarded;
        } else {
            got.discarded += rest.len();
        }
        self.end = self.ready;
        got
    }

    /// Lets the handler answer the message at `ready`; gives the number of bytes that are spent without an answer.
    #[inline]
    pub(super) fn answer(&mut self, rules: &Rules, message: &mut [u8]) -> usize {
        if let Some(left) = self.left {
            self.left = NonZeroU32::new(left.get() - 1);
            if self.left.is_none() {
                self.then = rules.closing(Close::RequestsDone);
            }
        }
        self.ready += message.len() as u32;
        match rules.handler.answer(message) {
            Answer::InPlace => 0,
            // On a connection only chargen answers with text, and it has spoken already.
            Answer::Nothing | Answer::Text(_) => {
                self.at = self.ready;
                message.len()
            }
        }
    }

    /// An empty message is answered by an empty one: there is something to send, and it has no bytes.
    fn empty_message(&mut self, rules: &Rules) -> Received {
        (self.at, self.ready, self.end) = (0, 0, 0);
        self.answer(rules, &mut []);
        self.now = if rules.handler.swallows() {
            self.then
        } else {
            Want::Send
        };
        Received {
            messages: 1,
            discarded: 0,
        }
    }

    /// Gives up `more` bytes that will not be answered, and says so in how the connection ends.
    fn refuse(&mut self, rules: &Rules, more: usize) -> Received {
        let mut discarded = more;
        if more > 0 && !rules.handler.swallows() {
            match self.then.end() {
                Some(Close::RequestsDone) => self.end_with(Close::Unanswered),
                Some(Close::PeerEnded) => self.end_with(Close::Unasked),
                Some(_) => {}
                None => {
                    // The frame that these bytes would have gone on with can no longer be completed.
                    discarded += (self.end - self.ready) as usize;
                    self.end = self.ready;
                    self.then = rules.closing(Close::Unasked);
                }
            }
        }
        Received {
            messages: 0,
            discarded,
        }
    }
}
