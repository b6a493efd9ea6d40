//! `--trace` against strace(1): the same calls, in the same order, with the same descriptors and results.
//!
//! Both watch the same run, so even the numbers are the same. What strace names otherwise is translated in one place.

mod common;

use std::path::Path;

use common::{Finished, Running, connect, needs_program, place, run, serve};
use serde_json::Value;

/// The calls that go through the gate. What the thread of the signals and the C library do is not shown by `--trace`.
const SHOWN: &[&str] = &[
    "socket",
    "setsockopt",
    "getsockopt",
    "bind",
    "listen",
    "accept4",
    "connect",
    "recv",
    "send",
    "recvmsg",
    "sendmsg",
    "recvmmsg",
    "sendmmsg",
    "sendto",
    "getsockname",
    "getpeername",
    "shutdown",
];

/// strace's line in our words.
fn translated(line: &str) -> Option<String> {
    let (name, _) = line.split_once('(')?;
    // strace fills up to a column, and tells of an address how much room there was.
    let (call, result) = line.rsplit_once(" = ")?;
    let call = call.trim_end();
    let call = match name {
        "recvfrom" => call
            .replacen("recvfrom(", "recv(", 1)
            .replace(", NULL, NULL)", ")"),
        "sendto" if call.ends_with(", NULL, 0)") => call
            .replacen("sendto(", "send(", 1)
            .replace(", NULL, 0)", ")"),
        _ => call
            .replace("_OLD,", ",")
            .replace("[128 => ", "[")
            .replace("[110 => ", "["),
    };
    SHOWN
        .iter()
        .any(|n| call.starts_with(&format!("{n}(")))
        .then(|| format!("{call} = {result}"))
}

/// One process under strace, one file per thread; the main thread's calls.
struct Traced {
    place: tempfile::TempDir,
}

impl Traced {
    fn new() -> Traced {
        Traced { place: place() }
    }

    fn file(&self, name: &str) -> String {
        self.place.path().join(name).to_str().unwrap().to_owned()
    }

    /// -D: strace is the grandchild, so that the process we signal is the traced one.
    fn through(&self) -> [String; 9] {
        [
            "strace",
            "-D",
            "-ff",
            "-qq",
            "-s",
            "48",
            "-o",
            &self.file("strace"),
            "-etrace=%network",
        ]
        .map(str::to_owned)
    }

    fn strace(&self, pid: i32) -> Vec<String> {
        let text = std::fs::read_to_string(self.file(&format!("strace.{pid}"))).unwrap();
        text.lines().filter_map(translated).collect()
    }

    fn ours(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file("ours")).unwrap();
        let without_time = |l: &str| {
            l.rsplit_once(" <")
                .expect("every line ends in <time>")
                .0
                .to_owned()
        };
        let shown = |l: &String| SHOWN.iter().any(|n| l.starts_with(&format!("{n}(")));
        text.lines().map(without_time).filter(shown).collect()
    }
}

/// strace shows structs that it does not decode as bytes, leaves out what the kernel did not fill in, and has its own
/// sentence for an errno.
fn comparable(line: &str) -> String {
    let (call, result) = line.rsplit_once(" = ").unwrap();
    let result = result.split(" (").next().unwrap();
    let vague = [
        "TCP_INFO", "TIMEO", "recvmsg", "sendmsg", "recvmmsg", "sendmmsg", "accept4(", "connect(",
    ];
    if vague.iter().any(|v| line.contains(v)) {
        let head = call.split(',').next().unwrap();
        return format!("{head}, … = {result}");
    }
    format!("{call} = {result}")
}

fn compare(traced: &Traced, pid: i32) {
    let ours: Vec<_> = traced.ours().iter().map(|l| comparable(l)).collect();
    let strace: Vec<_> = traced.strace(pid).iter().map(|l| comparable(l)).collect();
    assert!(ours.len() > 5, "{ours:#?}");
    assert_eq!(ours, strace);
}

fn served_under_strace(profile: &str, set: &str, talk: impl Fn(&Running)) {
    if !needs_program("strace") {
        return;
    }
    let traced = Traced::new();
    let through = traced.through();
    let server = serve(profile)
        .set(set)
        .arg("--trace")
        .arg("--trace-file")
        .arg(traced.file("ours"))
        .through(&through.each_ref().map(String::as_str))
        .start();
    talk(&server);
    let pid = server.pid();
    server.stop_in_order();
    compare(&traced, pid);
}

fn one_echo(server: &Running) {
    let client = server.say(b"Ciao!\n");
    client.hears(b"Ciao!\n");
    client.half_closes();
    client.hears_the_end();
}

#[test]
fn a_tcp_server_reads_like_strace() {
    served_under_strace("tcp4", "address.port=0", one_echo);
    served_under_strace("tcp6", "address.port=0", one_echo);
}

#[test]
fn a_unix_server_reads_like_strace() {
    served_under_strace(
        "unix-abstract",
        "address.path=\"@sockplay-trace-test\"",
        one_echo,
    );
}

#[test]
fn a_datagram_server_reads_like_strace() {
    for profile in ["udp4", "udp4-batch"] {
        served_under_strace(profile, "address.port=0", |server| {
            server.say(b"hi").hears(b"hi");
        });
    }
}

#[test]
fn a_client_reads_like_strace() {
    if !needs_program("strace") {
        return;
    }
    let server = serve("tcp4").any_port().start();
    let traced = Traced::new();
    let through = traced.through();
    let mut client = connect()
        .arg(server.address())
        .set("options.TCP_NODELAY=true")
        .arg("--trace")
        .arg("--trace-file")
        .arg(traced.file("ours"))
        .through(&through.each_ref().map(String::as_str))
        .spawn();
    let pid = client.pid();
    client.pours(b"hello".to_vec());
    assert_eq!(client.finishes().out, b"hello");
    // The thread that sends is another one; what the main thread does is open and receive.
    let ours: Vec<_> = traced
        .ours()
        .into_iter()
        .filter(|l| !is_upward(l))
        .collect();
    let strace: Vec<_> = traced
        .strace(pid)
        .into_iter()
        .filter(|l| !is_upward(l))
        .collect();
    let comparable = |all: Vec<String>| all.iter().map(|l| comparable(l)).collect::<Vec<_>>();
    assert_eq!(comparable(ours), comparable(strace));
    server.stop_in_order();
}

fn is_upward(line: &str) -> bool {
    line.starts_with("send(") || line.starts_with("shutdown(")
}

fn json_lines(path: impl AsRef<Path>) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).expect("one object per line"))
        .collect()
}

#[test]
fn the_objects_have_exactly_the_keys_of_the_contract() {
    let place = place();
    let file = place.path().join("trace");
    let server = serve("tcp4")
        .any_port()
        .arg("--trace=json")
        .arg("--trace-file")
        .arg(&file)
        .start();
    one_echo(&server);
    server.stop_in_order();
    let calls = json_lines(&file);
    assert!(calls.len() > 10, "{calls:?}");
    let mut last = 0;
    for call in &calls {
        let keys: Vec<_> = call
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected = [
            "schema",
            "version",
            "t_ns",
            "task",
            "call",
            "args",
            "result",
            "errno",
            "elapsed_ns",
        ];
        assert_eq!(keys, expected);
        assert_eq!(
            (&call["schema"], &call["version"]),
            (&"sockplay.trace".into(), &1.into())
        );
        assert_eq!(call["task"], "server");
        assert!(
            call["args"]
                .as_array()
                .unwrap()
                .iter()
                .all(Value::is_string),
            "{call}"
        );
        assert!(
            call["result"].is_i64() && call["elapsed_ns"].is_u64(),
            "{call}"
        );
        assert_eq!(call["result"] == -1, call["errno"].is_string(), "{call}");
        let t = call["t_ns"].as_u64().unwrap();
        assert!(t >= last, "{call}");
        last = t;
    }
    let args = |name: &str| calls.iter().find(|c| c["call"] == name).unwrap()["args"].clone();
    assert_eq!(
        args("socket"),
        serde_json::json!(["AF_INET", "SOCK_STREAM|SOCK_CLOEXEC", "IPPROTO_IP"])
    );
    assert_eq!(args("send")[1], "\"Ciao!\\n\"");
}

#[test]
fn a_call_that_fails_is_an_event_too() {
    let place = place();
    let file = place.path().join("trace");
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let finished = connect()
        .arg(free.to_string())
        .arg("--trace-file")
        .arg(&file)
        .finishes();
    assert_eq!(finished.code, 1);
    let calls = json_lines(&file);
    let connect = calls.iter().find(|c| c["call"] == "connect").unwrap();
    assert_eq!(
        (&connect["result"], &connect["errno"]),
        (&(-1).into(), &"ECONNREFUSED".into())
    );
    let after: Vec<_> = calls
        .iter()
        .rev()
        .map(|c| c["call"].as_str().unwrap())
        .collect();
    assert_eq!(after[0], "close", "{calls:?}");
}

#[test]
fn payload_is_clipped_and_escaped() {
    let server = serve("tcp4")
        .any_port()
        .plain()
        .arg("--trace")
        .arg("-v")
        .start();
    let client = server.say(b"\x1b[2J\"\xff\n");
    client.hears(b"\x1b[2J\"\xff\n");
    drop(client);
    server.logs("recv(5, \"\\x1b[2J\\\"\\xff\\n\", 1024, 0) = 7 <");
    let long = [b'x'; 1000];
    let client = server.say(&long);
    client.hears(&long);
    drop(client);
    let clipped = format!("\"{}\"..., 1024, 0) = 1000 <", "x".repeat(48));
    server.logs(&clipped);
    let stopped = server.stop();
    assert!(!stopped.log.contains('\x1b'));
    // The trace is no result: standard output has the ready line and nothing else.
    assert_eq!(stopped.out.lines().count(), 1, "{}", stopped.out);
}

#[test]
fn a_trace_file_takes_the_trace_from_standard_error() {
    let place = place();
    for (form, first) in [
        (None, "{\"schema\""),
        (Some("--trace"), "socket("),
        (Some("--trace=json"), "{\"schema\""),
    ] {
        let file = place.path().join("trace");
        let mut server = serve("tcp4").any_port().arg("--trace-file").arg(&file);
        if let Some(form) = form {
            server = server.arg(form);
        }
        let server = server.start();
        // Each line is flushed: it is there before the server ends.
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(first) && text.ends_with('\n'), "{text}");
        let stopped = server.stop();
        assert!(!stopped.log.contains("socket("), "{}", stopped.log);
    }
    let Finished { code, err, .. } = run(&["serve", "--trace-file", "/nonexistent/trace"]);
    assert_eq!(code, 1);
    assert!(err.contains("open /nonexistent/trace"), "{err}");
}
