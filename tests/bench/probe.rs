//! `cargo bench --bench probe`: the load of `sockplay probe` beside that of sockperf, against the same servers.
//!
//! Both send sockperf's messages over UDP, one at a time, and time each round trip. They take turns, ours, sockperf's,
//! sockperf's, ours, on one core, the server on another; each turn is a process of its own. Printed are the ratios of p50
//! and of CPU time per message, and beside them the ratio of each program to itself, which says what a ratio of one looks
//! like here. With `--full-rtt` sockperf shows whole round trips; without it, it shows half of each as "latency".

#![allow(
    dead_code,
    unreachable_pub,
    clippy::cast_precision_loss,
    reason = "modules of the echo bench, of which this one needs a part; nanoseconds as ratios"
)]

#[path = "echo/place.rs"]
mod place;
#[path = "echo/statistics.rs"]
mod statistics;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use place::{Place, pin};
use statistics::{interval, median};

const SOCKPLAY: &str = env!("CARGO_BIN_EXE_sockplay");
/// In a network namespace of our own every port is free.
const SOCKPERFS_PORT: u16 = 11_111;
const SIZE: &str = "64";

/// What one turn of a client found.
#[derive(Clone, Copy)]
struct Turn {
    p50_us: f64,
    cpu_us_per_message: f64,
}

/// A server and where it is. Dropping it ends it.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both do nothing to a child that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    if Command::new("sockperf").arg("--version").output().is_err() {
        println!("skipped: sockperf is not installed");
        return;
    }
    let place = Place::enter();
    for (key, value) in place.words() {
        println!("{key:12} {value}");
    }
    for note in &place.notes {
        println!("note         {note}");
    }
    if place.network.is_err() {
        println!("skipped: sockperf's server needs a port that is free for certain");
        return;
    }
    let (rounds, seconds) = if quick { (2, 1) } else { (10, 1) };
    for (name, start) in SERVERS {
        pin(place.cores.server);
        let server = start();
        pin(place.cores.load);
        match server {
            Ok(server) => compare(name, &server, rounds, seconds),
            Err(why) => println!("{name}: skipped: {why}"),
        }
    }
}

type Start = fn() -> Result<Server, String>;

const SERVERS: [(&str, Start); 3] = [
    ("sockperf server", sockperfs),
    ("C, 10 lines", c),
    ("sockplay serve --sockperf", ours),
];

fn sockperfs() -> Result<Server, String> {
    let port = SOCKPERFS_PORT.to_string();
    let mut command = Command::new("stdbuf");
    // It says when it is ready, and to a pipe would say it at its end.
    command.args(["-oL", "sockperf", "server", "-i", "127.0.0.1", "-p", &port]);
    ready(&mut command, "to block on", |_| {
        format!("127.0.0.1:{SOCKPERFS_PORT}")
    })
}

fn c() -> Result<Server, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/floors/pong.c");
    let program: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pong");
    let mut compiler = Command::new("cc");
    compiler.arg("-O2").arg("-o").arg(&program).arg(source);
    match compiler.status() {
        Ok(status) if status.success() => {}
        outcome => return Err(format!("cc: {outcome:?}")),
    }
    ready(&mut Command::new(program), LISTENING, address)
}

fn ours() -> Result<Server, String> {
    let mut command = Command::new(SOCKPLAY);
    command.args(["serve", "-q", "-c", "udp4", "--sockperf"]);
    command.args(["--set", "address.port=0"]);
    ready(&mut command, LISTENING, address)
}

const LISTENING: &str = "listening on ";

fn address(line: &str) -> String {
    line.replace(LISTENING, "")
}

/// Starts a server and reads its output until the line with `text`.
fn ready(
    command: &mut Command,
    text: &str,
    address: impl Fn(&str) -> String,
) -> Result<Server, String> {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    let stdout = child.stdout.take().expect("it is a pipe");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains(text));
    // Whatever it says later has to go somewhere, or it would wait for us, or fail.
    std::thread::spawn(move || lines.for_each(drop));
    let mut server = Server {
        child,
        address: String::new(),
    };
    server.address = line.map(|line| address(&line)).ok_or("it is not ready")?;
    Ok(server)
}

/// Turns of both, and what they say.
fn compare(name: &str, server: &Server, rounds: usize, seconds: u32) {
    let probe = || probe(&server.address, seconds);
    let sockperf = || sockperf(&server.address, seconds);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        a.push(probe());
        b.push(sockperf());
        b.push(sockperf());
        a.push(probe());
    }
    println!("\n{name}, {rounds} rounds of four turns of {seconds} s");
    let row = |what: &str, of: fn(&Turn) -> f64| {
        let values = |turns: &[Turn]| turns.iter().map(of).collect::<Vec<_>>();
        let (a, b) = (values(&a), values(&b));
        let ratio = |x: &[f64], y: &[f64]| {
            let pairs: Vec<_> = x.iter().zip(y).map(|(x, y)| x / y).enumerate().collect();
            let i = interval(&pairs).expect("there are pairs");
            format!("{:.3} ({:.3}…{:.3})", i.median, i.low, i.high)
        };
        let every = |v: &[f64], from: usize| -> Vec<f64> {
            v.iter().skip(from).step_by(2).copied().collect()
        };
        println!(
            "  {what:20} probe {:7.2} µs, sockperf {:7.2} µs, ratio {}",
            median(a.clone()).expect("there are turns"),
            median(b.clone()).expect("there are turns"),
            ratio(&a, &b)
        );
        println!(
            "  {:20} probe to itself {}, sockperf to itself {}",
            "",
            ratio(&every(&a, 0), &every(&a, 1)),
            ratio(&every(&b, 0), &every(&b, 1))
        );
    };
    row("p50", |turn| turn.p50_us);
    row("CPU per message", |turn| turn.cpu_us_per_message);
}

fn probe(address: &str, seconds: u32) -> Turn {
    let mut command = Command::new(SOCKPLAY);
    command.args(["probe", &format!("udp://{address}"), "--sockperf", "--json"]);
    command.args(["--size", SIZE, "--duration", &format!("{seconds}s")]);
    let (out, cpu) = run(&mut command);
    let report: serde_json::Value = serde_json::from_str(&out).expect("a report");
    let echo = &report["runs"][0]["echo"];
    let number = |v: &serde_json::Value| v.as_f64().unwrap_or_else(|| panic!("{echo}"));
    assert_eq!(echo["sent"], echo["received"], "{echo}");
    Turn {
        p50_us: number(&echo["rtt_ns"]["p50"]) / 1e3,
        cpu_us_per_message: cpu.as_secs_f64() * 1e6 / number(&echo["sent"]),
    }
}

fn sockperf(address: &str, seconds: u32) -> Turn {
    let (host, port) = address.rsplit_once(':').expect("host:port");
    let mut command = Command::new("sockperf");
    command.args(["ping-pong", "-i", host, "-p", port, "-m", SIZE]);
    command.args(["-t", &seconds.to_string(), "--full-rtt"]);
    let (out, cpu) = run(&mut command);
    let after = |text: &str| -> f64 {
        let rest = out.split_once(text).map(|(_, rest)| rest.trim_start());
        let number = rest.and_then(|rest| rest.split([' ', ';', '\n']).next());
        let number = number.and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("sockperf does not say \"{text}\":\n{out}"))
    };
    Turn {
        p50_us: after("percentile 50.000 ="),
        // The first of the two counts is that of the whole run, as the CPU time is.
        cpu_us_per_message: cpu.as_secs_f64() * 1e6 / after("SentMessages="),
    }
}

/// Runs a client to its end; what it said, and the CPU time that its process took from first to last.
fn run(command: &mut Command) -> (String, Duration) {
    let spent = || {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("our own children");
        let micros = |t: nix::sys::time::TimeVal| t.tv_sec() * 1_000_000 + t.tv_usec();
        micros(usage.user_time()) + micros(usage.system_time())
    };
    let (before, since) = (spent(), Instant::now());
    let output = command.output().expect("the client runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?} after {:?}: {text}{}",
        since.elapsed(),
        String::from_utf8_lossy(&output.stderr)
    );
    let micros = u64::try_from(spent() - before).unwrap_or(0);
    (text, Duration::from_micros(micros))
}
