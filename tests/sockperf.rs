//! `serve --sockperf` against real clients of sockperf, and against headers that no client would send.
//!
//! What the server of sockperf 3.7 itself answers was looked up with a raw client: a message with the client bit and the
//! pong bit, without the warm-up bit. The client's report says what it missed; the server's accounts say what it did.

mod common;

use common::{Client, End, Finished, Process, Running, Sockplay, Stopped, needs_program, place};

const ENGINES: [&str; 6] = ["sequential", "threads", "poll", "epoll", "async", "uring"];

/// `sockplay serve 127.0.0.1:0 --sockperf`, without a profile.
fn over(scheme: &str) -> Sockplay {
    Sockplay::new("serve")
        .arg(format!("{scheme}://127.0.0.1:0"))
        .arg("--sockperf")
}

/// A message as a client makes it.
fn message(sequence: u64, flags: u16, length: u32, body: &[u8]) -> Vec<u8> {
    let mut message = sequence.to_be_bytes().to_vec();
    message.extend(flags.to_be_bytes());
    message.extend(length.to_be_bytes());
    message.extend(body);
    message
}

/// A message that wants an answer, and that answer.
fn ping(sequence: u64, body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let length = 14 + u32::try_from(body.len()).expect("a short body");
    let [asked, answered] = [3, 2].map(|flags| message(sequence, flags, length, body));
    (asked, answered)
}

/// The real client against a server of ours.
fn sockperf(server: &Running, scheme: &str, line: &str) -> Finished {
    let port = server.port().to_string();
    let mut args: Vec<&str> = line.split(' ').collect();
    args.extend(["-i", "127.0.0.1", "-p", &port]);
    if scheme == "tcp" {
        args.push("--tcp");
    }
    let finished = Process::program("sockperf", &args).finishes();
    assert_eq!(
        finished.code,
        0,
        "{line}: {}{}",
        finished.text(),
        finished.err
    );
    let trouble = ["ERROR", "data integrity test failed", "WARNING"];
    let said = finished.text() + &finished.err;
    for word in trouble {
        assert!(!said.contains(word), "{line}: {said}");
    }
    finished
}

/// The number behind `name` in the line of the report that has `line` in it.
fn reported(said: &str, line: &str, name: &str) -> u64 {
    let line = said.lines().find(|l| l.contains(line));
    let Some((_, rest)) = line.and_then(|l| l.split_once(name)) else {
        panic!("no {name} in the report:\n{said}")
    };
    let number = rest.trim_start_matches([' ', '=']);
    let end = number.find(|c: char| !c.is_ascii_digit());
    number[..end.unwrap_or(number.len())]
        .parse()
        .unwrap_or_else(|_| panic!("{name} is no number:\n{said}"))
}

/// Every message was answered as it should be, and no other.
fn nothing_is_missing(said: &str) {
    for name in [
        "dropped messages",
        "duplicated messages",
        "out-of-order messages",
    ] {
        assert_eq!(reported(said, "# dropped messages", name), 0, "{said}");
    }
    let valid = |name| reported(said, "[Valid Duration]", name);
    assert!(valid("ReceivedMessages") > 0, "{said}");
}

fn ping_pong(scheme: &str, engine: &str) {
    let server = over(scheme).arg("--engine").arg(engine).arg("-q").start();
    let said = sockperf(&server, scheme, "ping-pong -t 1 -m 200 --data-integrity").text();
    nothing_is_missing(&said);
    let valid = |name| reported(&said, "[Valid Duration]", name);
    assert_eq!(valid("SentMessages"), valid("ReceivedMessages"), "{said}");
    let stopped = in_order(server);
    // The last one may be on its way when the client's time is over.
    let sent = 200 * reported(&said, "[Total Run]", "SentMessages");
    assert!(stopped.count("bytes_discarded") <= 200, "{engine}: {said}");
    assert!(
        sent - stopped.count("bytes_sent") <= 200,
        "{engine}: {said}"
    );
}

fn in_order(server: Running) -> Stopped {
    // A client that leaves with an answer unread ends its connection with a reset; whatever it was, it adds up.
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    stopped.adds_up();
    stopped
}

#[test]
fn ping_pong_over_tcp_under_every_engine() {
    if needs_program("sockperf") {
        for engine in ENGINES {
            ping_pong("tcp", engine);
        }
    }
}

#[test]
fn ping_pong_over_udp_under_every_engine() {
    if needs_program("sockperf") {
        for engine in ENGINES {
            ping_pong("udp", engine);
        }
    }
}

#[test]
fn under_load_only_what_asks_is_answered() {
    if !needs_program("sockperf") {
        return;
    }
    for (scheme, engine) in [("tcp", "epoll"), ("tcp", "uring"), ("udp", "sequential")] {
        let server = over(scheme).arg("--engine").arg(engine).arg("-q").start();
        let line = "under-load -t 1 -m 100 --mps=5000 --reply-every=10";
        let said = sockperf(&server, scheme, line).text();
        nothing_is_missing(&said);
        let total = |name| reported(&said, "[Total Run]", name);
        let stopped = in_order(server);
        // Messages that the client left behind when it closed with an answer unread are gone with its reset.
        let received = stopped.count("bytes_received") / 100;
        assert!(received <= total("SentMessages"), "{received}: {said}");
        let answered = stopped.count("bytes_sent") / 100;
        assert!(answered <= received / 10 + 1, "{answered} of {received}");
        assert!(answered >= total("ReceivedMessages"), "{answered}: {said}");
    }
}

#[test]
fn throughput_is_swallowed() {
    if !needs_program("sockperf") {
        return;
    }
    for (scheme, engine) in [("tcp", "sequential"), ("tcp", "async"), ("udp", "epoll")] {
        let server = over(scheme).arg("--engine").arg(engine).arg("-q").start();
        let said = sockperf(&server, scheme, "throughput -t 1 -m 1000 --mps=5000").text();
        let sent = reported(&said, "messages sent", "Total of ");
        let stopped = in_order(server);
        let received = stopped.count("bytes_received") / 1000;
        assert_eq!(stopped.count("bytes_sent"), 0);
        if scheme == "udp" {
            // Nobody promises that all of them arrive.
            assert!((1..=sent).contains(&received), "{received}: {said}");
            assert_eq!(stopped.count("datagrams.dropped"), received);
        } else {
            assert_eq!(received, sent, "{said}");
        }
    }
}

#[test]
fn a_message_longer_than_the_buffer_comes_back_whole() {
    if !needs_program("sockperf") {
        return;
    }
    for (scheme, line) in [
        ("tcp", "ping-pong -t 1 -m 65507 --data-integrity"),
        ("udp", "ping-pong -t 1 -m 65000 --data-integrity"),
        ("tcp", "ping-pong -t 1 -m 500 -r 400 --data-integrity"),
    ] {
        let server = over(scheme).arg("-q").start();
        nothing_is_missing(&sockperf(&server, scheme, line).text());
        in_order(server);
    }
}

// --- no client of sockperf's ---

#[test]
fn a_stream_is_cut_at_the_headers_length_wherever_it_breaks() {
    for engine in ENGINES {
        let server = over("tcp").arg("--engine").arg(engine).start();
        let ((one, pong), (two, other)) = (ping(1, b"one"), ping(u64::MAX, b""));
        let silent = message(7, 1, 17, b"zzz");
        let all = [&one[..], &silent, &two, &silent, &one].concat();
        let answers = [&pong[..], &other, &pong].concat();
        let spelled = server.client();
        spelled.spells(&all).half_closes().hears_last(&answers);
        server.say(&all).half_closes().hears_last(&answers);
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("bytes_discarded"), 4 * 17, "{engine}");
        assert_eq!(stopped.count("closed_by_peer"), 2, "{engine}");
    }
}

#[test]
fn a_header_that_makes_no_sense_ends_its_connection_and_no_other() {
    for engine in ENGINES {
        let server = over("tcp").arg("--engine").arg(engine).start();
        let (asked, answered) = ping(1, b"fine");
        for length in [0, 13, (1 << 20) + 1, 1 << 31, u32::MAX] {
            let bad = message(2, 3, length, b"never");
            let (heard, end) = server.say(&[&asked[..], &bad].concat()).rest();
            assert!(answered.starts_with(&heard), "{engine}: {length}");
            assert_eq!(end, End::Reset, "{engine}: {length}");
        }
        let after = server.say(&asked);
        after.half_closes().hears_last(&answered);
        let stopped = server.stop_in_order();
        assert_eq!(
            (stopped.count("failed"), stopped.count("closed_by_peer")),
            (5, 1)
        );
        let (senseless, too_long) = (
            "a frame's header made no sense",
            "a frame was longer than allowed",
        );
        let reasons = stopped.reasons("closed");
        let count = |why| reasons.iter().filter(|r| **r == why).count();
        assert_eq!((count(senseless), count(too_long)), (2, 3), "{reasons:?}");
    }
}

#[test]
fn a_datagram_that_is_no_ping_is_counted_with_its_reason() {
    for (unanswered, why) in [
        (b"hello?".to_vec(), "it is too short for sockperf's header"),
        (Vec::new(), "it is too short for sockperf's header"),
        (
            message(1, 3, 15, b""),
            "its length is not what sockperf's header says",
        ),
        (
            message(1, 3, 14, b"x"),
            "its length is not what sockperf's header says",
        ),
        (message(1, 2, 14, b""), "sockperf's client bit is not set"),
        (
            message(1, 1, 14, b""),
            "sockperf's header asks for no answer",
        ),
        (
            message(1, 7, 14, b""),
            "sockperf's header asks for no answer",
        ),
    ] {
        let server = over("udp").start();
        let (asked, answered) = ping(3, b"fine");
        server.say(&unanswered).say(&asked).hears(&answered);
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("datagrams.dropped"), 1);
        assert_eq!(stopped.count("datagrams.echoed"), 1);
        assert_eq!(stopped.reasons("unanswered"), [why]);
    }
}

#[test]
fn seqpacket_and_unix_sockets_speak_it_too() {
    let (asked, answered) = ping(3, b"fine");
    for scheme in ["unix", "unixgram", "seqpacket"] {
        let place = place();
        let path = place.path().join("s");
        let address = format!("{scheme}://{}", path.display());
        let server = Sockplay::new("serve")
            .arg(address)
            .arg("--sockperf")
            .start();
        let client: Client = server.client();
        client
            .say(&message(1, 1, 14, b""))
            .say(&asked)
            .hears(&answered);
        client.say(&asked).hears(&answered);
        drop(client);
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("bytes_discarded"), 14, "{scheme}");
    }
}

// --- the flag and the keys ---

#[test]
fn the_flag_leaves_a_limit_that_the_user_wrote() {
    let server = over("tcp").set("serve.requests=2").start();
    let (asked, answered) = ping(1, b"");
    let client = server.say(&asked);
    client.hears(&answered).say(&asked).hears_last(&answered);
    assert_eq!(server.stop_in_order().count("closed_by_rule"), 1);
}

#[test]
fn the_keys_do_the_same_without_the_flag() {
    let (asked, answered) = ping(1, b"keys");
    let serve = || {
        common::serve("tcp4-loop")
            .any_port()
            .set("serve.reply=sockperf")
    };
    let server = serve().set("io.framing=sockperf").start();
    server.say(&asked).half_closes().hears_last(&answered);
    server.stop_in_order();
    let refused = serve().finishes();
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        refused.err.contains("io.framing = \"sockperf\""),
        "{}",
        refused.err
    );
}
