//! Messages made, recognised, and mistaken for each other.

use proptest::prelude::*;

use super::*;
use crate::session::{Framing, Requests, Rules, Session, Want};

fn message(framing: &FramingKey, size: usize, n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    Messages::new(framing, size).write(n, &mut out);
    out
}

#[test]
fn every_framing_gets_a_whole_message() {
    assert_eq!(message(&FramingKey::None, 12, 7), b"00000007hij\n");
    assert_eq!(message(&FramingKey::Line, 1, 7), b"\n");
    assert_eq!(
        message(&FramingKey::LengthPrefix(4), 12, 1),
        b"\0\0\0\x0800000001"
    );
    assert_eq!(message(&FramingKey::LengthPrefix(8), 3, 1), [0; 8]);
    assert_eq!(message(&FramingKey::Fixed(10), 64, 1).len(), 10);
    let delimited = message(&FramingKey::Delimiter(b"0a".to_vec()), 64, 0);
    assert!(delimited.ends_with(b"0a"));
    assert!(!delimited[..62].iter().any(|b| b"0a".contains(b)));
}

#[test]
fn a_short_prefix_is_not_asked_to_count_further_than_it_can() {
    let longest = message(&FramingKey::LengthPrefix(1), 1000, 1);
    assert_eq!((longest.len(), longest[0]), (256, 255));
    assert_eq!(
        message(&FramingKey::LengthPrefix(2), 1 << 20, 1).len(),
        65_537
    );
}

#[test]
fn sockperfs_message_is_that_of_its_client_and_its_answer_that_of_its_server() {
    let messages = Messages::new(&FramingKey::Sockperf, 16);
    let mut out = Vec::new();
    messages.write(0x0102, &mut out);
    assert_eq!(out, b"\0\0\0\0\0\0\x01\x02\0\x03\0\0\0\x10yz");
    messages.write_answer(0x0102, &mut out);
    assert_eq!(out, b"\0\0\0\0\0\0\x01\x02\0\x02\0\0\0\x10yz");
    assert_eq!(message(&FramingKey::Sockperf, 1, 5).len(), 14);
}

#[test]
fn only_a_whole_earlier_message_is_one() {
    for framing in [FramingKey::None, FramingKey::LengthPrefix(2)] {
        let messages = Messages::new(&framing, 64);
        let third = message(&framing, 64, 3);
        assert!(messages.is_earlier(4, &third));
        assert!(!messages.is_earlier(3, &third), "that is the one awaited");
        assert!(!messages.is_earlier(4, &third[..63]));
        let backwards: Vec<u8> = third.iter().rev().copied().collect();
        for garbage in [&backwards[..], b"", b"\0", b"99999999999999999999999"] {
            assert!(!messages.is_earlier(4, garbage));
        }
    }
}

#[test]
fn a_number_that_does_not_fit_leaves_its_last_digits() {
    let hundred_million = 100_000_000;
    for (size, n, text, smallest) in [
        (4, 12_345, &b"345\n"[..], 345),
        (9, hundred_million, b"00000000\n", 0),
        (
            10,
            10 * hundred_million + 5,
            b"000000005\n",
            10 * hundred_million + 5,
        ),
        (
            10,
            20 * hundred_million + 5,
            b"000000005\n",
            10 * hundred_million + 5,
        ),
        (22, u64::MAX, b"18446744073709551615b\n", u64::MAX),
    ] {
        let messages = Messages::new(&FramingKey::None, size);
        let out = message(&FramingKey::None, size, n);
        assert_eq!(out, text, "{n} in {size}");
        assert_eq!(messages.number_of(&out), Some(smallest), "{n} in {size}");
        assert!(!messages.is_earlier(n, &out), "that is the one awaited");
    }
}

#[test]
fn a_message_that_fits_is_written_without_an_allocation() {
    let messages = Messages::new(&FramingKey::Line, 64);
    let mut out = Vec::with_capacity(messages.size());
    let before = (out.as_ptr(), out.capacity());
    for n in [0, 1, u64::MAX] {
        messages.write(n, &mut out);
        assert_eq!((out.as_ptr(), out.capacity()), before);
    }
}

fn framing() -> impl Strategy<Value = FramingKey> {
    let delimiter = prop_oneof![
        Just("\r\n".to_owned()),
        Just("0123456789".to_owned()),
        Just("abcdefghijklmnopqrstuvwxyz".to_owned()),
        "\\PC{1,80}",
    ];
    prop_oneof![
        Just(FramingKey::None),
        Just(FramingKey::Line),
        delimiter.prop_map(|d| FramingKey::Delimiter(d.into_bytes())),
        prop_oneof![Just(1), Just(2), Just(4), Just(8)].prop_map(FramingKey::LengthPrefix),
        (1..100_usize).prop_map(FramingKey::Fixed),
        Just(FramingKey::Sockperf),
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..30_u64, 99_999_990..100_000_010_u64, any::<u64>()]
}

/// The framing as a server has it.
fn rules(framing: &FramingKey) -> Rules {
    let framing = match framing {
        FramingKey::None | FramingKey::Line => Framing::Line,
        FramingKey::Delimiter(delimiter) => Framing::Delimiter(delimiter.clone()),
        FramingKey::LengthPrefix(bytes) => Framing::LengthPrefix { bytes: *bytes },
        FramingKey::Fixed(size) => Framing::Fixed { size: *size },
        FramingKey::Sockperf => Framing::Sockperf,
    };
    Rules {
        framing,
        requests: Requests::Unlimited,
        ..Rules::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_session_cuts_them_apart(framing in framing(), size in 0..200_usize, n in number()) {
        let messages = Messages::new(&framing, size);
        let mut glued = message(&framing, size, n);
        prop_assert_eq!(glued.len(), messages.size());
        glued.extend(message(&framing, size, n.wrapping_add(1)));
        let rules = rules(&framing);
        let mut session = Session::new(&rules);
        let got = session.received(&rules, &mut glued);
        prop_assert_eq!((got.messages, got.discarded), (2, 0));
        prop_assert_eq!(session.want(), Want::Send);
        prop_assert_eq!(session.reply(&glued).len(), glued.len());
    }

    #[test]
    fn a_right_answer_tells_its_number_and_one_wrong_byte_does_not(
        framing in framing(), size in 0..200_usize, n in number(), at in any::<prop::sample::Index>(), flip in 1..=u8::MAX,
    ) {
        let messages = Messages::new(&framing, size);
        let (mut sent, mut answer, mut same) = (Vec::new(), Vec::new(), Vec::new());
        messages.write(n, &mut sent);
        messages.write_answer(n, &mut answer);
        prop_assert_eq!(answer == sent, framing != FramingKey::Sockperf);
        prop_assert!(messages.is_answer(n, &answer));
        let number = messages.number_of(&answer).expect("it is right");
        messages.write_answer(number, &mut same);
        prop_assert_eq!(&same, &answer);
        if messages.payload >= MOST_DIGITS || framing == FramingKey::Sockperf {
            prop_assert_eq!(number, n);
        } else {
            prop_assert!(number <= n);
        }
        let wrong = at.index(answer.len());
        answer[wrong] ^= flip;
        prop_assert!(!messages.is_answer(n, &answer));
        // Another digit may make it another number's, but only if everything else is that number's too.
        if let Some(other) = messages.number_of(&answer) {
            messages.write_answer(other, &mut same);
            prop_assert_eq!(&same, &answer);
        }
        for garbage in [&answer[1..], &[&answer[..], b"x"].concat()] {
            prop_assert_eq!(messages.number_of(garbage), None);
        }
    }

    #[test]
    fn neighbours_differ_in_their_whole_body(framing in framing(), size in 0..200_usize, n in number()) {
        let messages = Messages::new(&framing, size);
        let next = n.wrapping_add(1);
        let (one, other) = (message(&framing, size, n), message(&framing, size, next));
        let number = if framing == FramingKey::Sockperf { 0 } else { MOST_DIGITS };
        let letters = messages.size() - messages.end.len() - messages.payload.saturating_sub(number);
        let body = letters..messages.size() - messages.end.len();
        let alike = one[body.clone()].iter().zip(&other[body]).filter(|(a, b)| a == b).count();
        prop_assert!(alike == 0 || next == 0);
        prop_assert!(messages.payload == 0 || one != other);
    }
}

#[test]
fn eight_digits_are_those_of_any_number() {
    let edges = (0..8).flat_map(|power| {
        let ten = 10_u64.pow(power);
        [ten - 1, ten, ten + 1, 9 * ten, EIGHT_DIGITS - ten]
    });
    for n in (0..EIGHT_DIGITS).step_by(997).chain(edges) {
        assert_eq!(eight_digits(n)[..], *format!("{n:08}").as_bytes());
    }
}
