//! `sockplay probe ADDRESS`: other people's servers, described.
//!
//! Each test is one kind of peer and holds the outcomes, and the sentence where it is the point. A service that is no
//! echo exits 0; what cannot be reached exits 1 and says why.

mod common;

use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Finished, Process, Sockplay, needs, needs_program, place, python};
use serde_json::Value;

/// Nothing may take longer, however the peer behaves.
const DEADLINE: Duration = Duration::from_secs(15);

/// A peer under way and where it is.
struct Peer {
    address: String,
    _process: Option<Process>,
}

/// A script that says its ADDRESS first.
fn peer(script: &str) -> Peer {
    let process = python(script).starts();
    Peer {
        address: process.first_line(),
        _process: Some(process),
    }
}

const TCP: &str = "
l = socket.create_server(('127.0.0.1', 0)); ready('127.0.0.1:%d' % l.getsockname()[1])
";

/// One conversation after the other, each `talk(c)`.
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

/// One conversation, and the end: the listener is closed as soon as there is a client.
fn tcp_once(talk: &str) -> Peer {
    peer(&format!(
        "def talk(c):\n    {talk}\n{TCP}
c = l.accept()[0]; l.close(); talk(c)"
    ))
}

fn udp(room: usize, answer: &str) -> Peer {
    peer(&format!(
        "l = socket.socket(2, 2); l.bind(('127.0.0.1', 0)); ready('udp://127.0.0.1:%d' % l.getsockname()[1])
while True:
    d, a = l.recvfrom({room})
    r = {answer}
    if r is not None: l.sendto(r, a)"
    ))
}

const ECHO: &str = "
    while (d := c.recv(1 << 20)): c.sendall(d)";

/// What a probe has said.
struct Said {
    finished: Finished,
    run: Value,
}

fn said(finished: Finished) -> Said {
    let report: Value = serde_json::from_slice(&finished.out)
        .unwrap_or_else(|e| panic!("{e}\n{}{}", finished.text(), finished.err));
    let run = report["runs"][0].clone();
    assert!(run["remote"].is_object(), "{run}");
    Said { finished, run }
}

fn probe(address: &str) -> Sockplay {
    Sockplay::new("probe").arg("--json").arg(address)
}

/// A probe that ends in time.
fn of(peer: &Peer) -> Said {
    let start = Instant::now();
    let said = said(probe(&peer.address).finishes());
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
    said
}

impl Said {
    fn finding(&self, topic: &str) -> &Value {
        &self.run["remote"]["findings"][topic]
    }

    /// Holds the exit code.
    fn exits(self, code: i32) -> Said {
        let (out, err) = (self.finished.text(), &self.finished.err);
        assert_eq!(self.finished.code, code, "{out}{err}");
        self
    }

    /// Holds the outcome of a topic.
    fn finds(self, topic: &str, outcome: &str) -> Said {
        let all = &self.run["remote"]["findings"];
        assert_eq!(all[topic]["outcome"], outcome, "{topic} of {all:#}");
        self
    }

    /// Holds a part of a topic's sentence.
    fn says(self, topic: &str, part: &str) -> Said {
        let says = self.finding(topic)["says"].as_str().unwrap_or_default();
        assert!(says.contains(part), "{topic}: {says}");
        self
    }

    /// Holds a topic's number.
    fn counts(self, topic: &str, value: u64) -> Said {
        let all = &self.run["remote"]["findings"];
        assert_eq!(all[topic]["value"], value, "{topic} of {all:#}");
        self
    }

    fn attempts(&self) -> &Vec<Value> {
        self.run["remote"]["attempts"].as_array().expect("attempts")
    }

    /// A load was run, and every message came back.
    fn echoed(self) -> Said {
        let echo = &self.run["echo"];
        assert!(echo["sent"].as_u64() > Some(0), "{echo}");
        assert_eq!(echo["sent"], echo["received"], "{echo}");
        self
    }

    /// No load was run.
    fn no_load(self) -> Said {
        assert!(self.run["echo"].is_null(), "{}", self.run["echo"]);
        self
    }

    /// Everything that a stream echo does.
    fn echoes_well(self) -> Said {
        self.exits(0)
            .echoed()
            .finds("greeting", "none")
            .finds("echo", "echoes")
            .finds("requests", "keep-alive")
            .finds("half_close", "answers")
            .finds("close", "fin")
    }
}

/// socat between a TCP port of the kernel's choice and `address`.
fn socat(address: &str) -> Option<Peer> {
    if !needs_program("socat") {
        return None;
    }
    // With -dd it says which port that is.
    let line = "TCP-LISTEN:0,bind=127.0.0.1,fork";
    let process = Process::program("socat", &["-dd", line, address]);
    let port = process.waits_err("where it listens", |said| {
        let said = String::from_utf8_lossy(said);
        let line = said.lines().find(|l| l.contains("listening on"))?;
        let port = line.rsplit(':').next()?.trim();
        port.parse::<u16>().ok()
    });
    Some(Peer {
        address: format!("127.0.0.1:{port}"),
        _process: Some(process),
    })
}

#[test]
fn socat_with_cat_and_with_a_pipe() {
    for address in ["EXEC:cat", "PIPE"] {
        if let Some(peer) = socat(address) {
            let said = of(&peer).echoes_well();
            let tcp = &said.run["tcp"];
            assert_eq!(tcp["state"], "ESTABLISHED");
            assert!(
                tcp["congestion_window_segments"].as_u64() > Some(0),
                "{tcp}"
            );
        }
    }
}

#[test]
fn ncat_with_cat() {
    if !needs_program("ncat") {
        return;
    }
    // ncat names the port only if it is given one; -vv then says that it listens.
    let port = free_port();
    let line = ["-vv", "-l", "-k", "-e", "/bin/cat", "127.0.0.1", &port];
    let process = Process::program("ncat", &line);
    process.waits_err("Listening", |said| common::contains(said, b"Listening on"));
    let peer = Peer {
        address: format!("127.0.0.1:{port}"),
        _process: Some(process),
    };
    // Whether cat is killed before it has answered a half-closed client is a race of ncat's own.
    of(&peer)
        .exits(0)
        .echoed()
        .finds("echo", "echoes")
        .finds("requests", "keep-alive")
        .finds("close", "fin");
}

/// A port that was free a moment ago: for programs that cannot pick one and say which.
fn free_port() -> String {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().port().to_string()
}

#[test]
fn nc_is_there_for_one_connection_and_says_nothing() {
    if !needs_program("nc") {
        return;
    }
    let port = free_port();
    let process = Process::program("nc", &["-v", "-l", "127.0.0.1", &port]);
    process.waits_err("Listening", |said| common::contains(said, b"istening on"));
    let peer = Peer {
        address: format!("127.0.0.1:{port}"),
        _process: Some(process),
    };
    of(&peer)
        .exits(0)
        .no_load()
        .finds("greeting", "none")
        .finds("echo", "silent")
        .finds("requests", "none")
        .finds("boundaries", "not-examined");
}

#[test]
fn an_asyncio_echo() {
    let peer = peer(
        "import asyncio
async def echo(r, w):
    while d := await r.read(65536):
        w.write(d); await w.drain()
    w.close()
async def main():
    l = socket.create_server(('127.0.0.1', 0))
    s = await asyncio.start_server(echo, sock=l)
    ready('127.0.0.1:%d' % l.getsockname()[1])
    await s.serve_forever()
asyncio.run(main())",
    );
    of(&peer).echoes_well();
}

#[test]
fn requests_per_connection_are_counted() {
    let said = of(&tcp("c.sendall(c.recv(4096))"))
        .exits(0)
        .echoed()
        .finds("requests", "one-request")
        .counts("requests", 1)
        .finds("close", "fin")
        .says("close", "after 1 request");
    let connections = &said.run["echo"]["connections"];
    assert_eq!(connections, &said.run["echo"]["sent"]);
    of(&tcp("[c.sendall(c.recv(4096)) for _ in range(3)]"))
        .exits(0)
        .finds("requests", "n-requests")
        .counts("requests", 3);
    let reset = "[c.sendall(c.recv(4096)) for _ in range(2)]; c.recv(1)
    c.setsockopt(1, socket.SO_LINGER, struct.pack('ii', 1, 0))";
    of(&tcp(reset))
        .finds("requests", "n-requests")
        .counts("requests", 2)
        .finds("close", "rst");
}

#[test]
fn a_server_for_one_connection_is_measured_and_the_rest_is_not_guessed() {
    let said = of(&tcp_once(ECHO))
        .exits(0)
        .echoed()
        .finds("echo", "echoes")
        .finds("requests", "keep-alive")
        .finds("path", "mtu");
    for topic in ["boundaries", "half_close", "close"] {
        assert_eq!(said.finding(topic)["outcome"], "not-examined");
        let says = said.finding(topic)["says"].as_str().unwrap();
        assert!(says.contains("ECONNREFUSED"), "{says}");
    }
    // The same in a peer that answers once: all of it was seen, as far as one connection shows it.
    of(&tcp_once("c.sendall(c.recv(4096))"))
        .exits(0)
        .no_load()
        .finds("echo", "echoes")
        .counts("requests", 1)
        .finds("half_close", "not-examined");
}

#[test]
fn a_server_that_speaks_first() {
    let smtp = "c.sendall(b'220 mail.example ESMTP\\r\\n')
    while c.recv(4096): c.sendall(b'500 what?\\r\\n')";
    of(&tcp(smtp))
        .exits(0)
        .no_load()
        .finds("greeting", "speaks")
        .says("greeting", "\"220 mail.example ESMTP\\r\\n\"")
        .finds("echo", "answers")
        .says("echo", "\"500 what?\\r\\n\"")
        .finds("requests", "keep-alive");
    // Its greeting is no part of the echo, and no load could tell them apart.
    let polite = format!("c.sendall(b'hello\\n'){ECHO}");
    of(&tcp(&polite))
        .exits(0)
        .no_load()
        .finds("greeting", "speaks")
        .finds("echo", "echoes")
        .finds("boundaries", "glued")
        .finds("half_close", "answers");
}

#[test]
fn what_a_peer_says_moves_no_cursor() {
    let peer = tcp("c.sendall(b'\\x1b[2J\\xff' + b'x' * 5000); c.recv(4096)");
    let said = of(&peer).finds("greeting", "speaks");
    let quoted = said.finding("greeting")["says"].as_str().unwrap();
    assert!(
        quoted.contains("\\x1b[2J\\xff") && quoted.len() < 200,
        "{quoted}"
    );
    let text = Sockplay::new("probe").arg(&peer.address).finishes().text();
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\n'),
        "{text:?}"
    );
}

#[test]
fn a_server_that_changes_what_it_gets() {
    let answers = |expression: &str| {
        let talk = format!("\n    while (d := c.recv(4096)): c.sendall({expression})");
        of(&tcp(&talk)).exits(0).no_load()
    };
    answers("d.upper()").finds("echo", "upper-cased");
    answers("d[::-1]").finds("echo", "reversed");
    answers("d[:5]")
        .finds("echo", "partly")
        .says("echo", "5 of 64 bytes");
    answers("b'you said: ' + d").finds("echo", "within");
    answers("d.rstrip() + b'\\r\\n'").finds("echo", "line-end");
    of(&udp(65536, "d.upper()"))
        .exits(0)
        .no_load()
        .finds("echo", "upper-cased")
        .finds("ttl", "seen");
}

#[test]
fn a_server_that_answers_and_closes() {
    let http = "c.recv(4096); c.sendall(b'HTTP/1.0 400 Bad Request\\r\\n\\r\\n')";
    of(&tcp(http))
        .exits(0)
        .no_load()
        .finds("greeting", "none")
        .finds("echo", "answers")
        .says("echo", "HTTP/1.0 400 Bad Request")
        .finds("requests", "one-request")
        .finds("close", "fin");
}

#[test]
fn a_server_that_ends_it() {
    of(&tcp("pass"))
        .exits(0)
        .finds("echo", "closes")
        .finds("close", "fin");
    let reset = "c.recv(1); c.setsockopt(1, socket.SO_LINGER, struct.pack('ii', 1, 0))";
    of(&tcp(reset))
        .exits(0)
        .finds("echo", "resets")
        .finds("close", "rst")
        .finds("requests", "none");
}

#[test]
fn a_server_that_only_listens() {
    of(&tcp("\n    while c.recv(4096): pass"))
        .exits(0)
        .no_load()
        .finds("echo", "silent")
        .finds("half_close", "closes")
        .finds("close", "fin");
    // Accepted by the kernel alone: nobody ever reads or closes.
    let deaf = peer(&format!("{TCP}\nwhile True: time.sleep(9)"));
    of(&deaf)
        .exits(0)
        .finds("echo", "silent")
        .finds("half_close", "silent")
        .finds("close", "never");
}

#[test]
fn a_server_that_talks_on_and_on() {
    let start = Instant::now();
    of(&tcp("\n    while True: c.sendall(b'abcdefgh' * 1000)"))
        .exits(0)
        .no_load()
        .finds("greeting", "endless")
        .finds("requests", "endless");
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn messages_and_lines() {
    let said = of(&tcp("\n    for line in c.makefile('rb'): c.sendall(line)")).echoes_well();
    let boundaries = said.finding("boundaries")["outcome"].as_str().unwrap();
    assert!(["glued", "split"].contains(&boundaries), "{boundaries}");
    // Two messages are one receive to it.
    of(&tcp("c.sendall(c.recv(4096))")).finds("boundaries", "glued");
    let one_by_one = "f = c.makefile('rb'); c.sendall(f.readline())";
    of(&tcp(one_by_one)).finds("boundaries", "first-only");
}

#[test]
fn datagrams_of_every_size() {
    of(&udp(70000, "d"))
        .exits(0)
        .echoed()
        .finds("echo", "echoes")
        .finds("boundaries", "kept")
        .finds("largest", "most")
        .counts("largest", 65507)
        .finds("path", "mtu")
        .counts("ttl", 64);
    of(&udp(1000, "d"))
        .echoed()
        .finds("largest", "truncates")
        .counts("largest", 1000);
    of(&udp(70000, "d if len(d) <= 1472 else None"))
        .finds("largest", "lost")
        .counts("largest", 1472);
}

#[test]
fn the_ttl_is_the_one_that_the_server_has_set() {
    let set = "l.setsockopt(0, 2, 99) or d";
    of(&udp(70000, set)).counts("ttl", 99);
    let talk = format!("c.setsockopt(0, 2, 77){ECHO}");
    let listener = TCP.replace("; ready", "; l.setsockopt(0, 2, 77); ready");
    let peer = peer(&format!(
        "def talk(c):\n    {talk}\n{listener}
while True:
    c = l.accept()[0]; talk(c); c.close()"
    ));
    if needs("CAP_NET_RAW") {
        of(&peer).counts("ttl", 77);
        let line = [
            "setpriv",
            "--bounding-set",
            "-net_raw",
            "--inh-caps",
            "-net_raw",
        ];
        let without = probe(&peer.address).through(&line).finishes();
        said(without)
            .finds("ttl", "not-visible")
            .says("ttl", "CAP_NET_RAW");
    }
}

#[test]
fn a_closed_port() {
    let port = free_port();
    let tcp = said(probe(&format!("127.0.0.1:{port}")).finishes()).exits(1);
    assert_eq!(tcp.attempts()[0]["errno"], "ECONNREFUSED");
    for part in ["ECONNREFUSED", "cause: ", "help: "] {
        assert!(tcp.finished.err.contains(part), "{}", tcp.finished.err);
    }
    let port = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    said(probe(&format!("udp://127.0.0.1:{port}")).finishes())
        .exits(1)
        .finds("echo", "refused")
        .says("echo", "ICMP");
    let nowhere = said(probe("/nonexistent/socket").finishes()).exits(1);
    assert_eq!(nowhere.attempts()[0]["errno"], "ENOENT");
}

#[test]
fn a_datagram_server_that_does_not_answer() {
    of(&udp(100, "None"))
        .exits(1)
        .finds("echo", "silent")
        .says("echo", "lost, filtered, or a server that does not answer");
}

#[test]
fn every_unix_type() {
    let place = place();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let connected = |ty: u8, scheme: &str, name: &str| {
        peer(&format!(
            "l = socket.socket(1, {ty}); l.bind('{0}'); l.listen(); ready('{scheme}{0}')
while True:
    c = l.accept()[0]{1}
    c.close()",
            at(name),
            ECHO
        ))
    };
    of(&connected(1, "", "s")).echoes_well();
    let said = of(&connected(5, "seqpacket://", "q"))
        .echoes_well()
        .finds("boundaries", "kept")
        .finds("largest", "too-big")
        .says("largest", "EMSGSIZE");
    assert!(said.finding("largest")["value"].as_u64() > Some(65536));
    assert!(said.finding("path").is_null() && said.finding("ttl").is_null());
    let datagrams = peer(&format!(
        "l = socket.socket(1, 2); l.bind('{0}'); ready('unixgram://{0}')
while True:
    d, a = l.recvfrom(65536); l.sendto(d, a)",
        at("d")
    ));
    of(&datagrams)
        .exits(0)
        .echoed()
        .finds("boundaries", "kept")
        .finds("largest", "truncates")
        .counts("largest", 65536);
}

#[test]
fn ipv6() {
    let stream = peer(&format!(
        "l = socket.create_server(('::1', 0), family=10); ready('[::1]:%d' % l.getsockname()[1])
while True:
    c = l.accept()[0]{ECHO}
    c.close()"
    ));
    of(&stream).echoes_well().finds("path", "mtu");
    let datagrams = peer(
        "l = socket.socket(10, 2); l.bind(('::1', 0)); ready('udp://[::1]:%d' % l.getsockname()[1])
while True:
    d, a = l.recvfrom(70000); l.sendto(d, a)",
    );
    of(&datagrams)
        .exits(0)
        .counts("largest", 65527)
        .says("ttl", "hop limit 64");
}

#[test]
fn the_kernel_answers_pings_at_an_address() {
    if needs("CAP_NET_RAW") {
        let icmp = Sockplay::new("probe")
            .arg("--json")
            .arg("-c")
            .arg("icmp-ping");
        said(icmp.arg("127.0.0.1").finishes())
            .exits(0)
            .echoed()
            .finds("echo", "echoes")
            .finds("ttl", "seen");
    }
}

/// `script` in a shell that has network and mounts of its own; what it prints is a report.
fn apart(script: &str) -> Option<Said> {
    if !needs("CAP_SYS_ADMIN") || !needs_program("unshare") || !needs_program("ip") {
        return None;
    }
    let mut command = Command::new("unshare");
    let binary = env!("CARGO_BIN_EXE_sockplay");
    command.args(["-n", "-m", "sh", "-ec", script, "sh", binary]);
    let mut process = Process::spawn(command.env("XDG_CONFIG_HOME", "/nonexistent"));
    process.ends_input();
    Some(said(process.finishes()))
}

/// Two names for this machine that only this namespace knows, and an echo at 127.0.0.1 alone.
const TWO_FAMILIES: &str = "ip link set lo up
hosts=$(mktemp); printf '::1 both.example\\n127.0.0.1 both.example\\n' > $hosts
mount --bind $hosts /etc/hosts; rm -f $hosts 2>/dev/null || true
mkfifo_dir=$(mktemp -d); mkfifo $mkfifo_dir/ready
python3 -u -c \"$SERVER\" > $mkfifo_dir/ready & server=$!
read port < $mkfifo_dir/ready; rm -r $mkfifo_dir
code=0; \"$1\" probe --json $OPTIONS $SCHEME'both.example:'$port || code=$?
kill $server; exit $code";

fn two_families(server: &str, scheme: &str, options: &str) -> Option<Said> {
    apart(&format!(
        "SERVER=\"{server}\"; SCHEME='{scheme}'; OPTIONS='{options}'\n{TWO_FAMILIES}"
    ))
}

const ECHO_AT: &str = "import socket
l = socket.create_server(('127.0.0.1', 0)); print(l.getsockname()[1], flush=True)
while True:
    c = l.accept()[0]
    while (d := c.recv(65536)): c.sendall(d)
    c.close()";

#[test]
fn a_name_with_two_families() {
    let Some(said) = two_families(ECHO_AT, "", "") else {
        return;
    };
    let said = said.exits(0).echoed();
    let remote = &said.run["remote"];
    assert!(
        remote["resolution"]["took_ns"].as_u64() > Some(0),
        "{remote}"
    );
    let addresses = remote["resolution"]["answers"].as_array().unwrap();
    assert_eq!(addresses.len(), 2, "{remote}");
    let used: Vec<_> = addresses.iter().filter(|a| a["used"] == true).collect();
    assert!(
        used.len() == 1
            && used[0]["address"]
                .as_str()
                .unwrap()
                .starts_with("127.0.0.1:")
    );
    assert_eq!(said.run["socket"]["family"], "ipv4");
    // The resolver's order decides whether the other one was tried before.
    if addresses[0]["used"] == false {
        assert_eq!(said.attempts()[0]["errno"], "ECONNREFUSED");
        assert_eq!(said.attempts().len(), 2);
    }
}

#[test]
fn a_family_that_was_asked_for_is_the_only_one() {
    let fixed = "--set socket.family=ipv6";
    let Some(said) = two_families(ECHO_AT, "", fixed) else {
        return;
    };
    let said = said.exits(1);
    assert_eq!(said.attempts().len(), 1);
    let addresses = said.run["remote"]["resolution"]["answers"]
        .as_array()
        .unwrap();
    let passed: Vec<_> = addresses
        .iter()
        .filter_map(|a| a["passed_over"].as_str())
        .collect();
    assert_eq!(passed, ["ipv6 was asked for (--set)"]);
}

/// connect(2) of UDP reaches nobody: only ICMP tells that the first address is the wrong one.
#[test]
fn datagrams_go_to_the_family_that_answers() {
    let server = "import socket
l = socket.socket(2, 2); l.bind(('127.0.0.1', 0)); print(l.getsockname()[1], flush=True)
while True:
    d, a = l.recvfrom(65536); l.sendto(d, a)";
    if let Some(said) = two_families(server, "udp://", "") {
        let said = said.exits(0).echoed();
        assert_eq!(said.run["socket"]["family"], "ipv4");
    }
}

#[test]
fn routes_that_lead_nowhere() {
    for (kind, errno, word) in [
        ("blackhole", "EINVAL", "blackhole"),
        ("unreachable", "EHOSTUNREACH", "unreachable route"),
        ("prohibit", "EACCES", "prohibit route"),
    ] {
        for scheme in ["", "udp://"] {
            let script = format!(
                "ip route add {kind} 192.0.2.0/24\nexec \"$1\" probe --json {scheme}192.0.2.1:7"
            );
            let Some(said) = apart(&script) else {
                return;
            };
            let said = said.exits(1);
            let attempt = &said.attempts()[0];
            assert_eq!(attempt["errno"], errno, "{attempt}");
            assert!(
                attempt["says"].as_str().unwrap().contains(word),
                "{attempt}"
            );
        }
    }
}

/// A host that takes every packet and answers none: a neighbour that is not there.
#[test]
fn a_host_that_drops_everything() {
    let script = |rest: &str| {
        format!(
            "ip link add here type veth peer name there; ip link set here up; ip link set there up
ip address add 192.0.2.1/24 dev here
ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev here
exec \"$1\" probe --json {rest}"
        )
    };
    let start = Instant::now();
    let Some(said) = apart(&script("--set connect.timeout=\\\"700ms\\\" 192.0.2.2:7")) else {
        return;
    };
    assert!(start.elapsed() < Duration::from_secs(5));
    let said = said.exits(1);
    let attempt = &said.attempts()[0];
    assert!((700..3000).contains(&(attempt["took_ns"].as_u64().unwrap() / 1_000_000)));
    let why = attempt["says"].as_str().unwrap();
    assert!(why.contains("no answer within 700 ms"), "{why}");
    apart(&script("udp://192.0.2.2:7"))
        .expect("the first one was possible")
        .exits(1)
        .finds("echo", "silent");
}

#[test]
fn the_text_explains_itself() {
    let peer = tcp(ECHO);
    let text = Sockplay::new("probe").arg(&peer.address).finishes();
    assert_eq!(text.code, 0, "{}", text.err);
    let text = text.text();
    for part in [
        "  state       ESTABLISHED on the client, rtt ",
        "  greeting    none: it waits for the client to speak\n",
        "  echoes      yes: 64 bytes came back unchanged",
        "  requests    keep-alive: ",
        "  half-close  after shutdown(SHUT_WR): the whole echo still comes, then FIN\n",
        "  path        MTU ",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() < 180),
        "{text}"
    );
}
