//! What is expected of a result: relations to bounds, of which the values that a run has saved are a part.
//!
//! `0`, `"EADDRINUSE"`, `"> 0"`, `">= 100ms and < 3s"`, `"== $sent"`. Reading checks the form; bounds are resolved when the
//! run knows the values.

use std::fmt;
use std::time::Duration;

use crate::escape;
use crate::profile::Relation;

/// Relations that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted(Vec<(Relation, String)>);

/// What came, as it is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// A number: a result, a count, an option's value.
    Number(i64),
    /// A time in nanoseconds.
    Time(u64),
    /// A word: an errno, a state, a text.
    Word(String),
    /// A flag.
    Flag(bool),
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Came::Number(n) => write!(f, "{n}"),
            Came::Time(ns) => f.write_str(&time(*ns)),
            Came::Word(word) => f.write_str(&escape::text(word)),
            Came::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// A time as people write it, in about three digits: `25 µs`, `4.1 ms`, `104 ms`, `1.04 s`. It reads back as a bound.
pub fn time(ns: u64) -> String {
    let (value, unit) = match ns {
        0..1_000_000 => (ns as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    let digits = match value {
        v if v >= 99.95 || unit == "µs" => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{short} {unit}")
}

impl Wanted {
    /// Exactly this.
    pub fn exactly(bound: impl Into<String>) -> Wanted {
        Wanted(vec![(Relation::Equal, bound.into())])
    }

    /// Reads relations joined by " and "; a text that begins with no relation must come exactly.
    ///
    /// # Errors
    /// What is missing, in a sentence.
    pub fn parse(text: &str) -> Result<Wanted, String> {
        if text.is_empty() {
            return Err("it is empty".into());
        }
        let mut parts = Vec::new();
        for part in text.split(" and ") {
            let part = part.trim();
            let sign = Relation::SIGNS
                .iter()
                .find(|(sign, _)| part.starts_with(sign));
            let (relation, bound) = match sign {
                Some((sign, relation)) => (*relation, part[sign.len()..].trim()),
                None => (Relation::Equal, part),
            };
            if bound.is_empty() {
                return Err(format!("there is nothing behind {}", relation.sign()));
            }
            parts.push((relation, bound.to_owned()));
        }
        Ok(Wanted(parts))
    }

    /// The same, if a call's result can be like that: a number or a time, or an errno, which has no order.
    ///
    /// # Errors
    /// The bound that is none of these.
    pub fn of_a_result(self) -> Result<Wanted, String> {
        for (relation, bound) in &self.0 {
            let counts = number(bound).is_some() || nanoseconds(bound).is_some();
            let ordered = !matches!(relation, Relation::Equal | Relation::Unequal);
            if counts || bound.contains('$') || (!ordered && is_errno(bound)) {
                continue;
            }
            let what = if ordered {
                "number"
            } else {
                "number and no errno"
            };
            return Err(format!("`{}` is no {what}", escape::text(bound)));
        }
        Ok(self)
    }

    /// The texts in which values may stand.
    pub fn bounds(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, bound)| bound.as_str())
    }

    /// Whether it is an errno, which only a failed call can give.
    pub fn names_an_errno(&self) -> bool {
        self.bounds().any(|b| b.starts_with('E'))
    }

    /// The same with every bound resolved.
    ///
    /// # Errors
    /// What a bound names and nobody has saved.
    pub fn resolved(
        &self,
        fill: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Wanted, String> {
        let one = |(relation, bound): &(Relation, String)| Ok((*relation, fill(bound)?));
        self.0
            .iter()
            .map(one)
            .collect::<Result<_, String>>()
            .map(Wanted)
    }

    /// Whether what came is what was wanted. Bounds are resolved.
    pub fn holds(&self, came: &Came) -> bool {
        self.0
            .iter()
            .all(|(relation, bound)| stands(came, *relation, bound))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (relation, bound)) in self.0.iter().enumerate() {
            let and = if i == 0 { "" } else { " and " };
            let bound = escape::text(bound);
            match relation {
                Relation::Equal => write!(f, "{and}{bound}")?,
                _ => write!(f, "{and}{} {bound}", relation.sign())?,
            }
        }
        Ok(())
    }
}

fn stands(came: &Came, relation: Relation, bound: &str) -> bool {
    let ordering = match came {
        Came::Number(n) => number(bound).map(|b| n.cmp(&b)),
        Came::Time(ns) => nanoseconds(bound).map(|b| ns.cmp(&b)),
        Came::Flag(flag) => boolean(bound).map(|b| flag.cmp(&b)),
        Came::Word(word) => match (word.parse::<i64>(), number(bound)) {
            (Ok(n), Some(b)) => Some(n.cmp(&b)),
            _ => {
                // Words have no order: only equality can hold.
                return match relation {
                    Relation::Equal => word == bound,
                    Relation::Unequal => word != bound,
                    _ => false,
                };
            }
        },
    };
    // What cannot be compared, such as a number with a word, is at least not equal.
    let Some(ordering) = ordering else {
        return relation == Relation::Unequal;
    };
    match relation {
        Relation::Less => ordering.is_lt(),
        Relation::AtMost => ordering.is_le(),
        Relation::Greater => ordering.is_gt(),
        Relation::AtLeast => ordering.is_ge(),
        Relation::Equal => ordering.is_eq(),
        Relation::Unequal => ordering.is_ne(),
    }
}

/// A whole number, a size, or a flag as C has it.
pub fn number(text: &str) -> Option<i64> {
    match text {
        "true" => return Some(1),
        "false" => return Some(0),
        _ => {}
    }
    if let Ok(n) = text.parse() {
        return Some(n);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let unit: i64 = match &text[digits..] {
        "B" => 1,
        "kB" => 1000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        _ => return None,
    };
    text[..digits].parse::<i64>().ok()?.checked_mul(unit)
}

/// An errno(3) of this platform, or what a helper gives instead of one.
fn is_errno(text: &str) -> bool {
    let of_helpers = ["UnicodeDecodeError", "never"];
    let named = |n| format!("{:?}", nix::errno::Errno::from_raw(n)) == text;
    of_helpers.contains(&text) || (1..=133).any(named) || text == "EWOULDBLOCK"
}

fn boolean(text: &str) -> Option<bool> {
    number(text).map(|n| n != 0)
}

/// humantime panics on what a Duration cannot hold: so nothing longer than a few words is read.
pub(super) fn duration(text: &str) -> Option<Duration> {
    (text.len() <= 20)
        .then(|| humantime::parse_duration(text).ok())
        .flatten()
}

fn nanoseconds(text: &str) -> Option<u64> {
    if let Some(time) = duration(text) {
        return u64::try_from(time.as_nanos()).ok();
    }
    // As `time` writes it, with a decimal point, which humantime does not read.
    let (number, unit) = text.split_once(' ')?;
    let scale = match unit {
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    (number >= 0.0).then_some((number * scale) as u64)
}

/// Whether text is as the pattern says; `*` stands for anything.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(wanted: &str, came: &Came) -> bool {
        Wanted::parse(wanted).unwrap().holds(came)
    }

    #[test]
    fn relations_are_read_and_held() {
        assert!(holds("4", &Came::Number(4)) && !holds("4", &Came::Number(5)));
        assert!(
            holds(">= 1 and < 5", &Came::Number(4)) && !holds(">= 1 and < 5", &Came::Number(5))
        );
        assert!(holds("64KiB", &Came::Number(65536)));
        assert!(holds("EAGAIN", &Came::Word("EAGAIN".into())));
        assert!(!holds("EAGAIN", &Came::Number(0)) && !holds("0", &Came::Word("EAGAIN".into())));
        assert!(holds("!= EAGAIN", &Came::Number(0)) && !holds("> EAGAIN", &Came::Number(0)));
        assert!(holds(">= 100ms and < 3s", &Came::Time(150_000_000)));
        assert!(!holds(">= 100ms", &Came::Time(99_999_999)));
        assert!(holds("true", &Came::Flag(true)) && holds("0", &Came::Flag(false)));
        assert!(Wanted::parse("> ").is_err() && Wanted::parse("").is_err());
        assert_eq!(
            Wanted::parse(">=1 and <5").unwrap().to_string(),
            ">= 1 and < 5"
        );
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(matches("127.0.0.1:*", "127.0.0.1:4711") && !matches("127.0.0.1:*", "127.0.0.2:1"));
        assert!(matches("a*c*e", "abcde") && !matches("a*c*e", "abde"));
        assert!(matches("abc", "abc") && !matches("abc", "abcd"));
        assert!(!matches("aa*a", "aa"), "a piece counts once");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(time(104_300_000), "104 ms");
        assert_eq!(time(104_000_000), "104 ms");
        assert_eq!(time(4_100_000), "4.1 ms");
        assert_eq!(time(25_400), "25 µs");
        assert_eq!(time(1_035_400_000), "1.04 s");
        assert!(holds("1.04 s", &Came::Time(1_040_000_000)));
    }
}
