//! Whether what came is what was expected: results from the calls, bounds from the file.

use serde_json::Value as Json;

use super::outcome::{Outcome, nanoseconds, plain};
use super::values::Values;
use crate::escape;
use crate::lab::file::step::{Held, Step};
use crate::lab::file::verbs;
use crate::lab::file::wanted::{self, Came, Wanted, matches};

/// One expectation held against what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weighed {
    /// What was expected, in words: `elapsed >= 100ms`.
    pub(super) expected: String,
    /// What came.
    pub(super) came: String,
    /// Whether that is it.
    pub(super) met: bool,
}

/// Everything that a step expects.
pub(super) fn judge(step: &Step, outcome: &Outcome, values: &Values) -> Vec<Weighed> {
    let mut all = Vec::new();
    if let Some(trouble) = &outcome.trouble {
        all.push(Weighed {
            expected: "a step that can be tried".into(),
            came: escape::text(trouble),
            met: false,
        });
        return all;
    }
    for (key, held) in &step.keys {
        if is_expectation(step, key) {
            all.extend(one(key, held, outcome, values));
        }
    }
    let about_failure = |h: &Held| match h {
        Held::Wanted(wanted) => wanted.names_an_errno(),
        _ => false,
    };
    let foreseen = ["killed", "errno"]
        .iter()
        .any(|key| step.get(key).is_some())
        || step.get("expect").is_some()
        || step.get("until").is_some_and(about_failure);
    if !foreseen && (outcome.errno.is_some() || outcome.killed.is_some()) {
        all.push(Weighed {
            expected: "success".into(),
            came: result(outcome).to_string(),
            met: false,
        });
    }
    all
}

/// Whether what `until` waits for has come; `true` where there is none.
pub(super) fn has_come(step: &Step, outcome: &Outcome, values: &Values) -> bool {
    let Some(held) = step.get("until") else {
        return true;
    };
    one("until", held, outcome, values).iter().all(|h| h.met)
}

/// Keys that are input of one verb are expectations of another.
fn is_expectation(step: &Step, key: &str) -> bool {
    let param = verbs::of(step.verb).param(key);
    param.is_some_and(|p| p.kind.is_expectation())
}

/// What `expect` is about. What came before an error counts, where a step gathers it.
fn results(outcome: &Outcome) -> Vec<Came> {
    let gathered = outcome.errno.is_some() && outcome.result >= 0;
    let number = gathered.then_some(Came::Number(outcome.result));
    number.into_iter().chain([result(outcome)]).collect()
}

/// The result in a word: the errno, or the number.
pub(super) fn result(outcome: &Outcome) -> Came {
    match (&outcome.killed, &outcome.errno) {
        (Some(signal), _) => Came::Word(format!("killed by {signal}")),
        (None, Some(errno)) => Came::Word(errno.clone()),
        (None, None) => Came::Number(outcome.result),
    }
}

/// The same for people: the value that was read, where there is one.
pub(super) fn came_to(outcome: &Outcome) -> String {
    match (&outcome.value, &outcome.errno, &outcome.killed) {
        (Some(value), None, None) if !value.is_object() => came(value).to_string(),
        _ => result(outcome).to_string(),
    }
}

fn one(key: &str, held: &Held, outcome: &Outcome, values: &Values) -> Vec<Weighed> {
    match (key, held) {
        ("expect", Held::Wanted(wanted)) => {
            vec![relation(key, wanted, &results(outcome), values)]
        }
        ("elapsed", Held::Wanted(wanted)) => {
            vec![relation(
                key,
                wanted,
                &[Came::Time(outcome.elapsed_ns)],
                values,
            )]
        }
        ("passed", Held::Wanted(wanted)) => {
            let came = Came::Number(outcome.passed.unwrap_or_default());
            vec![relation(key, wanted, &[came], values)]
        }
        ("value" | "until", Held::Wanted(wanted)) => {
            vec![relation(key, wanted, &value(outcome), values)]
        }
        ("value" | "until", Held::Fields(fields)) => {
            let field = |name: &str| outcome.value.as_ref().and_then(|v| field(v, name));
            parts(key, fields, field, values)
        }
        ("ancillary", Held::Fields(fields)) => {
            if fields.is_empty() {
                let names: Vec<&str> = outcome.ancillary.iter().map(|(n, _)| n.as_str()).collect();
                return vec![Weighed {
                    expected: "no control message".into(),
                    came: names.join(", "),
                    met: names.is_empty(),
                }];
            }
            let found = |name: &str| {
                let (whole, part) = name.split_once('.').unwrap_or((name, ""));
                let (_, value) = outcome.ancillary.iter().find(|(n, _)| n == whole)?;
                match part {
                    "" => Some(value),
                    part => field(value, part),
                }
            };
            parts(key, fields, found, values)
        }
        (_, Held::Text(pattern)) => vec![text(key, pattern, outcome, values)],
        _ => Vec::new(),
    }
}

/// A field of a struct, by the registry's name or with C's prefix: `sacked`, `tcpi_sacked`.
pub(super) fn field<'a>(value: &'a Json, name: &str) -> Option<&'a Json> {
    let object = value.as_object()?;
    object
        .get(name)
        .or_else(|| object.get(name.strip_prefix("tcpi_")?))
}

fn came(json: &Json) -> Came {
    match json {
        Json::Bool(flag) => Came::Flag(*flag),
        Json::Number(n) => n
            .as_i64()
            .map_or_else(|| Came::Word(n.to_string()), Came::Number),
        other => match nanoseconds(other) {
            Some(ns) => Came::Time(ns),
            None => Came::Word(plain(other)),
        },
    }
}

/// A value may be meant as a number or as the constant of that number.
fn value(outcome: &Outcome) -> Vec<Came> {
    if outcome.errno.is_some() {
        return vec![result(outcome)];
    }
    match &outcome.value {
        Some(json) => {
            let named = outcome.named.clone().map(Came::Word);
            [Some(came(json)), named].into_iter().flatten().collect()
        }
        None => vec![result(outcome)],
    }
}

fn parts<'a>(
    key: &str,
    fields: &[(String, Wanted)],
    find: impl Fn(&str) -> Option<&'a Json>,
    values: &Values,
) -> Vec<Weighed> {
    let nothing = || Came::Word("nothing".into());
    let one = |(name, wanted): &(String, Wanted)| {
        let found = find(name).map_or_else(nothing, came);
        relation(&format!("{key} {name}"), wanted, &[found], values)
    };
    fields.iter().map(one).collect()
}

/// Holds if it holds for one of the ways to say what came.
fn relation(key: &str, wanted: &Wanted, came: &[Came], values: &Values) -> Weighed {
    // Whoever expected the name of a constant gets the name.
    let by_name = came.len() > 1 && wanted.bounds().any(|b| wanted::number(b).is_none());
    let shown = if by_name { came.last() } else { came.first() };
    let shown = shown.map_or_else(String::new, Came::to_string);
    let name = match key {
        "expect" => String::new(),
        "until" => "in the end ".into(),
        key => format!("{key} "),
    };
    match wanted.resolved(|bound| values.fill(bound)) {
        Ok(wanted) => Weighed {
            expected: format!("{name}{wanted}"),
            met: came.iter().any(|c| wanted.holds(c)),
            came: format!("{}{shown}", if key == "until" { "" } else { &name }),
        },
        Err(why) => Weighed {
            expected: format!("{name}{wanted}"),
            came: why,
            met: false,
        },
    }
}

fn text(key: &str, pattern: &str, outcome: &Outcome, values: &Values) -> Weighed {
    let filled = values
        .fill_bytes(pattern)
        .unwrap_or_else(|_| pattern.as_bytes().to_vec());
    let words = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
    let came = match key {
        "data" | "hex" => outcome.data.clone().unwrap_or_default(),
        "from" => words(&outcome.from),
        "name" => words(&outcome.name),
        "msg_flags" => words(&outcome.msg_flags),
        "revents" => words(&outcome.revents),
        "errno" => words(&outcome.errno),
        _ => words(&outcome.killed),
    };
    let met = match key {
        "hex" => hex_matches(&String::from_utf8_lossy(&filled), &came),
        "msg_flags" | "revents" => flags(&filled) == flags(&came),
        _ => matches(&latin(&filled), &latin(&came)),
    };
    let shown = match key {
        "hex" => pairs(&came),
        _ => format!("\"{}\"", escape::bytes(&came)),
    };
    Weighed {
        expected: format!("{key} \"{}\"", escape::bytes(&filled)),
        came: format!("{key} {}", shown.trim_end()),
        met,
    }
}

/// Bytes as pairs of digits.
pub(super) fn pairs(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    pairs.join(" ")
}

/// One character per byte, so that patterns work on what is no UTF-8.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| char::from(b)).collect()
}

/// Flags in any order.
fn flags(text: &[u8]) -> Vec<&[u8]> {
    let mut flags: Vec<&[u8]> = text.split(|&b| b == b'|').collect();
    // No flag at all is written 0 or not at all.
    flags.retain(|flag| !flag.is_empty() && *flag != b"0");
    flags.sort_unstable();
    flags
}

/// Pairs of digits; `??` is any byte, a last `*` whatever follows.
fn hex_matches(pattern: &str, came: &[u8]) -> bool {
    let digits: String = pattern.split_whitespace().collect();
    let (digits, open) = match digits.strip_suffix('*') {
        Some(rest) => (rest, true),
        None => (digits.as_str(), false),
    };
    let pairs: Vec<&[u8]> = digits.as_bytes().chunks(2).collect();
    let fits = |(pair, byte): (&&[u8], &u8)| {
        *pair == b"??" || format!("{byte:02x}").as_bytes().eq_ignore_ascii_case(pair)
    };
    let enough = pairs.len() == came.len() || (open && pairs.len() < came.len());
    enough && pairs.iter().zip(came).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_compared_as_bytes() {
        assert!(hex_matches("45 00 ?? ff", b"\x45\x00\x12\xff"));
        assert!(hex_matches("45*", b"\x45\x00") && !hex_matches("45", b"\x45\x00"));
        assert!(!hex_matches("45 01", b"\x45\x00"));
        assert_eq!(flags(b"POLLIN|POLLPRI"), flags(b"POLLPRI|POLLIN"));
    }
}
