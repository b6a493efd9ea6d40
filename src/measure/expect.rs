//! Whether what was expected is what was found: an [`Expectation`] held against a report as JSON.
//!
//! The report is looked at in the form that programs get, so a path in an expectation is a path in `--json`. A list is
//! entered by name: `options.SO_RCVBUF.effective`, `buffers.client.receive`; or by number.

use serde_json::Value as Json;

use super::report::Judged;
use crate::profile::{Bound, Expectation, Relation, Unit};

/// The keys by which the elements of a list are called.
const NAMES: [&str; 5] = ["name", "socket", "label", "key", "address"];

/// Holds an expectation against one run of a report. `origin` is where it was written, `run` what the run is called.
pub fn judge(expected: &Expectation, origin: &str, run: &str, report: &Json) -> Judged {
    let found = find(report, &expected.path).filter(|found| !found.is_null());
    Judged {
        expectation: expected.to_string(),
        origin: origin.to_owned(),
        run: run.to_owned(),
        found: found.map(|found| plain(found, is_time(expected))),
        met: found.is_some_and(|found| holds(found, expected)),
    }
}

/// Why an expectation can never be met, if that is so: its bound is a time where the report counts, say.
pub fn mismatch(expected: &Expectation) -> Option<String> {
    let path = expected.path.join(".");
    let is_time = is_time(expected);
    match expected.bound {
        Bound::Number(_, Unit::Nanoseconds) if !is_time => {
            Some(format!("{path} is no time (those end in _ns)"))
        }
        Bound::Number(_, Unit::Bytes) if is_time => Some(format!("{path} is a time, and no size")),
        Bound::Word(_) | Bound::Flag(_) if is_time => Some(format!("{path} is a time")),
        _ => None,
    }
}

fn find<'a>(report: &'a Json, path: &[String]) -> Option<&'a Json> {
    path.iter().try_fold(report, |at, part| match at {
        Json::Object(object) => object.get(part).or_else(|| {
            let same = |key: &&String| key.eq_ignore_ascii_case(part);
            object.get(object.keys().find(same)?)
        }),
        Json::Array(list) => list.iter().find(|item| is_called(item, part)).or_else(|| {
            let index: usize = part.parse().ok()?;
            list.get(index)
        }),
        _ => None,
    })
}

fn is_called(item: &Json, name: &str) -> bool {
    NAMES
        .iter()
        .filter_map(|key| item[key].as_str())
        .any(|is| is.eq_ignore_ascii_case(name))
}

fn holds(found: &Json, expected: &Expectation) -> bool {
    let relation = expected.relation;
    match &expected.bound {
        Bound::Number(bound, _) => found
            .as_f64()
            .is_some_and(|found| compare(found, relation, *bound)),
        Bound::Word(bound) => {
            let same = found.as_str().is_some_and(|found| found == bound);
            same == (relation == Relation::Equal) && found.is_string()
        }
        Bound::Flag(bound) => {
            let same = found.as_bool() == Some(*bound);
            same == (relation == Relation::Equal) && found.is_boolean()
        }
    }
}

#[allow(
    clippy::float_cmp,
    reason = "== is what the user wrote, and integers below 2^53 are exact"
)]
fn compare(found: f64, relation: Relation, bound: f64) -> bool {
    match relation {
        Relation::Less => found < bound,
        Relation::AtMost => found <= bound,
        Relation::Greater => found > bound,
        Relation::AtLeast => found >= bound,
        Relation::Equal => found == bound,
        Relation::Unequal => found != bound,
    }
}

/// Times are told in nanoseconds by keys that say so: `connect_ns`, `rtt_ns.p99`.
fn is_time(expected: &Expectation) -> bool {
    expected.path.iter().any(|part| part.ends_with("_ns"))
}

/// As a bound is written, so that both can be held against each other by eye.
fn plain(found: &Json, is_time: bool) -> String {
    match found {
        Json::String(text) => crate::escape::text(text),
        Json::Array(_) | Json::Object(_) => "not a single value".into(),
        other => match other.as_u64().filter(|_| is_time) {
            Some(ns) => time(ns),
            None => other.to_string(),
        },
    }
}

fn time(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns}ns"),
        10_000..10_000_000 => format!("{}us", ns / 1_000),
        10_000_000..10_000_000_000 => format!("{}ms", ns / 1_000_000),
        _ => format!("{}s", ns / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Json {
        json!({
            "echo": {"lost": 0, "outcome": "complete", "rtt_ns": {"p99": 1_500_000}},
            "options": [{"name": "SO_RCVBUF", "effective": 131_072, "verdict": "adjusted"},
                        {"name": "TCP_NODELAY", "effective": true}],
            "buffers": [{"socket": "client", "receive": 4096}],
            "tcp": null,
        })
    }

    fn met(text: &str) -> bool {
        judge(
            &Expectation::parse(text).unwrap(),
            "--expect",
            "a",
            &report(),
        )
        .met
    }

    #[test]
    fn a_value_is_found_by_its_path_and_compared_in_its_unit() {
        for text in [
            "echo.rtt_ns.p99 < 2ms",
            "echo.rtt_ns.p99 >= 1500us",
            "echo.lost == 0",
            "echo.outcome == complete",
            "echo.outcome != reset",
            "options.so_rcvbuf.effective >= 128KiB",
            "options.SO_RCVBUF.verdict != honoured",
            "options.TCP_NODELAY.effective == true",
            "options.1.effective == true",
            "buffers.client.receive > 4000",
        ] {
            assert!(met(text), "{text}");
        }
        for text in [
            "echo.rtt_ns.p99 < 1ms",
            "echo.lost != 0",
            "echo.lost == complete",
            "echo.outcome == true",
            "options.TCP_NODELAY.effective != true",
            "tcp.rtt_ns < 1s",
            "echo != 3",
            "options.SO_SNDBUF.effective > 0",
        ] {
            assert!(!met(text), "{text}");
        }
    }

    #[test]
    fn what_was_found_is_told() {
        let judged = |text: &str| {
            judge(
                &Expectation::parse(text).unwrap(),
                "--expect",
                "a",
                &report(),
            )
        };
        assert_eq!(judged("echo.rtt_ns.p99 < 1ms").found.unwrap(), "1500us");
        assert_eq!(judged("echo.nothing < 1").found, None);
        let mismatch = |text: &str| mismatch(&Expectation::parse(text).unwrap());
        assert!(
            mismatch("echo.lost < 2ms").is_some() && mismatch("echo.rtt_ns.p50 < 2KiB").is_some()
        );
        assert!(mismatch("echo.rtt_ns.p50 < 2ms").is_none() && mismatch("echo.lost < 2").is_none());
    }
}
