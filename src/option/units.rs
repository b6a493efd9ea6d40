//! Sizes and times as people write them, as whole numbers of the option's unit.
//!
//! Exactness matters more than convenience here: a size that two readers understand differently, or a time that the
//! unit cannot hold, is refused with what to write instead.

use std::time::Duration;

use bytesize::ByteSize;

use super::Unit;
use crate::escape;

/// Bytes: "64KiB" is 65536, "64kB" is 64000, "512" and "512B" are 512. A bare K, M or G is refused.
pub(super) fn size(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = (&text[..digits], text[digits..].trim());
    if number.is_empty() || unit.starts_with('.') {
        return Err(format!(
            "takes a whole number of bytes such as 65536 or \"64KiB\", not \"{}\"",
            escape::text(text)
        ));
    }
    // bytesize reads "64K" as 64 000, most people and dd(1) read it as 65 536.
    if unit.len() == 1 && !unit.eq_ignore_ascii_case("b") {
        let letter = unit.to_ascii_uppercase();
        return Err(format!(
            "takes a size without doubt: \"{}\" may be \"{number}{letter}iB\" or \"{number}{}B\"",
            escape::text(text),
            if letter == "K" { "k" } else { &letter }
        ));
    }
    text.parse::<ByteSize>()
        .ok()
        .and_then(|size| i64::try_from(size.as_u64()).ok())
        .ok_or_else(|| {
            format!(
                "takes a size such as \"64KiB\" or \"64kB\", not \"{}\"",
                escape::text(text)
            )
        })
}

/// humantime's text ("5s", "1min", "250ms").
pub(super) fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text.trim()).ok()
}

/// A time in whole units.
pub(super) fn time(text: &str, unit: Unit) -> Result<i64, String> {
    let Some(time) = duration(text) else {
        return Err(format!(
            "takes a number of {} or a time such as \"5s\", not \"{}\"",
            unit.name(),
            escape::text(text)
        ));
    };
    let nanos = time.as_nanos();
    if nanos % unit.nanos() != 0 {
        return Err(format!(
            "counts in whole {}, which \"{}\" is not",
            unit.name(),
            escape::text(text)
        ));
    }
    i64::try_from(nanos / unit.nanos())
        .map_err(|_| format!("takes a shorter time than \"{}\"", escape::text(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact() {
        for (text, bytes) in [
            ("64KiB", 65536),
            ("64kB", 64000),
            ("64 KB", 64000),
            ("1MiB", 1 << 20),
            ("512", 512),
            ("512B", 512),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_bare_letter_is_refused_with_both_readings() {
        for text in ["64K", "64k", "1M", "2G"] {
            let error = size(text).unwrap_err();
            assert!(error.contains("iB\" or"), "{error}");
        }
        for text in [
            "",
            "K",
            "-1",
            "1.5KiB",
            "64 zebras",
            "99999999999999999999TiB",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_must_fit_the_unit() {
        assert_eq!(time("4321ms", Unit::Millis), Ok(4321));
        assert_eq!(time("1min", Unit::Seconds), Ok(60));
        assert_eq!(time("2ms", Unit::Micros), Ok(2000));
        assert!(time("1500ms", Unit::Seconds).unwrap_err().contains("whole"));
        assert!(time("soon", Unit::Seconds).is_err());
    }
}
