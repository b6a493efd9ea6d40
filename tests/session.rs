//! The article's session, and what ends the article's server: none of it may end ours.

mod common;

use common::{End, Process, Sockplay, connect, needs_program, pattern, place, run, serve};
use nix::sys::signal::Signal;

/// `17-09-2025 17:55:14 - INFO - server - Message` becomes `INFO - server - Message`; anything else is refused.
fn without_time(line: &str) -> &str {
    let shape = "00-00-0000 00:00:00 - ";
    let fits = line.len() > shape.len()
        && line.bytes().zip(shape.bytes()).all(|(has, wants)| {
            if wants == b'0' {
                has.is_ascii_digit()
            } else {
                has == wants
            }
        });
    assert!(fits, "not a line of the article's log: {line}");
    &line[shape.len()..]
}

#[test]
fn telnet_sees_what_the_article_shows() {
    if !needs_program("telnet") {
        return;
    }
    let server = serve("tcp4").any_port().plain().start();
    let port = server.port().to_string();
    let mut telnet = Process::program("telnet", &["127.0.0.1", &port]);
    telnet.says("Connected to 127.0.0.1.");
    telnet.types(b"Ciao!\n");
    let seen = telnet.finishes();
    assert!(seen.text().contains("Ciao!"), "{}", seen.text());
    let both = seen.text() + &seen.err;
    assert!(
        both.contains("Connection closed by foreign host."),
        "{both}"
    );

    server.logs("Closed connection").signal(Signal::SIGINT);
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0);
    assert_eq!(stopped.out, format!("listening on 127.0.0.1:{port}\n"));
    let log: Vec<_> = stopped.log.lines().map(without_time).collect();
    let starts = |n: usize, text: &str| {
        assert!(log[n].starts_with(text), "line {n} of {log:#?}, not {text}");
    };
    starts(0, "INFO - server - Starting server...");
    let listening = log.iter().position(|l| l.contains("Listening on port"));
    let listening = listening.expect("a line says where it listens");
    starts(
        listening,
        &format!("INFO - server - Listening on port: {port}"),
    );
    let from = "INFO - server - Accepted connection from: ('127.0.0.1', ";
    starts(listening + 1, from);
    let client = log[listening + 1][from.len()..].trim_end_matches(')');
    client.parse::<u16>().expect("the peer's port");
    starts(listening + 2, "INFO - server - Received: Ciao!\\r\\n");
    let sending = format!("INFO - server - Sending to ('127.0.0.1', {client}): Ciao!\\r\\n");
    assert_eq!(log[listening + 3], sending);
    assert!(log.contains(&"INFO - server - Server closed by user."));
}

#[test]
fn the_article_s_server_needs_no_file() {
    let server = Sockplay::new("serve").any_port().start();
    server.say(b"Ciao!").hears_last(b"Ciao!");
    let stopped = server.stop_in_order();
    assert_eq!(
        (stopped.count("closed_by_rule"), stopped.count("accepted")),
        (1, 1)
    );
}

#[test]
fn a_client_that_leaves_without_a_word_stops_nothing() {
    let server = serve("tcp4").any_port().start();
    for n in 1..=3 {
        drop(server.client());
        server.event("closed", n);
    }
    server.say(b"still there").hears_last(b"still there");
    assert_eq!(server.stop_in_order().count("closed_by_peer"), 3);
}

#[test]
fn bytes_that_are_no_utf8_come_back_as_they_went() {
    let server = serve("tcp4").any_port().start();
    let invalid = b"\xff\xfe\xc3(\xed\xa0\x80\0end";
    server.say(invalid).hears_last(invalid);
    server.logs(
        "Received: \\xff\\xfe\\xc3(\\xed\\xa0\\x80\\0end"
            .replace("\\0", "\\x00")
            .as_str(),
    );
    server.say(b"again").hears_last(b"again");
    server.stop_in_order();
}

#[test]
fn a_reset_stops_nothing() {
    let server = serve("tcp4-loop").any_port().start();
    let client = server.say(b"a word");
    client.hears(b"a word");
    client.resets();
    let why = server.event("closed", 1)["why"].to_string();
    assert!(why.contains("ECONNRESET"), "{why}");
    // A reset that arrives before accept(2): the connection is accepted all the same, and its recv fails.
    let first = server.say(b"in the way");
    first.hears(b"in the way");
    server.client().resets();
    drop(first);
    server.event("closed", 3);
    let last = server.say(b"next");
    last.hears(b"next").half_closes().hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!((stopped.count("failed"), stopped.count("accepted")), (2, 4));
}

#[test]
fn a_silent_client_holds_the_queue_until_the_idle_timeout() {
    // Whatever engine is asked for: this is the nature of one.
    let server = Sockplay::new("serve").arg("-c").arg("tcp4-loop").any_port();
    let server = server.set("serve.idle_timeout=200ms").start();
    let silent = server.client();
    server.event("accepted", 1);
    // The second client is connected and has even sent; it is served when the first one's time is up.
    let waiting = server.say(b"me too");
    waiting.hears(b"me too").half_closes().hears_the_end();
    silent.hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(
        stopped.reasons("closed"),
        [
            "silent for longer than idle_timeout",
            "the peer ended its stream"
        ]
    );
    let order: Vec<_> = stopped
        .events
        .iter()
        .filter_map(|e| e["event"].as_str())
        .collect();
    let of = |kind| order.iter().position(|e| *e == kind).expect("it happened");
    assert!(of("closed") < of("received"), "one at a time: {order:?}");
}

#[test]
fn payload_can_not_forge_a_line_of_the_log() {
    let server = serve("tcp4").any_port().start();
    let forged = "x\n17-09-2025 17:55:14 - INFO - server - Server closed by user.\r\x1b[2J\u{202e}\u{9b}31m\u{2028}";
    server.say(forged.as_bytes()).hears_last(forged.as_bytes());
    let stopped = server.stop_in_order();
    for line in stopped.log.lines() {
        without_time(line);
        assert!(
            !line.chars().any(char::is_control),
            "{}",
            line.escape_debug()
        );
        assert!(
            !line.contains(['\u{202e}', '\u{2028}']),
            "{}",
            line.escape_debug()
        );
    }
    assert_eq!(stopped.log.matches("\n17-09-2025").count(), 0);
}

#[test]
fn ctrl_c_is_a_good_end() {
    let server = serve("tcp4").any_port().start();
    server.signal(Signal::SIGINT);
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0);
    assert!(
        stopped
            .log
            .contains("- INFO - server - Server closed by user.")
    );
    stopped.adds_up();
}

#[test]
fn connect_is_a_byte_pipe() {
    let server = serve("tcp4-loop").any_port().arg("-q").start();
    let sent = pattern(256 << 10);
    let client = connect().arg(server.address()).pipes(sent.clone());
    assert_eq!(client.code, 0, "{}", client.err);
    assert!(client.out == sent, "{} bytes came back", client.out.len());
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("bytes_sent"), sent.len() as u64);
    assert_eq!(stopped.count("closed_by_peer"), 1);
}

#[test]
fn a_message_that_was_cut_off_ends_with_a_reset() {
    // The article's server closes after one receive of 1024 bytes: the rest was unread, so the client is reset.
    let server = serve("tcp4").any_port().start();
    let (heard, end) = server.say(&pattern(20_000)).rest();
    assert_eq!(end, End::Reset, "bytes were given up");
    assert!(pattern(20_000).starts_with(&heard), "an echo is a prefix");
    server.stop();
}

#[test]
fn a_port_in_use_is_refused_and_its_holder_named() {
    let first = serve("tcp4").any_port().start();
    let port = format!("address.port={}", first.port());
    let second = run(&["serve", "-c", "tcp4", "--set", &port]);
    assert_eq!(second.code, 1, "{}", second.err);
    assert_eq!(second.text(), "", "it was never ready");
    let pid = first.pid().to_string();
    for part in ["bind 127.0.0.1:", "EADDRINUSE", "sockplay", &pid] {
        assert!(
            second.err.contains(part),
            "{part} is not in: {}",
            second.err
        );
    }
    first.say(b"mine").hears_last(b"mine");
    first.stop_in_order();
}

#[test]
fn a_path_is_printed_as_it_was_given() {
    let place = place();
    let path = place.path().join("s");
    let server = serve("unix-stream").at(&path).plain().start();
    assert_eq!(server.address(), path.to_str().unwrap());
    assert_eq!(server.stop().code, 0);
}
