//! The first conversation: does the server speak first, and does it send back what it gets? How often is
//! [`super::requests`]'s question.

use std::time::Duration;

use super::likeness::Likeness;
use super::wire::{Heard, Stop, Waits, Wire};
use super::words::{bytes, quote, span};
use super::{Answers, Examination, icmp, words_of};
use crate::event::Observer;
use crate::measure::report::Topic;
use crate::sys::Client;

/// How long a server may think before it speaks first.
const GREETING: Duration = Duration::from_millis(250);
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
                return Some(wire.release());
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
}
