//! A server that is not ours: what its name stands for, which address answered, and what it does.

use super::page::{Detail, Fact, fact, lines};
use super::words::{sentence, time};
use crate::escape;
use crate::measure::report::{Attempt, Finding, Refusal, Remote, Resolution, Topic};

/// What there is to say before the connection: the resolver's answers, and the attempts if not the first was the last.
pub(super) fn reached(remote: &Remote, detail: Detail) -> Vec<Fact<'_>> {
    let mut all = Vec::new();
    if let Some(took) = remote.resolution.took {
        all.push(lines("name", resolved(&remote.resolution, &time(took))));
    }
    let attempts = &remote.attempts;
    if attempts.len() > 1 || attempts.iter().any(|a| a.refused.is_some()) {
        // Of a single one the command's error gives the reason right below.
        let reasons = match (attempts.len(), detail) {
            (1, Detail::Brief) => Reasons::Elsewhere,
            _ => Reasons::Here,
        };
        let width = widest(attempts.iter().map(|a| &a.address));
        let says = attempts.iter().map(|a| attempt(a, width, reasons));
        all.push(lines("tried", says.collect()));
    }
    all
}

fn widest<'a>(addresses: impl Iterator<Item = &'a String>) -> usize {
    let widths = addresses.map(|a| escape::text(a).chars().count());
    widths.max().unwrap_or(0)
}

fn resolved(resolution: &Resolution, took: &str) -> Vec<String> {
    let Resolution { name, answers, .. } = resolution;
    let name = escape::text(name);
    if let [only] = answers.as_slice()
        && only.passed_over.is_none()
    {
        let address = escape::text(&only.address);
        return vec![format!("{name} is {address} (getaddrinfo took {took})")];
    }
    let many = match answers.len() {
        1 => "one address".to_owned(),
        n => format!("{n} addresses"),
    };
    let mut says = vec![format!("{name} has {many} (getaddrinfo took {took})")];
    let width = widest(answers.iter().map(|a| &a.address));
    says.extend(answers.iter().map(|answer| {
        let fate = match (&answer.passed_over, answer.used) {
            (Some(why), _) => format!("not tried: {}", sentence(why)),
            (None, true) => "used".to_owned(),
            (None, false) => "tried".to_owned(),
        };
        format!("{:width$}  {fate}", escape::text(&answer.address))
    }));
    says
}

/// Who says why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reasons {
    Here,
    Elsewhere,
}

fn attempt(attempt: &Attempt, width: usize, reasons: Reasons) -> String {
    let took = time(attempt.took);
    let outcome = match (&attempt.refused, reasons) {
        (None, _) => format!("connected in {took}"),
        (Some(Refusal { errno, says }), _) if errno.is_empty() => {
            format!("{} (after {took})", sentence(says))
        }
        (Some(Refusal { errno, .. }), Reasons::Elsewhere) => {
            format!("{} after {took}", escape::text(errno))
        }
        (Some(Refusal { errno, says }), Reasons::Here) => {
            format!("{} after {took}: {}", escape::text(errno), sentence(says))
        }
    };
    format!("{:width$}  {outcome}", escape::text(&attempt.address))
}

/// A sentence per topic, and one per reason for those that were not examined.
pub(super) fn findings(all: &[Finding]) -> Vec<Fact<'_>> {
    let mut facts = Vec::new();
    let mut unexamined: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in all {
        let title = title(finding.topic);
        match finding.says.strip_prefix("not examined: ") {
            None => facts.push(fact(title, sentence(&finding.says))),
            Some(why) => match unexamined.iter_mut().find(|(known, _)| *known == why) {
                Some((_, topics)) => topics.push(title),
                None => unexamined.push((why, vec![title])),
            },
        }
    }
    if !unexamined.is_empty() {
        let reasons = unexamined
            .iter()
            .map(|(why, topics)| format!("{}: {}", topics.join(", "), sentence(why)));
        facts.push(lines("unexamined", reasons.collect()));
    }
    facts
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

#[cfg(test)]
mod tests {
    use super::super::page::Says;
    use super::super::tests::sample;
    use super::*;

    fn said(facts: Vec<Fact<'_>>) -> Vec<(&'static str, Vec<String>)> {
        let said = |f: Fact<'_>| match f.says {
            Says::Text(text) => (f.name, vec![text]),
            Says::Lines(lines) => (f.name, lines),
            Says::Course(_) => panic!("nothing is measured here"),
        };
        facts.into_iter().map(said).collect()
    }

    #[test]
    fn the_way_to_a_server_is_told_address_by_address() {
        let mut remote = sample::distant().runs.remove(0).remote.unwrap();
        let name = [
            "localhost has 3 addresses (getaddrinfo took 812 µs)",
            "[::1]:7      tried",
            "127.0.0.1:7  used",
            "127.0.0.2:7  not tried: the profile asks for ipv4",
        ];
        let tried = [
            "[::1]:7      ECONNREFUSED after 40.0 µs: connection refused: nobody listens on that port",
            "127.0.0.1:7  connected in 52.0 µs",
        ];
        let expected = vec![
            ("name", name.map(str::to_owned).to_vec()),
            ("tried", tried.map(str::to_owned).to_vec()),
        ];
        assert_eq!(said(reached(&remote, Detail::Full)), expected);
        remote.attempts.remove(1);
        let short = vec!["[::1]:7  ECONNREFUSED after 40.0 µs".to_owned()];
        assert_eq!(said(reached(&remote, Detail::Brief))[1], ("tried", short));
        remote.resolution.took = None;
        remote.attempts.clear();
        assert_eq!(
            said(reached(&remote, Detail::Full)),
            [],
            "an address that answers at once needs no words"
        );
    }

    #[test]
    fn a_reason_is_said_once() {
        let finding = |topic| Finding {
            topic,
            outcome: "not-examined",
            says: "not examined: it is gone".into(),
            value: None,
        };
        let all = [Topic::Boundaries, Topic::HalfClose].map(finding);
        let once = vec!["boundaries, half-close: it is gone".to_owned()];
        assert_eq!(said(findings(&all)), [("unexamined", once)]);
    }
}
