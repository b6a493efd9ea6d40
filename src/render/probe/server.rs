//! A server that is not ours: what its name stands for, which address answered, and what it does.

use super::page::{Fact, fact, lines};
use super::words::{sentence, time};
use crate::escape;
use crate::measure::report::{Answer, Attempt, Finding, Refusal, Remote, Topic};

/// What there is to say before the connection: the resolver's answers, and the attempts if not the first was the last.
pub(super) fn reached(remote: &Remote) -> Vec<Fact<'_>> {
    let mut all = Vec::new();
    let resolution = &remote.resolution;
    if let Some(took) = resolution.took {
        let many = match resolution.answers.len() {
            1 => "one address".to_owned(),
            n => format!("{n} addresses"),
        };
        let mut says = vec![format!(
            "{} has {many} (getaddrinfo took {})",
            escape::text(&resolution.name),
            time(took)
        )];
        says.extend(resolution.answers.iter().map(answer));
        all.push(lines("name", says));
    }
    let attempts = &remote.attempts;
    if attempts.len() > 1 || attempts.iter().any(|a| a.refused.is_some()) {
        all.push(lines("tried", attempts.iter().map(attempt).collect()));
    }
    all
}

fn answer(answer: &Answer) -> String {
    let address = escape::text(&answer.address);
    match (&answer.passed_over, answer.used) {
        (Some(why), _) => format!("{address}: not tried, {}", sentence(why)),
        (None, true) => format!("{address}: used"),
        (None, false) => format!("{address}: tried"),
    }
}

fn attempt(attempt: &Attempt) -> String {
    let (address, took) = (escape::text(&attempt.address), time(attempt.took));
    match &attempt.refused {
        None => format!("{address}: connected in {took}"),
        Some(Refusal { errno, says }) if errno.is_empty() => {
            format!("{address}: {} (after {took})", sentence(says))
        }
        Some(Refusal { errno, says }) => {
            format!(
                "{address}: {} after {took}: {}",
                escape::text(errno),
                sentence(says)
            )
        }
    }
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
    let reason = |(why, topics): (&str, Vec<&str>)| {
        let says = format!("{}: {}", topics.join(", "), sentence(why));
        fact("unexamined", says)
    };
    facts.extend(unexamined.into_iter().map(reason));
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
            "[::1]:7: tried",
            "127.0.0.1:7: used",
            "127.0.0.2:7: not tried, the profile asks for ipv4",
        ];
        let tried = [
            "[::1]:7: ECONNREFUSED after 40.0 µs: connection refused: nobody listens on that port",
            "127.0.0.1:7: connected in 52.0 µs",
        ];
        let expected = vec![
            ("name", name.map(str::to_owned).to_vec()),
            ("tried", tried.map(str::to_owned).to_vec()),
        ];
        assert_eq!(said(reached(&remote)), expected);
        remote.resolution.took = None;
        remote.attempts.remove(0);
        assert_eq!(
            said(reached(&remote)),
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
