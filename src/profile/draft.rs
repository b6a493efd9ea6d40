//! A profile while it is read: each key has a slot of its own.
//!
//! The finished profile puts `framing` and its companions together; here they are still apart, so that every row of
//! [`keys`](super::keys) reads and writes one place. [`rules`](super::rules) settles a draft.

use super::choices::FramingKey;
use super::codec::{Codec, Refused};
use super::kind::Kind;
use super::settings::{Origin, Profile, Setting};
use super::tree::Node;
use super::words::FramingWord;

/// What has been read so far.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) profile: Profile,
    pub(super) framing: Setting<FramingWord>,
    pub(super) delimiter: Option<Setting<String>>,
    pub(super) prefix_bytes: Option<Setting<u8>>,
    pub(super) message_size: Option<Setting<usize>>,
}

impl Draft {
    /// Nothing written yet: the defaults.
    pub(super) fn blank() -> Draft {
        Draft::of(&Profile::blank())
    }

    /// A finished profile taken apart again.
    pub(super) fn of(profile: &Profile) -> Draft {
        let key = &profile.io.framing;
        let mut draft = Draft {
            profile: profile.clone(),
            framing: Setting {
                value: FramingWord::None,
                origin: key.origin,
            },
            delimiter: None,
            prefix_bytes: None,
            message_size: None,
        };
        let origin = profile.io.companion;
        draft.framing.value = match &key.value {
            FramingKey::None => FramingWord::None,
            FramingKey::Line => FramingWord::Line,
            FramingKey::Sockperf => FramingWord::Sockperf,
            FramingKey::Delimiter(bytes) => {
                let value = String::from_utf8_lossy(bytes).into_owned();
                draft.delimiter = Some(Setting { value, origin });
                FramingWord::Delimiter
            }
            FramingKey::LengthPrefix(value) => {
                let value = *value;
                draft.prefix_bytes = Some(Setting { value, origin });
                FramingWord::LengthPrefix
            }
            FramingKey::Fixed(value) => {
                let value = *value;
                draft.message_size = Some(Setting { value, origin });
                FramingWord::Fixed
            }
        };
        draft
    }
}

/// The place of one key.
pub(super) trait Slot {
    /// Reads a value into it.
    fn read(&mut self, node: &Node, kind: &Kind) -> Result<(), Refused>;
    /// Its value as TOML and where that came from; `None`: nobody wrote it and there is no default.
    fn write(&self, kind: &Kind) -> Option<(String, Origin)>;
}

impl<T: Codec> Slot for Setting<T> {
    fn read(&mut self, node: &Node, kind: &Kind) -> Result<(), Refused> {
        self.value = T::read(node, kind)?;
        self.origin = node.at;
        Ok(())
    }
    fn write(&self, kind: &Kind) -> Option<(String, Origin)> {
        Some((self.value.write(kind), self.origin))
    }
}

impl<T: Codec> Slot for Option<Setting<T>> {
    fn read(&mut self, node: &Node, kind: &Kind) -> Result<(), Refused> {
        let value = T::read(node, kind)?;
        *self = Some(Setting {
            value,
            origin: node.at,
        });
        Ok(())
    }
    fn write(&self, kind: &Kind) -> Option<(String, Origin)> {
        self.as_ref().and_then(|setting| setting.write(kind))
    }
}
