//! The words of a profile: enums that a key spells out.
//!
//! One list per enum gives the reading, the writing, the allowed words of a message and the schema.

use super::choices::{
    CloseKey, EngineKey, FormatKey, LevelKey, OverloadKey, ReplyKey, TriggerKey, TruncatedKey,
};

/// An enum that is written as one of a few words.
pub trait Word: Copy + PartialEq + 'static {
    /// The words, in the order of the documentation.
    const NAMES: &'static [&'static str];
    /// What they stand for, in the same order.
    const ALL: &'static [Self];

    /// The word in a profile.
    fn word(self) -> &'static str;

    /// Reads the word, without regard to case.
    fn from_word(word: &str) -> Option<Self> {
        let index = Self::NAMES
            .iter()
            .position(|n| n.eq_ignore_ascii_case(word))?;
        Some(Self::ALL[index])
    }
}

macro_rules! words {
    ($enum:ident: $($variant:ident = $word:literal),+) => {
        impl Word for $enum {
            const NAMES: &'static [&'static str] = &[$($word),+];
            const ALL: &'static [$enum] = &[$($enum::$variant),+];
            fn word(self) -> &'static str {
                match self {
                    $($enum::$variant => $word,)+
                }
            }
        }
    };
}

/// The word of `framing`; its companions stand in keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FramingWord {
    None,
    Line,
    Delimiter,
    LengthPrefix,
    Fixed,
    Sockperf,
}

words!(EngineKey: Sequential = "sequential", Threads = "threads", Poll = "poll", Epoll = "epoll", Async = "async", Uring = "uring");
words!(ReplyKey: Echo = "echo", Discard = "discard", Chargen = "chargen", Sockperf = "sockperf");
words!(CloseKey: Fin = "fin", Reset = "reset");
words!(OverloadKey: Wait = "wait", Reject = "reject");
words!(TruncatedKey: Drop = "drop", Echo = "echo");
words!(TriggerKey: Level = "level", Edge = "edge");
words!(LevelKey: Error = "error", Warn = "warn", Info = "info", Debug = "debug", Trace = "trace");
words!(FormatKey: Article = "article", Json = "json");
words!(FramingWord: None = "none", Line = "line", Delimiter = "delimiter", LengthPrefix = "length-prefix", Fixed = "fixed", Sockperf = "sockperf");

#[cfg(test)]
mod tests {
    use super::*;

    fn round<W: Word + std::fmt::Debug>() {
        for (&value, &name) in W::ALL.iter().zip(W::NAMES) {
            assert_eq!(value.word(), name);
            assert_eq!(W::from_word(&name.to_uppercase()), Some(value));
        }
        assert_eq!(W::from_word("nonsense"), None);
    }

    #[test]
    fn each_word_is_read_as_it_is_written() {
        round::<EngineKey>();
        round::<ReplyKey>();
        round::<CloseKey>();
        round::<OverloadKey>();
        round::<TruncatedKey>();
        round::<TriggerKey>();
        round::<LevelKey>();
        round::<FormatKey>();
        round::<FramingWord>();
    }
}
