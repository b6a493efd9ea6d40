//! What an answer has to do with what was sent: the same, a part of it, changed in a way that has a name, or unlike.
//!
//! Pure: bytes in, a word out.

/// How an answer resembles the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Every byte came back, and no other.
    Same,
    /// Only the first so many bytes.
    Prefix(usize),
    /// All of it, and then so many more bytes.
    More(usize),
    /// All of it, somewhere in other bytes.
    Within,
    /// In capital letters.
    Upper,
    /// In small letters.
    Lower,
    /// Backwards.
    Reversed,
    /// With another end of line: CR LF for LF, or none.
    LineEnd,
    /// Something else.
    Other,
    /// Nothing at all.
    Nothing,
}

impl Likeness {
    /// Holds an answer against the message.
    pub(super) fn of(sent: &[u8], heard: &[u8]) -> Likeness {
        let reversed = || sent.iter().rev().copied().collect::<Vec<u8>>();
        match heard {
            [] => Likeness::Nothing,
            _ if heard == sent => Likeness::Same,
            _ if line(heard) == line(sent) => Likeness::LineEnd,
            _ if sent.starts_with(heard) => Likeness::Prefix(heard.len()),
            _ if heard.starts_with(sent) => Likeness::More(heard.len() - sent.len()),
            _ if heard == sent.to_ascii_uppercase() => Likeness::Upper,
            _ if heard == sent.to_ascii_lowercase() => Likeness::Lower,
            // rev(1) leaves the line feed where it was.
            _ if heard == reversed()
                || line(heard) == &reversed()[sent.len() - line(sent).len()..] =>
            {
                Likeness::Reversed
            }
            _ if contains(heard, line(sent)) => Likeness::Within,
            _ => Likeness::Other,
        }
    }
}

/// Without what ends a line.
fn line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && all.windows(part.len()).any(|w| w == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_likeness_has_its_name() {
        let sent = b"0042abc\n";
        for (heard, likeness) in [
            (&b"0042abc\n"[..], Likeness::Same),
            (b"", Likeness::Nothing),
            (b"0042", Likeness::Prefix(4)),
            (b"0042abc\nx", Likeness::More(1)),
            (b"0042abc\r\n", Likeness::LineEnd),
            (b"0042abc", Likeness::LineEnd),
            (b"0042ABC\n", Likeness::Upper),
            (b"\ncba2400", Likeness::Reversed),
            (b"cba2400\n", Likeness::Reversed),
            (b"you said: 0042abc\r\n", Likeness::Within),
            (b"500 what?\r\n", Likeness::Other),
            (b"\n", Likeness::Other),
        ] {
            assert_eq!(Likeness::of(sent, heard), likeness, "{heard:?}");
        }
        assert_eq!(Likeness::of(b"AB", b"ab"), Likeness::Lower);
        assert_eq!(Likeness::of(b"\n", b"\n\n"), Likeness::More(1));
    }
}
