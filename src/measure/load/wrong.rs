//! How a load ends before its time, said so that it can be looked into: which message, which byte, what was awaited.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use super::generator::Spoken;
use super::renew::Lapse;
use crate::error::Error;
use crate::escape;
use crate::measure::echo::{Echo, Ending, How};
use crate::sys::errno;

/// So many bytes are shown.
const SHOWN: usize = 16;

/// What a step came to: it goes on, or it is over.
pub(super) type Step<T = ()> = Result<T, Ended>;

/// An end, and whose fault it is.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) ending: Ending,
    /// The peer that has ended it.
    pub(super) peer: Option<usize>,
}

impl Ended {
    pub(super) fn new(peer: Option<usize>, how: How, says: impl Into<String>) -> Ended {
        let ending = Ending {
            how,
            says: says.into(),
        };
        Ended { ending, peer }
    }

    /// Ctrl-C.
    #[cold]
    pub(super) fn interrupted() -> Ended {
        Ended::new(None, How::Interrupted, "interrupted")
    }
}

/// In quotes, on one line, at most [`SHOWN`] bytes.
fn quoted(bytes: &[u8]) -> String {
    let (text, cut) = escape::clipped(bytes, SHOWN);
    let more = if cut { "…" } else { "" };
    format!("\"{text}\"{more}")
}

fn bytes(n: usize) -> String {
    match n {
        1 => "1 byte".to_owned(),
        n => format!("{n} bytes"),
    }
}

fn seconds(ns: u64) -> String {
    format!("{:.1} s", Duration::from_nanos(ns).as_secs_f64())
}

/// A part of an echo, from byte `at` of message `n`, is not what was sent.
#[cold]
pub(super) fn differs(peer: usize, n: u64, at: usize, due: &[u8], got: &[u8]) -> Ended {
    let same = due.iter().zip(got).take_while(|(a, b)| a == b).count();
    let says = format!(
        "an echo differs from what was sent: byte {} of message {n} should begin {} and begins {}",
        at + same,
        quoted(&due[same..]),
        quoted(&got[same..])
    );
    Ended::new(Some(peer), How::WrongBytes, says)
}

/// A whole message is not the one that was sent; `got` may be the beginning of its `len` bytes.
#[cold]
pub(super) fn message(peer: usize, n: u64, due: &[u8], got: &[u8], len: usize) -> Ended {
    if len == due.len() {
        return differs(peer, n, 0, due, got);
    }
    let says = format!(
        "an echo differs from what was sent: message {n} of {} came back as {}, {}",
        bytes(due.len()),
        bytes(len),
        quoted(got)
    );
    Ended::new(Some(peer), How::WrongBytes, says)
}

/// Bytes, or a message, although everything sent had come back.
#[cold]
pub(super) fn extra(peer: usize, got: &[u8], echo: &Echo) -> Ended {
    let says = format!(
        "more came back than was sent: {} after {} echoes, {}",
        bytes(got.len()),
        echo.received,
        quoted(got)
    );
    Ended::new(Some(peer), How::ExtraBytes, says)
}

/// A datagram that is the echo of nothing.
#[cold]
pub(super) fn garbage(peer: usize, got: &[u8], len: usize) -> Ended {
    let says = format!(
        "a datagram came back that nobody sent: {}, {}",
        bytes(len),
        quoted(got)
    );
    Ended::new(Some(peer), How::Garbage, says)
}

/// The connection is over before an answer, or in the middle of it.
#[cold]
pub(super) fn lapsed(peer: usize, how: Lapse, heard: usize, size: usize, echo: &mut Echo) -> Ended {
    let (how, mut says): (How, String) = match (how, heard) {
        (Lapse::Closed, 0) => (How::ClosedEarly, "the peer closed without an echo".into()),
        (Lapse::Closed, _) => (
            How::CutShort,
            format!("the peer closed after {heard} of {size} bytes of an echo"),
        ),
        (Lapse::Reset, 0) => (
            How::Reset,
            "the peer reset the connection (ECONNRESET)".into(),
        ),
        (Lapse::Reset, _) => (
            How::Reset,
            format!(
                "the peer reset the connection (ECONNRESET) after {heard} of {size} bytes of an echo"
            ),
        ),
    };
    if how == How::Reset {
        echo.errors += 1;
    }
    if echo.received > 0 {
        let _ = write!(says, "; {} were right before", echo.received);
    }
    Ended::new(Some(peer), how, says)
}

/// Nothing comes.
#[cold]
pub(super) fn silent(peer: usize, spoken: Spoken, lost: u64, waited_ns: u64) -> Ended {
    let any_more = match spoken {
        Spoken::Never => "",
        Spoken::Once => " any more",
    };
    let lost = match lost {
        0 => String::new(),
        1 => ", 1 message is lost".to_owned(),
        n => format!(", {n} messages are lost"),
    };
    let says = format!(
        "nothing comes back{any_more}: no echo for {}{lost}",
        seconds(waited_ns)
    );
    Ended::new(Some(peer), How::Silent, says)
}

/// The beginning of an echo came, and the rest does not.
#[cold]
pub(super) fn stalled(peer: usize, n: u64, heard: usize, size: usize, waited_ns: u64) -> Ended {
    let says = format!(
        "only a part comes back: {heard} of {size} bytes of message {n} within {}",
        seconds(waited_ns)
    );
    Ended::new(Some(peer), How::Stalled, says)
}

/// The kernel takes no more, because the peer does not read.
#[cold]
pub(super) fn never_reads(peer: usize, waited_ns: u64) -> Ended {
    let says = format!(
        "send: the peer takes no more bytes, and no echo came for {}",
        seconds(waited_ns)
    );
    Ended::new(Some(peer), How::NeverReads, says)
}

/// A call failed.
#[cold]
pub(super) fn failed(
    peer: Option<usize>,
    call: &'static str,
    error: &io::Error,
    echo: &mut Echo,
) -> Ended {
    echo.errors += 1;
    let nobody = matches!(
        error.raw_os_error(),
        Some(libc::ECONNREFUSED | libc::EHOSTUNREACH | libc::ENETUNREACH)
    );
    let how = if nobody { How::Refused } else { How::Failed };
    let errno = errno::of(error);
    let says = format!("{call}: {} ({})", errno.says.to_lowercase(), errno.name);
    Ended::new(peer, how, says)
}

/// A connection could not be opened again.
#[cold]
pub(super) fn unreachable(peer: usize, error: &Error) -> Ended {
    let how = match error {
        Error::Refused(failure)
            if failure.call == "connect"
                && !matches!(failure.errno.name.as_str(), "EADDRNOTAVAIL" | "EAGAIN") =>
        {
            How::Refused
        }
        _ => How::Failed,
    };
    let text = error.to_string();
    let what = text.lines().next().unwrap_or_default();
    Ended::new(Some(peer), how, format!("to connect again failed: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_differs_is_named_and_nothing_is_shown_raw() {
        let ended = differs(0, 7, 8, b"abcdef", b"abc\x1bef");
        assert_eq!(ended.ending.how, How::WrongBytes);
        let says = ended.ending.says;
        assert!(says.contains("byte 11 of message 7"), "{says}");
        assert!(
            says.ends_with("should begin \"def\" and begins \"\\x1bef\""),
            "{says}"
        );
    }

    #[test]
    fn a_length_is_told_and_long_bytes_are_cut() {
        let ended = message(0, 3, b"abc", &[b'x'; 100], 70_000);
        let says = ended.ending.says;
        assert!(says.contains("message 3 of 3 bytes came back as 70000 bytes"));
        assert!(says.ends_with("\"xxxxxxxxxxxxxxxx\"…"), "{says}");
        let same = message(0, 3, b"abc", b"aBc", 3).ending.says;
        assert!(same.contains("byte 1 of message 3"), "{same}");
    }
}
