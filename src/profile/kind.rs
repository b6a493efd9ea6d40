//! What a key may hold: the kind of its value and the range, and the sentence that says so.
//!
//! The sentence stands in every message about the key, in its documentation and in the schema. How text becomes a
//! value is [`codec`](super::codec)'s business.

use std::fmt;
use std::time::Duration;

use super::choices::Scope;

/// The kind of a key's value. Every range includes both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number(u64, u64),
    /// A whole number or one word.
    NumberOr(u64, u64, &'static str),
    /// One of a few numbers.
    Choice(&'static [u64]),
    /// Bytes: a number, or text with a unit.
    Size(u64, u64),
    /// Text with a unit.
    Time(Duration, Duration),
    /// One of a few words.
    Words(&'static [&'static str]),
    /// Text of so many bytes at least and at most.
    Text(usize, usize),
    /// A host name or number, "" for every interface.
    Host,
    /// A protocol's number or name.
    Protocol,
    /// An inherited descriptor.
    Descriptor,
    /// A path of the file system, or `@name`.
    UnixPath,
    /// Permissions of a file, in octal.
    Mode,
    /// A file.
    File,
    /// A table of options.
    Options(Scope),
    /// An array of tables.
    RawOptions,
    /// Anything; nothing looks at it.
    Ignored,
    /// A table of what a probe must find.
    Expectations,
}

impl fmt::Display for Kind {
    /// What is allowed, as the end of "it must be …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Kind::Flag => f.write_str("true or false"),
            Kind::Number(least, most) => write!(f, "a whole number from {least} to {most}"),
            Kind::NumberOr(least, most, word) => {
                write!(f, "a whole number from {least} to {most}, or \"{word}\"")
            }
            Kind::Choice(numbers) => list(f, numbers.iter().map(ToString::to_string)),
            Kind::Size(least, most) => write!(
                f,
                "a size from {} to {}, in bytes or with a unit such as \"64KiB\"",
                size(least),
                size(most)
            ),
            Kind::Time(least, most) => write!(
                f,
                "a time from {} to {} with a unit, such as \"250ms\" or \"5s\"",
                humantime::format_duration(least),
                hours(most)
            ),
            Kind::Words(words) => list(f, words.iter().map(|w| format!("\"{w}\""))),
            Kind::Text(0, most) => write!(f, "text of at most {most} bytes"),
            Kind::Text(least, most) => write!(f, "text of {least} to {most} bytes"),
            Kind::Host => f.write_str(
                "a host name or address of at most 255 bytes without spaces, or \"\" for every interface",
            ),
            Kind::Protocol => f.write_str("a number from 0 to 2147483647, or a name such as \"udp\""),
            Kind::Descriptor => f.write_str(
                "a descriptor's number from 0 to 2147483647, \"systemd\" or \"systemd:NAME\"",
            ),
            Kind::UnixPath => f.write_str("a path or \"@name\" of 1 to 107 bytes"),
            Kind::Mode => f.write_str("permissions in octal from 0o000 to 0o777, such as \"0660\""),
            Kind::File => f.write_str("the path of a file, 1 to 4095 bytes"),
            Kind::Options(_) => f.write_str("a table of options, such as { SO_REUSEADDR = true }"),
            Kind::RawOptions => f.write_str("tables with level, name, and value or bytes"),
            Kind::Ignored => f.write_str("anything"),
            Kind::Expectations => f.write_str(
                "a table of paths in the report, such as { \"echo.rtt_ns.p99\" = \"< 2ms\", echo.lost = 0 }",
            ),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = String>) -> fmt::Result {
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [] => Ok(()),
        [one] => f.write_str(one),
        [all @ .., last] => write!(f, "{} or {last}", all.join(", ")),
    }
}

/// A size as it reads best and as [`codec`](super::codec) takes it back: `16 MiB` in a sentence.
fn size(bytes: u64) -> String {
    match super::codec::unit_of(bytes) {
        (number, "") => format!("{number} B"),
        (number, unit) => format!("{number} {unit}"),
    }
}

fn hours(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 3600 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        _ => humantime::format_duration(time).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_reads_as_a_sentence() {
        for (kind, text) in [
            (Kind::Number(0, 65535), "a whole number from 0 to 65535"),
            (Kind::Choice(&[1, 2, 4, 8]), "1, 2, 4 or 8"),
            (Kind::Words(&["a", "b"]), "\"a\" or \"b\""),
        ] {
            assert_eq!(kind.to_string(), text);
        }
        let size = Kind::Size(1, 16 << 20).to_string();
        assert!(size.starts_with("a size from 1 B to 16 MiB,"), "{size}");
        let day = Duration::from_secs(24 * 3600);
        let time = Kind::Time(Duration::from_millis(1), day).to_string();
        assert!(time.starts_with("a time from 1ms to 24h with"), "{time}");
    }
}
