//! `--dry-run`: the calls that would be made, in order, with the origin of every value, and not one of them made.

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{Sockplay, connect, needs_program, place, run, serve};
use serde_json::Value;

/// Every profile that is shipped.
fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    all.sort();
    assert!(all.len() >= 20, "only {} profiles", all.len());
    all
}

/// Runs under strace and gives every call that opens, names or removes something.
fn calls(command: &Sockplay) -> Vec<String> {
    let place = place();
    let log = place.path().join("calls");
    let through = [
        "strace",
        "-f",
        "-qq",
        "-o",
        log.to_str().unwrap(),
        "-e",
        "trace=%network,unlink,unlinkat,rename,mkdir,fchmod",
    ];
    let finished = command.clone().through(&through).finishes();
    assert_eq!(finished.code, 0, "{}", finished.err);
    assert!(!finished.out.is_empty());
    let text = std::fs::read_to_string(log).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn nothing_is_opened_for_any_shipped_profile() {
    if !needs_program("strace") {
        return;
    }
    for profile in shipped() {
        for verb in ["serve", "connect"] {
            let command = Sockplay::new(verb).arg("-c").arg(&profile).arg("--dry-run");
            // A profile for one end only says so instead.
            if command.finishes().code == 0 {
                assert_eq!(
                    calls(&command),
                    Vec::<String>::new(),
                    "{verb} {}",
                    profile.display()
                );
            }
        }
    }
}

/// The same trace of a run that does open: without it, the test above could not fail.
#[test]
fn the_tracer_would_have_seen_it() {
    if needs_program("strace") {
        let seen = calls(&Sockplay::new("options"));
        assert!(
            seen.iter().any(|call| call.contains("socket(AF_INET")),
            "{seen:?}"
        );
    }
}

#[test]
fn no_name_is_resolved() {
    let finished = run(&["connect", "--dry-run", "no-such-host.invalid:7"]);
    assert_eq!(finished.code, 0, "{}", finished.err);
    assert!(
        finished
            .text()
            .contains("connect(fd, no-such-host.invalid:7)")
    );
}

#[test]
fn the_articles_server_in_six_lines() {
    let finished = run(&["serve", "-c", "tcp4", "--dry-run"]);
    let expected = "\
serve: ipv4 stream at 127.0.0.1:35555, by built-in tcp4
  socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP)  # built-in tcp4:LINE
  setsockopt(fd, SOL_IP, IP_TTL, [64], 4)                # built-in tcp4:LINE  post-socket
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, [1], 4)       # built-in tcp4:LINE  pre-bind
  bind(fd, 127.0.0.1:35555)                              # built-in tcp4:LINE
  listen(fd, 128)                                        # default
  accept4(fd, peer, SOCK_CLOEXEC)                        # for each client
";
    assert_eq!(without_lines(&finished.text()), expected);
    assert_eq!((finished.code, finished.err.as_str()), (0, ""));
}

/// The number of a line of a shipped profile is that profile's own business.
fn without_lines(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        match line.split_once("# built-in tcp4:") {
            Some((call, rest)) => {
                let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                assert_ne!(after, rest, "a line without its number: {line}");
                let _ = writeln!(out, "{call}# built-in tcp4:LINE{after}");
            }
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

#[test]
fn every_value_knows_where_it_comes_from() {
    let place = place();
    let path = place.path().join("mine.toml");
    std::fs::write(
        &path,
        "[options]\nTCP_NODELAY = true\n\n[serve]\nbacklog = 7\n",
    )
    .unwrap();
    let path = path.to_str().unwrap();
    let plan = planned(&[
        "serve",
        "-c",
        path,
        "--set",
        "options.SO_KEEPALIVE=true",
        "127.0.0.1:7",
    ]);
    let origin = |call: &str| origin(&plan, call);
    assert_eq!(origin("socket("), "default");
    assert_eq!(origin("TCP_NODELAY"), format!("{path}:2"));
    assert_eq!(origin("SO_KEEPALIVE"), "--set");
    assert_eq!(origin("bind("), "ADDRESS");
    assert_eq!(origin("listen("), format!("{path}:5"));
}

fn planned(args: &[&str]) -> Value {
    let args: Vec<_> = args
        .iter()
        .copied()
        .chain(["--dry-run", "--json"])
        .collect();
    let finished = run(&args);
    assert_eq!(finished.code, 0, "{}", finished.err);
    let all: Value = serde_json::from_slice(&finished.out).expect("one JSON object");
    assert_eq!(all["schema"], "sockplay.plan");
    all["plans"][0].clone()
}

fn origin(plan: &Value, call: &str) -> String {
    let steps = plan["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|s| s["call"].as_str().unwrap().contains(call));
    let step = step.unwrap_or_else(|| panic!("no {call} in {plan}"));
    step["origin"].as_str().unwrap().to_owned()
}

fn sysctl(name: &str) -> i64 {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    std::fs::read_to_string(path)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

#[test]
fn what_will_not_turn_out_as_written_is_known_in_advance() {
    let somaxconn = sysctl("net.core.somaxconn");
    let rmem_max = sysctl("net.core.rmem_max");
    let backlog = format!("serve.backlog={}", somaxconn + 1);
    let buffer = format!("options.SO_RCVBUF={}", rmem_max + 1);
    let finished = run(&[
        "serve",
        "-c",
        "tcp4",
        "--dry-run",
        "--set",
        &backlog,
        "--set",
        &buffer,
    ]);
    let said = finished.text();
    let expected = format!(
        "~ the backlog {} is above net.core.somaxconn = {somaxconn}",
        somaxconn + 1
    );
    assert!(said.contains(&expected), "{said}");
    let expected = format!(
        "~ SO_RCVBUF {} is above net.core.rmem_max = {rmem_max}",
        rmem_max + 1
    );
    assert!(said.contains(&expected), "{said}");
    let within = run(&[
        "serve",
        "-c",
        "tcp4",
        "--dry-run",
        "--set",
        &format!("serve.backlog={somaxconn}"),
    ]);
    assert!(!within.text().contains('~'), "{}", within.text());
}

#[test]
fn a_privilege_that_is_missing_is_known_in_advance() {
    if !needs_program("setpriv") || !common::needs("CAP_SETPCAP") {
        return;
    }
    let without = ["setpriv", "--bounding-set=-net_raw,-net_bind_service"];
    for (profile, port, words) in [
        (
            "tcp4",
            "80",
            "~ port 80 is below net.ipv4.ip_unprivileged_port_start",
        ),
        ("raw4", "", "~ raw sockets need CAP_NET_RAW"),
    ] {
        let mut command = serve(profile).plain().arg("--dry-run");
        if !port.is_empty() {
            command = command.set(format!("address.port={port}"));
        }
        let missing = command.clone().through(&without).finishes();
        assert!(
            missing.text().contains(words),
            "{}{}",
            missing.text(),
            missing.err
        );
        assert!(
            !command.finishes().text().contains(words),
            "{profile}: it is not missing here"
        );
    }
}

#[test]
fn an_option_that_is_set_too_late_is_known_in_advance() {
    let set = "options.TCP_MAXSEG={value=1000, phase=\"post-accept\"}";
    let finished = run(&["serve", "-c", "tcp4", "--dry-run", "--set", set]);
    let said = finished.text();
    assert!(
        said.contains("~ --set: TCP_MAXSEG at post-accept is too late"),
        "{said}"
    );
    let last = said
        .lines()
        .find(|l| l.contains("TCP_MAXSEG, [1000]"))
        .unwrap();
    assert!(last.ends_with("post-accept"), "{said}");
    assert!(
        said.find("listen(").unwrap() < said.find("TCP_MAXSEG, [").unwrap(),
        "{said}"
    );
}

/// A call as name, and option where there is one: what a plan and a trace have in common.
fn shape(call: &str, args: &[&str]) -> String {
    match call {
        "setsockopt" => format!("setsockopt {} {}", args[1], args[2]),
        _ => call.to_owned(),
    }
}

fn planned_shapes(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().unwrap().iter();
    let calls = steps.map(|s| s["call"].as_str().unwrap());
    let split = |call: &str| {
        let (name, rest) = call.split_once('(').unwrap();
        let args: Vec<_> = rest.split(", ").collect();
        shape(name, &args)
    };
    calls.map(split).collect()
}

/// The opening calls of a trace; what is only read back, asked or closed is no step.
fn traced_shapes(trace: &str) -> Vec<String> {
    let calls = trace
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("JSON lines"));
    let is_step = |c: &Value| {
        let name = c["call"].as_str().unwrap();
        matches!(name, "socket" | "setsockopt" | "bind" | "listen" | "connect")
            // The plan's own timeout of connect(2), put back afterwards.
            && !(name == "setsockopt" && c["args"][2] == "SO_SNDTIMEO")
    };
    let of = |c: Value| {
        let args: Vec<_> = c["args"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap())
            .collect();
        shape(c["call"].as_str().unwrap(), &args)
    };
    calls.filter(is_step).map(of).collect()
}

#[test]
fn the_real_run_makes_the_planned_calls_in_the_planned_order() {
    let place = place();
    for (profile, more) in [
        (
            "tcp4",
            &["options.TCP_NODELAY=true", "options.SO_RCVBUF=\"64KiB\""][..],
        ),
        ("tcp6", &["options.TCP_DEFER_ACCEPT=1"]),
        ("udp4", &["options.SO_RCVBUF=\"64KiB\""]),
        ("tcp4-small-buffers", &[]),
        (
            "unix-abstract",
            &["address.path=\"@sockplay-dry-run-test\""],
        ),
    ] {
        let file = place.path().join(profile);
        let port = (profile != "unix-abstract").then_some("address.port=0");
        let sets: Vec<_> = more.iter().copied().chain(port).collect();
        let mut args = vec!["serve", "-c", profile];
        args.extend(sets.iter().flat_map(|set| ["--set", set]));
        let mut planned = planned_shapes(&planned(&args));
        // What is set on each accepted socket waits for a client.
        if let Some(at) = planned.iter().position(|c| c == "accept4") {
            planned.truncate(at);
        }
        let mut server = serve(profile)
            .arg("--trace=json")
            .arg("--trace-file")
            .arg(&file);
        for set in &sets {
            server = server.set(set);
        }
        server.start().stop_in_order();
        let real = traced_shapes(&std::fs::read_to_string(&file).unwrap());
        assert_eq!(real, planned, "{profile}");
    }
}

#[test]
fn a_client_makes_the_planned_calls_in_the_planned_order() {
    let server = serve("tcp4").any_port().start();
    let place = place();
    let file = place.path().join("trace");
    let sets = [
        "connect.options.TCP_NODELAY=true",
        "options.SO_SNDBUF=\"64KiB\"",
    ];
    let mut args = vec!["connect", "-c", "tcp4", server.address()];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    let planned = planned_shapes(&planned(&args));
    let mut client = connect().arg("-c").arg("tcp4").arg(server.address());
    for set in sets {
        client = client.set(set);
    }
    let finished = client.arg("--trace-file").arg(&file).pipes("hi");
    assert_eq!(finished.code, 0, "{}", finished.err);
    assert_eq!(
        traced_shapes(&std::fs::read_to_string(&file).unwrap()),
        planned
    );
    server.stop_in_order();
}

#[test]
fn an_address_chooses_the_profile_of_its_kind() {
    for (address, head) in [
        (
            "127.0.0.1:7007",
            "serve: ipv4 stream at 127.0.0.1:7007, by built-in tcp4",
        ),
        (
            "[::1]:7007",
            "serve: ipv6 stream at [::1]:7007, by built-in tcp6",
        ),
        (
            "udp://127.0.0.1:7007",
            "serve: ipv4 datagram at 127.0.0.1:7007, by built-in udp4",
        ),
        (
            "udp://[::1]:7007",
            "serve: ipv6 datagram at [::1]:7007, by built-in udp6",
        ),
        (
            "/tmp/a",
            "serve: unix stream at /tmp/a, by built-in unix-stream",
        ),
        ("@a", "serve: unix stream at @a, by built-in unix-abstract"),
        (
            "unixgram:///tmp/a",
            "serve: unix datagram at /tmp/a, by built-in unix-datagram",
        ),
        (
            "seqpacket:///tmp/a",
            "serve: unix seqpacket at /tmp/a, by built-in unix-seqpacket",
        ),
    ] {
        let finished = run(&["serve", "--dry-run", address]);
        assert_eq!(
            finished.text().lines().next(),
            Some(head),
            "{}",
            finished.err
        );
    }
}

#[test]
fn a_bare_host_leaves_the_port_to_the_profile() {
    let port = |address| run(&["serve", "--dry-run", address]).text();
    assert!(port("127.0.0.2").contains("bind(fd, 127.0.0.2:35555)"));
    assert!(port("127.0.0.2:0").contains("bind(fd, 127.0.0.2:0)"));
    assert!(port("::1").contains("bind(fd, [::1]:35555)"));
}
