//! Mutated and hostile texts: no panic, no control character in a message, and an end soon.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use sockplay::profile;

use super::valid::assert_fixpoint;
use super::values::is_safe;

/// A small generator, so that a failing mutation can be found again by its number.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

fn mutate(text: &str, dice: &mut Dice) -> String {
    const PIECES: [&str; 16] = [
        "\0",
        "\x1b[2J",
        "\"",
        "'''",
        "[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        "\r",
        "9223372036854775808",
        "1e999",
        "nan",
        "\u{202e}",
        "#",
    ];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=dice.throw(4) {
        let at = dice.throw(bytes.len());
        let to = (at + dice.throw(30)).min(bytes.len());
        match dice.throw(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 => bytes[at..to].iter_mut().for_each(|b| *b ^= 1 << (at % 8)),
            3 => {
                let copy = bytes[at..to].to_vec();
                let to = dice.throw(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => drop(bytes.splice(at..at, PIECES[dice.throw(PIECES.len())].bytes())),
        }
        if bytes.is_empty() {
            bytes.push(b'=');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn mutated_profiles_are_read_or_refused_without_a_panic() {
    let builtins = profile::builtins();
    let mut refused = 0;
    for number in 0..20_000_u64 {
        let text = mutate(
            builtins[number as usize % builtins.len()].text,
            &mut Dice(number),
        );
        match profile::parse("x", &text, &[]) {
            Ok(profile) => assert_fixpoint(&profile),
            Err(error) => {
                refused += 1;
                assert!(is_safe(&error.to_string()), "mutation {number}: {error:?}");
            }
        }
    }
    assert!(refused > 5_000, "the mutations are too tame: {refused}");
}

/// How long this thread has run: other tests on the machine do not count. proc(5), schedstat.
fn on_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = stat.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanos)
}

#[test]
fn hostile_texts_end_soon() {
    let mebibyte = 1 << 20;
    let repeat = |piece: &str| piece.repeat(mebibyte / piece.len());
    let numbered = |name: &str, count: u32| {
        (0..count).fold(String::new(), |mut text, n| {
            writeln!(text, "{name}{n} = {n}").unwrap();
            text
        })
    };
    let texts = [
        repeat("["),
        repeat("a.") + "a = 1",
        repeat("\x1b"),
        repeat("= 1\n"),
        repeat("a = 1\n"),
        repeat("[a]\n"),
        repeat("[[raw_option]]\n"),
        "a = ".to_owned() + &repeat("["),
        "a = ".to_owned() + &repeat("{a="),
        format!("title = \"{}\"", repeat("x")),
        format!("{} = 1", repeat("k")),
        numbered("k", 60_000),
        format!("io.read_timeout = \"{}\"", repeat("9")),
        format!("address.port = {}", repeat("9")),
        format!("[options]\nSO_LINGER = [{}]", repeat("1,")),
        repeat("\""),
        repeat("'''"),
        repeat("\r\n"),
        "\u{feff}".to_owned(),
        "[options]\n".to_owned() + &numbered("SO_", 40_000),
    ];
    // A long string takes a few milliseconds; a mebibyte of nothing but tokens is the TOML parser's own pace.
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 250 });
    for text in texts {
        let start = on_cpu();
        if let Err(error) = profile::parse("x", &text, &[]) {
            let shown = error.to_string();
            assert!(is_safe(&shown) && shown.len() < 100_000);
        }
        let took = on_cpu().saturating_sub(start);
        println!("{took:?} {:?}", &text.chars().take(20).collect::<String>());
        assert!(
            took <= limit,
            "{took:?}: {:?}",
            text.chars().take(40).collect::<String>()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_and_any_set_is_no_panic(text in "\\PC{0,200}", set in ".{0,60}", name in ".{0,20}") {
        for result in [profile::parse(&name, &text, &[]), profile::without_file(&[profile::Overlay::set(set)])] {
            if let Err(error) = result {
                prop_assert!(is_safe(&error.to_string()));
            }
        }
    }
}
