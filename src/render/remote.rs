//! What was found out about a server that is not ours: an aligned block, or JSON.
//!
//! First what the name stands for and which address answered, then one line per topic.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::measure::report::{Answer, Attempt, Finding, Refusal, Remote, Resolution, Topic};

/// Bytes before what a line says, in all of a probe's report.
const LABEL: usize = 12;

/// What the name stands for and which of its addresses answered; empty if there was no question.
pub fn reached_text(remote: &Remote) -> String {
    let mut out = String::new();
    name(remote, &mut out);
    tried(&remote.attempts, &mut out);
    out
}

/// What the server does: a line per topic; empty if nothing was examined.
pub fn remote_text(remote: &Remote) -> String {
    let mut out = String::new();
    if !remote.findings.is_empty() {
        out.push('\n');
    }
    for finding in &remote.findings {
        if unexamined(finding).is_none() {
            line(&mut out, title(finding.topic), &finding.says);
        }
    }
    without_answer(&remote.findings, &mut out);
    out
}

/// Why a topic was not examined, if it was not.
fn unexamined(finding: &Finding) -> Option<&str> {
    finding.says.strip_prefix("not examined: ")
}

/// One line per reason, with the topics that it kept from being examined.
fn without_answer(findings: &[Finding], out: &mut String) {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in findings {
        let Some(why) = unexamined(finding) else {
            continue;
        };
        let topic = title(finding.topic);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, topics)) => topics.push(topic),
            None => reasons.push((why, vec![topic])),
        }
    }
    for (why, topics) in reasons {
        line(out, "unexamined", &format!("{}: {why}", topics.join(", ")));
    }
}

fn line(out: &mut String, label: &str, says: &str) {
    let _ = writeln!(out, "  {label:LABEL$}{says}");
}

/// All answers of the resolver, if one was needed.
fn name(remote: &Remote, out: &mut String) {
    let Resolution {
        name,
        took: Some(took),
        answers,
    } = &remote.resolution
    else {
        return;
    };
    let many = match answers.len() {
        1 => "one address".to_owned(),
        n => format!("{n} addresses"),
    };
    let took = time(*took);
    line(
        out,
        "name",
        &format!("{name} has {many} (getaddrinfo took {took})"),
    );
    let width = answers.iter().map(|a| a.address.len()).max().unwrap_or(0);
    for answer in answers {
        let fate = fate(answer);
        line(out, "", &format!("{:width$}  {fate}", answer.address));
    }
}

fn fate(answer: &Answer) -> String {
    match (&answer.passed_over, answer.used) {
        (Some(why), _) => format!("not tried: {why}"),
        (None, true) => "used".to_owned(),
        (None, false) => "tried, see below".to_owned(),
    }
}

/// Attempts are listed if not the first one was the last.
fn tried(attempts: &[Attempt], out: &mut String) {
    if attempts.len() < 2 && attempts.iter().all(|a| a.refused.is_none()) {
        return;
    }
    let width = attempts.iter().map(|a| a.address.len()).max().unwrap_or(0);
    for (i, attempt) in attempts.iter().enumerate() {
        let label = if i == 0 { "tried" } else { "" };
        let took = time(attempt.took);
        let outcome = match &attempt.refused {
            None => format!("connected in {took}"),
            Some(Refusal { errno, says }) if errno.is_empty() => format!("{says}, after {took}"),
            Some(Refusal { errno, says }) => format!("{errno} after {took}: {says}"),
        };
        line(
            out,
            label,
            &format!("{:width$}  {outcome}", attempt.address),
        );
    }
}

/// What a topic is called beside its sentence.
const fn title(topic: Topic) -> &'static str {
    match topic {
        Topic::Greeting => "greeting",
        Topic::Echo => "echoes",
        Topic::Requests => "requests",
        Topic::Boundaries => "boundaries",
        Topic::Largest => "largest",
        Topic::HalfClose => "half-close",
        Topic::Close => "close",
        Topic::Path => "path",
        Topic::Ttl => "ttl",
    }
}

/// `{name, resolve_ns, addresses:[{address, used, passed_over}], attempts:[{address, took_ns, errno, why}],
/// findings:{greeting:{outcome, value, says}, …}}`; a topic that does not apply is not there.
pub fn remote_json(remote: &Remote) -> Json {
    let Resolution {
        name,
        took,
        answers,
    } = &remote.resolution;
    let findings = remote
        .findings
        .iter()
        .map(|f| (f.topic.name().to_owned(), finding(f)));
    json!({
        "name": name,
        "resolve_ns": took.map(nanos),
        "addresses": answers.iter().map(|a| json!({
            "address": a.address, "used": a.used, "passed_over": a.passed_over,
        })).collect::<Vec<_>>(),
        "attempts": remote.attempts.iter().map(|a| json!({
            "address": a.address,
            "took_ns": nanos(a.took),
            "errno": a.refused.as_ref().map(|r| &r.errno).filter(|name| !name.is_empty()),
            "why": a.refused.as_ref().map(|r| &r.says),
        })).collect::<Vec<_>>(),
        "findings": Json::Object(findings.collect()),
    })
}

fn finding(finding: &Finding) -> Json {
    json!({"outcome": finding.outcome, "value": finding.value, "says": finding.says})
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A whole number and a unit: one measurement is no more exact than that.
fn time(time: Duration) -> String {
    match time.as_micros() {
        us if us < 1_000 => format!("{us} µs"),
        us if us < 10_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        us if us < 1_000_000 => format!("{} ms", us / 1000),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_families() -> Remote {
        let refused = Refusal {
            errno: "ECONNREFUSED".into(),
            says: "connection refused: nothing listens there".into(),
        };
        let answer = |address: &str, used| Answer {
            address: address.into(),
            used,
            passed_over: None,
        };
        let attempt = |address: &str, refused| Attempt {
            address: address.into(),
            took: Duration::from_micros(54),
            refused,
        };
        Remote {
            resolution: Resolution {
                name: "localhost:7".into(),
                took: Some(Duration::from_micros(210)),
                answers: vec![answer("[::1]:7", false), answer("127.0.0.1:7", true)],
            },
            attempts: vec![
                attempt("[::1]:7", Some(refused)),
                attempt("127.0.0.1:7", None),
            ],
            findings: vec![Finding {
                topic: Topic::HalfClose,
                outcome: "answers",
                says: "the whole echo still comes, then FIN".into(),
                value: None,
            }],
        }
    }

    #[test]
    fn a_reason_is_said_once() {
        let mut remote = Remote::default();
        for topic in [Topic::Boundaries, Topic::HalfClose] {
            remote.findings.push(Finding {
                topic,
                outcome: "not-examined",
                says: "not examined: it is gone".into(),
                value: None,
            });
        }
        assert_eq!(
            remote_text(&remote),
            "\n  unexamined  boundaries, half-close: it is gone\n"
        );
    }

    #[test]
    fn a_block_explains_itself() {
        let text = "  name        localhost:7 has 2 addresses (getaddrinfo took 210 µs)\n              \
                    [::1]:7      tried, see below\n              127.0.0.1:7  used\n  \
                    tried       [::1]:7      ECONNREFUSED after 54 µs: connection refused: nothing listens there\n\
                    \x20             127.0.0.1:7  connected in 54 µs\n";
        assert_eq!(reached_text(&two_families()), text);
        assert_eq!(
            remote_text(&two_families()),
            "\n  half-close  the whole echo still comes, then FIN\n"
        );
        assert_eq!(remote_text(&Remote::default()), "");
    }

    #[test]
    fn programs_get_the_same() {
        let json = remote_json(&two_families());
        assert_eq!(json["findings"]["half_close"]["outcome"], "answers");
        assert_eq!(json["attempts"][0]["errno"], "ECONNREFUSED");
        assert_eq!(json["attempts"][1]["errno"], Json::Null);
        assert_eq!(json["resolve_ns"], 210_000);
    }
}
