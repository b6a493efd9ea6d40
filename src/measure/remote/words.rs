//! Times, and what a peer has said, as parts of a sentence.
//!
//! Findings are sentences for people; whatever a peer has sent stands in them escaped and cut.

use std::time::Duration;

use crate::escape;

/// Bytes of a peer that a sentence quotes at most.
const QUOTED: usize = 60;

/// `34 µs`, `1.2 ms`, `5 s`: two digits are as exact as one measurement is.
pub(super) fn span(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        us if us < 1_000.0 => format!("{us:.0} µs"),
        us if us < 9_950.0 => format!("{:.1} ms", us / 1e3),
        us if us < 1_000_000.0 => format!("{:.0} ms", us / 1e3),
        us if us < 9_950_000.0 => format!("{:.1} s", us / 1e6),
        us => format!("{:.0} s", us / 1e6),
    }
}

/// `"220 mail.example ESMTP\r\n"`, cut with how long it is.
pub(super) fn quote(bytes: &[u8]) -> String {
    match escape::clipped(bytes, QUOTED) {
        (text, false) => format!("\"{text}\""),
        (text, true) => format!("\"{text}…\" ({} bytes)", bytes.len()),
    }
}

/// `1 byte`, `2 bytes`.
pub(super) fn bytes(n: usize) -> String {
    counted(n as u64, "byte")
}

/// `1 request`, `2 requests`.
pub(super) fn counted(n: u64, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_digits_and_a_unit() {
        for (us, text) in [
            (34, "34 µs"),
            (1_234, "1.2 ms"),
            (44_000, "44 ms"),
            (5_000_000, "5.0 s"),
            (12_000_000, "12 s"),
        ] {
            assert_eq!(span(Duration::from_micros(us)), text);
        }
    }

    #[test]
    fn a_peer_is_quoted_escaped_and_cut() {
        assert_eq!(quote(b"220 \x1b[2J\r\n"), "\"220 \\x1b[2J\\r\\n\"");
        let long = quote(&[b'a'; 100]);
        assert!(long.ends_with("a…\" (100 bytes)"), "{long}");
        assert_eq!((bytes(1), bytes(2)), ("1 byte".into(), "2 bytes".into()));
    }
}
