//! The largest message that comes back whole, for types that keep boundaries.
//!
//! The most that the type allows is tried first, then the range is halved: each size tells in which half to go on.

use std::time::Duration;

use super::wire::{Stop, Waits, Wire};
use super::words::bytes;
use super::{Examination, words_of};
use crate::event::Observer;
use crate::measure::message::Messages;
use crate::measure::report::Topic;
use crate::option::{self, Value};
use crate::plan::FramingKey;
use crate::socket::{Family, Type};

/// 65535 less the headers of IPv4 (20) and UDP (8).
const UDP4: usize = 65_507;
/// IPv6 does not count its own header: 65535 less that of UDP.
const UDP6: usize = 65_527;
/// Together they may take no longer.
const ALL_SIZES: Duration = Duration::from_secs(4);

/// What became of a message.
enum Fate {
    Whole,
    /// Only so many bytes of it came back.
    Cut(usize),
    /// send(2): EMSGSIZE.
    TooBig,
    /// Nothing came back.
    Lost,
    /// Something else came back, or another error.
    Failed(String),
}

/// Why larger ones do not come back.
enum Above {
    Cut(usize),
    TooBig,
    Lost,
}

impl<'a, O: Observer> Examination<'a, O> {
    pub(super) fn largest(&mut self) {
        let triple = self.plan.triple;
        if !triple.ty.has_boundaries() || triple.ty == Type::Raw {
            return;
        }
        if !self.echoes() {
            self.not_examined(Topic::Largest, "it is no echo");
            return;
        }
        if self.plan.framing != FramingKey::None {
            self.not_examined(Topic::Largest, "the profile's framing decides the sizes");
            return;
        }
        if let Err(why) = self.search() {
            self.not_examined(Topic::Largest, &why);
        }
    }

    fn search(&mut self) -> Result<(), String> {
        let mut wire = self.fresh()?;
        let until = self.until.within(ALL_SIZES);
        let most = self.most(&wire);
        let (mut whole, mut failing) = (self.messages.size(), most + 1);
        let mut above = None;
        let mut size = most;
        while failing - whole > 1 && !until.is_reached() {
            match self.try_size(&mut wire, size)? {
                Fate::Whole => whole = size,
                Fate::Cut(n) => {
                    failing = size;
                    above = Some(Above::Cut(n));
                    // Most likely the peer's buffer: exactly that much fits.
                    if (whole + 1..size).contains(&n)
                        && matches!(self.try_size(&mut wire, n)?, Fate::Whole)
                    {
                        whole = n;
                        break;
                    }
                }
                Fate::TooBig => {
                    failing = size;
                    above = Some(Above::TooBig);
                }
                Fate::Lost => {
                    failing = size;
                    above = Some(Above::Lost);
                }
                Fate::Failed(why) => return Err(why),
            }
            size = whole + (failing - whole) / 2;
        }
        wire.close();
        self.tell_largest(whole, failing, above.as_ref());
        Ok(())
    }

    /// The most that the type allows. unix(7): SO_SNDBUF bounds a message there, and the kernel's overhead counts.
    fn most(&self, wire: &Wire<'a, O>) -> usize {
        match self.plan.triple.family {
            Family::Ipv4 => UDP4,
            Family::Ipv6 => UDP6,
            Family::Unix => {
                let row = option::find("SO_SNDBUF").expect("SO_SNDBUF is a row of the registry");
                match self.sys.read_option(wire.fd(), row, self.plan.triple) {
                    Some(Value::Int(n)) => usize::try_from(n).unwrap_or(UDP4).clamp(UDP4, 1 << 20),
                    _ => UDP4,
                }
            }
        }
    }

    fn try_size(&mut self, wire: &mut Wire<'a, O>, size: usize) -> Result<Fate, String> {
        let fate = self.once(wire, size);
        let closed = matches!(&fate, Fate::Failed(_)) && self.plan.triple.ty.has_connections();
        if !closed {
            return Ok(fate);
        }
        // A server of one request: the size is worth a connection of its own.
        let old = std::mem::replace(wire, self.fresh()?);
        old.close();
        Ok(self.once(wire, size))
    }

    fn once(&mut self, wire: &Wire<'a, O>, size: usize) -> Fate {
        let mut message = Vec::new();
        Messages::new(&self.plan.framing, size).write(self.next, &mut message);
        self.next += 1;
        match wire.say(self.next, &message) {
            Err(errno) if errno.name == "EMSGSIZE" => return Fate::TooBig,
            Err(errno) => return Fate::Failed(words_of(&errno)),
            Ok(()) => {}
        }
        let heard = loop {
            let heard = wire.hear(message.len(), Waits::of(super::LEAST_WAIT));
            // The late echo of a size that counts as lost already.
            let late = !heard.bytes.is_empty() && !message.starts_with(&heard.bytes);
            if !late || self.until.is_reached() {
                break heard;
            }
        };
        match heard.stop {
            _ if heard.bytes == message => Fate::Whole,
            _ if !heard.bytes.is_empty() => Fate::Cut(heard.bytes.len()),
            Stop::Fin => Fate::Failed("it closes when a larger message comes".to_owned()),
            Stop::Failed(errno) if errno.name == "EMSGSIZE" => Fate::TooBig,
            Stop::Failed(errno) => Fate::Failed(words_of(&errno)),
            Stop::Silence | Stop::Enough => Fate::Lost,
        }
    }

    fn tell_largest(&mut self, whole: usize, failing: usize, above: Option<&Above>) {
        let exact = if failing - whole == 1 || matches!(above, Some(Above::Cut(_))) {
            bytes(whole)
        } else {
            format!("at least {}", bytes(whole))
        };
        let (outcome, says) = match above {
            None if self.plan.triple.family == Family::Unix => ("most", exact),
            None => ("most", format!("{exact}: the most that UDP carries")),
            Some(Above::Cut(n)) => (
                "truncates",
                format!(
                    "{exact}: of a longer one only {} come back, so that is its buffer",
                    bytes(*n)
                ),
            ),
            Some(Above::TooBig) => ("too-big", format!("{exact}: {}", self.too_big())),
            Some(Above::Lost) => (
                "lost",
                format!("{exact}: longer ones do not come back (dropped, or cut short on the way)"),
            ),
        };
        self.found_number(Topic::Largest, outcome, says, Some(whole as u64));
    }

    fn too_big(&self) -> &'static str {
        match self.plan.triple.family {
            Family::Unix => "send answers EMSGSIZE above that: a message must fit into SO_SNDBUF",
            _ => {
                "send answers EMSGSIZE above that: the path's MTU, and IP_MTU_DISCOVER forbids fragments"
            }
        }
    }
}
