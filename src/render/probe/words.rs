//! Numbers and sentences that every form of a report has in common.

use std::time::Duration;

use crate::escape;

/// A sentence that may quote the outside and is escaped already: it stays as it is, on one line, without control bytes.
pub(super) fn sentence(text: &str) -> String {
    escape::lines(text).replace(['\n', '\t'], " ")
}

/// Three significant digits and a unit: `82.1 µs`, `44.1 ms`.
pub(in crate::render) fn time(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        us if us < 1.0 => format!("{:.0} ns", us * 1e3),
        us if us < 99.95 => format!("{us:.1} µs"),
        us if us < 999.5 => format!("{us:.0} µs"),
        us if us < 99_950.0 => format!("{:.1} ms", us / 1e3),
        us if us < 999_500.0 => format!("{:.0} ms", us / 1e3),
        us if us < 99_950_000.0 => format!("{:.1} s", us / 1e6),
        us => format!("{:.0} s", us / 1e6),
    }
}

/// The same of nanoseconds.
pub(super) fn ns(ns: u64) -> String {
    time(Duration::from_nanos(ns))
}

/// The edge of a bucket, without digits that say nothing: `50 µs`, `1.25 ms`.
pub(super) fn edge(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 999.5 => (ns, "ns"),
        ns if ns < 999_500.0 => (ns / 1e3, "µs"),
        ns if ns < 999_500_000.0 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{short} {unit}")
}

/// Groups of three digits from five digits on: `1000`, `10 000` with spaces that do not break.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A factor with three digits: `0.0231`, `1.04`, `1076`.
pub(super) fn ratio(ratio: f64) -> String {
    match ratio {
        r if !r.is_finite() => "-".into(),
        r if r < 0.0995 => format!("{r:.4}"),
        r if r < 9.95 => format!("{r:.2}"),
        r if r < 99.5 => format!("{r:.1}"),
        r => count(r.round() as u64),
    }
}

/// Bytes with a binary unit: `64 B`, `491.2 KiB`.
pub(super) fn bytes(bytes: u64) -> String {
    bytesize::ByteSize::b(bytes).to_string()
}

/// One connection, 7 connections.
pub(super) fn many(n: u64, one: &str) -> String {
    match n {
        1 => format!("one {one}"),
        n => format!("{} {one}s", count(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_three_digits_and_a_unit() {
        for (ns_of, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (45_123, "45.1 µs"),
            (99_960, "100 µs"),
            (999_600, "1.0 ms"),
            (44_100_000, "44.1 ms"),
            (999_700_000, "1.0 s"),
            (600_000_000_000, "600 s"),
        ] {
            assert_eq!(ns(ns_of), text);
        }
    }

    #[test]
    fn edges_counts_and_ratios_are_short() {
        assert_eq!(edge(50_000.0), "50 µs");
        assert_eq!(edge(1_250_000.0), "1.25 ms");
        assert_eq!(edge(100.0), "100 ns");
        assert_eq!(edge(1e9), "1 s");
        assert_eq!(count(1000), "1000");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(ratio(1076.4), "1076");
        assert_eq!(ratio(0.000_93), "0.0009");
        assert_eq!(ratio(f64::NAN), "-");
    }
}
