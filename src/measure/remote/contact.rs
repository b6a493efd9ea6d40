//! The first conversation: does the server speak first, does it send back what it gets, and how often.

use std::fmt::Write as _;
use std::time::Duration;

use super::likeness::Likeness;
use super::wire::{Heard, Stop, Waits, Wire};
use super::words::{bytes, counted, quote, span};
use super::{Answers, Examination, icmp, words_of};
use crate::event::Observer;
use crate::measure::report::Topic;
use crate::sys::Client;

/// How long a server may think before it speaks first.
const GREETING: Duration = Duration::from_millis(250);
/// Requests that are tried on one connection of an echo.
const REQUESTS: u64 = 16;
/// The same of a server whose answers have an unknown length, each of which is waited for.
const OTHER_REQUESTS: u64 = 3;
/// A close that follows an answer comes soon, or with the next request.
const SOON: Duration = Duration::from_millis(2);
/// A datagram is lost easily: so many are tried.
const DATAGRAMS: u32 = 2;

/// What a server does before the client has said anything.
enum Greeting {
    /// It speaks.
    Says(Vec<u8>),
    /// It closes.
    Closes,
}

impl<'a, O: Observer> Examination<'a, O> {
    /// Talks over `first`, or over a connection of its own. The connection comes back if the server goes on answering
    /// on it with an echo.
    pub fn contact(&mut self, first: Option<Client>) -> Option<Client> {
        let wire = match first {
            Some(client) => self.wire(client),
            None => match self.fresh() {
                Ok(wire) => wire,
                Err(why) => {
                    for topic in [Topic::Greeting, Topic::Echo, Topic::Requests] {
                        if topic == Topic::Echo || self.plan.triple.ty.has_connections() {
                            self.not_examined(topic, &why);
                        }
                    }
                    return None;
                }
            },
        };
        let (message, heard) = self.first_exchange(&wire);
        let likeness = Likeness::of(&message, &heard.bytes);
        let connections = self.plan.triple.ty.has_connections();
        if likeness == Likeness::Same {
            self.answers = Answers::As(likeness, heard.stop.clone());
            self.tell_echo(likeness, &heard, message.len());
            if !connections {
                return Some(wire.client);
            }
            self.found(
                Topic::Greeting,
                "none",
                "none: it waits for the client to speak",
            );
            return self.requests(wire, Likeness::Same);
        }
        if !connections {
            self.answers = Answers::As(likeness, heard.stop.clone());
            self.tell_echo(likeness, &heard, message.len());
            wire.close();
            return None;
        }
        self.without_echo(wire, &message, heard);
        None
    }

    /// The server did something else: perhaps it spoke first, and echoes after that.
    fn without_echo(&mut self, wire: Wire<'a, O>, message: &[u8], mut heard: Heard) {
        let again = heard.stop == Stop::Silence && !heard.bytes.is_empty();
        let mut ended = heard.stop.clone();
        if again {
            self.requests(wire, Likeness::Other);
        } else if ended == Stop::Silence {
            self.silent = Some(wire);
        } else {
            wire.close();
        }
        // Whoever closes before it is spoken to answers the message with a reset: only a silent client sees its FIN.
        let greeting = match ended {
            Stop::Silence if heard.bytes.is_empty() => None,
            _ => self.greeting(),
        };
        if heard.bytes.is_empty() && matches!(greeting, Some(Greeting::Closes)) {
            (heard.stop, ended) = (Stop::Fin, Stop::Fin);
        }
        let greeting = match greeting {
            Some(Greeting::Says(bytes)) => Some(bytes),
            _ => None,
        };
        if let Some(greeting) = &greeting
            && heard.bytes.starts_with(greeting)
        {
            heard.bytes.drain(..greeting.len());
        }
        self.greeting.clone_from(&greeting);
        let likeness = Likeness::of(message, &heard.bytes);
        self.answers = Answers::As(likeness, ended.clone());
        self.tell_echo(likeness, &heard, message.len());
        if heard.bytes.is_empty() && ended == Stop::Silence {
            let says = "none: it does not speak before the client";
            self.found(Topic::Greeting, "none", says);
        }
        if !again {
            self.one_request(&heard, &ended);
        }
    }

    /// Sends the first message; a datagram twice, if need be.
    fn first_exchange(&mut self, wire: &Wire<'a, O>) -> (Vec<u8>, Heard) {
        let mut tries = 1;
        loop {
            let (n, message) = self.message();
            let mut waits = self.waits();
            if !self.plan.triple.ty.has_connections() {
                waits = Waits::of(waits.first / DATAGRAMS);
            }
            let heard = self.ask(wire, n, &message, waits);
            let lost = heard.stop == Stop::Silence && heard.bytes.is_empty();
            if !lost || self.plan.triple.ty.has_connections() || tries == DATAGRAMS {
                return (message, heard);
            }
            tries += 1;
        }
    }

    /// What a further connection does by itself.
    fn greeting(&mut self) -> Option<Greeting> {
        let wire = match self.fresh() {
            Ok(wire) => wire,
            Err(why) => {
                self.not_examined(Topic::Greeting, &why);
                return None;
            }
        };
        let heard = wire.hear(usize::MAX, Waits::of(GREETING));
        wire.close();
        if heard.bytes.is_empty() {
            let says = match &heard.stop {
                Stop::Fin => "none: it closes at once".to_owned(),
                Stop::Failed(errno) => format!("none: {}", words_of(errno)),
                _ => format!("none within {}", span(GREETING)),
            };
            self.found(Topic::Greeting, "none", says);
            return (heard.stop == Stop::Fin).then_some(Greeting::Closes);
        }
        let said = quote(&heard.bytes);
        let (outcome, says) = match heard.stop {
            Stop::Enough => ("endless", format!("speaks first, and on and on: {said}")),
            _ => ("speaks", format!("speaks first: {said}")),
        };
        let length = Some(heard.bytes.len() as u64);
        self.found_number(Topic::Greeting, outcome, says, length);
        Some(Greeting::Says(heard.bytes))
    }

    fn tell_echo(&mut self, likeness: Likeness, heard: &Heard, sent: usize) {
        let sent = bytes(sent);
        let said = || quote(&heard.bytes);
        let (outcome, says) = match likeness {
            Likeness::Same => (
                "echoes",
                format!("yes: {sent} came back unchanged after {}", span(heard.last)),
            ),
            Likeness::Prefix(n) => ("partly", format!("partly: {n} of {sent} came back")),
            Likeness::More(n) => (
                "more",
                format!(
                    "almost: {sent} came back, and {} more: {}",
                    bytes(n),
                    said()
                ),
            ),
            Likeness::Within => (
                "within",
                format!(
                    "almost: what was sent came back within other bytes: {}",
                    said()
                ),
            ),
            Likeness::Upper => (
                "upper-cased",
                format!("no: it answers in capital letters: {}", said()),
            ),
            Likeness::Lower => (
                "lower-cased",
                format!("no: it answers in small letters: {}", said()),
            ),
            Likeness::Reversed => ("reversed", format!("no: it answers backwards: {}", said())),
            Likeness::LineEnd => (
                "line-end",
                format!("almost: with another end of line: {}", said()),
            ),
            Likeness::Other => ("answers", format!("no: it answers {}", said())),
            Likeness::Nothing => self.nothing(&heard.stop),
        };
        self.found(Topic::Echo, outcome, says);
    }

    fn nothing(&self, stop: &Stop) -> (&'static str, String) {
        let connections = self.plan.triple.ty.has_connections();
        match stop {
            Stop::Fin => ("closes", "no: it closes without an answer".to_owned()),
            stop if stop.is_reset() => ("resets", "no: it resets the connection (RST)".to_owned()),
            Stop::Failed(errno) => {
                let why = icmp(errno).map_or_else(String::new, |why| format!(": {why}"));
                ("refused", format!("no: {}{why}", words_of(errno)))
            }
            _ if connections => (
                "silent",
                format!(
                    "no: nothing came back within {}, and it did not close",
                    span(self.waits().first)
                ),
            ),
            _ => (
                "silent",
                format!(
                    "nothing came back within {}: lost, filtered, or a server that does not answer",
                    span(self.waits().first)
                ),
            ),
        }
    }

    /// The same again until the server closes, or has shown that it does not.
    fn requests(&mut self, wire: Wire<'a, O>, expected: Likeness) -> Option<Client> {
        let mut answered = 1;
        let mut spoiled = None;
        let most = match expected {
            Likeness::Same => REQUESTS,
            _ => OTHER_REQUESTS,
        };
        let stop = loop {
            let pause = self.round_trip.unwrap_or_default() * 2;
            let after = wire.hear(1, Waits::of(pause.clamp(SOON, super::LEAST_WAIT)));
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
                break heard.stop;
            }
            answered += 1;
        };
        self.tell_requests(answered, &stop);
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
            return Some(wire.client);
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

    fn tell_requests(&mut self, n: u64, stop: &Stop) {
        let count = counted(n, "request");
        let (outcome, says) = match stop {
            Stop::Fin => (
                if n == 1 { "one-request" } else { "n-requests" },
                format!("{count} on a connection, then it closes (FIN)"),
            ),
            stop if stop.is_reset() => (
                if n == 1 { "one-request" } else { "n-requests" },
                format!("{count} on a connection, then it resets (RST)"),
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
            self.closes_after = Some((n, stop.clone()));
        }
        self.found_number(Topic::Requests, outcome, says, Some(n));
    }

    /// What a server that gave one answer, or none, did with the connection.
    fn one_request(&mut self, heard: &Heard, ended: &Stop) {
        if heard.bytes.is_empty() {
            let says = match ended {
                stop if stop.is_end() => "none: it closes without an answer",
                _ => "none: there was no answer to count",
            };
            self.found_number(Topic::Requests, "none", says, Some(0));
            if ended.is_end() {
                self.closes_after = Some((0, ended.clone()));
            }
        } else if *ended == Stop::Enough {
            let says = "none to count: it talks on and on";
            self.found(Topic::Requests, "endless", says);
        } else {
            self.tell_requests(1, ended);
        }
    }
}
