//! What a probe must find: a path in its report, a relation, and a bound with its unit.
//!
//! `echo.rtt_ns.p99 < 2ms` on the command line, `"echo.rtt_ns.p99" = "< 2ms"` or `echo.lost = 0` in `[expect]`. Reading
//! needs no report; whether it holds is [`crate::measure`]'s to say.

use std::fmt;
use std::time::Duration;

use super::problem::{Problem, Problems};
use super::settings::Setting;
use super::tree::{Data, Node, Table};

/// One expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// `echo`, `rtt_ns`, `p99`
    pub path: Vec<String>,
    /// How what is found must stand to the bound.
    pub relation: Relation,
    /// What it is held against.
    pub bound: Bound,
}

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

/// What a value is held against.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A number, in the unit that its text had.
    Number(f64, Unit),
    /// A word of the report: `honoured`, `complete`.
    Word(String),
    /// A flag.
    Flag(bool),
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whatever the key's own unit is.
    OfTheKey,
    /// Nanoseconds: it was written as a time.
    Nanoseconds,
    /// Bytes: it was written as a size.
    Bytes,
}

impl Relation {
    /// Longest first: `<=` begins with `<`.
    pub(crate) const SIGNS: [(&'static str, Relation); 6] = [
        ("<=", Relation::AtMost),
        (">=", Relation::AtLeast),
        ("==", Relation::Equal),
        ("!=", Relation::Unequal),
        ("<", Relation::Less),
        (">", Relation::Greater),
    ];

    /// As it is written.
    pub fn sign(self) -> &'static str {
        let (sign, _) = Relation::SIGNS
            .iter()
            .find(|(_, relation)| *relation == self)
            .expect("every relation has a sign");
        sign
    }
}

impl Expectation {
    /// Reads `echo.rtt_ns.p99 < 2ms`.
    ///
    /// # Errors
    /// What is missing or not understood, in a sentence.
    pub fn parse(text: &str) -> Result<Expectation, String> {
        let Some(at) = text.find(['<', '>', '=', '!']) else {
            return Err("there is no <, <=, >, >=, == or !=".into());
        };
        let path = path(text[..at].trim())?;
        let (relation, bound) = bounded(&text[at..])?;
        Expectation::new(path, relation, bound)
    }

    fn new(path: Vec<String>, relation: Relation, bound: Bound) -> Result<Expectation, String> {
        let ordered = !matches!(relation, Relation::Equal | Relation::Unequal);
        if ordered && !matches!(bound, Bound::Number(..)) {
            return Err(format!("{} needs a number behind it", relation.sign()));
        }
        Ok(Expectation {
            path,
            relation,
            bound,
        })
    }

    /// Path and bound, as a key and a text of `[expect]`.
    pub(super) fn toml(&self) -> (String, String) {
        let key = self.path.join(".");
        (key, format!("{} {}", self.relation.sign(), self.bound))
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.join(".");
        write!(f, "{path} {} {}", self.relation.sign(), self.bound)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Number(n, Unit::Nanoseconds) => {
                let time = Duration::from_nanos(*n as u64);
                f.write_str(
                    &humantime::format_duration(time)
                        .to_string()
                        .replace(' ', ""),
                )
            }
            Bound::Number(n, Unit::Bytes) => write!(f, "{n}B"),
            Bound::Number(n, Unit::OfTheKey) => n.fmt(f),
            Bound::Word(word) => f.write_str(word),
            Bound::Flag(flag) => flag.fmt(f),
        }
    }
}

fn path(text: &str) -> Result<Vec<String>, String> {
    let parts: Vec<String> = text.split('.').map(|part| part.trim().to_owned()).collect();
    let is_name = |part: &String| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-+/:@".contains(c);
        !part.is_empty() && part.chars().all(allowed)
    };
    if parts.iter().all(is_name) {
        return Ok(parts);
    }
    Err("in front of the relation stands a path of the report, such as echo.rtt_ns.p99".into())
}

/// `< 2ms`
fn bounded(text: &str) -> Result<(Relation, Bound), String> {
    let text = text.trim();
    let found = Relation::SIGNS
        .iter()
        .find_map(|(sign, relation)| Some((*relation, text.strip_prefix(sign)?)));
    let Some((relation, rest)) = found else {
        return Err("it begins with none of <, <=, >, >=, ==, !=".into());
    };
    Ok((relation, bound(rest.trim())?))
}

fn bound(text: &str) -> Result<Bound, String> {
    match text {
        "" => return Err("there is nothing behind the relation".into()),
        "true" => return Ok(Bound::Flag(true)),
        "false" => return Ok(Bound::Flag(false)),
        _ => {}
    }
    if let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return Ok(Bound::Number(number, Unit::OfTheKey));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        let word = text.trim_matches('"');
        let is_word = word.len() <= 200 && !word.is_empty() && !word.chars().any(char::is_control);
        let refused =
            || "what stands behind the relation is neither a number nor a word".to_owned();
        return is_word
            .then(|| Bound::Word(word.to_owned()))
            .ok_or_else(refused);
    }
    measured(text).ok_or_else(|| {
        "the number's unit is none of ns, us, ms, s, m, h, B, kB, KiB, MB, MiB, GB, GiB".to_owned()
    })
}

/// A decimal number and a unit: `1.5ms`, `64KiB`.
fn measured(text: &str) -> Option<Bound> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..digits].parse().ok()?;
    let (scale, unit) = match text[digits..].trim() {
        "ns" => (1.0, Unit::Nanoseconds),
        "us" | "µs" => (1e3, Unit::Nanoseconds),
        "ms" => (1e6, Unit::Nanoseconds),
        "s" => (1e9, Unit::Nanoseconds),
        "m" | "min" => (6e10, Unit::Nanoseconds),
        "h" => (3.6e12, Unit::Nanoseconds),
        "B" => (1.0, Unit::Bytes),
        "kB" => (1e3, Unit::Bytes),
        "KiB" => (1024.0, Unit::Bytes),
        "MB" => (1e6, Unit::Bytes),
        "MiB" => (1_048_576.0, Unit::Bytes),
        "GB" => (1e9, Unit::Bytes),
        "GiB" => (1_073_741_824.0, Unit::Bytes),
        _ => return None,
    };
    Some(Bound::Number(number * scale, unit))
}

/// Reads `[expect]`; tables in it are the paths that their dotted keys stand for.
pub(super) fn read(
    table: &Table,
    within: &str,
    into: &mut Vec<Setting<Expectation>>,
    problems: &mut Problems,
) {
    for entry in &table.entries {
        let full = match within {
            "" => entry.key.clone(),
            _ => format!("{within}.{}", entry.key),
        };
        if let Data::Table(inner) = &entry.node.data {
            read(inner, &full, into, problems);
            continue;
        }
        match path(&full).and_then(|path| one(path, &entry.node)) {
            Ok(value) => into.push(Setting {
                value,
                origin: entry.node.at,
            }),
            Err(why) => problems.push(|| {
                let name = super::tree::quoted(&full);
                Problem::error(entry.node.at, format!("`expect.{name}` is not understood"))
                    .label(why)
                    .help("for example \"echo.rtt_ns.p99\" = \"< 2ms\"")
            }),
        }
    }
}

/// A bare value must be found as it is.
fn one(path: Vec<String>, node: &Node) -> Result<Expectation, String> {
    let (relation, bound) = match &node.data {
        Data::Bool(flag) => (Relation::Equal, Bound::Flag(*flag)),
        Data::Int(n) => (Relation::Equal, bound(&n.to_string())?),
        Data::Text(text) if text.trim_start().starts_with(['<', '>', '=', '!']) => bounded(text)?,
        Data::Text(text) => (Relation::Equal, bound(text.trim())?),
        _ => return Err("it takes a relation and a bound, such as \"< 2ms\"".into()),
    };
    Expectation::new(path, relation, bound)
}

#[cfg(test)]
mod tests {
    use super::super::{parse, show};
    use super::*;

    #[test]
    fn a_bound_has_a_unit() {
        let number = |text: &str| match Expectation::parse(text).unwrap().bound {
            Bound::Number(n, unit) => (n, unit),
            other => panic!("{other:?}"),
        };
        assert_eq!(number("echo.rtt_ns.p99<1.5ms"), (1.5e6, Unit::Nanoseconds));
        assert_eq!(number("a >= 64KiB"), (65536.0, Unit::Bytes));
        assert_eq!(number("a == -3"), (-3.0, Unit::OfTheKey));
        let word = Expectation::parse("echo.outcome == complete").unwrap();
        assert_eq!(word.bound, Bound::Word("complete".into()));
        assert_eq!(word.to_string(), "echo.outcome == complete");
    }

    #[test]
    fn what_is_not_understood_says_why() {
        for (text, why) in [
            ("echo.lost", "no <"),
            ("< 3", "a path"),
            ("a..b < 3", "a path"),
            ("a < ", "nothing behind"),
            ("a < fast", "needs a number"),
            ("a < 3 parsecs", "unit"),
            ("a = 3", "begins with none"),
            ("a == 1e999", "unit"),
        ] {
            let error = Expectation::parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_profile_writes_them_as_keys() {
        let text = "[expect]\n\"echo.rtt_ns.p99\" = \"< 2ms\"\necho.lost = 0\noptions.TCP_NODELAY.verdict = \"honoured\"\n";
        let profile = parse("x", text, &[]).unwrap();
        let said: Vec<String> = profile.expect.iter().map(|e| e.value.to_string()).collect();
        let all = [
            "echo.rtt_ns.p99 < 2ms",
            "echo.lost == 0",
            "options.TCP_NODELAY.verdict == honoured",
        ];
        assert_eq!(said, all);
        let again = parse("x", &show(&profile, false), &[]).unwrap();
        let again: Vec<String> = again.expect.iter().map(|e| e.value.to_string()).collect();
        assert_eq!(said, again);
        let error = parse("x", "[expect]\necho.lost = \"< few\"", &[]).expect_err("few");
        assert!(error.to_string().contains("needs a number"), "{error}");
        assert!(parse("x", "expect = 3", &[]).is_err());
    }
}
