//! Keys that contradict each other whatever the socket is, one function per rule; then the draft is a profile.
//!
//! Rules that need to know family, type and protocol (a backlog on a datagram socket) are the plan's.

use super::choices::FramingKey;
use super::defaults::loopback;
use super::draft::Draft;
use super::problem::{Problem, Problems};
use super::settings::{Origin, Profile, Setting, Source};
use super::words::{FramingWord, Word as _};

/// Bytes of the length in front of a message, unless `prefix_bytes` says otherwise.
const PREFIX_BYTES: u8 = 4;

/// Checks what was read, and puts it together.
pub(super) fn settle(
    draft: Draft,
    name: &str,
    sources: Vec<Source>,
    problems: &mut Problems,
) -> Profile {
    companions_belong_to_their_framing(&draft, problems);
    framing_has_its_companion(&draft, problems);
    a_path_has_no_host_and_port(&draft, problems);
    a_message_has_a_byte_for_each_write(&draft, problems);

    let (framing, companion) = framing(&draft);
    let mut profile = draft.profile;
    profile.io.framing = Setting {
        value: framing,
        origin: draft.framing.origin,
    };
    profile.io.companion = companion;
    if !profile.address.host.is_set() {
        loopback(profile.socket.family.value).clone_into(&mut profile.address.host.value);
    }
    name.clone_into(&mut profile.name);
    profile.sources = sources;
    profile
}

/// The companions that were written, with the framing that each belongs to.
fn companions(draft: &Draft) -> [(&'static str, FramingWord, Option<Origin>); 3] {
    let delimiter = draft.delimiter.as_ref().map(|s| s.origin);
    let prefix = draft.prefix_bytes.as_ref().map(|s| s.origin);
    let size = draft.message_size.as_ref().map(|s| s.origin);
    [
        ("delimiter", FramingWord::Delimiter, delimiter),
        ("prefix_bytes", FramingWord::LengthPrefix, prefix),
        ("message_size", FramingWord::Fixed, size),
    ]
}

fn companions_belong_to_their_framing(draft: &Draft, problems: &mut Problems) {
    for (name, framing, written) in companions(draft) {
        if let Some(origin) = written
            && framing != draft.framing.value
        {
            problems.push(|| {
                let is = draft.framing.value.word();
                Problem::error(
                    origin,
                    format!("`io.{name}` makes no sense with framing = \"{is}\""),
                )
                .label(format!("it needs framing = \"{}\"", framing.word()))
            });
        }
    }
}

fn framing_has_its_companion(draft: &Draft, problems: &mut Problems) {
    for (name, framing, written) in companions(draft) {
        let is_needed = framing == draft.framing.value && framing != FramingWord::LengthPrefix;
        if is_needed && written.is_none() {
            problems.push(|| {
                let message = format!("framing = \"{}\" needs `io.{name}`", framing.word());
                Problem::error(draft.framing.origin, message)
                    .label(format!("no `{name}` is written"))
            });
        }
    }
}

fn a_path_has_no_host_and_port(draft: &Draft, problems: &mut Problems) {
    let address = &draft.profile.address;
    let Some(path) = &address.path else { return };
    for (name, origin) in [("host", address.host.origin), ("port", address.port.origin)] {
        if origin != Origin::Default {
            problems.push(|| {
                Problem::error(
                    path.origin,
                    format!("`address.path` contradicts `address.{name}`"),
                )
                .label(format!("a unix address is a path, it has no {name}"))
                .help(format!("leave out `path` or `{name}`"))
            });
        }
    }
}

fn a_message_has_a_byte_for_each_write(draft: &Draft, problems: &mut Problems) {
    let probe = &draft.profile.probe;
    if probe.writes.value as usize > probe.size.value {
        let origin = match probe.writes.origin {
            Origin::Default => probe.size.origin,
            written => written,
        };
        problems.push(|| {
            let (writes, size) = (probe.writes.value, probe.size.value);
            let message = format!("`probe.writes` is {writes}, but `probe.size` is only {size}");
            Problem::error(origin, message).label("each piece needs a byte")
        });
    }
}

fn framing(draft: &Draft) -> (FramingKey, Origin) {
    let none = (FramingKey::None, Origin::Default);
    match draft.framing.value {
        FramingWord::None => none,
        FramingWord::Line => (FramingKey::Line, Origin::Default),
        FramingWord::Sockperf => (FramingKey::Sockperf, Origin::Default),
        FramingWord::Delimiter => draft.delimiter.as_ref().map_or(none, |s| {
            (
                FramingKey::Delimiter(s.value.clone().into_bytes()),
                s.origin,
            )
        }),
        FramingWord::LengthPrefix => match &draft.prefix_bytes {
            Some(s) => (FramingKey::LengthPrefix(s.value), s.origin),
            None => (FramingKey::LengthPrefix(PREFIX_BYTES), Origin::Default),
        },
        FramingWord::Fixed => match &draft.message_size {
            Some(s) => (FramingKey::Fixed(s.value), s.origin),
            None => none,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn contradictions_are_pointed_at() {
        for (text, word) in [
            ("[io]\ndelimiter = \"x\"", "needs framing = \"delimiter\""),
            ("[io]\nframing = \"fixed\"", "needs `io.message_size`"),
            (
                "[io]\nframing = \"delimiter\"\nmessage_size = 3",
                "needs `io.delimiter`",
            ),
            (
                "[address]\npath = \"/x\"\nport = 1",
                "contradicts `address.port`",
            ),
            ("[probe]\nsize = 3\nwrites = 4", "each piece needs a byte"),
            ("[probe]\nwrites = 65", "only 64"),
        ] {
            let error = parse("x", text, &[]).expect_err(text).to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn framing_and_its_companion_are_put_together() {
        let framing = |text: &str| parse("x", text, &[]).unwrap().io.framing.value;
        assert_eq!(
            framing("io.framing = \"length-prefix\""),
            FramingKey::LengthPrefix(4)
        );
        assert_eq!(
            framing("[io]\nframing = \"delimiter\"\ndelimiter = \"\\r\\n\""),
            FramingKey::Delimiter(b"\r\n".to_vec())
        );
    }

    #[test]
    fn the_host_left_out_is_the_familys_loopback() {
        let host = |text: &str| parse("x", text, &[]).unwrap().address.host.value;
        assert_eq!(host(""), "127.0.0.1");
        assert_eq!(host("socket.family = \"ipv6\""), "::1");
    }
}
