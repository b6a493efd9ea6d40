//! How many requests a connection is good for: the same again, until the server closes or has shown that it does not.

use std::fmt::Write as _;
use std::time::Duration;

use super::likeness::Likeness;
use super::wire::{Heard, Stop, Waits, Wire};
use super::words::{counted, quote, span};
use super::{Answers, Closes, Examination, Sight, words_of};
use crate::event::Observer;
use crate::measure::report::Topic;
use crate::sys::Client;

/// Requests that are tried on one connection of an echo.
const REQUESTS: u64 = 16;
/// The same of a server whose answers have an unknown length, each of which is waited for.
const OTHER_REQUESTS: u64 = 3;
/// A close that follows an answer comes soon, or with the next request.
const SOON: Duration = Duration::from_millis(2);
/// The same after the first answer: a process that ends takes a while.
const FIRST_SOON: Duration = Duration::from_millis(20);

impl<'a, O: Observer> Examination<'a, O> {
    /// The same again until the server closes, or has shown that it does not.
    pub(super) fn requests(&mut self, wire: Wire<'a, O>, expected: Likeness) -> Option<Client> {
        let mut answered = 1;
        let mut spoiled = None;
        let most = match expected {
            Likeness::Same => REQUESTS,
            _ => OTHER_REQUESTS,
        };
        let mut sight = Sight::Clear;
        let mut soon = FIRST_SOON;
        let stop = loop {
            let pause = self.round_trip.unwrap_or_default() * 2;
            let after = wire.hear(1, Waits::of(pause.clamp(soon, super::LEAST_WAIT)));
            soon = SOON;
            if after.stop.is_end() {
                break after.stop;
            }
            if answered > most {
                break Stop::Enough;
            }
            let (n, message) = self.message();
            let mut heard = self.ask(&wire, n, &message, self.waits());
            heard.bytes.splice(..0, after.bytes);
            let likeness = Likeness::of(&message, &heard.bytes);
            if expected == Likeness::Same && !matches!(likeness, Likeness::Same | Likeness::Nothing)
            {
                spoiled = Some((likeness, heard));
                break Stop::Enough;
            }
            if likeness == Likeness::Nothing {
                sight = Sight::Blurred;
                break heard.stop;
            }
            answered += 1;
        };
        self.tell_requests(answered, &stop, sight);
        if expected == Likeness::Same && answered > 1 {
            self.tell_best();
        }
        if let Some((likeness, heard)) = spoiled {
            self.answers = Answers::As(likeness, Stop::Enough);
            let says = format!(
                "at first: {} came back unchanged, the next answer was {}",
                counted(answered, "message"),
                quote(&heard.bytes)
            );
            self.found(Topic::Echo, "at-first", says);
        } else if stop == Stop::Enough && expected == Likeness::Same {
            return Some(wire.release());
        }
        wire.close();
        None
    }

    /// The first answer may have waited for a process to start.
    fn tell_best(&mut self) {
        let best = span(self.round_trip.unwrap_or_default());
        if let Some(echo) = self.findings.iter_mut().find(|f| f.topic == Topic::Echo) {
            let _ = write!(echo.says, ", later ones after {best} at best");
        }
    }

    fn tell_requests(&mut self, n: u64, stop: &Stop, sight: Sight) {
        let count = counted(n, "request");
        let (outcome, says) = match stop {
            Stop::Fin => (
                if n == 1 { "one-request" } else { "n-requests" },
                format!("{count} on a connection, then it closes (FIN)"),
            ),
            stop if stop.is_reset() => (
                if n == 1 { "one-request" } else { "n-requests" },
                match sight {
                    Sight::Clear => format!("{count} on a connection, then it resets (RST)"),
                    Sight::Blurred => {
                        format!("{count} on a connection, then it closes: the next one is reset")
                    }
                },
            ),
            Stop::Failed(errno) => ("failed", format!("{count}, then {}", words_of(errno))),
            Stop::Silence => (
                "stops",
                format!("{count}, then it answers no more, but does not close"),
            ),
            Stop::Enough => (
                "keep-alive",
                format!("keep-alive: {count} on one connection, and it is still open"),
            ),
        };
        if stop.is_end() {
            self.closes_after = Some(Closes {
                after: n,
                how: stop.clone(),
                sight,
            });
        }
        self.found_number(Topic::Requests, outcome, says, Some(n));
    }

    /// What a server that gave one answer, or none, did with the connection.
    pub(super) fn one_request(&mut self, heard: &Heard, ended: &Stop) {
        if heard.bytes.is_empty() {
            let says = match ended {
                stop if stop.is_end() => "none: it closes without an answer",
                _ => "none: there was no answer to count",
            };
            self.found_number(Topic::Requests, "none", says, Some(0));
            if ended.is_end() {
                self.closes_after = Some(Closes {
                    after: 0,
                    how: ended.clone(),
                    sight: Sight::Clear,
                });
            }
        } else if *ended == Stop::Enough {
            let says = "none to count: it talks on and on";
            self.found(Topic::Requests, "endless", says);
        } else {
            self.tell_requests(1, ended, Sight::Clear);
        }
    }
}
