//! `sockplay probe`: every profile measured with both ends here, and peers of every kind of bad manners.

mod common;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Finished, Process, Sockplay, needs, needs_socket, place, python};
use serde_json::Value;
use socket2::{Domain, Type};

/// Without an echo a probe gives up after 5 s; nothing may take much longer than that.
const DEADLINE: Duration = Duration::from_secs(9);

fn probe() -> Sockplay {
    Sockplay::new("probe").arg("--json")
}

/// The only run of a report.
fn run_of(finished: &Finished) -> Value {
    let report: Value = serde_json::from_slice(&finished.out)
        .unwrap_or_else(|e| panic!("{e}\n{}{}", finished.text(), finished.err));
    assert_eq!(report["schema"], "sockplay.probe");
    assert_eq!(report["version"], 1);
    let runs = report["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    runs[0].clone()
}

fn n(value: &Value, key: &str) -> u64 {
    let number = value[key].as_u64();
    number.unwrap_or_else(|| panic!("{key} is no number in {value}"))
}

/// Every key that others rely on, with numbers that fit together.
fn holds_its_schema(run: &Value) {
    for key in [
        "profile",
        "socket",
        "options",
        "sockets",
        "connect_ns",
        "echo",
    ] {
        assert!(run.get(key).is_some(), "{key} is missing in {run}");
    }
    assert!(run["socket"]["family"].is_string() && run["socket"]["type"].is_string());
    assert!(run["socket"]["protocol"].is_u64(), "{run}");
    assert!(n(run, "connect_ns") > 0);
    for option in run["options"].as_array().expect("options") {
        for key in ["name", "level", "verdict"] {
            assert!(option[key].is_string(), "{key} of {option}");
        }
        for key in ["requested", "default", "effective", "why"] {
            assert!(option.get(key).is_some(), "{key} of {option}");
        }
        let verdicts = ["honoured", "adjusted", "refused", "ignored"];
        let verdict = option["verdict"].as_str().unwrap();
        assert!(verdicts.contains(&verdict), "{option}");
    }
    for key in ["listener", "accepted", "client"] {
        assert!(run["sockets"][key].is_object(), "sockets.{key}");
    }
}

fn echo_holds_its_schema(echo: &Value) {
    let sent = n(echo, "sent");
    let counted = n(echo, "received") + n(echo, "lost") + n(echo, "corrupt");
    assert_eq!(sent, counted, "{echo}");
    let rtt = &echo["rtt_ns"];
    let order = ["min", "p50", "p90", "p99", "p999", "max"].map(|key| n(rtt, key));
    assert!(order.is_sorted(), "{rtt}");
    assert!(
        order[0] > 0 && (order[0]..=order[5]).contains(&n(rtt, "mean")),
        "{rtt}"
    );
    assert!(n(echo, "messages_per_s") > 0 && n(echo, "bytes_per_s") > 0 && n(echo, "bytes") > 0);
}

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let files = std::fs::read_dir(folder).unwrap();
    let mut all: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    all.sort();
    all
}

/// What some profiles need from the machine.
fn possible(name: &str) -> bool {
    match name {
        "raw4" | "raw6" | "icmp-ping" => needs("CAP_NET_RAW"),
        "mptcp" => needs_socket(Domain::IPV4, Type::STREAM, 262),
        "udplite" => needs_socket(Domain::IPV4, Type::DGRAM, 136),
        _ => true,
    }
}

fn p50(run: &Value) -> u64 {
    n(&run["echo"]["rtt_ns"], "p50")
}

#[test]
fn every_shipped_profile() {
    for path in shipped() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if !possible(name) {
            continue;
        }
        let mut command = probe().arg("-c").arg(&path).set("probe.count=20");
        if name == "tcp4-tiny-backlog" {
            command = command.set("serve.pause.before_accept=\"1ms\"");
        }
        let finished = command.finishes();
        if name == "systemd" {
            assert_eq!(finished.code, 1, "it has nothing to inherit");
            assert!(
                finished.err.contains("help: name an ADDRESS"),
                "{}",
                finished.err
            );
            continue;
        }
        assert_eq!(finished.code, 0, "{name}: {}", finished.err);
        let run = run_of(&finished);
        assert_eq!(run["profile"].as_str().unwrap(), path.to_str().unwrap());
        holds_its_schema(&run);
        if ["tcp4-accept-only", "tcp4-receive-only"].contains(&name) {
            assert!(run["echo"].is_null(), "{name} does not echo");
        } else {
            echo_holds_its_schema(&run["echo"]);
            assert_eq!(n(&run["echo"], "received"), 20, "{name}");
        }
    }
}

#[test]
fn nagle_costs_a_delayed_acknowledgement() {
    let of = |name| run_of(&probe().arg("-c").arg(name).set("probe.count=20").finishes());
    let (slow, fast) = (of("tcp4-nagle"), of("tcp4-nodelay"));
    assert!(
        p50(&slow) > 10 * p50(&fast),
        "{} against {} ns",
        p50(&slow),
        p50(&fast)
    );
}

/// A server in Python: `open` binds `l` and says its ADDRESS, `talk(c)` is one conversation.
struct Peer {
    address: String,
    _process: Process,
}

fn peer(script: &str) -> Peer {
    let process = python(script).starts();
    Peer {
        address: process.first_line(),
        _process: process,
    }
}

const TCP: &str = "
l = socket.create_server(('127.0.0.1', 0)); ready('127.0.0.1:%d' % l.getsockname()[1])
";

/// A TCP server whose conversations are `talk`.
fn tcp(talk: &str) -> Peer {
    peer(&format!(
        "def talk(c):\n    {talk}\n{TCP}
while True:
    c = l.accept()[0]
    try: talk(c)
    except OSError: pass
    c.close()"
    ))
}

/// A UDP server that sends back what `answer` makes of the datagram `d`, number `i`.
fn udp(answer: &str) -> Peer {
    peer(&format!(
        "l = socket.socket(2, 2); l.bind(('127.0.0.1', 0)); ready('udp://127.0.0.1:%d' % l.getsockname()[1])
i = 0
while True:
    d, a = l.recvfrom(65536)
    r = {answer}
    if r is not None: l.sendto(r, a)
    i += 1"
    ))
}

fn probes(peer: &Peer) -> (Finished, Value) {
    let start = Instant::now();
    let finished = probe().arg(&peer.address).set("probe.count=50").finishes();
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
    let run = run_of(&finished);
    holds_its_schema(&run);
    (finished, run["echo"].clone())
}

fn succeeds(peer: &Peer) -> Value {
    let (finished, echo) = probes(peer);
    assert_eq!(finished.code, 0, "{}{}", finished.text(), finished.err);
    echo_holds_its_schema(&echo);
    assert_eq!(n(&echo, "received"), 50);
    assert!(echo["ended"].is_null());
    echo
}

/// It ends with a sentence that begins like this, and exit code 1.
fn fails(peer: &Peer, sentence: &str) -> Value {
    let (finished, echo) = probes(peer);
    assert_eq!(finished.code, 1, "{}{}", finished.text(), finished.err);
    let ended = echo["ended"].as_str().unwrap_or_default();
    assert!(ended.starts_with(sentence), "{echo}");
    let missing = n(&echo, "lost") + n(&echo, "corrupt");
    assert_eq!(n(&echo, "sent"), n(&echo, "received") + missing, "{echo}");
    echo
}

const ECHO: &str = "
    while (d := c.recv(65536)): c.sendall(d)";

#[test]
fn an_echo_over_every_type() {
    succeeds(&tcp(ECHO));
    succeeds(&udp("d"));
    let place = place();
    let path = place.path().join("s");
    let at = path.to_str().unwrap();
    succeeds(&peer(&format!(
        "l = socket.socket(1, 1); l.bind('{at}'); l.listen(); ready('{at}')
c = l.accept()[0]{}",
        ECHO.replace("\n    ", "\n")
    )));
    succeeds(&peer(&format!(
        "l = socket.socket(1, 5); l.bind('{at}q'); l.listen(); ready('seqpacket://{at}q')
c = l.accept()[0]{}",
        ECHO.replace("\n    ", "\n")
    )));
    succeeds(&peer(&format!(
        "l = socket.socket(1, 2); l.bind('{at}d'); ready('unixgram://{at}d')
while True:
    d, a = l.recvfrom(65536); l.sendto(d, a)"
    )));
}

#[test]
fn a_server_that_closes_after_some_requests_is_connected_to_again() {
    let echo = succeeds(&tcp("[c.sendall(c.recv(4096)) for _ in range(3)]"));
    assert_eq!(n(&echo, "connections"), 17);
    let reset = "[c.sendall(c.recv(4096)) for _ in range(3)]; c.recv(1)
    c.setsockopt(1, socket.SO_LINGER, struct.pack('ii', 1, 0))";
    let echo = succeeds(&tcp(reset));
    assert_eq!(n(&echo, "connections"), 17);
}

#[test]
fn a_server_that_answers_wrong() {
    let corrupt = "an echo differs from what was sent";
    assert_eq!(
        n(
            &fails(&tcp("c.sendall(c.recv(4096).upper())"), corrupt),
            "corrupt"
        ),
        1
    );
    let more = "more came back than was sent: 4 bytes after 1 echoes, \"more\"";
    fails(&tcp("c.sendall(c.recv(4096) + b'more')"), more);
    fails(&udp("d.upper()"), corrupt);
    fails(&udp("d + b'more'"), corrupt);
    fails(&udp("d[:-1]"), corrupt);
    // Right at first, and wrong later.
    let echo = fails(&udp("d if i < 7 else d[::-1]"), corrupt);
    assert_eq!(n(&echo, "received"), 7);
}

#[test]
fn a_server_that_ends_early() {
    let cut = "the peer closed after 5 of 64 bytes of an echo";
    fails(&tcp("c.sendall(c.recv(4096)[:5])"), cut);
    fails(&tcp("c.recv(4096)"), "the peer closed without an echo");
    fails(
        &tcp("c.recv(1); c.setsockopt(1, socket.SO_LINGER, struct.pack('ii', 1, 0))"),
        "the peer reset the connection (ECONNRESET)",
    );
}

/// Silence in every form. All at once, because each lasts as long as a probe's patience.
#[test]
fn nothing_is_waited_for_for_ever() {
    let nothing = "nothing comes back: no echo for 5.";
    let part = "only a part comes back: ";
    let no_more = "nothing comes back any more";
    let place = place();
    let at = place.path().join("s");
    let seqpacket = format!(
        "l = socket.socket(1, 5); l.bind('{0}'); l.listen(); ready('seqpacket://{0}')
c = l.accept()[0]
c.send(c.recv(4096))
while c.recv(4096): pass",
        at.display()
    );
    // Each byte comes in time; all of them would take a minute.
    let drip = "d = c.recv(4096)
    for b in d: c.sendall(bytes([b])); time.sleep(1)";
    std::thread::scope(|all| {
        all.spawn(|| fails(&tcp("c.recv(4096); c.recv(1)"), nothing));
        all.spawn(|| fails(&tcp(drip), part));
        all.spawn(|| {
            let echo = fails(&peer(&seqpacket), no_more);
            assert_eq!((n(&echo, "received"), n(&echo, "lost")), (1, 1));
        });
        all.spawn(|| assert_eq!(n(&fails(&udp("None"), "nothing comes back"), "lost"), 3));
        // All losses of a run together may not take longer than one silence.
        all.spawn(|| {
            let echo = fails(&udp("d if i == 0 else None"), no_more);
            assert_eq!(n(&echo, "received"), 1);
        });
    });
}

#[test]
fn one_lost_datagram_is_no_silence_but_no_success_either() {
    let (finished, echo) = probes(&udp("None if i == 2 else d"));
    assert_eq!(finished.code, 1);
    assert_eq!((n(&echo, "received"), n(&echo, "lost")), (49, 1));
    // A late echo of an earlier one is passed over.
    let late = "None if i == 2 else (l.sendto(old, a), d)[1] if i == 3 else d
    old = d";
    let (_, echo) = probes(&udp(late));
    assert_eq!((n(&echo, "received"), n(&echo, "lost")), (49, 1));
}

#[test]
fn a_port_where_nobody_is() {
    // Bound by a socket that answers nothing for UDP; closed again, the kernel answers with ICMP.
    let port =
        python("s = socket.socket(2, 2); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
            .prints();
    let nobody = probe().arg(format!("udp://127.0.0.1:{port}")).finishes();
    assert_eq!(nobody.code, 1, "{}", nobody.err);
    let run = run_of(&nobody);
    assert_eq!(
        run["echo"]["ended"],
        "recv: connection refused (ECONNREFUSED)"
    );
    let nobody = probe().arg(format!("127.0.0.1:{port}")).finishes();
    assert_eq!(nobody.code, 1);
    for part in ["ECONNREFUSED", "cause: ", "help: "] {
        assert!(nobody.err.contains(part), "{part}: {}", nobody.err);
    }
}

#[test]
fn a_probe_makes_nothing_in_a_dry_run_and_leaves_nothing_behind() {
    let place = place();
    let temp = place.path().to_str().unwrap();
    let through = ["env", &format!("TMPDIR={temp}")];
    let command = |arg| probe().arg("-c").arg("unix-stream").arg(arg);
    let missing = ["env", &format!("TMPDIR={temp}/none")];
    let dry = command("--dry-run").through(&missing).finishes();
    assert_eq!(dry.code, 0, "it would have to exist: {}", dry.err);
    let refused = command("-q").through(&missing).finishes();
    assert_eq!(refused.code, 1);
    for part in ["mkdir", "ENOENT", "help: TMPDIR"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    assert_eq!(command("-q").through(&through).finishes().code, 0);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    // In a container a process may have the same number again, and find what its killed predecessor left.
    let again = format!("mkdir {temp}/sockplay-probe-$$ && exec \"$@\"");
    let through = [&through[..], &["sh", "-c", &again, "sh"]].concat();
    assert_eq!(command("-q").through(&through).finishes().code, 0);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}
