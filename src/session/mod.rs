//! The session: what to do next on one connection, over bytes it does not own.
//!
//! The engine owns the socket and the bytes, the session owns the decision. An engine is this loop, and all that
//! distinguishes one engine from another is how it waits when the kernel is not ready:
//!
//! ```
//! use sockplay::session::{Close, Rules, Session, Want};
//! # let (mut input, mut output) = (&b"Ciao!"[..], Vec::new());
//! # let mut recv = |chunk: &mut [u8]| std::io::Read::read(&mut input, chunk).expect("a slice");
//! # let mut send = |bytes: &[u8]| { output.push(bytes[0]); 1 };
//!
//! let rules = Rules::default();                          // once per listener
//! let mut session = Session::new(&rules);                // once per connection
//! let mut chunk = [0; 1024];                             // the engine's, shared by all its connections
//! let why = loop {
//!     match session.want() {
//!         Want::Recv => {
//!             session.release(&chunk);                   // the chunk is about to be overwritten
//!             let n = recv(&mut chunk);
//!             let _ = session.received(&rules, &mut chunk[..n]); // 0: end of stream
//!         }
//!         Want::Send => {
//!             let n = send(session.reply(&chunk));       // as much as the kernel takes
//!             session.sent(n);
//!         }
//!         Want::Pause(pause) => {
//!             std::thread::sleep(pause.length(&rules.pauses));
//!             session.paused();
//!         }
//!         Want::Close(why) => break why,                 // why.manner(rules.close) says FIN or RST
//!     }
//! };
//! assert_eq!((why, &output[..]), (Close::RequestsDone, &b"Ciao!"[..]));
//! ```
//!
//! *Lent chunks.* `received` borrows the chunk only to cut it into frames and let the handler answer in place. What is to
//! be sent is then a part of that same chunk, so an echo that leaves in one send copies nothing and allocates nothing.
//! Only when the engine needs the chunk for something else does it say `release`, and only then are bytes copied: an
//! unsent rest, and the beginning of a frame. A frame that began in an earlier chunk is completed in that buffer.
//!
//! *Bounded.* While something is unsent the session wants to send, never to receive. It holds at most one chunk and one
//! unfinished frame, and [`Session::held`] says how much memory that is.
//!
//! *Accounts.* At every moment: bytes received = bytes sent + bytes discarded + [`Session::pending`] (what chargen says of
//! its own accord apart). A byte that was received and given up forces a reset, never a clean end.
//!
//! [`rules`] has the words; `reading` sorts what was received, `framing` finds the end of a frame, `carry` is the buffer.

mod carry;
mod framing;
mod reading;
pub mod rules;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use crate::handler::chargen;
pub use crate::handler::sockperf;

use carry::Carry;
use reading::Fate;

pub use rules::{Close, Framing, Manner, Pause, Pauses, Received, Requests, Rules, Want};

/// One connection's state: 32 bytes, and a heap buffer only while it holds bytes.
///
/// `at`, `ready` and `end` are positions in the bytes at hand, which are the carry if there is one, else the lent chunk:
/// sent up to `at`, answered up to `ready`, received up to `end`. A chunk is at most 1 GiB.
#[derive(Debug)]
pub struct Session {
    carry: Option<Box<Carry>>,
    at: u32,
    ready: u32,
    end: u32,
    /// Messages still to be answered, or lines still to be said; none: no limit, or the limit is reached.
    left: Option<NonZeroU32>,
    now: Want,
    /// What comes when nothing is unsent.
    then: Want,
    hand: Hand,
}

const _: () = assert!(size_of::<Session>() == 32);

/// Where the bytes at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    /// In the chunk that was lent last, if anywhere.
    Lent,
    /// In the carry: exactly then there is one.
    Kept,
    /// In the pattern of chargen, in which `at` and `ready` then count.
    Pattern,
}

impl Session {
    /// A new connection. With `requests = 0` it wants to be closed.
    pub fn new(rules: &Rules) -> Session {
        let mut session = Session {
            carry: None,
            at: 0,
            ready: 0,
            end: 0,
            left: None,
            now: rules.at_first(),
            then: rules.again(),
            hand: Hand::Lent,
        };
        match rules.requests {
            Requests::Unlimited => {}
            Requests::Count(count) => session.left = NonZeroU32::new(count),
        }
        if rules.requests == Requests::Count(0) {
            session.then = rules.closing(Close::RequestsDone);
            session.now = session.then;
        } else if rules.handler.speaks_first() {
            if session.left.is_some() {
                session.then = rules.closing(Close::RequestsDone);
            }
            session.hand = Hand::Pattern;
            session.speak();
        }
        session
    }

    /// What to do next. It is [`Want::Send`] as long as anything is unsent.
    ///
    /// Chargen always has something to say. It swallows what is lent to it at any time, but does not ask for it, or a
    /// blocking engine would wait for a peer that only listens.
    #[inline]
    pub fn want(&self) -> Want {
        self.now
    }

    /// Takes what one receive gave: cuts it into frames and lets the handler answer each. An empty chunk is the end of
    /// the stream ([`Session::ended`]), except with [`Framing::Message`], where it is an empty message.
    ///
    /// Whatever was lent before must have been released. What comes while something else is wanted (a completion that
    /// was under way when the last request was answered) is given up, counted, and turns the end into a reset.
    #[inline]
    pub fn received(&mut self, rules: &Rules, chunk: &mut [u8]) -> Received {
        let whole = matches!(rules.framing, Framing::None | Framing::Message);
        if !whole || !matches!(self.now, Want::Recv) || chunk.is_empty() {
            return self.sorted(rules, chunk);
        }
        self.end = 0;
        self.at = 0;
        self.ready = 0;
        if self.answer(rules, chunk) == Fate::Spent {
            return self.swallowed(chunk.len());
        }
        self.ready = chunk.len() as u32;
        self.end = self.ready;
        self.now = Want::Send;
        Received {
            messages: 1,
            discarded: 0,
        }
    }

    /// What is unsent: a part of `chunk`, the one lent last; once that was released, any will do. A shorter one in its
    /// place panics: sending another connection's bytes would be worse.
    #[inline]
    pub fn reply<'a>(&'a self, chunk: &'a [u8]) -> &'a [u8] {
        let unsent = self.at as usize..self.ready as usize;
        match self.hand {
            Hand::Lent => &chunk[unsent],
            Hand::Kept => self.carry.as_ref().map_or(&[], |c| &c.bytes[unsent]),
            Hand::Pattern => &chargen::PATTERN[unsent],
        }
    }

    /// Whether it speaks without being asked, and swallows what it hears.
    #[inline]
    pub fn speaks(&self) -> bool {
        self.hand == Hand::Pattern
    }

    /// Takes note that the kernel took the first `n` bytes of the reply.
    #[inline]
    pub fn sent(&mut self, n: usize) {
        let unsent = self.ready - self.at;
        debug_assert!(n <= unsent as usize, "more was sent than there was");
        self.at += (n as u32).min(unsent);
        if self.at == self.ready {
            if self.hand == Hand::Lent {
                self.now = self.then;
            } else {
                self.drained();
            }
        }
    }

    /// Gives `chunk`, the one lent last, back to the engine, which may now use it for anything: what is unsent or
    /// unfinished is copied. When nothing is, or a second time, it does nothing.
    #[inline]
    pub fn release(&mut self, chunk: &[u8]) {
        if self.at != self.end && self.hand == Hand::Lent {
            self.keep(chunk);
        }
    }

    /// Takes note that the pause that was asked for is over.
    pub fn paused(&mut self) {
        match self.now {
            Want::Pause(Pause::BeforeRead | Pause::BetweenReads) => self.now = Want::Recv,
            Want::Pause(Pause::BeforeClose(close)) => self.now = Want::Close(close),
            Want::Recv | Want::Send | Want::Close(_) => {}
        }
    }

    /// Memory held on the heap, in bytes, for the budget of all connections.
    #[inline]
    pub fn held(&self) -> usize {
        self.carry.as_ref().map_or(0, |c| c.bytes.capacity())
    }

    /// Bytes received that are neither sent nor discarded: an unsent rest and the beginning of a frame.
    #[inline]
    pub fn pending(&self) -> usize {
        match self.hand {
            Hand::Lent | Hand::Kept => (self.end - self.at) as usize,
            Hand::Pattern => 0,
        }
    }

    /// Whether the connection could end here and now without giving anything up.
    pub fn is_idle(&self) -> bool {
        self.speaks() || (self.pending() == 0 && self.now != Want::Send)
    }

    /// Ends the session where it is, without a pause: the engine stops, ran into a time limit, or lost the peer. Gives
    /// the number of bytes that are given up with it.
    pub fn abandon(&mut self) -> usize {
        let given_up = self.pending();
        let close = match (self.is_idle(), self.now.end()) {
            (true, Some(close)) => close,
            (true, None) => Close::Stopped,
            (false, _) => Close::GivenUp,
        };
        self.drop_carry();
        (self.at, self.ready, self.end) = (0, 0, 0);
        self.then = Want::Close(close);
        self.now = self.then;
        given_up
    }

    /// Takes note that a message was answered with nothing.
    #[cold]
    fn swallowed(&mut self, discarded: usize) -> Received {
        self.now = self.then;
        Received {
            messages: 1,
            discarded,
        }
    }

    /// Changes the reason of an end that is already decided.
    fn end_with(&mut self, close: Close) {
        self.now = self.now.ending(close);
        self.then = self.then.ending(close);
    }

    /// Decides between sending and what comes after it.
    fn settle(&mut self) {
        if self.at < self.ready {
            self.now = Want::Send;
        } else if self.hand == Hand::Kept {
            self.drained();
        } else {
            self.now = self.then;
        }
    }

    /// Nothing is unsent: the buffer goes, or shrinks to the beginning of a frame; chargen says its next lines.
    #[cold]
    fn drained(&mut self) {
        if self.speaks() && (self.left.is_some() || self.then.end().is_none()) {
            return self.speak();
        }
        self.now = self.then;
        let live = self.at as usize..self.end as usize;
        match &mut self.carry {
            Some(carry) if !live.is_empty() => {
                self.end = live.len() as u32;
                if live.start > 0 {
                    carry.keep(live);
                }
                (self.at, self.ready) = (0, 0);
            }
            _ => self.drop_carry(),
        }
    }

    /// Puts the next lines of the pattern up to be sent: a whole cycle, or what is left of the limit.
    fn speak(&mut self) {
        let cycle = chargen::LINES as u32;
        let lines = self.left.map_or(cycle, |left| left.get().min(cycle));
        self.left = self
            .left
            .and_then(|left| NonZeroU32::new(left.get() - lines));
        self.at = 0;
        self.ready = lines * chargen::LINE as u32;
        self.end = self.ready;
        self.now = Want::Send;
    }

    #[cold]
    fn keep(&mut self, chunk: &[u8]) {
        let rest = &chunk[self.at as usize..self.end as usize];
        self.carry = Some(Box::new(Carry::of(rest)));
        self.hand = Hand::Kept;
        self.ready -= self.at;
        self.end -= self.at;
        self.at = 0;
    }

    fn drop_carry(&mut self) {
        self.carry = None;
        if self.hand == Hand::Kept {
            self.hand = Hand::Lent;
        }
    }
}
