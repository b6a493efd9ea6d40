//! How a server stops: in order when it is asked once, at once when it is asked twice, and honest about what it cost.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{End, PATIENCE, Running, Sockplay, pattern, place, serve};
use nix::sys::signal::Signal;

fn echo() -> Sockplay {
    serve("tcp4-loop").any_port()
}

/// A client that is being served.
fn busy(server: &Running) -> common::Client {
    let client = server.say(b"busy");
    client.hears(b"busy");
    client
}

#[test]
fn term_lets_a_conversation_go_on_to_its_end() {
    let server = echo().start();
    let client = busy(&server);
    server
        .signal(Signal::SIGTERM)
        .logs("waiting for 1 connection");
    for word in [&b"still"[..], b"here", b"and here"] {
        client.say(word).hears(word);
    }
    client.half_closes().hears_the_end();
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    stopped.adds_up();
    assert_eq!(stopped.count("closed_by_peer"), 1);
    assert!(
        stopped.log.contains("at most 5s; Ctrl-C again stops now"),
        "{}",
        stopped.log
    );
}

#[test]
fn nobody_new_is_let_in_while_it_drains() {
    let server = echo().start();
    let client = busy(&server);
    server
        .signal(Signal::SIGTERM)
        .logs("waiting for 1 connection");
    // One answer later: the order to stop has reached the engine, but it is still in the conversation.
    client.say(b"x").hears(b"x");
    drop(client);
    let port = server.port();
    server.finishes().adds_up();
    let late = TcpStream::connect(("127.0.0.1", port));
    assert!(late.is_err(), "its port is free again");
}

#[test]
fn whoever_waits_in_the_backlog_is_served() {
    let server = echo().start();
    let first = busy(&server);
    let waiting = [server.say(b"one"), server.say(b"two"), server.say(b"three")];
    server.signal(Signal::SIGTERM).logs("waiting for");
    first.half_closes().hears_the_end();
    for (client, word) in waiting.iter().zip([&b"one"[..], b"two", b"three"]) {
        client.hears(word).half_closes().hears_the_end();
    }
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    stopped.adds_up();
    assert_eq!(stopped.count("closed_by_peer"), 4);
}

#[test]
fn drain_timeout_ends_a_silent_conversation() {
    let server = echo().set("serve.drain_timeout=300ms").start();
    let client = busy(&server);
    let asked = Instant::now();
    server.signal(Signal::SIGTERM);
    let (heard, end) = client.rest();
    let after = asked.elapsed();
    assert_eq!(
        (&heard[..], end),
        (&b""[..], End::Clean),
        "nothing was unsent"
    );
    assert!(after >= Duration::from_millis(300), "{after:?}");
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    stopped.adds_up();
}

#[test]
fn int_closes_an_idle_peer_at_once() {
    let server = echo().set("serve.drain_timeout=1h").start();
    let client = busy(&server);
    server.signal(Signal::SIGINT);
    client.hears_the_end();
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    stopped.adds_up();
    assert_eq!(stopped.count("closed_by_rule"), 1);
}

#[test]
fn a_second_signal_ends_it_now() {
    for second in [Signal::SIGTERM, Signal::SIGINT] {
        let server = echo().set("serve.drain_timeout=1h").start();
        let client = busy(&server);
        server
            .signal(Signal::SIGTERM)
            .logs("waiting for 1 connection");
        client.say(b"y").hears(b"y");
        let asked = Instant::now();
        server.signal(second);
        client.rest();
        let stopped = server.finishes();
        // 100 ms are promised; a busy machine gets more, an hour would show all the same.
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "{:?}",
            asked.elapsed()
        );
        stopped.adds_up();
    }
}

#[test]
fn bytes_that_are_given_up_are_a_failure() {
    let server = serve("tcp4-small-buffers")
        .any_port()
        .set("serve.drain_timeout=100ms")
        .arg("-q")
        .start();
    let deaf = server.client();
    deaf.socket().set_nonblocking(true).unwrap();
    while deaf.socket().send(&pattern(65_536)).is_ok() {}
    // The server cannot send: it holds bytes that it has received.
    server.signal(Signal::SIGUSR1);
    server.event("counters", 1);
    let stopped = server.stop();
    assert_eq!(stopped.code, 1, "{}", stopped.log);
    stopped.adds_up();
    assert_eq!(stopped.count("reset"), 1);
    let lost = stopped.count("bytes_lost_at_stop");
    assert!(lost > 0);
    assert!(
        stopped
            .log
            .contains(&format!("{lost} received bytes were given up")),
        "{}",
        stopped.log
    );
}

#[test]
fn an_unfinished_frame_is_given_up_too() {
    let server = echo()
        .set("io.framing=line")
        .set("serve.drain_timeout=100ms")
        .start();
    let client = server.say(b"whole\nhalf");
    client.hears(b"whole\n");
    server.signal(Signal::SIGTERM);
    let (heard, end) = client.rest();
    assert_eq!(
        (&heard[..], end),
        (&b""[..], End::Reset),
        "4 bytes were given up"
    );
    let stopped = server.finishes();
    assert_eq!((stopped.code, stopped.count("bytes_lost_at_stop")), (1, 4));
    stopped.adds_up();
}

#[test]
fn usr1_tells_the_counters_and_changes_nothing() {
    let server = echo().start();
    let client = busy(&server);
    server.signal(Signal::SIGUSR1);
    let counters = server.event("counters", 1);
    assert_eq!(counters["accepted"], 1);
    assert_eq!(counters["bytes_received"], 4);
    server.logs("Served 1 connection:");
    client.say(b"on").hears(b"on").half_closes().hears_the_end();
    server.signal(Signal::SIGUSR1);
    assert_eq!(server.event("counters", 2)["bytes_sent"], 6);
    server.stop_in_order();
}

#[test]
fn every_kind_of_socket_stops_while_it_is_idle() {
    let place = place();
    for profile in ["tcp4", "tcp6", "udp4", "udp6"] {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let server = serve(profile).any_port().start();
            server.signal(signal);
            let stopped = server.finishes();
            assert_eq!(stopped.code, 0, "{profile} {signal}: {}", stopped.log);
            stopped.adds_up();
            assert_eq!(stopped.count("datagrams.received"), 0, "{profile}");
        }
    }
    for profile in ["unix-stream", "unix-seqpacket", "unix-datagram"] {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let server = serve(profile).at(place.path().join("s")).start();
            server.signal(signal);
            let stopped = server.finishes();
            assert_eq!(stopped.code, 0, "{profile} {signal}: {}", stopped.log);
            stopped.adds_up();
            assert_eq!(stopped.count("datagrams.received"), 0, "{profile}");
        }
    }
}

#[test]
fn datagrams_after_a_conversation_stop_too() {
    let place = place();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        for server in [
            serve("udp4").any_port().start(),
            serve("udp6").any_port().start(),
            serve("unix-datagram").at(place.path().join("s")).start(),
        ] {
            let client = server.say(b"hi");
            client.hears(b"hi");
            server.signal(signal);
            let stopped = server.finishes();
            assert_eq!(stopped.code, 0, "{}", stopped.log);
            // Being woken is no message, and nobody is sent an answer to it.
            assert_eq!(stopped.count("datagrams.received"), 1, "{}", stopped.log);
            stopped.adds_up();
        }
    }
}

#[test]
fn a_pause_does_not_delay_the_end() {
    for key in [
        "before_accept",
        "before_read",
        "between_reads",
        "before_close",
    ] {
        let server = serve("tcp4")
            .any_port()
            .set(format!("serve.pause.{key}=1h"))
            .set("serve.requests=2")
            .set("serve.drain_timeout=200ms")
            .start();
        let client = server.say(b"patience");
        if key != "before_accept" {
            server.event("accepted", 1);
        }
        server.signal(Signal::SIGINT);
        let stopped = server.finishes();
        assert!(stopped.code <= 1, "{}", stopped.log);
        stopped.adds_up();
        drop(client);
    }
}

#[test]
fn stop_and_continue_lose_nothing() {
    let server = echo().start();
    let client = busy(&server);
    for _ in 0..3 {
        server.signal(Signal::SIGSTOP);
        client.say(b"meanwhile");
        server.signal(Signal::SIGCONT);
        client.hears(b"meanwhile");
    }
    let idle = serve("tcp4").any_port().start();
    idle.signal(Signal::SIGSTOP).signal(Signal::SIGCONT);
    idle.say(b"awake").hears_last(b"awake");
    idle.stop_in_order();
    drop(client);
    server.stop_in_order();
}

#[test]
fn hup_pipe_and_the_others_do_what_they_always_did() {
    let server = echo().start();
    server.signal(Signal::SIGPIPE).signal(Signal::SIGWINCH);
    busy(&server).half_closes().hears_the_end();
    server.stop_in_order();
}

#[test]
fn nobody_reads_standard_output() {
    // Standard output is a pipe without a reader, and SIGPIPE is what it is by default.
    let parent = "import os, signal, sys
r, w = os.pipe(); os.close(r); os.dup2(w, 1)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])";
    for server in [serve("tcp4").plain(), serve("tcp4")] {
        let server = server
            .any_port()
            .through(&["python3", "-c", parent])
            .spawn();
        let port = server.waits_err("the port", |said| {
            let said = String::from_utf8_lossy(said);
            let (_, after) = said.split_once("Listening on port: ")?;
            after.split_once(' ')?.0.parse::<u16>().ok()
        });
        for _ in 0..2 {
            let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.write_all(b"anyone").unwrap();
            let mut heard = String::new();
            client.read_to_string(&mut heard).unwrap();
            assert_eq!(heard, "anyone");
        }
        server.signal(Signal::SIGTERM);
        let stopped = server.finishes();
        assert_eq!(stopped.code, 0, "{}", stopped.err);
        assert!(!stopped.err.contains("error"), "{}", stopped.err);
    }
}

fn descriptors(server: &Running) -> usize {
    let fds = std::fs::read_dir(format!("/proc/{}/fd", server.pid()));
    fds.unwrap().count()
}

#[test]
fn descriptors_and_threads_return_to_the_baseline() {
    let place = place();
    for server in [
        serve("tcp4").any_port().start(),
        serve("unix-stream").at(place.path().join("s")).start(),
    ] {
        let threads = || {
            std::fs::read_dir(format!("/proc/{}/task", server.pid()))
                .unwrap()
                .count()
        };
        let before = (descriptors(&server), threads());
        for n in 0..200 {
            let client = server.client();
            match n % 4 {
                0 => drop(client),
                1 => client.resets(),
                _ => {
                    client.say(b"hi").hears(b"hi");
                }
            }
        }
        server.event("closed", 200);
        assert_eq!((descriptors(&server), threads()), before);
        assert_eq!(server.stop_in_order().count("accepted"), 200);
    }
}
