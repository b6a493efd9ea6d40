//! One value of TOML to one value of Rust, and back: a [`Codec`] per type.
//!
//! The range is the key's ([`Kind`]), so a type that several keys share is written once. A refusal only says what
//! may help; the sentence with the key's name and what is allowed is made by the caller, once for all keys.

use std::time::Duration;

use bytesize::ByteSize;

use super::choices::{RequestsKey, WorkersKey};
use super::kind::Kind;
use super::tree::{Data, Node};

/// Why a value was refused, beyond "it is not what the key allows": ways out, often none.
pub(super) type Refused = Vec<String>;

/// A type that a key can hold.
pub(super) trait Codec: Sized {
    /// Reads a value of the kind.
    fn read(node: &Node, kind: &Kind) -> Result<Self, Refused>;
    /// Writes it as TOML that reads back the same.
    fn write(&self, kind: &Kind) -> String;
}

macro_rules! number_codec {
    ($($number:ty),+) => {$(
        impl Codec for $number {
            fn read(node: &Node, kind: &Kind) -> Result<Self, Refused> {
                number(node, kind)?.try_into().map_err(|_| Refused::new())
            }
            #[allow(clippy::cast_lossless, reason = "From is not there for usize")]
            fn write(&self, kind: &Kind) -> String {
                write_number(*self as u64, kind)
            }
        }
    )+};
}
number_codec!(u8, u16, u32, u64, usize);

fn number(node: &Node, kind: &Kind) -> Result<u64, Refused> {
    if let Kind::Mode = kind {
        return mode(node);
    }
    let value = match (&node.data, kind) {
        (Data::Int(n) | Data::Octal(n), _) => u64::try_from(*n).map_err(|_| Refused::new())?,
        (Data::Text(text), Kind::Size(..)) => size(text)?,
        (Data::Text(text), _) if text.parse::<u64>().is_ok() => {
            return Err(vec![format!("write it without quotes: {text}")]);
        }
        _ => return Err(Refused::new()),
    };
    let within = match *kind {
        Kind::Number(least, most) | Kind::NumberOr(least, most, _) | Kind::Size(least, most) => {
            (least..=most).contains(&value)
        }
        Kind::Choice(numbers) => numbers.contains(&value),
        _ => true,
    };
    within.then_some(value).ok_or_else(Refused::new)
}

fn write_number(number: u64, kind: &Kind) -> String {
    match kind {
        Kind::Mode => format!("0o{number:03o}"),
        Kind::Size(..) => match unit_of(number) {
            (number, "") => number.to_string(),
            (number, unit) => format!("\"{number}{unit}\""),
        },
        _ => number.to_string(),
    }
}

/// The number in the largest binary unit that divides it: `(64, "KiB")`, or `(65537, "")`.
pub(super) fn unit_of(bytes: u64) -> (u64, &'static str) {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes > 0 && bytes.trailing_zeros() >= shift {
            return (bytes >> shift, unit);
        }
    }
    (bytes, "")
}

/// bytesize would take "64K" for 64000 and "1.5B" for 1, so only units that say which thousand they mean are let through.
fn size(text: &str) -> Result<u64, Refused> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = (&text[..digits], text[digits..].trim_start());
    if number.is_empty() || number.len() > 19 {
        return Err(Refused::new());
    }
    match unit.to_ascii_lowercase().as_str() {
        "k" | "m" | "g" | "t" => {
            let unit = unit.to_ascii_uppercase();
            let small = if unit == "K" { "k" } else { unit.as_str() };
            Err(vec![
                format!("`{unit}` is ambiguous; \"{number}{unit}iB\" counts in powers of 1024"),
                format!("\"{number}{small}B\" counts in powers of 1000"),
            ])
        }
        "" | "b" | "kb" | "mb" | "gb" | "tb" | "kib" | "mib" | "gib" | "tib" => {
            let read = format!("{number}{unit}").parse::<ByteSize>();
            read.map(|size| size.as_u64()).map_err(|_| Refused::new())
        }
        _ => Err(Refused::new()),
    }
}

/// `"0660"` or 0o660; a decimal 660 would be the permissions 1224, which nobody means.
fn mode(node: &Node) -> Result<u64, Refused> {
    let number = match &node.data {
        Data::Octal(n) => u64::try_from(*n).ok(),
        Data::Text(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            u64::from_str_radix(text, 8).ok()
        }
        Data::Int(n @ 0..=9999) => {
            return Err(vec![format!("this is decimal; for octal write \"{n:04}\"")]);
        }
        _ => None,
    };
    number.filter(|&m| m <= 0o777).ok_or_else(Refused::new)
}

impl Codec for bool {
    fn read(node: &Node, _: &Kind) -> Result<bool, Refused> {
        match &node.data {
            Data::Bool(flag) => Ok(*flag),
            Data::Text(text) if text == "true" || text == "false" => {
                Err(vec![format!("write it without quotes: {text}")])
            }
            _ => Err(Refused::new()),
        }
    }
    fn write(&self, _: &Kind) -> String {
        self.to_string()
    }
}

impl Codec for Duration {
    fn read(node: &Node, kind: &Kind) -> Result<Duration, Refused> {
        let time = match &node.data {
            Data::Text(text) => time(text).ok_or_else(Refused::new)?,
            Data::Int(0) => Duration::ZERO,
            Data::Int(n @ 1..=1_000_000) => {
                return Err(vec![format!("a time needs a unit: \"{n}s\" or \"{n}ms\"")]);
            }
            _ => return Err(Refused::new()),
        };
        match *kind {
            Kind::Time(least, most) if time < least || time > most => Err(Refused::new()),
            _ => Ok(time),
        }
    }
    fn write(&self, _: &Kind) -> String {
        format!("\"{}\"", humantime::format_duration(*self))
    }
}

/// humantime adds up to more seconds than a Duration holds, and panics: so the text is kept too short for that.
fn time(text: &str) -> Option<Duration> {
    let longest_number = text
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max();
    if text.len() > 64 || longest_number > Some(10) {
        return None;
    }
    humantime::parse_duration(text).ok()
}

impl Codec for String {
    fn read(node: &Node, kind: &Kind) -> Result<String, Refused> {
        let Data::Text(text) = &node.data else {
            return Err(Refused::new());
        };
        let fits = match *kind {
            Kind::Text(least, most) => (least..=most).contains(&text.len()),
            Kind::Host => {
                text.len() <= 255 && !text.chars().any(|c| c.is_whitespace() || c.is_control())
            }
            _ => true,
        };
        fits.then(|| text.clone()).ok_or_else(Refused::new)
    }
    fn write(&self, _: &Kind) -> String {
        super::show::text(self)
    }
}

/// A number or the kind's one word.
fn count_or<T>(node: &Node, kind: &Kind, count: fn(u32) -> T, other: T) -> Result<T, Refused> {
    match (&node.data, kind) {
        (Data::Text(text), Kind::NumberOr(_, _, word)) if text.eq_ignore_ascii_case(word) => {
            Ok(other)
        }
        _ => u32::read(node, kind).map(count),
    }
}

impl Codec for RequestsKey {
    fn read(node: &Node, kind: &Kind) -> Result<RequestsKey, Refused> {
        count_or(node, kind, RequestsKey::Count, RequestsKey::Unlimited)
    }
    fn write(&self, _: &Kind) -> String {
        match self {
            RequestsKey::Count(n) => n.to_string(),
            RequestsKey::Unlimited => "\"unlimited\"".into(),
        }
    }
}

impl Codec for WorkersKey {
    fn read(node: &Node, kind: &Kind) -> Result<WorkersKey, Refused> {
        count_or(node, kind, WorkersKey::Count, WorkersKey::Cores)
    }
    fn write(&self, _: &Kind) -> String {
        match self {
            WorkersKey::Count(n) => n.to_string(),
            WorkersKey::Cores => "\"cores\"".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_says_which_thousand_it_means() {
        for (text, bytes) in [
            ("1KiB", 1024),
            ("64kB", 64_000),
            ("2 MiB", 2 << 20),
            ("7", 7),
            ("7b", 7),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "KiB", "1.5KiB", "-1", "1 K i B", "1Kib/s", "1é", "1PB"] {
            assert_eq!(size(text), Err(Refused::new()), "{text}");
        }
        let help = size("64K").unwrap_err().join(" ");
        assert!(
            help.contains("\"64KiB\"") && help.contains("\"64kB\""),
            "{help}"
        );
    }

    #[test]
    fn a_size_is_written_in_the_unit_that_divides_it() {
        let kind = Kind::Size(0, u64::MAX);
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "\"1KiB\""),
            (3 << 30, "\"3GiB\""),
        ] {
            assert_eq!(write_number(bytes, &kind), text);
        }
    }

    #[test]
    fn a_time_that_would_overflow_is_no_panic() {
        assert_eq!(time("1m 30s"), Some(Duration::from_secs(90)));
        for text in [
            "18446744073709551615s 1000000000ns",
            "9999999999years 9999999999years 9999999999years 9999999999years",
            "",
            "s",
            "1",
        ] {
            let read = time(text);
            assert!(
                read.is_none_or(|t| t > Duration::from_secs(1 << 40)),
                "{text}"
            );
        }
    }
}
