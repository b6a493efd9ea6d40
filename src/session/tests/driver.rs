//! An engine without a kernel: it follows the session's wants, cuts sends short, and spoils every released chunk.

use crate::session::{Close, Received, Rules, Session, Want};

/// Steps after which an endless conversation is cut off.
const ENOUGH: usize = 4000;

/// What the kernel and the engine decide, repeated as often as needed.
#[derive(Clone, Debug)]
pub(super) struct Chance {
    /// How many bytes each send takes at most.
    pub(super) sends: Vec<usize>,
    /// Whether the engine needs its chunk after a send.
    pub(super) releases: Vec<bool>,
    /// After how many steps the engine gives up.
    pub(super) abandon: Option<usize>,
}

/// One conversation, and all that an engine could count in it.
pub(super) struct Driver<'a> {
    pub(super) rules: &'a Rules,
    pub(super) session: Session,
    pub(super) chunk: Vec<u8>,
    pub(super) received: Vec<u8>,
    pub(super) sent: Vec<u8>,
    pub(super) discarded: usize,
    pub(super) messages: usize,
    pub(super) empty_sends: usize,
    pub(super) most_held: usize,
}

impl<'a> Driver<'a> {
    pub(super) fn new(rules: &'a Rules) -> Driver<'a> {
        Driver {
            rules,
            session: Session::new(rules),
            chunk: Vec::new(),
            received: Vec::new(),
            sent: Vec::new(),
            discarded: 0,
            messages: 0,
            empty_sends: 0,
            most_held: 0,
        }
    }

    /// Lends `piece` as one chunk.
    pub(super) fn receive(&mut self, piece: &[u8]) {
        self.chunk = piece.to_vec();
        self.received.extend_from_slice(piece);
        let got = self.session.received(self.rules, &mut self.chunk);
        self.count(got);
    }

    /// The peer ended its stream.
    pub(super) fn end(&mut self) {
        let got = self.session.ended(self.rules);
        self.count(got);
    }

    /// Sends at most `limit` bytes of the reply.
    pub(super) fn send(&mut self, limit: usize) {
        let reply = self.session.reply(&self.chunk);
        let n = reply.len().min(limit);
        self.empty_sends += usize::from(reply.is_empty());
        self.sent.extend_from_slice(&reply[..n]);
        self.session.sent(n);
        self.check();
    }

    /// Gives the chunk back and overwrites it.
    pub(super) fn release(&mut self) {
        self.session.release(&self.chunk);
        self.chunk.fill(b'#');
        self.check();
    }

    /// Follows the session to its end over `pieces`, then the end of the stream; none if it was cut off.
    pub(super) fn run(&mut self, pieces: &[Vec<u8>], chance: &Chance) -> Option<Close> {
        let mut pieces = pieces.iter();
        let mut sends = chance.sends.iter().cycle();
        let mut releases = chance.releases.iter().cycle();
        for step in 0..ENOUGH {
            if chance.abandon == Some(step) {
                self.discarded += self.session.abandon();
                self.check();
            }
            match self.session.want() {
                Want::Recv => {
                    self.release();
                    match pieces.next() {
                        Some(piece) => self.receive(piece),
                        None => self.end(),
                    }
                }
                Want::Send => {
                    self.send(*sends.next().expect("not empty"));
                    if *releases.next().expect("not empty") {
                        self.release();
                    }
                }
                Want::Pause(_) => self.session.paused(),
                Want::Close(close) => return Some(close),
            }
        }
        None
    }

    fn count(&mut self, got: Received) {
        self.discarded += got.discarded;
        self.messages += got.messages as usize;
        self.check();
    }

    /// The accounts add up at every moment (chargen's own words apart).
    fn check(&mut self) {
        self.most_held = self.most_held.max(self.session.held());
        let echoed = if self.rules.handler.speaks_first() {
            0
        } else {
            self.sent.len()
        };
        assert_eq!(
            self.received.len(),
            echoed + self.discarded + self.session.pending(),
            "received = sent + discarded + pending"
        );
    }
}
