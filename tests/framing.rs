//! Where a message ends: split, glued, unfinished and counted input; and that nothing is lost or reordered on the way.

mod common;

use std::thread;

use common::{Client, End, Running, Sockplay, Stopped, pattern, place, serve};

fn framed(framing: &str) -> Sockplay {
    serve("tcp4-loop")
        .any_port()
        .set(format!("io.framing={framing}"))
}

/// The bytes of each `received` or `sent` event.
fn sizes(stopped: &Stopped, kind: &str) -> Vec<u64> {
    let of_kind = stopped.events.iter().filter(|e| e["event"] == kind);
    of_kind.filter_map(|e| e["bytes"].as_u64()).collect()
}

/// Sends while it receives, then ends its direction: (what came back, how it ended).
fn flood(client: &Client, bytes: &[u8]) -> (Vec<u8>, End) {
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            client.say(bytes);
            client.half_closes();
        });
        let heard = client.rest();
        sending.join().expect("everything was sent");
        heard
    })
}

/// `input` spelled byte by byte, then glued; both times `output` comes back, and then the end.
fn split_and_glued(profile: &Sockplay, input: &[u8], output: &[u8]) -> Stopped {
    let server = profile.start();
    let client = server.client();
    client.spells(input).half_closes().hears_last(output);
    let client = server.say(input);
    client.half_closes().hears_last(output);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("closed_by_peer"), 2);
    assert_eq!(stopped.count("bytes_received"), 2 * input.len() as u64);
    stopped
}

#[test]
fn lines() {
    let input = b"one\n\ntwo\r\nand the last without an end";
    let stopped = split_and_glued(&framed("line"), input, input);
    let glued = sizes(&stopped, "sent");
    assert!(
        glued.contains(&10),
        "whole glued lines leave together: {glued:?}"
    );
}

#[test]
fn a_line_is_answered_only_when_it_is_whole() {
    let server = framed("line").start();
    let client = server.say(b"hel");
    server.event("received", 1);
    client.say(b"lo\nwor");
    server.event("received", 2);
    client.hears(b"hello\n").say(b"ld\n").hears(b"world\n");
    drop(client);
    server.event("closed", 1);
    let stopped = server.stop_in_order();
    assert_eq!(sizes(&stopped, "sent"), [6, 6]);
}

#[test]
fn delimiters_of_several_bytes() {
    let input = b"a--b---c-d--";
    let profile = framed("delimiter").set("io.delimiter=\"--\"");
    split_and_glued(&profile, input, input);
}

#[test]
fn length_prefixes_of_every_width() {
    for (bytes, prefix) in [
        (1, &b"\x03"[..]),
        (2, b"\0\x03"),
        (4, b"\0\0\0\x03"),
        (8, b"\0\0\0\0\0\0\0\x03"),
    ] {
        let one = [prefix, b"abc"].concat();
        let none = vec![0; bytes];
        let input = [&one[..], &none, &one].concat();
        let profile = framed("length-prefix").set(format!("io.prefix_bytes={bytes}"));
        split_and_glued(&profile, &input, &input);
    }
}

#[test]
fn fixed_messages() {
    let profile = framed("fixed").set("io.message_size=5");
    split_and_glued(&profile, b"12345abcde", b"12345abcde");
}

#[test]
fn what_is_unfinished_at_the_end_is_given_up_and_said() {
    for (framing, more, input, output) in [
        (
            "length-prefix",
            "io.prefix_bytes=2",
            &b"\0\x01a\0\x05bc"[..],
            &b"\0\x01a"[..],
        ),
        ("length-prefix", "io.prefix_bytes=4", b"\0\0", b""),
        ("fixed", "io.message_size=4", b"abcdef", b"abcd"),
    ] {
        let server = framed(framing).set(more).start();
        let client = server.say(input);
        client.hears(output).half_closes();
        // Something was given up: the end must not look clean.
        assert_eq!(client.rest(), (Vec::new(), End::Reset), "{framing} {more}");
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("failed"), 1);
        let lost = (input.len() - output.len()) as u64;
        assert_eq!(stopped.count("bytes_discarded"), lost);
    }
}

#[test]
fn a_frame_that_is_too_long_ends_the_connection_and_no_other() {
    let server = framed("length-prefix").set("io.prefix_bytes=8").start();
    let client = server.say(&[0xff; 8]);
    assert_eq!(client.rest(), (Vec::new(), End::Reset));
    let ok = server.say(b"\0\0\0\0\0\0\0\x02ok");
    ok.hears(b"\0\0\0\0\0\0\0\x02ok")
        .half_closes()
        .hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(
        (stopped.count("failed"), stopped.count("closed_by_peer")),
        (1, 1)
    );
}

#[test]
fn so_many_requests_and_no_more() {
    let server = framed("line").set("serve.requests=3").start();
    let client = server.say(b"1\n2\n");
    client.hears(b"1\n2\n").say(b"3\n").hears_last(b"3\n");
    // Glued, with something over: three are answered, the rest is given up, and that shows.
    let (heard, end) = server.say(b"1\n2\n3\n4\n5").rest();
    assert!(b"1\n2\n3\n".starts_with(&heard[..]), "{heard:?}");
    assert_eq!(end, End::Reset);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("bytes_discarded"), 3);
    assert_eq!(stopped.count("bytes_sent"), 12);
}

#[test]
fn everything_comes_back_through_a_small_buffer() {
    let bytes = pattern(1 << 20);
    for engine in ["none", "line"] {
        let server = framed(engine).set("io.buffer_size=1KiB").arg("-q").start();
        let (heard, end) = flood(&server.client(), &bytes);
        assert!(heard == bytes, "{} of {} bytes", heard.len(), bytes.len());
        assert_eq!(end, End::Clean);
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("bytes_sent"), 1 << 20);
        assert_eq!(stopped.count("bytes_discarded"), 0);
    }
}

#[test]
fn a_buffer_of_one_byte_is_enough() {
    let server = framed("line").set("io.buffer_size=1").arg("-q").start();
    let (heard, end) = flood(&server.client(), b"one\ntwo\nthree");
    assert_eq!((&heard[..], end), (&b"one\ntwo\nthree"[..], End::Clean));
    server.stop_in_order();
}

#[test]
fn small_socket_buffers_lose_nothing() {
    let bytes = pattern(300_000);
    let server = serve("tcp4-small-buffers").any_port().arg("-q").start();
    let (heard, end) = flood(&server.client(), &bytes);
    assert!(
        heard == bytes && end == End::Clean,
        "{} bytes, {end:?}",
        heard.len()
    );
    server.stop_in_order();
}

#[test]
fn a_client_that_sends_and_never_reads_costs_only_itself() {
    let server = serve("tcp4-small-buffers")
        .any_port()
        .set("serve.idle_timeout=300ms")
        .arg("-q")
        .start();
    let deaf = server.client();
    deaf.socket().set_nonblocking(true).unwrap();
    // As much as the buffers of both sides hold, so that the server has to stop as well.
    let mut taken = 0;
    while let Ok(n) = deaf.socket().send(&pattern(65_536)) {
        taken += n;
    }
    assert!(taken > 0);
    let next = server.say(b"next");
    next.hears(b"next").half_closes().hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("closed_by_peer"), 1);
    assert!(
        stopped.count("bytes_discarded") > 0,
        "{}",
        stopped.accounts()
    );
}

#[test]
fn discard_reads_all_and_answers_nothing() {
    let server = serve("tcp4-loop")
        .any_port()
        .set("serve.reply=discard")
        .arg("-q")
        .start();
    let client = server.say(&pattern(100_000));
    client.half_closes().hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("bytes_discarded"), 100_000);
    assert_eq!(stopped.count("bytes_sent"), 0);
}

#[test]
fn chargen_speaks_first() {
    let server = serve("tcp4-loop")
        .any_port()
        .set("serve.reply=chargen")
        .arg("-q")
        .start();
    let client = server.client();
    let mut heard = Vec::new();
    while heard.len() < 74 * 95 {
        heard.extend(client.message());
    }
    let lines: Vec<_> = heard.split(|b| *b == b'\n').take(95).collect();
    let first = b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r";
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line.len(), 73, "line {n}");
        // RFC 864: each line begins one character further in the ring.
        assert_eq!(line[..71], lines[(n + 94) % 95][1..72], "line {n}");
    }
    assert!(lines.iter().any(|l| l[..71] == first[..71]));
    drop(client);
    server.event("closed", 1);
    let stopped = server.stop();
    stopped.adds_up();
    assert!(stopped.count("bytes_generated") >= 74 * 95);
}

// --- messages with boundaries ---

fn seqpacket(place: &tempfile::TempDir, set: &str) -> Running {
    let server = serve("unix-seqpacket").at(place.path().join("s"));
    server.set(set).start()
}

#[test]
fn seqpacket_keeps_boundaries_and_an_empty_message_is_no_end() {
    let place = place();
    let server = seqpacket(&place, "serve.requests=unlimited");
    let client = server.client();
    client.say(b"ab").say(b"").say(b"cde").say(&pattern(60_000));
    client
        .hears(b"ab")
        .hears(b"")
        .hears(b"cde")
        .hears(&pattern(60_000));
    client.half_closes().hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(sizes(&stopped, "sent"), [2, 0, 3, 60_000]);
    assert_eq!(stopped.count("closed_by_peer"), 1);
}

#[test]
fn a_seqpacket_longer_than_the_buffer_is_not_echoed_in_part() {
    let place = place();
    let server = seqpacket(&place, "io.buffer_size=4");
    let client = server.client();
    client.say(b"12345").say(b"1234").hears(b"1234");
    client.half_closes().hears_the_end();
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("bytes_discarded"), 5);
    assert_eq!(stopped.reasons("unanswered"), ["longer than the buffer"]);
}

#[test]
fn a_seqpacket_counts_as_a_request_even_when_it_is_empty() {
    let place = place();
    let server = seqpacket(&place, "serve.requests=2");
    let client = server.client();
    client
        .say(b"")
        .say(b"two")
        .hears(b"")
        .hears(b"two")
        .hears_the_end();
    assert_eq!(server.stop_in_order().count("closed_by_rule"), 1);
}
