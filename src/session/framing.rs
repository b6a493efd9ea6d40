//! Where a frame ends: one question over bytes that begin with the frame.
//!
//! Nothing is remembered here. That a frame may arrive in pieces is the business of [`super::Session`], which says how
//! many bytes were searched before, so that a line that drips in byte by byte costs no more than one that comes whole.

use std::io::BufRead as _;

use super::rules::Framing;
use super::sockperf;

/// What the bytes at hand begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A whole frame of so many bytes, at least one.
    Frame(usize),
    /// The beginning of a frame, at most `longest` bytes.
    Unfinished,
    /// A frame that is, or will be, longer than `longest`.
    TooLong,
    /// A header that claims less than itself.
    Senseless,
}

impl Framing {
    /// Cuts the first frame off `data`, which is not empty. No delimiter ends within its first `seen` bytes.
    pub(super) fn cut(&self, data: &[u8], seen: usize, longest: usize) -> Cut {
        match self {
            Framing::None | Framing::Message => Cut::Frame(data.len()),
            Framing::Line => delimited(data, seen, longest, b"\n"),
            Framing::Delimiter(delimiter) => delimited(data, seen, longest, delimiter),
            Framing::LengthPrefix { bytes } => {
                prefixed(data, usize::from(*bytes).clamp(1, 8), longest)
            }
            Framing::Fixed { size } => counted(data, Some((*size).max(1)), longest),
            Framing::Sockperf => headed(data, longest),
        }
    }

    /// Whether what is left when the stream ends is a message all the same.
    pub(super) const fn ends_with_the_stream(&self) -> bool {
        match self {
            Framing::None | Framing::Message | Framing::Line | Framing::Delimiter(_) => true,
            Framing::LengthPrefix { .. } | Framing::Fixed { .. } | Framing::Sockperf => false,
        }
    }
}

fn delimited(data: &[u8], seen: usize, longest: usize, delimiter: &[u8]) -> Cut {
    let window = &data[..data.len().min(longest)];
    match end_of(window, seen, delimiter) {
        Some(end) => Cut::Frame(end),
        None if data.len() > longest => Cut::TooLong,
        None => Cut::Unfinished,
    }
}

/// Where the first `delimiter` ends. Only its last byte is searched for, so `seen` needs no stepping back.
fn end_of(data: &[u8], seen: usize, delimiter: &[u8]) -> Option<usize> {
    let last = *delimiter.last()?;
    let mut end = seen;
    loop {
        // The slice's own BufRead is memchr(3) and cannot fail.
        end += data.get(end..)?.skip_until(last).ok()?;
        let found = &data[..end];
        if found.last() == Some(&last) && (delimiter.len() == 1 || found.ends_with(delimiter)) {
            return Some(end);
        }
        if end == data.len() {
            return None;
        }
    }
}

fn prefixed(data: &[u8], width: usize, longest: usize) -> Cut {
    let Some(prefix) = data.get(..width) else {
        return counted(data, Some(width), longest);
    };
    let payload = prefix.iter().fold(0, |n, b| n << 8 | u64::from(*b));
    let whole = usize::try_from(payload)
        .ok()
        .and_then(|n| n.checked_add(width));
    counted(data, whole, longest)
}

fn headed(data: &[u8], longest: usize) -> Cut {
    let Some(header) = data.first_chunk() else {
        return counted(data, Some(sockperf::HEADER), longest);
    };
    match sockperf::length(header) as usize {
        whole if whole < sockperf::HEADER => Cut::Senseless,
        whole => counted(data, Some(whole), longest),
    }
}

/// A frame of `whole` bytes; none stands for more than can be counted.
fn counted(data: &[u8], whole: Option<usize>, longest: usize) -> Cut {
    match whole {
        Some(whole) if whole <= longest && whole <= data.len() => Cut::Frame(whole),
        Some(whole) if whole <= longest => Cut::Unfinished,
        _ => Cut::TooLong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(framing: &Framing, data: &[u8]) -> Cut {
        framing.cut(data, 0, 10)
    }

    #[test]
    fn a_line_ends_after_its_line_feed() {
        assert_eq!(cut(&Framing::Line, b"ab\ncd"), Cut::Frame(3));
        assert_eq!(cut(&Framing::Line, b"\n\n"), Cut::Frame(1));
        assert_eq!(cut(&Framing::Line, b"ab"), Cut::Unfinished);
        assert_eq!(cut(&Framing::Line, b"123456789\n"), Cut::Frame(10));
        assert_eq!(cut(&Framing::Line, b"1234567890"), Cut::Unfinished);
        assert_eq!(cut(&Framing::Line, b"1234567890\n"), Cut::TooLong);
    }

    #[test]
    fn a_delimiter_is_found_across_what_was_seen() {
        let crlf = Framing::Delimiter(b"\r\n".to_vec());
        assert_eq!(cut(&crlf, b"a\nb\r\r\nc"), Cut::Frame(6));
        assert_eq!(crlf.cut(b"ab\r\n", 3, 10), Cut::Frame(4));
        assert_eq!(crlf.cut(b"ab\r\r", 3, 10), Cut::Unfinished);
        assert_eq!(
            cut(&Framing::Delimiter(b"aab".into()), b"aaab"),
            Cut::Frame(4)
        );
        assert_eq!(cut(&Framing::Delimiter(Vec::new()), b"ab"), Cut::Unfinished);
    }

    #[test]
    fn a_delimiter_does_not_reach_into_the_frame_before() {
        let twice = Framing::Delimiter(b"xx".to_vec());
        assert_eq!(cut(&twice, b"xxx"), Cut::Frame(2));
        assert_eq!(cut(&twice, b"x"), Cut::Unfinished);
    }

    #[test]
    fn a_prefix_counts_the_payload_only() {
        let two = Framing::LengthPrefix { bytes: 2 };
        assert_eq!(cut(&two, b"\0"), Cut::Unfinished);
        assert_eq!(cut(&two, b"\0\0"), Cut::Frame(2));
        assert_eq!(cut(&two, b"\0\x03ab"), Cut::Unfinished);
        assert_eq!(cut(&two, b"\0\x03abcd"), Cut::Frame(5));
        assert_eq!(cut(&two, b"\0\x08"), Cut::Unfinished);
    }

    #[test]
    fn a_prefix_is_judged_before_anything_is_collected() {
        let frame = |n: u64| n.to_be_bytes();
        let eight = Framing::LengthPrefix { bytes: 8 };
        assert_eq!(cut(&eight, &frame(2)), Cut::Unfinished);
        for n in [3, 1 << 32, u64::MAX - 8, u64::MAX - 7, u64::MAX] {
            assert_eq!(cut(&eight, &frame(n)), Cut::TooLong);
        }
        assert_eq!(eight.cut(b"\0", 0, 7), Cut::TooLong);
    }

    #[test]
    fn widths_and_sizes_that_make_no_sense_still_move_on() {
        assert_eq!(cut(&Framing::Fixed { size: 0 }, b"ab"), Cut::Frame(1));
        assert_eq!(
            cut(&Framing::LengthPrefix { bytes: 0 }, b"\0"),
            Cut::Frame(1)
        );
        assert_eq!(
            cut(&Framing::LengthPrefix { bytes: 255 }, &[0; 9]),
            Cut::Frame(8)
        );
    }

    #[test]
    fn a_header_counts_itself_too() {
        let cut = |data: &[u8], longest| Framing::Sockperf.cut(data, 0, longest);
        let of = |length: u32| [&sockperf::header(1, 3, length)[..], b"abc"].concat();
        assert_eq!(cut(&of(14), 14), Cut::Frame(14));
        assert_eq!(cut(&of(16), 16), Cut::Frame(16));
        assert_eq!(cut(&of(17), 16), Cut::TooLong);
        assert_eq!(cut(&of(18), 18), Cut::Unfinished);
        assert_eq!(cut(&of(18)[..13], 18), Cut::Unfinished);
        assert_eq!(cut(b"x", 13), Cut::TooLong);
        for length in [1 << 31, u32::MAX] {
            assert_eq!(cut(&of(length), 1 << 20), Cut::TooLong);
        }
        for length in [0, 1, 13] {
            assert_eq!(cut(&of(length), 1 << 20), Cut::Senseless);
        }
    }

    #[test]
    fn a_fixed_frame_is_as_long_as_it_is() {
        let three = Framing::Fixed { size: 3 };
        assert_eq!(cut(&three, b"ab"), Cut::Unfinished);
        assert_eq!(cut(&three, b"abcd"), Cut::Frame(3));
        assert_eq!(cut(&Framing::Fixed { size: 11 }, b"a"), Cut::TooLong);
    }
}
