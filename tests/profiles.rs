//! Profiles as a user writes them: the shipped ones, some hundred invalid ones and what is said about each, valid ones
//! that read back as they were written, and mutated ones that must not panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sockplay::profile::{self, Key, Kind, Profile};

/// A document with one key, and the line and column of its value.
fn document(key: &Key, value: &str) -> (String, usize, usize) {
    let (table, name) = key.split();
    let column = name.len() + 4;
    match table {
        "" => (format!("{name} = {value}\n"), 1, column),
        table => (format!("[{table}]\n{name} = {value}\n"), 2, column),
    }
}

/// What no key of the kind takes: wrong types, both sides of the range, and what a hostile file holds.
fn bad_values(kind: Kind) -> Vec<String> {
    let mut bad: Vec<String> = ["[]", "[1]", "{}", "1979-05-27", "nan", "1e999", "-1", "1.5"]
        .map(String::from)
        .into();
    bad.push((1_u64 << 63).to_string());
    bad.push(i64::MIN.to_string());
    bad.push("9".repeat(60));
    bad.push(format!("\"{}\"", "x".repeat((1 << 20) + 1)));
    let number = |n: u64| n.to_string();
    match kind {
        Kind::Flag => bad.extend(["0", "1", "\"true\"", "\"\""].map(String::from)),
        Kind::Number(least, most) | Kind::NumberOr(least, most, _) => {
            bad.push(number(most + 1));
            bad.extend(least.checked_sub(1).map(number));
            bad.extend(
                ["true", "\"\"", "\"1\"", "\"\\u0000\"", "\"\\u001b[2J\""].map(String::from),
            );
        }
        Kind::Size(least, most) => {
            bad.push(number(most + 1));
            bad.push(number(least - 1));
            bad.extend(
                [
                    "true",
                    "\"\"",
                    "\"64K\"",
                    "\"1G\"",
                    "\"KiB\"",
                    "\"-1\"",
                    "\"1.5KiB\"",
                ]
                .map(String::from),
            );
            bad.extend(
                [
                    "\"99999999999999999999B\"",
                    "\"9999999999TiB\"",
                    "\"1\\u0000\"",
                ]
                .map(String::from),
            );
        }
        Kind::Time(least, _) => {
            bad.extend((!least.is_zero()).then(|| "\"1ns\"".to_owned()));
            bad.extend(
                ["5", "true", "\"\"", "\"5\"", "\"-1s\"", "\"25h\"", "\"1y\""].map(String::from),
            );
            bad.extend(["\"1s\\u001b\"", "\"99999999999999999999s\""].map(String::from));
            bad.push("\"18446744073709551615s 1000000000ns\"".into());
        }
        Kind::Choice(_) => bad.extend(["0", "3", "9", "\"4\"", "true"].map(String::from)),
        Kind::Words(_) => {
            bad.extend(["0", "true", "\"\"", "\"nonsense\"", "\"\\u001b\""].map(String::from))
        }
        Kind::Text(least, _) => {
            bad.extend(["0", "true"].map(String::from));
            bad.extend((least > 0).then(|| "\"\"".to_owned()));
        }
        Kind::Host => {
            bad.extend(["0", "true", "\"a b\"", "\"\\u0000\"", "\"\\u001b[2J\""].map(String::from))
        }
        Kind::Protocol => {
            bad.extend(["2147483648", "true", "\"\"", "\"upd\"", "\"\\u0000\""].map(String::from))
        }
        Kind::Descriptor => {
            bad.extend(["2147483648", "true", "\"\"", "\"x\"", "\"systemd:\""].map(String::from))
        }
        Kind::UnixPath => {
            bad.extend(["0", "true", "\"\"", "\"@\"", "\"/a\\u0000\""].map(String::from));
            bad.push(format!("\"/{}\"", "x".repeat(107)));
        }
        Kind::Mode => bad.extend(
            [
                "0o1000",
                "600",
                "384",
                "\"0o600\"",
                "\"0888\"",
                "\"\"",
                "true",
            ]
            .map(String::from),
        ),
        Kind::File => bad.extend(["0", "true", "\"\"", "\"a\\u0000\""].map(String::from)),
        Kind::Options(_) | Kind::RawOptions | Kind::Ignored | Kind::Later => bad.clear(),
    }
    bad
}

/// What a key of the kind takes.
fn good_values(kind: Kind) -> Vec<String> {
    let text = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
    match kind {
        Kind::Flag => text(&["true", "false"]),
        Kind::Number(least, most) => {
            vec![least.to_string(), most.to_string(), format!("0x{most:x}")]
        }
        Kind::NumberOr(least, most, word) => {
            vec![least.to_string(), most.to_string(), format!("\"{word}\"")]
        }
        Kind::Choice(numbers) => numbers.iter().map(ToString::to_string).collect(),
        Kind::Size(least, most) => {
            let (least, most) = (least.to_string(), most.to_string());
            vec![
                least,
                most,
                "\"1024KiB\"".into(),
                "\"2000kB\"".into(),
                "\"2 MiB\"".into(),
            ]
        }
        Kind::Time(least, most) => {
            let show = |t: Duration| format!("\"{}\"", humantime::format_duration(t));
            vec![show(least), show(most), show(most / 7)]
        }
        Kind::Words(words) => words.iter().map(|w| format!("\"{w}\"")).collect(),
        Kind::Text(..) => text(&[
            "\"a\"",
            "\"\\u0000\\u001b[2J\\r\\n\\t\\\"\\\\\"",
            "'ü\u{202e}'",
            "\"\"\"x\ny\"\"\"",
        ]),
        Kind::Host => text(&["\"\"", "\"localhost\"", "\"fe80::1%eth0\"", "\"10.0.0.1\""]),
        Kind::Protocol => text(&["0", "253", "\"udplite\"", "\"IPPROTO_ICMP\"", "2147483647"]),
        Kind::Descriptor => text(&["0", "3", "\"3\"", "\"systemd\"", "\"systemd:a\\u001bb\""]),
        Kind::UnixPath => text(&["\"/tmp/x\"", "\"@x\"", "\"relative\"", "\"/tmp/\\u001b\""]),
        Kind::Mode => text(&["0o660", "\"0660\"", "\"777\"", "0o000"]),
        Kind::File => text(&["\"x.log\"", "\"/tmp/\\u001b\""]),
        Kind::Options(_) => text(&[
            "{ SO_REUSEADDR = true }",
            "{ so_linger = { onoff = 1, linger = 5 } }",
            "{ IP_TTL = { value = 3, optional = true }, SO_RCVBUF = \"64KiB\" }",
        ]),
        Kind::RawOptions => text(&[
            "[{ level = 1, name = 2, value = 1 }]",
            "[{ level = \"SOL_SOCKET\", name = \"SO_KEEPALIVE\", bytes = \"01000000\", phase = \"pre-bind\", optional = true }]",
        ]),
        Kind::Ignored => text(&["1", "{ a = [1] }"]),
        Kind::Later => Vec::new(),
    }
}

/// Whatever was in the input, a message holds no control character but line feeds, and nothing that turns text around.
fn is_safe(text: &str) -> bool {
    text.chars()
        .all(|c| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)))
}

fn refusal(text: &str, sets: &[String]) -> String {
    let shown: String = text.chars().take(200).collect();
    let error = profile::parse("x.toml", text, sets)
        .expect_err(&shown)
        .to_string();
    assert!(is_safe(&error), "{error:?}");
    error
}

#[test]
fn every_invalid_value_is_pointed_at_with_what_is_allowed() {
    let mut count = 0;
    for key in profile::keys() {
        for value in bad_values(key.kind) {
            let (text, line, column) = document(key, &value);
            let error = refusal(&text, &[]);
            assert!(
                error.contains(&format!("x.toml:{line}:{column}\n")),
                "{error}"
            );
            assert!(error.contains(&format!("`{}`", key.path)), "{error}");
            assert!(error.contains(&key.kind.to_string()), "{error}");
            count += 1;
        }
    }
    assert!(count >= 250, "only {count}");
}

#[test]
fn every_key_is_refused_twice_misspelt_and_as_a_table_of_its_own() {
    for key in profile::keys()
        .iter()
        .filter(|k| !good_values(k.kind).is_empty())
    {
        let good = &good_values(key.kind)[0];
        let (table, name) = key.split();
        if table.is_empty() && name.starts_with('$') {
            continue;
        }
        let (text, line, _) = document(key, good);
        let twice = refusal(&format!("{text}{name} = {good}\n"), &[]);
        assert!(
            twice.contains(&format!("`{name}` is written twice")),
            "{twice}"
        );
        assert!(
            twice.contains(&format!("x.toml:{}:1\n", line + 1)),
            "{twice}"
        );

        let misspelt = refusal(
            &text.replacen(&format!("{name} ="), &format!("{name}q ="), 1),
            &[],
        );
        assert!(
            misspelt.contains(&format!("unknown key `{name}q`")),
            "{misspelt}"
        );
        assert!(
            misspelt.contains(&format!("did you mean `{name}`?")),
            "{misspelt}"
        );
        assert!(
            misspelt.contains(&format!("x.toml:{line}:1\n")),
            "{misspelt}"
        );
        assert!(misspelt.matches("did you mean").count() <= 3, "{misspelt}");

        let set = format!("{}q={good}", key.path);
        if !good.contains('\n') {
            let misspelt = refusal("", &[set]);
            assert!(misspelt.contains("--set:1:"), "{misspelt}");
        }
    }
}

#[test]
fn contradictions_and_hand_made_mistakes_are_said() {
    for (text, words) in include!("profiles/mistakes.in") {
        let error = refusal(text, &[]);
        for word in words {
            assert!(error.contains(word), "{text}\n{error}\nhas no {word}");
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let text = "title = 1\nbogus = 2\n[socket]\nfamily = \"ipv5\"\n[serve]\nbacklog = -1\nengine = 3\n= 4\n";
    let error = refusal(text, &["address.port=x".into(), "nonsense".into()]);
    let places = [
        "x.toml:1:9",
        "x.toml:2:1",
        "x.toml:4:10",
        "x.toml:6:11",
        "x.toml:7:10",
        "x.toml:8:1",
        "--set:1:14",
        "--set:1:1\n",
    ];
    let found: Vec<Option<usize>> = places.iter().map(|p| error.find(p)).collect();
    assert!(
        found.iter().all(Option::is_some) && found.is_sorted(),
        "{found:?}\n{error}"
    );
    assert_eq!(error.matches("error:").count(), places.len(), "{error}");
}

/// The profile without its places, but with whether each value was written.
fn values(profile: &Profile) -> String {
    let mut profile = profile.clone();
    profile.name.clear();
    profile.sources.clear();
    // The text is written table by table.
    profile.options.sort_by_key(|o| o.scope as u8);
    let text = format!("{profile:?}");
    let mut parts = text.split("At { source: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("At");
        out.push_str(part.split_once('}').expect("derived Debug closes it").1);
    }
    out
}

fn assert_fixpoint(profile: &Profile) {
    for origins in [false, true] {
        let shown = profile::show(profile, origins);
        assert!(is_safe(&shown), "{shown:?}");
        let again = profile::parse("again", &shown, &[]).unwrap_or_else(|e| panic!("{shown}\n{e}"));
        assert_eq!(values(profile), values(&again), "{shown}");
    }
}

#[test]
fn shipped_profiles_parse_and_read_back() {
    assert!(profile::builtins().len() >= 25);
    for builtin in profile::builtins() {
        let profile = profile::load(Some(builtin.name), &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(profile.name, format!("built-in {}", builtin.name));
        assert_fixpoint(&profile);
    }
}

#[test]
fn tcp4_writes_down_the_defaults() {
    let written = profile::load(None, &[]).unwrap();
    let defaults = profile::without_file(&[]).unwrap();
    let same = |p: &Profile| {
        let mut p = p.clone();
        (p.title, p.summary) = (None, None);
        p.options.clear();
        values(&p).replace("origin: At", "origin: Default")
    };
    assert_eq!(same(&written), same(&defaults));
    let options: Vec<&str> = written.options.iter().map(|o| o.row.name).collect();
    assert_eq!(options, ["SO_REUSEADDR", "IP_TTL"]);
    for key in profile::keys()
        .iter()
        .filter(|k| k.path.contains('.') && !k.path.ends_with("options"))
    {
        let (_, name) = key.split();
        let text = profile::builtins()[0].text;
        assert!(
            text.contains(name),
            "configs/tcp4.toml does not show {}",
            key.path
        );
    }
}

/// Keys that only make sense beside another.
fn companion(path: &str) -> &'static str {
    match path {
        "io.delimiter" => "io.framing = \"delimiter\"\n",
        "io.prefix_bytes" => "io.framing = \"length-prefix\"\n",
        "io.message_size" => "io.framing = \"fixed\"\n",
        "probe.writes" => "probe.size = \"1MiB\"\n",
        _ => "",
    }
}

#[test]
fn valid_profiles_read_back_as_they_were_written() {
    let mut count = 0;
    for key in profile::keys() {
        for value in good_values(key.kind) {
            let text = format!(
                "{}{} = {value}\n",
                companion(key.path),
                key.path.replace('$', "\"$").replace("schema", "schema\"")
            );
            let text = match value.as_str() {
                "\"delimiter\"" => text + "io.delimiter = \"\\r\\n\"\n",
                "\"fixed\"" => text + "io.message_size = 7\n",
                _ => text,
            };
            let profile = profile::parse("x", &text, &[]).unwrap_or_else(|e| panic!("{text}\n{e}"));
            assert_fixpoint(&profile);
            count += 1;
        }
    }
    assert!(count >= 100, "only {count}");
}

#[test]
fn the_last_set_wins_over_the_file() {
    let set = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let sets = set(&[
        "address.port=1",
        "address.port=2",
        "options.so_reuseaddr=false",
        "options.SO_LINGER.linger=7",
    ]);
    let file = "[address]\nport = 9\n[options]\nSO_REUSEADDR = true\nSO_LINGER = { onoff = 1, linger = 5 }\n";
    let profile = profile::parse("x", file, &sets).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(profile.address.port.value, 2);
    assert_eq!(profile.place(profile.address.port.origin), "--set");
    let shown = profile::show(&profile, false);
    assert!(
        shown.contains("SO_REUSEADDR = false\n") && !shown.contains("= true\n"),
        "{shown}"
    );
    assert!(
        shown.contains("\"linger\" = 7") && shown.contains("\"onoff\" = 1"),
        "{shown}"
    );
    let wrong = refusal("", &set(&["options.SO_REUSADDR=1"]));
    assert!(
        wrong.contains("--set:1:9") && wrong.contains("did you mean `SO_REUSEADDR`?"),
        "{wrong}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_choice_of_valid_lines_reads_back(picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12)) {
        let keys = profile::keys();
        let mut text = String::new();
        let mut seen = Vec::new();
        for (key, value) in picks {
            let key = &keys[key.index(keys.len())];
            let values = good_values(key.kind);
            if values.is_empty() || key.path.contains('$') || seen.contains(&key.path) {
                continue;
            }
            seen.push(key.path);
            text.push_str(&format!("{} = {}\n", key.path, values[value.index(values.len())]));
        }
        match profile::parse("x", &text, &[]) {
            Ok(profile) => assert_fixpoint(&profile),
            Err(error) => {
                let error = error.to_string();
                // Each line is valid, so only what contradicts another may be wrong.
                let contradicts = ["framing", "contradicts", "needs a byte"];
                prop_assert!(contradicts.iter().any(|c| error.contains(c)), "{}\n{}", text, error);
            }
        }
    }

    #[test]
    fn any_text_and_any_set_is_no_panic(text in "\\PC{0,200}", set in ".{0,60}", name in ".{0,20}") {
        for result in [profile::parse(&name, &text, &[]), profile::without_file(&[set])] {
            if let Err(error) = result {
                prop_assert!(is_safe(&error.to_string()));
            }
        }
    }
}

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

#[test]
fn hostile_texts_end_soon() {
    let mebibyte = 1 << 20;
    let repeat = |piece: &str| piece.repeat(mebibyte / piece.len());
    let numbered: String = (0..60_000).map(|n| format!("k{n} = {n}\n")).collect();
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
        numbered,
        format!("io.read_timeout = \"{}\"", repeat("9")),
        format!("address.port = {}", repeat("9")),
        format!("[options]\nSO_LINGER = [{}]", repeat("1,")),
        repeat("\""),
        repeat("'''"),
        repeat("\r\n"),
        "\u{feff}".to_owned(),
        format!(
            "[options]\n{}",
            (0..40_000)
                .map(|n| format!("SO_{n} = {n}\n"))
                .collect::<String>()
        ),
    ];
    // The limit of 50 ms is for a release build; without optimisation the TOML parser alone takes a multiple of it.
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 50 });
    for text in texts {
        let start = Instant::now();
        if let Err(error) = profile::parse("x", &text, &[]) {
            let shown = error.to_string();
            assert!(is_safe(&shown) && shown.len() < 100_000);
        }
        let took = start.elapsed();
        println!("{took:?} {:?}", &text.chars().take(20).collect::<String>());
        assert!(
            took <= limit,
            "{took:?}: {:?}",
            text.chars().take(40).collect::<String>()
        );
    }
}
