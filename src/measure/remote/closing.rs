//! The end of a connection: what the server makes of a client that has said all, and how it closes itself.

use std::time::{Duration, Instant};

use super::wire::{Heard, Stop, Waits};
use super::words::{bytes, span};
use super::{Examination, Sight, words_of};
use crate::event::Observer;
use crate::measure::report::Topic;

/// How long a server may take to close after the client has: socat waits half a second before it does.
const CLOSE: Duration = Duration::from_secs(1);

impl<O: Observer> Examination<'_, O> {
    /// One message, then shutdown(SHUT_WR): does the answer still come, and what ends the connection?
    pub(super) fn half_close(&mut self) {
        if !self.plan.triple.ty.has_connections() {
            return;
        }
        // Silent so far: its end can be seen on the same connection, which may be the only one.
        let kept = self.silent.take().map(|mut wire| {
            wire.until = self.until;
            wire
        });
        let wire = match kept.map_or_else(|| self.fresh(), Ok) {
            Ok(wire) => wire,
            Err(why) => {
                self.not_examined(Topic::HalfClose, &why);
                self.close_without_a_look(&why);
                return;
            }
        };
        let (n, message) = self.message();
        let said = wire
            .say(n, &message)
            .and_then(|()| wire.done().map_err(|e| crate::sys::errno::of(&e)));
        let mut heard = wire.hear(message.len(), Waits::of(CLOSE));
        if heard.stop == Stop::Enough {
            let end = Self::until_the_end(&wire);
            heard.bytes.extend(end.bytes);
            heard.stop = end.stop;
        }
        wire.close();
        if let (Err(errno), true, Stop::Silence) = (said, heard.bytes.is_empty(), &heard.stop) {
            heard.stop = Stop::Failed(errno);
        }
        self.tell_half_close(&heard, &message);
        self.tell_close(&heard.stop);
    }

    /// A message is one receive: the end comes after as many as there are.
    fn until_the_end(wire: &super::Wire<'_, O>) -> Heard {
        let begin = Instant::now();
        loop {
            let mut heard = wire.hear(usize::MAX, Waits::of(CLOSE));
            if heard.stop != Stop::Enough {
                return heard;
            }
            if begin.elapsed() >= CLOSE {
                heard.stop = Stop::Silence;
                return heard;
            }
        }
    }

    fn tell_half_close(&mut self, heard: &Heard, message: &[u8]) {
        let answer = match (&heard.bytes[..], self.echoes()) {
            ([], _) => None,
            (all, true) if all == message => Some("the whole echo still comes".to_owned()),
            (all, true) => Some(format!(
                "{} of {} of the echo still come",
                all.len(),
                bytes(message.len())
            )),
            (all, false) => Some(format!("an answer of {} still comes", bytes(all.len()))),
        };
        let within = span(CLOSE);
        let (outcome, says) = match (answer, &heard.stop) {
            (Some(answer), Stop::Fin) => ("answers", format!("{answer}, then FIN")),
            (Some(answer), stop) if stop.is_reset() => {
                ("answers-then-resets", format!("{answer}, then RST"))
            }
            (Some(answer), Stop::Failed(errno)) => (
                "answers-then-fails",
                format!("{answer}, then {}", words_of(errno)),
            ),
            (Some(answer), _) => (
                "answers-and-stays",
                format!("{answer}, but no FIN within {within}"),
            ),
            (None, Stop::Fin) => ("closes", "it closes (FIN) without an answer".to_owned()),
            (None, stop) if stop.is_reset() => {
                ("resets", "it resets (RST) without an answer".to_owned())
            }
            (None, Stop::Failed(errno)) => ("fails", words_of(errno)),
            (None, _) => (
                "silent",
                format!("neither an answer nor FIN within {within}"),
            ),
        };
        self.found(
            Topic::HalfClose,
            outcome,
            format!("after shutdown(SHUT_WR): {says}"),
        );
    }

    fn tell_close(&mut self, after_ours: &Stop) {
        let (outcome, says) = match self.closes_by_itself(Some(after_ours)) {
            Some(said) => said,
            None => match after_ours {
                Stop::Fin => (
                    "fin",
                    "FIN, when the client has sent its own; not before".to_owned(),
                ),
                stop if stop.is_reset() => ("rst", "RST, when the client has sent FIN".to_owned()),
                Stop::Failed(errno) => ("failed", words_of(errno)),
                Stop::Enough | Stop::Silence => {
                    let long = span(CLOSE);
                    let says = format!(
                        "never: it keeps the connection, also {long} after the client's FIN"
                    );
                    ("never", says)
                }
            },
        };
        self.found(Topic::Close, outcome, says);
    }

    fn close_without_a_look(&mut self, why: &str) {
        match self.closes_by_itself(None) {
            Some((outcome, says)) => self.found(Topic::Close, outcome, says),
            None => self.not_examined(Topic::Close, why),
        }
    }

    /// How it closes by itself, if it was seen to. Where a further request was in the way, the end after our own FIN tells.
    fn closes_by_itself(&self, after_ours: Option<&Stop>) -> Option<(&'static str, String)> {
        let closes = self.closes_after.as_ref()?;
        let when = match closes.after {
            0 => "without an answer".to_owned(),
            n => format!("after {}", super::words::counted(n, "request")),
        };
        let how = match (closes.sight, after_ours) {
            (Sight::Blurred, Some(end)) if end.is_end() => end,
            (Sight::Blurred, _) if closes.how.is_reset() => {
                let says = format!("by itself {when}; RST, because a further request was unread");
                return Some(("closes", says));
            }
            _ => &closes.how,
        };
        Some(match how {
            Stop::Fin => ("fin", format!("FIN, by itself {when}")),
            stop if stop.is_reset() => ("rst", format!("RST, by itself {when}")),
            Stop::Failed(errno) => ("failed", format!("{} {when}", words_of(errno))),
            Stop::Enough | Stop::Silence => return None,
        })
    }
}
