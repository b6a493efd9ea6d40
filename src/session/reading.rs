//! What was received: cut into frames, answered, or given up.
//!
//! The half of [`Session`] that changes its mind; the other half, in [`super`], sends and forgets. One whole message, the
//! common case, is answered there without coming here.

use std::num::NonZeroU32;
use std::ops::Range;

use crate::handler::Answer;

use super::Session;
use super::framing::Cut;
use super::rules::{Close, Framing, Received, Rules, Want};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its bytes are the answer.
    Answered,
    /// There is no answer.
    Spent,
}

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
            let length = tail.len();
            let mut fate = Fate::Spent;
            match &mut self.carry {
                Some(carry) if rules.framing.ends_with_the_stream() => {
                    got.messages = 1;
                    fate = rules.handler.answer(&mut carry.bytes[tail]).into();
                    self.one_less(rules);
                }
                _ => close = Close::UnfinishedFrame,
            }
            match fate {
                Fate::Answered => self.ready = self.end,
                Fate::Spent => {
                    got.discarded = length;
                    self.end = self.ready;
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
                // Behind it stand bytes that moved forward.
                carry.bytes.truncate(self.end as usize);
                self.carry = Some(carry);
                got
            }
        };
        self.settle();
        got
    }

    /// Answers the frames that `data` begins with; no delimiter ends within its first `seen` bytes. What is to be sent is
    /// one piece: an answer behind a frame without one moves forward, and so does an unfinished frame.
    fn frames(&mut self, rules: &Rules, data: &mut [u8], mut seen: usize) -> Received {
        let whole = data.len();
        let (mut at, mut ready, mut from) = (0, 0, 0);
        let mut got = Received::default();
        let mut rest = 0;
        while from < whole && self.then.end().is_none() {
            match rules.framing.cut(&data[from..], seen, rules.longest()) {
                Cut::Frame(length) => {
                    let frame = from..from + length;
                    from = frame.end;
                    seen = 0;
                    got.messages += 1;
                    match self.answer(rules, &mut data[frame.clone()]) {
                        Fate::Answered => {
                            move_to(data, frame, ready);
                            ready += length;
                        }
                        Fate::Spent => {
                            got.discarded += length;
                            if at == ready {
                                (at, ready) = (from, from);
                            }
                        }
                    }
                }
                Cut::Unfinished => {
                    rest = whole - from;
                    move_to(data, from..whole, ready);
                    from = whole;
                }
                Cut::TooLong => self.then = rules.closing(Close::FrameTooLong),
                Cut::Senseless => self.then = rules.closing(Close::BadHeader),
            }
        }
        (self.at, self.ready) = (at as u32, ready as u32);
        self.end = (ready + rest) as u32;
        let behind = whole - from;
        if self.then.end() == Some(Close::RequestsDone) {
            got.discarded += self.refuse(rules, behind).discarded;
        } else {
            got.discarded += behind;
        }
        got
    }

    /// Lets the handler answer a message, and counts it.
    #[inline]
    pub(super) fn answer(&mut self, rules: &Rules, message: &mut [u8]) -> Fate {
        self.one_less(rules);
        rules.handler.answer(message).into()
    }

    /// One message more was taken.
    #[inline]
    fn one_less(&mut self, rules: &Rules) {
        if let Some(left) = self.left {
            self.left = NonZeroU32::new(left.get() - 1);
            if self.left.is_none() {
                self.then = rules.closing(Close::RequestsDone);
            }
        }
    }

    /// An empty message is answered by an empty one: there is something to send, and it has no bytes.
    fn empty_message(&mut self, rules: &Rules) -> Received {
        (self.at, self.ready, self.end) = (0, 0, 0);
        self.now = match self.answer(rules, &mut []) {
            Fate::Answered => Want::Send,
            Fate::Spent => self.then,
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

impl From<Answer> for Fate {
    #[inline]
    fn from(answer: Answer) -> Fate {
        match answer {
            Answer::InPlace => Fate::Answered,
            // On a connection only chargen answers with text, and it has spoken already.
            Answer::Nothing(_) | Answer::Text(_) => Fate::Spent,
        }
    }
}

/// Moves bytes forward, which nearly all of them need not.
#[inline]
fn move_to(data: &mut [u8], bytes: Range<usize>, to: usize) {
    if bytes.start != to {
        data.copy_within(bytes, to);
    }
}
