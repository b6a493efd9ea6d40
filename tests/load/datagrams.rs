//! Datagrams may be lost, late, and doubled: each is counted once, and for what it is.

use super::peers::{Peer, peer, udp};
use super::{adds_up, completes, echo_of, n, probe};
use crate::common::{Sockplay, serve};
use serde_json::Value;

fn counts(peer: &Peer, load: &[&str]) -> Value {
    let probe = load.iter().fold(probe(peer), Sockplay::arg);
    let echo = echo_of(&probe.finishes());
    assert_eq!(echo["outcome"], "complete", "{echo}");
    adds_up(&echo);
    echo
}

#[test]
fn every_seventh_is_lost_exactly() {
    for (load, lost) in [
        (&["--count=21"][..], 3),
        (&["--count=700", "--pipeline=64"], 100),
        (&["--count=70", "--rate=100", "--pipeline=99"], 10),
    ] {
        let echo = counts(&udp("None if i % 7 == 6 else d"), load);
        assert_eq!(n(&echo, "lost"), lost, "{echo}");
        assert_eq!((n(&echo, "late"), n(&echo, "duplicates")), (0, 0), "{echo}");
        assert_eq!(n(&echo, "dropped_here"), 0, "{echo}");
    }
}

#[test]
fn what_comes_twice_is_counted_apart() {
    for pipeline in ["--pipeline=1", "--pipeline=8"] {
        let echo = counts(&udp("(l.sendto(d, a), d)[1]"), &["--count=200", pipeline]);
        assert_eq!((n(&echo, "received"), n(&echo, "lost")), (200, 0));
        // The last ones may still be on their way when it is over.
        assert!((190..=200).contains(&n(&echo, "duplicates")), "{echo}");
    }
}

/// The third comes after it was given up, and then once more.
#[test]
fn what_comes_late_remains_lost() {
    let late = "(time.sleep(0.7), l.sendto(d, a), d)[2] if i == 2 else d";
    let echo = counts(&udp(late), &["--count=20"]);
    assert_eq!((n(&echo, "received"), n(&echo, "lost")), (19, 1));
    assert_eq!((n(&echo, "late"), n(&echo, "duplicates")), (1, 1), "{echo}");
}

#[test]
fn another_order_is_no_loss() {
    let swapped = "None if i % 2 == 0 else (l.sendto(d, a), old)[1]\n    old = d";
    for pipeline in ["--pipeline=2", "--pipeline=16"] {
        let echo = counts(&udp(swapped), &["--count=64", pipeline]);
        assert_eq!((n(&echo, "received"), n(&echo, "lost")), (64, 0));
    }
}

/// Too short for its number: what comes back could be the echo of any, and is one all the same.
#[test]
fn messages_that_repeat() {
    for load in [&["--size=1"][..], &["--size=3", "--pipeline=5"]] {
        completes(&load.iter().fold(probe(&udp("d")), Sockplay::arg));
    }
}

/// Everything is echoed while the client stands still, and its buffer holds a few of them: it must say that it was itself
/// who lost the rest.
#[test]
fn what_the_clients_own_buffer_drops_is_its_own_fault() {
    let peer = peer(
        "l = socket.socket(2, 2); l.setsockopt(1, socket.SO_RCVBUF, 1 << 20); l.bind(('127.0.0.1', 0))
ready('udp://127.0.0.1:%d' % l.getsockname()[1])
pid = int(sys.stdin.readline())
all = [l.recvfrom(65536) for _ in range(64)]
os.kill(pid, 19)
while open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()[0] != 'T': pass
for d, a in all: l.sendto(d, a)
os.kill(pid, 18)
l.recvfrom(1)",
    );
    let probe = probe(&peer).set("connect.options.SO_RCVBUF=2304");
    let running = probe
        .arg("--size=1000")
        .arg("--pipeline=64")
        .arg("--count=64")
        .spawn();
    let mut python = peer.process;
    python.types(format!("{}\n", running.pid()).as_bytes());
    let echo = echo_of(&running.finishes());
    adds_up(&echo);
    assert!(n(&echo, "dropped_here") > 0, "{echo}");
    assert_eq!(n(&echo, "dropped_here"), n(&echo, "lost"), "{echo}");
    assert_eq!(n(&echo, "received") + n(&echo, "lost"), 64, "{echo}");
}

#[test]
fn our_own_servers_answer_all_kinds() {
    for (profile, scheme) in [("udp4", "udp://"), ("udp6", "udp://")] {
        let server = serve(profile).any_port().start();
        let address = format!("{scheme}{}", server.address());
        let probe = crate::common::Sockplay::new("probe")
            .arg("--json")
            .arg(&address);
        completes(&probe.arg("--connections=20").arg("--count=2000"));
    }
}
