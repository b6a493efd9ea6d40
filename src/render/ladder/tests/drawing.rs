//! What a reader sees: goldens, widths, and stories that nobody would write.

use super::*;

fn story() -> Told {
    let mut told = Told::new();
    told.note("An echo, then a server that closes with bytes unread.")
        .connected();
    told.call("client", "send", bytes(4, "Ciao!"), Ok(5));
    told.call("server", "recv", bytes(5, "Ciao!"), Ok(5));
    told.began(1, "client", "recv", vec![fd(4), Arg::Int(1024)]);
    told.moments.push(Moment::Aside {
        t_ns: told.t_ns,
        task: "server".into(),
        text: "pause 50 ms".into(),
        seen: Seen::Observed,
    });
    told.call("server", "send", bytes(5, "Ciao!"), Ok(5));
    told.returned(1, "client", "recv", bytes(4, "Ciao!"), Ok(5), 52_000_000);
    told.note("Now it forgets to read.");
    told.call(
        "client",
        "send",
        bytes(4, "a longer sentence that nobody will ever read"),
        Ok(44),
    );
    told.call("server", "close", vec![fd(5)], Ok(0));
    told.call(
        "client",
        "recv",
        vec![fd(4), symbol("NULL"), Arg::Int(1024), Arg::Int(0)],
        Err("ECONNRESET"),
    );
    told.call("client", "close", vec![fd(4)], Ok(0));
    told.call("server", "socket", socket(), Ok(5));
    told.call(
        "server",
        "bind",
        vec![fd(5), address("127.0.0.1:41873"), Arg::Int(16)],
        Err("EADDRINUSE"),
    );
    told.moments.push(Moment::Unmet {
        task: "server".into(),
        expected: "0".into(),
        came: "EADDRINUSE".into(),
    });
    told.call("server", "close", vec![fd(3)], Ok(0));
    told.call("client", "socket", socket(), Ok(4));
    told.call(
        "client",
        "connect",
        vec![fd(4), address("127.0.0.1:41873"), Arg::Int(16)],
        Err("ECONNREFUSED"),
    );
    told
}

#[test]
fn an_echo_and_a_reset() {
    let told = story();
    let two = told.drawn(&["server", "client"]);
    for (name, width, glyphs) in [
        ("echo-100", 100, Glyphs::Unicode),
        ("echo-80", 80, Glyphs::Unicode),
        ("echo-44", 44, Glyphs::Unicode),
        ("echo-100-ascii", 100, Glyphs::Ascii),
    ] {
        golden(name, &plain(&text(&two, width, glyphs)));
    }
    let four = told.drawn(&["server", "a", "b", "client"]);
    golden("echo-four-80", &plain(&text(&four, 80, Glyphs::Unicode)));
    let three = told.drawn(&["client", "third", "server"]);
    golden(
        "echo-three-160",
        &plain(&text(&three, 160, Glyphs::Unicode)),
    );
}

/// A listener whose queue is full, a client that waits for ever, and what becomes of both.
pub(super) fn full_queue() -> Told {
    let mut told = Told::new();
    let to = || vec![fd(5), address("127.0.0.1:41873"), Arg::Int(16)];
    told.listening();
    told.call("client", "socket", socket(), Ok(4));
    told.call(
        "client",
        "connect",
        vec![fd(4), address("127.0.0.1:41873"), Arg::Int(16)],
        Ok(0),
    );
    told.call("second", "socket", socket(), Ok(5));
    told.began(7, "second", "connect", to());
    told.call("server", "close", vec![fd(3)], Ok(0));
    told
}

/// Holds `text` against `golden/NAME.txt`; with BLESS in the environment it is written instead.
pub(super) fn golden(name: &str, text: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/render/ladder/golden");
    let path = format!("{folder}/{name}.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{path} has\n{expected}\nand this came:\n{text}"
    );
}

#[test]
fn a_picture_says_what_the_text_says() {
    let ladder = story().drawn(&["server", "client"]);
    let picture = svg(&ladder);
    for part in ["EADDRINUSE", "SYN+ACK", "ECONNRESET", "(waited", "expected"] {
        assert!(picture.contains(part), "{part}");
    }
    assert_eq!(
        picture.matches("<text").count(),
        picture.matches("</text>").count()
    );
    assert_eq!(picture.matches("class=\"waits\"").count(), 1);
    let hostile = Moment::Note("<script>&\"\x1b".into());
    let picture = svg(&super::super::ladder(&["a".to_owned()], &[], &[hostile]));
    assert!(!picture.contains("<script>") && !picture.contains('\x1b'));
}

#[test]
fn nothing_at_all_is_a_ladder() {
    for actors in [&[][..], &["a"], &["a", "~ b"], &["a"; 12]] {
        let empty = Told::new().drawn(actors);
        for width in [0, 1, 20, 500] {
            let _ = text(&empty, width, Glyphs::Unicode);
            let _ = text(&story().drawn(actors), width, Glyphs::Ascii);
        }
        let _ = svg(&story().drawn(actors));
    }
}

#[test]
fn no_line_is_too_long_and_no_errno_is_lost() {
    let told = story();
    for actors in [
        vec!["server", "client"],
        vec!["client", "x", "server"],
        vec!["client"],
    ] {
        for width in 20..170 {
            for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
                let shown = plain(&text(&told.drawn(&actors), width, glyphs));
                for line in shown.lines() {
                    assert!(span::columns(line) <= width, "{width}: {line}");
                }
                for errno in ["EADDRINUSE", "ECONNREFUSED", "ECONNRESET"] {
                    assert!(width < 50 || shown.contains(errno), "{width}: {shown}");
                }
            }
        }
    }
}

proptest::proptest! {
    /// Whatever calls claim to have happened: nothing panics, no line is too long, no errno is lost.
    #[test]
    fn any_story_can_be_drawn(calls in proptest::collection::vec((0..3_usize, 0..12_usize, 0..5_i32, -1..40_i64, ".{0,30}"), 0..60), width in 50..140_usize) {
        let names = ["socket", "bind", "listen", "connect", "accept4", "send", "recv", "sendto", "recvmsg", "close", "shutdown", "dup"];
        let mut told = Told::new();
        for (who, name, n, result, payload) in calls {
            let args = match names[name] {
                "socket" => socket(),
                "send" | "recv" | "recvmsg" => bytes(n, &payload),
                _ => vec![fd(n), address("127.0.0.1:7"), Arg::Int(16)],
            };
            let result = if result < 0 { Err("ECONNABORTED") } else { Ok(result) };
            told.call(["a", "b", "somebody else"][who], names[name], args, result);
        }
        let drawn = told.drawn(&["a", "b"]);
        let shown = plain(&text(&drawn, width, Glyphs::Unicode));
        for line in shown.lines() {
            proptest::prop_assert!(span::columns(line) <= width, "{}", line);
        }
        let failed = told.moments.iter().any(|m| matches!(m, Moment::Call(r) if r.errno.is_some()));
        proptest::prop_assert_eq!(failed, shown.contains("ECONNABORTED"));
        let _ = svg(&drawn);
    }
}
