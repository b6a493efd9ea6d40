//! What a key takes and what it refuses, made from its row.

use std::time::Duration;

use sockplay::profile::{self, Key, Kind};

/// A document with one key, and the line and column of its value.
pub(crate) fn document(key: &Key, value: &str) -> (String, usize, usize) {
    let (table, name) = key.split();
    let column = name.len() + 4;
    match table {
        "" => (format!("{name} = {value}\n"), 1, column),
        table => (format!("[{table}]\n{name} = {value}\n"), 2, column),
    }
}

/// What no key of the kind takes: wrong types, both sides of the range, and what a hostile file holds.
pub(crate) fn bad_values(kind: Kind) -> Vec<String> {
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
        Kind::Expectations => {
            bad = ["1", "true", "\"< 2ms\"", "[]"].map(String::from).into();
        }
        Kind::Options(_) | Kind::RawOptions | Kind::Ignored => bad.clear(),
        _ => bad_names(kind, &mut bad),
    }
    bad
}

fn bad_names(kind: Kind, bad: &mut Vec<String>) {
    match kind {
        Kind::Words(_) => {
            bad.extend(["0", "true", "\"\"", "\"nonsense\"", "\"\\u001b\""].map(String::from));
        }
        Kind::Text(least, _) => {
            bad.extend(["0", "true"].map(String::from));
            bad.extend((least > 0).then(|| "\"\"".to_owned()));
        }
        Kind::Host => {
            bad.extend(["0", "true", "\"a b\"", "\"\\u0000\"", "\"\\u001b[2J\""].map(String::from));
        }
        Kind::Protocol => {
            bad.extend(["2147483648", "true", "\"\"", "\"upd\"", "\"\\u0000\""].map(String::from));
        }
        Kind::Descriptor => {
            bad.extend(["2147483648", "true", "\"\"", "\"x\"", "\"systemd:\""].map(String::from));
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
        _ => unreachable!("{kind} is a number"),
    }
}

/// What a key of the kind takes.
pub(crate) fn good_values(kind: Kind) -> Vec<String> {
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
        Kind::Expectations => text(&[
            "{ \"echo.rtt_ns.p99\" = \"< 2ms\" }",
            "{ echo = { lost = 0, outcome = \"complete\" }, options.SO_RCVBUF.effective = \">= 64KiB\" }",
        ]),
    }
}

/// Whatever was in the input, a message holds no control character but line feeds, and nothing that turns text around.
pub(crate) fn is_safe(text: &str) -> bool {
    text.chars()
        .all(|c| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)))
}

pub(crate) fn refusal(text: &str, sets: &[String]) -> String {
    let shown: String = text.chars().take(200).collect();
    let sets: Vec<_> = sets.iter().map(profile::Overlay::set).collect();
    let error = profile::parse("x.toml", text, &sets)
        .expect_err(&shown)
        .to_string();
    assert!(is_safe(&error), "{error:?}");
    error
}
