//! Message boundaries: whether two messages in one write, or one in two, make a difference to the server.

use std::time::Duration;

use super::Examination;
use super::wire::{Heard, Stop, Wire};
use super::words::{counted, span};
use crate::event::Observer;
use crate::measure::report::Topic;
use crate::option::{self, Value};

/// A delayed acknowledgement takes about 40 ms (TCP_DELACK_MIN in the kernel's tcp.h).
const DELAYED: Duration = Duration::from_millis(20);

impl<'a, O: Observer> Examination<'a, O> {
    pub(super) fn boundaries(&mut self) {
        if !self.echoes() {
            let why = "it is no echo";
            self.not_examined(Topic::Boundaries, why);
            return;
        }
        let glued = if self.is_stream() {
            self.two_in_one_write()
        } else {
            self.two_messages()
        };
        let split = match (&glued, self.is_stream()) {
            (Ok(_), true) => Some(self.one_in_two_writes()),
            _ => None,
        };
        match (glued, split) {
            (Ok((outcome, says)), None) => self.found(Topic::Boundaries, outcome, says),
            (Ok((outcome, says)), Some(second)) => {
                let second = second.unwrap_or_else(|why| format!("not examined: {why}"));
                self.found(Topic::Boundaries, outcome, format!("{says}; {second}"));
            }
            (Err(why), _) => self.not_examined(Topic::Boundaries, &why),
        }
    }

    /// A connection on which the server has answered once, if it answers more often: the time that it takes to start a
    /// process or thread is none of the messages'.
    fn warm(&mut self) -> Result<Wire<'a, O>, String> {
        let wire = self.fresh()?;
        if self.closes_after.is_none() {
            let (n, message) = self.message();
            let heard = self.ask(&wire, n, &message, self.waits());
            self.alive(&heard)?;
        }
        Ok(wire)
    }

    /// Two messages, one send(2): how many receives their echoes take.
    fn two_in_one_write(&mut self) -> Result<(&'static str, String), String> {
        let wire = self.warm()?;
        let ((n, mut both), (_, second)) = (self.message(), self.message());
        let one = both.len();
        both.extend_from_slice(&second);
        let heard = self.ask(&wire, n, &both, self.waits());
        wire.close();
        self.alive(&heard)?;
        let reads = counted(heard.reads.len() as u64, "read");
        Ok(if heard.bytes == both && heard.reads.len() == 1 {
            (
                "glued",
                "two messages in one write come back glued, in one read".to_owned(),
            )
        } else if heard.bytes == both {
            (
                "split",
                format!("two messages in one write come back in {reads}"),
            )
        } else if heard.bytes.len() == one && both.starts_with(&heard.bytes) {
            (
                "first-only",
                "of two messages in one write only the first comes back: it answers message by message"
                    .to_owned(),
            )
        } else {
            let (got, sent) = (heard.bytes.len(), both.len());
            (
                "partial",
                format!("of two messages in one write {got} of {sent} bytes come back"),
            )
        })
    }

    /// One message, two send(2) with nothing between them: how much comes back, and when.
    fn one_in_two_writes(&mut self) -> Result<String, String> {
        let wire = self.warm()?;
        let (n, message) = self.message();
        let (first, second) = message.split_at(message.len() / 2);
        let said = wire.say(n, first).and_then(|()| wire.say(n, second));
        let heard = wire.hear(message.len(), self.waits());
        let nagle = self.has_nagle(&wire);
        wire.close();
        if let (Err(errno), true) = (said, heard.bytes.is_empty()) {
            return Err(super::words_of(&errno));
        }
        self.alive(&heard)?;
        let (reads, when) = (counted(heard.reads.len() as u64, "read"), span(heard.last));
        if heard.bytes != message {
            let end = match &heard.stop {
                Stop::Fin => ", then it closes",
                stop if stop.is_reset() => ", then it resets",
                _ => "",
            };
            let (got, sent) = (heard.bytes.len(), message.len());
            return Ok(format!(
                "of one message in two writes {got} of {sent} bytes come back{end}"
            ));
        }
        let slow = self
            .round_trip
            .is_some_and(|usual| heard.last > usual * 10 && heard.last >= DELAYED);
        let nagle = if slow && nagle {
            ": Nagle's algorithm held the second until the first was acknowledged"
        } else {
            ""
        };
        Ok(format!(
            "one message in two writes comes back in {reads} after {when}{nagle}"
        ))
    }

    /// Two messages of a type that keeps boundaries.
    fn two_messages(&mut self) -> Result<(&'static str, String), String> {
        let wire = self.fresh()?;
        let ((n, one), (m, two)) = (self.message(), self.message());
        let said = wire.say(n, &one).and_then(|()| wire.say(m, &two));
        let first = wire.hear(one.len(), self.waits());
        let second = wire.hear(two.len(), self.waits());
        wire.close();
        if let Err(errno) = said {
            return Err(super::words_of(&errno));
        }
        self.alive(&first)?;
        Ok(match (first.bytes == one, second.bytes == two) {
            (true, true) => (
                "kept",
                "kept: two messages come back as two, in their order".to_owned(),
            ),
            (true, false) if second.bytes.is_empty() => (
                "first-only",
                "of two messages without a pause only the first came back".to_owned(),
            ),
            _ if first.bytes == two && second.bytes == one => (
                "reordered",
                "two messages come back as two, in the other order".to_owned(),
            ),
            _ => (
                "changed",
                "two messages without a pause do not come back as they were".to_owned(),
            ),
        })
    }

    /// Whether small segments wait for acknowledgements: TCP without TCP_NODELAY.
    fn has_nagle(&self, wire: &Wire<'_, O>) -> bool {
        let row = option::find("TCP_NODELAY").expect("TCP_NODELAY is a row of the registry");
        let value = self.sys.read_option(wire.fd(), row, self.plan.triple);
        value == Some(Value::Bool(false))
    }

    /// A server that answered before and is silent now serves no second connection.
    pub(super) fn alive(&mut self, heard: &Heard) -> Result<(), String> {
        if !heard.bytes.is_empty() {
            return Ok(());
        }
        let why = match &heard.stop {
            Stop::Silence => "nobody answers on a further connection",
            Stop::Fin => "a further connection was closed without an answer",
            _ => "a further connection was reset",
        };
        self.gone = Some(why.to_owned());
        Err(why.to_owned())
    }
}
