//! What was expected: read before anything opens, held against the report when there is one.
//!
//! A path that no report can have is an error of the command line or the profile, told with what was meant, and not an
//! expectation that fails after a long run: the schema of the report knows all paths.

use serde_json::Value as Json;

use crate::cli::Probe;
use crate::error::Error;
use crate::measure::{Report, expect};
use crate::profile::{Expectation, Problem};
use crate::render::probe as render;

use super::super::setup;
use super::candidates::Candidate;

/// Everything that is expected.
#[derive(Debug)]
pub(super) struct Expected(Vec<Wanted>);

/// One expectation, and of whom.
#[derive(Debug)]
struct Wanted {
    expectation: Expectation,
    /// `--expect`, `x.toml:12`
    origin: String,
    /// Of one run, by its number; of all, if it stands on the command line.
    run: Option<usize>,
}

/// What an expectation about the comparison begins with; all others are about a run.
const COMPARISON: &str = "comparison";

impl Expected {
    /// Those of the command line and of the profiles.
    pub(super) fn of(args: &Probe, candidates: &[Candidate]) -> Result<Expected, Error> {
        let schema = render::schema();
        let mut all = Vec::new();
        for expectation in &args.expect {
            if let Some((why, help)) = never(&schema, expectation) {
                let help = help.map_or_else(String::new, |help| format!("\nhelp: {help}"));
                return Err(Error::Usage(format!(
                    "--expect '{expectation}': {why}{help}"
                )));
            }
            all.push(Wanted {
                expectation: expectation.clone(),
                origin: "--expect".into(),
                run: None,
            });
        }
        for (run, candidate) in candidates.iter().enumerate() {
            let profile = &candidate.profile;
            let mut problems = Vec::new();
            for expected in &profile.expect {
                let Some((why, help)) = never(&schema, &expected.value) else {
                    all.push(Wanted {
                        expectation: expected.value.clone(),
                        origin: profile.place(expected.origin),
                        run: Some(run),
                    });
                    continue;
                };
                let message = format!("`{}` cannot be met", expected.value);
                let problem = Problem::error(expected.origin, message).label(why);
                problems.push(problem.helps(help));
            }
            if !problems.is_empty() {
                return Err(setup::rejected(&profile.invalid(problems)));
            }
        }
        Ok(Expected(all))
    }

    /// Enters into the report which of them hold.
    pub(super) fn judge(&self, report: &mut Report) {
        let json = render::json(report);
        let mut judged = Vec::new();
        for wanted in &self.0 {
            let Wanted {
                expectation,
                origin,
                run,
            } = wanted;
            if expectation.path[0] == COMPARISON {
                judged.push(expect::judge(expectation, origin, COMPARISON, &json));
                continue;
            }
            for (n, of) in report.runs.iter().enumerate() {
                if run.is_none_or(|run| run == n) {
                    let found = &json["runs"][n];
                    judged.push(expect::judge(expectation, origin, &of.label, found));
                }
            }
        }
        report.expectations = judged;
    }
}

/// Why an expectation can never be met, and what may have been meant.
fn never(schema: &Json, expectation: &Expectation) -> Option<(String, Option<String>)> {
    if let Some(why) = expect::mismatch(expectation) {
        return Some((why, None));
    }
    let root = match expectation.path[0].as_str() {
        COMPARISON => schema.clone(),
        _ => schema["properties"]["runs"]["items"].clone(),
    };
    let mut places = vec![root];
    for (depth, part) in expectation.path.iter().enumerate() {
        let all = resolved(schema, &places);
        let next: Vec<Json> = all.iter().filter_map(|place| enter(place, part)).collect();
        if next.is_empty() {
            let path = expectation.path[..=depth].join(".");
            return Some((format!("a report has no {path}"), meant(&all, part)));
        }
        places = next;
    }
    None
}

/// What a part of a path leads to.
fn enter(place: &Json, part: &str) -> Option<Json> {
    if let Some(items) = place.get("items") {
        return Some(items.clone());
    }
    if let Some(found) = place.get("properties").and_then(|p| p.get(part)) {
        return Some(found.clone());
    }
    // `sockets.listener` has a key per option.
    let any = place.get("additionalProperties")?;
    (any != &Json::Bool(false)).then(|| any.clone())
}

/// References followed and alternatives spread out: a key that may be null is an alternative of two.
fn resolved(schema: &Json, places: &[Json]) -> Vec<Json> {
    let mut open: Vec<Json> = places.to_vec();
    let mut found = Vec::new();
    while let Some(place) = open.pop() {
        if let Some(name) = place["$ref"]
            .as_str()
            .and_then(|r| r.strip_prefix("#/$defs/"))
        {
            open.push(schema["$defs"][name].clone());
        }
        for alternatives in ["anyOf", "oneOf"] {
            open.extend(
                place[alternatives]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
        }
        found.push(place);
    }
    found
}

/// The nearest key that there is, or all of them.
fn meant(places: &[Json], part: &str) -> Option<String> {
    let keys: Vec<&String> = places
        .iter()
        .filter_map(|place| place["properties"].as_object())
        .flat_map(|properties| properties.keys())
        .collect();
    let near = |key: &&&String| strsim::jaro_winkler(key, part);
    let nearest = keys.iter().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    if near(&nearest) > 0.8 {
        return Some(format!("did you mean `{nearest}`?"));
    }
    let names: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    Some(format!("there is {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> Option<String> {
        let (why, help) = never(&render::schema(), &Expectation::parse(text).unwrap())?;
        Some(format!("{why}; {}", help.unwrap_or_default()))
    }

    #[test]
    fn a_path_is_one_of_the_report() {
        for text in [
            "echo.rtt_ns.p99 < 2ms",
            "echo.lost == 0",
            "echo.outcome == complete",
            "options.SO_RCVBUF.effective >= 64KiB",
            "options.0.verdict == honoured",
            "tcp.congestion_control == reno",
            "sockets.client.TCP_NODELAY == true",
            "backlog.admitted == 129",
            "connect_ns < 1s",
            "comparison.versus.0.ratio < 1",
        ] {
            assert_eq!(why(text), None, "{text}");
        }
        let misspelt = why("echo.rtt_ns.p9 < 2ms").unwrap();
        assert!(
            misspelt.contains("no echo.rtt_ns.p9; did you mean `p9"),
            "{misspelt}"
        );
        assert!(why("ecko.lost == 0").unwrap().contains("`echo`"));
        assert!(why("echo.lost < 2ms").unwrap().contains("no time"));
        assert!(why("nothing == 0").unwrap().contains("there is"));
    }
}
