//! The session against a model that sees the whole input at once and knows nothing of chunks.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::driver::{Chance, Driver};
use crate::handler::{Handler, chargen};
use crate::session::{Close, Framing, Manner, Pauses, Requests, Rules, sockperf};

/// The largest piece that is received at once.
const CHUNK: usize = 24;

/// What must be answered, and why the conversation ends; none stands for "as many as allowed".
struct Expected {
    messages: Vec<Vec<u8>>,
    close: Option<Close>,
}

fn expect(rules: &Rules, pieces: &[Vec<u8>]) -> Expected {
    let limit = match rules.requests {
        Requests::Count(n) => n as usize,
        Requests::Unlimited => usize::MAX,
    };
    let (mut messages, close) = match rules.framing {
        Framing::None | Framing::Message => (pieces.to_vec(), Close::PeerEnded),
        _ => frames(rules, &pieces.concat()),
    };
    // The peer's last unterminated line is answered because the stream ended: that is the reason then.
    let unterminated =
        close == Close::PeerEnded && messages.len() == limit && ends_open(rules, pieces);
    let close = (messages.len() < limit || unterminated).then_some(close);
    messages.truncate(limit);
    Expected { messages, close }
}

fn frames(rules: &Rules, input: &[u8]) -> (Vec<Vec<u8>>, Close) {
    let mut messages = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        match length(&rules.framing, rest) {
            Some(n) if rules.framing == Framing::Sockperf && n < 14 => {
                return (messages, Close::BadHeader);
            }
            Some(n) if n > rules.longest as u128 => return (messages, Close::FrameTooLong),
            Some(n) if n <= rest.len() as u128 => {
                messages.push(rest[..n as usize].to_vec());
                rest = &rest[n as usize..];
            }
            None if rest.len() > rules.longest => return (messages, Close::FrameTooLong),
            None if matches!(rules.framing, Framing::Line | Framing::Delimiter(_)) => {
                messages.push(rest.to_vec());
                break;
            }
            None if matches!(rules.framing, Framing::LengthPrefix { bytes } if usize::from(bytes) > rules.longest) =>
            {
                return (messages, Close::FrameTooLong);
            }
            None if rules.framing == Framing::Sockperf && rules.longest < 14 => {
                return (messages, Close::FrameTooLong);
            }
            _ => return (messages, Close::UnfinishedFrame),
        }
    }
    (messages, Close::PeerEnded)
}

/// The whole length of the first frame, as far as it can be known.
fn length(framing: &Framing, rest: &[u8]) -> Option<u128> {
    let after = |d: &[u8]| {
        let at = rest.windows(d.len()).position(|w| w == d)?;
        Some((at + d.len()) as u128)
    };
    match framing {
        Framing::None | Framing::Message => unreachable!("these have no frames"),
        Framing::Line => after(b"\n"),
        Framing::Delimiter(delimiter) => after(delimiter),
        Framing::LengthPrefix { bytes } => {
            let mut wide = [0; 16];
            let width = usize::from(*bytes);
            wide[16 - width..].copy_from_slice(rest.get(..width)?);
            Some(u128::from_be_bytes(wide) + width as u128)
        }
        Framing::Fixed { size } => Some(*size as u128),
        Framing::Sockperf => {
            let mut wide = [0; 16];
            wide[12..].copy_from_slice(rest.get(10..14)?);
            Some(u128::from_be_bytes(wide))
        }
    }
}

/// What a handler says to a message, if anything.
fn said(handler: Handler, message: &[u8]) -> Option<Vec<u8>> {
    match handler {
        Handler::Echo => Some(message.to_vec()),
        Handler::Discard | Handler::Chargen => None,
        Handler::Sockperf => {
            let whole = length(&Framing::Sockperf, message) == Some(message.len() as u128);
            let is_ping = message.get(9).is_some_and(|flags| flags & 7 == 3);
            let mut answer = message.to_vec();
            (whole && message.len() >= 14 && is_ping).then(|| {
                answer[9] &= !1;
                answer
            })
        }
    }
}

fn ends_open(rules: &Rules, pieces: &[Vec<u8>]) -> bool {
    let delimiter: &[u8] = match &rules.framing {
        Framing::Line => b"\n",
        Framing::Delimiter(delimiter) => delimiter,
        _ => return false,
    };
    let (messages, _) = frames(rules, &pieces.concat());
    messages.last().is_some_and(|m| !m.ends_with(delimiter))
}

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::None),
        Just(Framing::Message),
        Just(Framing::Line),
        prop_oneof![Just("\r\n"), Just("aab"), Just("b"), Just("aa")]
            .prop_map(|d| Framing::Delimiter(d.into())),
        prop_oneof![Just(1), Just(2), Just(4), Just(8)]
            .prop_map(|bytes| Framing::LengthPrefix { bytes }),
        (1..12_usize).prop_map(|size| Framing::Fixed { size }),
        Just(Framing::Sockperf),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let pause = || prop_oneof![3 => Just(Duration::ZERO), 1 => Just(Duration::from_secs(1))];
    (
        framing(),
        prop_oneof![4 => Just(Handler::Echo), 1 => Just(Handler::Discard), 3 => Just(Handler::Sockperf)],
        prop_oneof![
            (0..6_u32).prop_map(Requests::Count),
            Just(Requests::Unlimited)
        ],
        prop_oneof![1 => 1..30_usize, 2 => Just(1000)],
        (pause(), pause(), pause()),
    )
        .prop_map(|(framing, handler, requests, longest, pauses)| Rules {
            framing,
            handler,
            requests,
            longest,
            pauses: Pauses {
                before_read: pauses.0,
                between_reads: pauses.1,
                before_close: pauses.2,
            },
            close: Manner::Fin,
        })
}

/// Payloads as a peer of this framing would send them, and a few stray bytes behind.
fn input(framing: &Framing) -> impl Strategy<Value = Vec<u8>> + use<> {
    let framing = framing.clone();
    let byte = || {
        prop_oneof![
            Just(b'a'),
            Just(b'b'),
            Just(b'\r'),
            Just(b'\n'),
            Just(0),
            any::<u8>()
        ]
    };
    (vec(vec(byte(), 0..20), 0..8), vec(byte(), 0..9)).prop_map(move |(payloads, stray)| {
        let mut input = Vec::new();
        for payload in payloads {
            if let Framing::LengthPrefix { bytes } = framing {
                let number = (payload.len() as u64).to_be_bytes();
                input.extend_from_slice(&number[8 - usize::from(bytes)..]);
            }
            if framing == Framing::Sockperf {
                let flags = [3, 1, 7, 3, 0xffff, 3][payload.len() % 6];
                let length = payload.len() as u32 + 14;
                input.extend(sockperf::header(payload.len() as u64, flags, length));
            }
            input.extend_from_slice(&payload);
            match &framing {
                Framing::Line => input.push(b'\n'),
                Framing::Delimiter(delimiter) => input.extend_from_slice(delimiter),
                _ => {}
            }
        }
        input.extend_from_slice(&stray);
        input
    })
}

/// `input` cut into pieces; where messages have boundaries, some are empty.
fn pieces(framing: &Framing, input: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let shortest = usize::from(*framing != Framing::Message);
    let mut rest = input;
    let mut pieces = Vec::new();
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() && pieces.len() < 500 {
        let cut = (*cuts.next().expect("not empty")).clamp(shortest, rest.len());
        pieces.push(rest[..cut].to_vec());
        rest = &rest[cut..];
    }
    pieces
}

fn chance() -> impl Strategy<Value = Chance> {
    let abandon = prop_oneof![4 => Just(None), 1 => (0..30_usize).prop_map(Some)];
    (vec(1..40_usize, 1..6), vec(any::<bool>(), 1..6), abandon).prop_map(
        |(sends, releases, abandon)| Chance {
            sends,
            releases,
            abandon,
        },
    )
}

fn conversation() -> impl Strategy<Value = (Rules, Vec<Vec<u8>>, Chance)> {
    rules().prop_flat_map(|rules| {
        let input = input(&rules.framing);
        (Just(rules), input, vec(0..=CHUNK, 1..8), chance()).prop_map(
            |(rules, input, cuts, chance)| {
                let pieces = pieces(&rules.framing, &input, &cuts);
                (rules, pieces, chance)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn any_conversation_is_answered_as_the_model_says((rules, pieces, chance) in conversation()) {
        let mut driver = Driver::new(&rules);
        let close = driver.run(&pieces, &chance).expect("input is finite");
        let expected = expect(&rules, &pieces);
        let answers: Vec<_> = expected.messages.iter().filter_map(|m| said(rules.handler, m)).collect();
        let answer = answers.concat();

        prop_assert!(driver.most_held <= CHUNK + rules.longest);
        prop_assert_eq!(driver.session.held(), 0);
        prop_assert_eq!(driver.session.pending(), 0);
        if close.manner(Manner::Fin) == Manner::Fin && rules.handler == Handler::Echo {
            prop_assert_eq!(&driver.sent, &driver.received, "a clean end promises a whole echo");
        }
        if matches!(close, Close::Stopped | Close::GivenUp) {
            prop_assert!(chance.abandon.is_some());
            prop_assert!(answer.starts_with(&driver.sent));
            return Ok(());
        }
        prop_assert_eq!(&driver.sent, &answer);
        // Only an empty message is answered by sending nothing; on seqpacket that send is seen by the peer.
        prop_assert_eq!(driver.empty_sends, answers.iter().filter(|m| m.is_empty()).count());
        prop_assert_eq!(driver.messages, expected.messages.len());
        prop_assert_eq!(close, expected.close.unwrap_or(
            if !rules.handler.swallows() && driver.received.len() > expected.messages.concat().len() {
                Close::Unanswered
            } else {
                Close::RequestsDone
            }
        ));
    }

}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chargen_says_its_lines_whatever_it_hears(
        lines in 0..400_u32,
        heard in vec(vec(any::<u8>(), 0..9), 0..9),
        mut chance in chance(),
    ) {
        let rules = Rules { handler: Handler::Chargen, requests: Requests::Count(lines), ..Rules::default() };
        chance.sends.iter_mut().for_each(|n| *n *= 200);
        let mut driver = Driver::new(&rules);
        for piece in heard.iter().filter(|_| lines > 0) {
            driver.send(chance.sends[0]);
            driver.receive(piece);
        }
        let close = driver.run(&[], &chance);

        let pattern = chargen::PATTERN.iter().cycle();
        prop_assert!(driver.sent.iter().eq(pattern.take(driver.sent.len())));
        if close == Some(Close::RequestsDone) {
            prop_assert_eq!(driver.sent.len(), lines as usize * chargen::LINE);
        } else {
            prop_assert!(chance.abandon.is_some());
        }
        prop_assert_eq!(driver.session.held(), 0);
    }
}
