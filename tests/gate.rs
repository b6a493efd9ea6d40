//! What the gate costs: in the steady state an echo takes the same two system calls as in ten lines of C.
//!
//! strace counts the calls of both servers while one client says and hears the same. That the gate reads no clock
//! when nobody looks cannot be seen by strace (clock_gettime(2) stays in the vDSO), so instructions are counted.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use common::{Process, needs_program, place, serve};

/// Long enough that one extra call per echo could not hide among those of the start.
const ECHOES: u64 = 1000;

fn compiled(place: &tempfile::TempDir) -> PathBuf {
    let program = place.path().join("echo");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gate/echo.c");
    let built = Command::new("cc")
        .args(["-O2", "-Wall", "-Werror", "-o"])
        .arg(&program)
        .arg(source)
        .status();
    assert!(built.expect("cc starts").success());
    program
}

/// Calls by name, of all threads, while `ECHOES` round trips were made; each server is counted with and without them.
fn counted(log: &str) -> BTreeMap<String, u64> {
    let mut calls = BTreeMap::new();
    for line in log.lines() {
        let columns: Vec<_> = line.split_whitespace().collect();
        // % time, seconds, usecs/call, calls, [errors], syscall
        let (Some(Ok(_)), Some(Ok(count)), Some(name)) = (
            columns.first().map(|c| c.parse::<f64>()),
            columns.get(3).map(|c| c.parse::<u64>()),
            columns.last(),
        ) else {
            continue;
        };
        if *name != "total" {
            *calls.entry((*name).to_owned()).or_default() += count;
        }
    }
    assert!(!calls.is_empty(), "no calls in:\n{log}");
    calls
}

fn strace(log: &str) -> [&str; 5] {
    ["strace", "-f", "-c", "-o", log]
}

/// Says and hears `echoes` times over one connection.
fn converse(address: &str, echoes: u64) {
    use std::io::{Read as _, Write as _};
    let mut client = std::net::TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(common::PATIENCE)).unwrap();
    let mut heard = [0; 64];
    for n in 0..echoes {
        let message = [n as u8; 64];
        client.write_all(&message).unwrap();
        client.read_exact(&mut heard).unwrap();
        assert_eq!(heard, message);
    }
}

fn calls_of_c(program: &std::path::Path, log: &str, echoes: u64) -> BTreeMap<String, u64> {
    let through = strace(log);
    let mut command = Command::new(through[0]);
    command.args(&through[1..]).arg(program);
    let server = Process::spawn(&mut command);
    let line = server.first_line();
    converse(line.strip_prefix("listening on ").unwrap(), echoes);
    assert_eq!(server.finishes().code, 0);
    counted(&std::fs::read_to_string(log).unwrap())
}

fn calls_of_ours(log: &str, echoes: u64) -> BTreeMap<String, u64> {
    let server = serve("tcp4-loop")
        .any_port()
        .plain()
        .arg("-q")
        .through(&strace(log))
        .start();
    converse(server.address(), echoes);
    // The signal is for the server; strace, its parent, writes its table when the server has ended.
    let children = format!("/proc/{0}/task/{0}/children", server.pid());
    let child = std::fs::read_to_string(children).unwrap();
    let child = nix::unistd::Pid::from_raw(child.trim().parse().expect("strace has one child"));
    nix::sys::signal::kill(child, nix::sys::signal::SIGTERM).unwrap();
    assert_eq!(server.finishes().code, 0);
    counted(&std::fs::read_to_string(log).unwrap())
}

/// What `ECHOES` more echoes cost, start and stop taken off.
fn cost(with: &BTreeMap<String, u64>, without: &BTreeMap<String, u64>) -> BTreeMap<String, i64> {
    let names = with.keys().chain(without.keys());
    let of = |calls: &BTreeMap<String, u64>, name| calls.get(name).copied().unwrap_or(0) as i64;
    names
        .map(|name| (name.clone(), of(with, name) - of(without, name)))
        .collect()
}

#[test]
fn an_echo_costs_the_calls_of_ten_lines_of_c() {
    if !needs_program("strace") || !needs_program("cc") {
        return;
    }
    let place = place();
    let program = compiled(&place);
    let log = place.path().join("calls");
    let log = log.to_str().unwrap();
    let c = cost(
        &calls_of_c(&program, log, ECHOES + 1),
        &calls_of_c(&program, log, 1),
    );
    let ours = cost(&calls_of_ours(log, ECHOES + 1), &calls_of_ours(log, 1));
    for (who, cost) in [("C", &c), ("sockplay", &ours)] {
        // TCP may glue or cut, but a client that waits for each echo leaves it nothing to glue.
        for call in ["recvfrom", "sendto"] {
            assert_eq!(cost.get(call), Some(&(ECHOES as i64)), "{who}: {cost:?}");
        }
    }
    let others = |cost: &BTreeMap<String, i64>| -> i64 {
        let extra = cost
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "recvfrom" | "sendto"));
        extra.map(|(_, n)| n.abs()).sum()
    };
    // A handful may differ by chance (a futex, a page); one per echo would be a thousand.
    assert!(others(&ours) < ECHOES as i64 / 50, "{ours:?}");
}

/// Instructions of this test binary, run again under callgrind with one of the loops below.
fn instructions(form: &str, rounds: u64) -> u64 {
    let place = place();
    let out = place.path().join("callgrind");
    let finished = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "loops_for_callgrind", "--ignored", "--nocapture"])
        .env("SOCKPLAY_GATE_FORM", form)
        .env("SOCKPLAY_GATE_ROUNDS", rounds.to_string())
        .output()
        .expect("valgrind starts");
    assert!(
        finished.status.success(),
        "{}",
        String::from_utf8_lossy(&finished.stderr)
    );
    let text = std::fs::read_to_string(out).unwrap();
    let summary = text.lines().find_map(|l| {
        l.strip_prefix("totals: ")
            .or_else(|| l.strip_prefix("summary: "))
    });
    summary.expect("callgrind's totals").trim().parse().unwrap()
}

/// Per call, start and stop taken off.
fn per_call(form: &str) -> u64 {
    const FEW: u64 = 100;
    const MANY: u64 = 10_100;
    let (few, many) = (instructions(form, FEW), instructions(form, MANY));
    (many - few) / (MANY - FEW)
}

#[test]
fn the_gate_reads_no_clock_when_nobody_looks() {
    if !needs_program("valgrind") {
        return;
    }
    let [bare, off, on] = ["bare", "off", "on"].map(per_call);
    println!("instructions per send and recv: {bare} bare, {off} through the gate, {on} observed");
    // Two clock_gettime(2) of the vDSO take more than a hundred; dev builds leave a few calls of the wrapper.
    assert!(
        off < bare + 60,
        "{off} instructions through the gate, {bare} without"
    );
    assert!(
        on > off + 200,
        "the observed loop must show that the clock would have been seen: {on}"
    );
}

/// Not a test of its own: what [`instructions`] runs.
#[test]
#[ignore = "run by the test above, under callgrind"]
fn loops_for_callgrind() {
    let form = std::env::var("SOCKPLAY_GATE_FORM").unwrap_or_default();
    let rounds = std::env::var("SOCKPLAY_GATE_ROUNDS").map_or(1, |n| n.parse().unwrap());
    measured::run(&form, rounds);
}

mod measured {
    use std::os::fd::{AsFd as _, AsRawFd as _};
    use std::os::unix::net::UnixStream;

    use nix::sys::socket::{MsgFlags, recv, send};
    use sockplay::event::{Call, Event, Observer, Off};
    use sockplay::sys::Sys;

    /// Looks and does nothing: what is left is the gate's own work.
    struct Blind;

    impl Observer for Blind {
        const ON: bool = true;
        fn call(&self, _: &Call<'_>) {}
        fn event(&self, _: &Event<'_>) {}
    }

    #[inline(never)]
    pub(super) fn run(form: &str, rounds: u64) {
        let (a, b) = UnixStream::pair().unwrap();
        match form {
            "off" => through(&Off, &a, &b, rounds),
            "on" => through(&Blind, &a, &b, rounds),
            _ => bare(&a, &b, rounds),
        }
    }

    #[inline(never)]
    fn bare(a: &UnixStream, b: &UnixStream, rounds: u64) {
        let mut buffer = [0; 64];
        for _ in 0..rounds {
            assert_eq!(
                send(a.as_raw_fd(), &[1; 64], MsgFlags::MSG_NOSIGNAL),
                Ok(64)
            );
            assert_eq!(recv(b.as_raw_fd(), &mut buffer, MsgFlags::empty()), Ok(64));
        }
    }

    #[inline(never)]
    fn through<O: Observer>(observer: &O, a: &UnixStream, b: &UnixStream, rounds: u64) {
        let sys = Sys::new(observer, "test");
        let mut buffer = [0; 64];
        for _ in 0..rounds {
            assert_eq!(sys.send(a.as_fd(), &[1; 64]).unwrap(), 64);
            assert_eq!(
                sys.recv(b.as_fd(), &mut buffer, MsgFlags::empty()).unwrap(),
                64
            );
        }
    }
}
