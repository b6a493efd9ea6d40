//! The handlers: what to answer to one message.
//!
//! Three of the small services of 1983: [`echo`] (RFC 862), [`discard`] (RFC 863), [`chargen`] (RFC 864); and [`sockperf`],
//! which answers that load generator. A handler sees one whole message and nothing else: no socket, no clock, no memory of
//! what came before. Where a message begins and ends, and when the conversation is over, is the business of
//! [`crate::session`].

pub mod chargen;
pub mod discard;
pub mod echo;
pub mod sockperf;

use std::fmt;

/// Who answers, once per listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handler {
    /// RFC 862: every message goes back as it came.
    Echo,
    /// RFC 863: every message is thrown away.
    Discard,
    /// RFC 864: an endless pattern, whatever was said.
    Chargen,
    /// As the server of sockperf: a client's ping comes back without its client bit, anything else is not answered.
    Sockperf,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The message's own bytes, perhaps changed by the handler, are the answer.
    InPlace,
    /// There is no answer, and why, in a few words; the message is spent.
    Nothing(&'static str),
    /// This text is the answer; the message is spent. Whoever answers a datagram sends at most as many bytes of it as
    /// came, or a forged source address would turn the server into an amplifier.
    Text(&'static [u8]),
}

impl Handler {
    /// All handlers, in the order of their RFCs; then the one without.
    pub const ALL: [Handler; 4] = [
        Handler::Echo,
        Handler::Discard,
        Handler::Chargen,
        Handler::Sockperf,
    ];

    /// The name in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Handler::Echo => "echo",
            Handler::Discard => "discard",
            Handler::Chargen => "chargen",
            Handler::Sockperf => "sockperf",
        }
    }

    /// Reads the name as a profile writes it, without regard to case.
    pub fn parse(word: &str) -> Option<Handler> {
        Handler::ALL
            .into_iter()
            .find(|h| h.name().eq_ignore_ascii_case(word))
    }

    /// Answers one whole message; an empty one is a message too. [`Answer::Text`] comes from chargen alone, and chargen
    /// gives nothing else; the others answer in place or not at all.
    #[inline]
    pub fn answer(self, message: &mut [u8]) -> Answer {
        match self {
            Handler::Echo => echo::answer(message),
            _ => self.other_answer(message),
        }
    }

    /// What is not an echo: out of the way of the one that engines count instructions for.
    #[inline(never)]
    fn other_answer(self, message: &mut [u8]) -> Answer {
        match self {
            Handler::Echo => echo::answer(message),
            Handler::Discard => discard::answer(message),
            Handler::Chargen => chargen::answer(message),
            Handler::Sockperf => sockperf::answer(message),
        }
    }

    /// Whether the handler speaks on a connection without being asked, and swallows what it hears.
    #[inline]
    pub const fn speaks_first(self) -> bool {
        matches!(self, Handler::Chargen)
    }

    /// Whether what is heard is thrown away on purpose, so that a peer whose bytes get no answer has lost nothing.
    #[inline]
    pub const fn swallows(self) -> bool {
        matches!(self, Handler::Discard | Handler::Chargen)
    }
}

impl fmt::Display for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for handler in Handler::ALL {
            assert_eq!(Handler::parse(handler.name()), Some(handler));
            assert_eq!(
                Handler::parse(&handler.name().to_uppercase()),
                Some(handler)
            );
            assert_eq!(handler.to_string(), handler.name());
        }
        assert_eq!(Handler::parse("daytime"), None);
    }

    #[test]
    fn text_comes_from_the_handler_that_speaks_first_and_from_no_other() {
        for handler in Handler::ALL {
            for message in [&b""[..], b"x", &sockperf::header(1, 3, 14)] {
                let is_text = matches!(handler.answer(&mut message.to_vec()), Answer::Text(_));
                assert_eq!(is_text, handler.speaks_first());
            }
        }
    }
}
