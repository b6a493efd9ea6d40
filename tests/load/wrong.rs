//! Peers of every kind of bad manners: each ends the run with its own word, within the deadline, and nothing is lost of
//! what came before.

use std::time::{Duration, Instant};

use super::peers::{self, Peer, seqpacket, tcp, tcp_with, udp};
use super::{adds_up, echo_of, n, probe};
use crate::common::{Sockplay, place};
use serde_json::Value;

/// Without an echo a remote probe gives up after 5 s.
const DEADLINE: Duration = Duration::from_secs(9);

const RIGHT: &str = "d = c.recv(4096); c.sendall(d)";

fn ends(probe: &Sockplay, outcome: &str) -> Value {
    let start = Instant::now();
    let finished = probe.finishes();
    assert!(
        start.elapsed() < DEADLINE,
        "{outcome}: {:?}",
        start.elapsed()
    );
    let echo = echo_of(&finished);
    assert_eq!(echo["outcome"], outcome, "{echo}");
    assert_eq!(finished.code, 1, "{echo}");
    adds_up(&echo);
    echo
}

/// Both loops come to the same end: the blocking one, and the one that waits for readiness.
fn both(peer: &dyn Fn() -> Peer, outcome: &str) -> [Value; 2] {
    both_with(&|_| peer(), outcome)
}

/// The same, where the peer has to know how many bytes are on their way to it.
fn both_with(peer: &dyn Fn(usize) -> Peer, outcome: &str) -> [Value; 2] {
    [1, 2].map(|pipeline| {
        let peer = peer(64 * pipeline);
        let probe = probe(&peer).arg("--count=50").arg("--pipeline");
        ends(&probe.arg(pipeline.to_string()), outcome)
    })
}

#[test]
fn wrong_bytes_are_named() {
    for echo in both(&|| tcp("c.sendall(c.recv(4096).upper())"), "wrong-bytes") {
        assert_eq!(n(&echo, "corrupt"), 1);
        let says = echo["ended"].as_str().unwrap();
        assert!(
            says.contains("byte 8 of message 0 should begin \"abcd"),
            "{says}"
        );
    }
    let shorter = || udp("d if i < 7 else d[:-1]");
    for echo in both(&shorter, "wrong-bytes") {
        assert_eq!((n(&echo, "received"), n(&echo, "corrupt")), (7, 1));
        let says = echo["ended"].as_str().unwrap();
        assert!(
            says.contains("message 7 of 64 bytes came back as 63 bytes"),
            "{says}"
        );
    }
    both(&|| udp("d + b'more'"), "wrong-bytes");
}

#[test]
fn boundaries_must_hold() {
    let place = place();
    let at = place.path().join("s");
    let cut = seqpacket(&at, "d = c.recv(4096); c.send(d[:40]); c.send(d[40:])");
    let echo = ends(&probe(&cut).arg("--count=5"), "wrong-bytes");
    assert!(
        echo["ended"]
            .as_str()
            .unwrap()
            .contains("64 bytes came back as 40")
    );
    let at = place.path().join("more");
    let more = seqpacket(&at, "c.send(c.recv(4096)); c.send(b'more'); ready()");
    ends(
        &probe(&more).arg("--count=5").arg("--rate=50"),
        "wrong-bytes",
    );
}

#[test]
fn bytes_that_nobody_sent() {
    let more = tcp("c.sendall(c.recv(64) + b'mo\\x1bre'); c.recv(1)");
    let echo = ends(&probe(&more).arg("--count=50"), "extra-bytes");
    let says = echo["ended"].as_str().unwrap();
    assert!(
        says.contains("5 bytes after 1 echoes, \"mo\\x1bre\""),
        "{says}"
    );
    // All that was asked for had come back.
    let last =
        tcp("[c.sendall(c.recv(64)) for _ in range(49)]; c.sendall(c.recv(64) + b'x'); c.recv(1)");
    let echo = ends(&probe(&last).arg("--count=50"), "extra-bytes");
    assert_eq!((n(&echo, "sent"), n(&echo, "received")), (50, 50));
}

#[test]
fn connections_that_end_early() {
    let closes = |bytes| tcp(&format!("take(c, {bytes})"));
    for echo in both_with(&closes, "closed-early") {
        assert_eq!(n(&echo, "received"), 0);
    }
    let cuts = |bytes| tcp(&format!("take(c, {bytes}); c.sendall(b'00000')"));
    for echo in both_with(&cuts, "cut-short") {
        let says = echo["ended"].as_str().unwrap();
        assert!(says.contains("after 5 of 64 bytes"), "{says}");
    }
    let reset = "c.recv(1); c.setsockopt(1, socket.SO_LINGER, struct.pack('ii', 1, 0))";
    for echo in both(&|| tcp(reset), "reset") {
        assert_eq!(n(&echo, "errors"), 1);
    }
}

#[test]
fn a_server_that_listens_no_more_leaves_its_numbers() {
    let once = "l.close(); [c.sendall(c.recv(64)) for _ in range(3)]";
    for echo in both(&|| tcp(once), "refused") {
        assert_eq!(n(&echo, "received"), 3);
        let says = echo["ended"].as_str().unwrap();
        assert!(says.contains("ECONNREFUSED"), "{says}");
    }
}

#[test]
fn datagrams_that_nobody_answers_or_nobody_sent() {
    for pipeline in ["1", "3"] {
        let nobody = Sockplay::new("probe").arg("--json").arg(peers::nobody());
        let echo = ends(&nobody.arg("--pipeline").arg(pipeline), "refused");
        assert_eq!(n(&echo, "errors"), 1);
    }
    let garbage = || udp("d if i < 4 else b'\\x07 nonsense'");
    for echo in both(&garbage, "garbage") {
        assert_eq!(n(&echo, "received"), 4);
        let says = echo["ended"].as_str().unwrap();
        assert!(says.ends_with("10 bytes, \"\\x07 nonsense\""), "{says}");
    }
}

/// All at once, because each lasts as long as a probe's patience.
#[test]
fn nothing_is_waited_for_for_ever() {
    // Each byte comes in time; all of them would take a minute.
    let drip = "d = c.recv(4096)
    for b in d: c.sendall(bytes([b])); time.sleep(1)";
    let half = "c.sendall(c.recv(4096)[:9]); c.recv(4096); c.recv(4096)";
    let later = format!("{RIGHT}; c.recv(4096); c.recv(4096); c.recv(1)");
    std::thread::scope(|all| {
        all.spawn(|| both(&|| tcp("c.recv(4096); c.recv(4096); c.recv(1)"), "silent"));
        all.spawn(|| {
            for echo in both(&|| tcp(&later), "silent") {
                assert!(n(&echo, "received") >= 1);
            }
        });
        all.spawn(|| both(&|| tcp(half), "stalled"));
        all.spawn(|| both(&|| tcp(drip), "stalled"));
        all.spawn(|| both(&|| udp("None"), "silent"));
        all.spawn(|| both(&|| udp("d if i == 0 else None"), "silent"));
    });
}

/// One message is more than the two kernels hold.
#[test]
fn a_peer_that_never_reads() {
    let small = "l.setsockopt(1, socket.SO_RCVBUF, 4096)";
    let deaf = || tcp_with(small, "c.recv(1); time.sleep(15)");
    std::thread::scope(|all| {
        // 64 KiB are sent by the blocking loop, more by the other one.
        for size in ["64KiB", "1MiB"] {
            all.spawn(move || {
                let peer = deaf();
                let probe = probe(&peer).set("connect.options.SO_SNDBUF=4608");
                ends(&probe.arg("--size").arg(size), "never-reads")
            });
        }
    });
}

/// It waits for us to read, and we wait for it to read: somebody has to begin.
#[test]
fn a_message_that_does_not_fit_into_the_buffers_is_echoed() {
    let small = "l.setsockopt(1, socket.SO_RCVBUF, 4096); l.setsockopt(1, socket.SO_SNDBUF, 4096)";
    let echo = "while d := c.recv(1000): c.sendall(d)";
    for (size, count) in [("48KiB", 2), ("1MiB", 1)] {
        let peer = tcp_with(small, echo);
        let probe = probe(&peer)
            .set("connect.options.SO_SNDBUF=4608")
            .set("connect.options.SO_RCVBUF=2304");
        let finished = probe
            .arg(format!("--count={count}"))
            .arg("--size")
            .arg(size)
            .finishes();
        let echo = echo_of(&finished);
        assert_eq!(n(&echo, "received"), count, "{echo}");
    }
}
