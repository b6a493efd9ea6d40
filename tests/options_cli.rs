//! `sockplay options`, and what a server says about the options it has set: every verdict on a real run.

mod common;

use std::process::{Command, Stdio};

use common::{needs_program, place, run, serve};
use serde_json::Value;

fn reference(args: &[&str]) -> Vec<Value> {
    let args: Vec<_> = ["options"]
        .iter()
        .chain(args)
        .copied()
        .chain(["--json"])
        .collect();
    let finished = run(&args);
    assert_eq!((finished.code, finished.err.as_str()), (0, ""));
    let all: Value = serde_json::from_slice(&finished.out).expect("one JSON object");
    assert_eq!(
        (&all["schema"], &all["version"]),
        (&"sockplay.options".into(), &1.into())
    );
    all["options"].as_array().expect("a list").clone()
}

#[test]
fn every_entry_has_every_key_of_the_contract() {
    let all = reference(&[]);
    assert!(all.len() > 200, "{} entries", all.len());
    for entry in &all {
        for key in [
            "name",
            "level",
            "kind",
            "access",
            "phase",
            "inherited",
            "doc",
            "man",
        ] {
            assert!(
                entry[key].as_str().is_some_and(|s| !s.is_empty()),
                "{key}: {entry}"
            );
        }
        assert!(
            entry["number"].is_i64() && entry["available"].is_boolean(),
            "{entry}"
        );
        assert!(
            matches!(&entry["settable"], Value::Bool(_) | Value::Null),
            "{entry}"
        );
        assert!(
            entry.as_object().unwrap().contains_key("default"),
            "{entry}"
        );
        let one_of = |key: &str, words: &[&str]| {
            assert!(
                words.contains(&entry[key].as_str().unwrap()),
                "{key}: {entry}"
            );
        };
        one_of("access", &["rw", "ro", "wo"]);
        one_of(
            "phase",
            &["post-socket", "pre-bind", "pre-listen", "post-accept"],
        );
        one_of("inherited", &["yes", "no", "unknown"]);
        if entry["available"] == false {
            assert_eq!(
                (&entry["default"], entry["settable"] == true),
                (&Value::Null, false),
                "{entry}"
            );
        }
    }
    let mut names: Vec<_> = all.iter().map(|e| e["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|w| w[0] == w[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// The defaults are this kernel's, not the table's: asked again, in Python's words, by another program.
#[test]
fn the_defaults_are_what_another_program_reads() {
    if !needs_program("python3") {
        return;
    }
    let names = [
        "SO_RCVBUF",
        "SO_SNDBUF",
        "SO_REUSEADDR",
        "SO_KEEPALIVE",
        "TCP_NODELAY",
        "TCP_KEEPIDLE",
        "IP_TTL",
    ];
    let script = "import socket,sys\ns=socket.socket()\nlevel=dict(SO=socket.SOL_SOCKET,TC=socket.IPPROTO_TCP,IP=socket.IPPROTO_IP)\n\
                  for n in sys.argv[1:]: print(s.getsockopt(level[n[:2]],getattr(socket,n)))";
    let asked = Command::new("python3")
        .arg("-c")
        .arg(script)
        .args(names)
        .output()
        .unwrap();
    let numbers = String::from_utf8(asked.stdout).unwrap();
    let numbers: Vec<i64> = numbers.lines().map(|l| l.parse().unwrap()).collect();
    assert_eq!(
        numbers.len(),
        names.len(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    for (name, number) in names.iter().zip(numbers) {
        let entry = &reference(&[name])[0];
        let ours = match &entry["default"] {
            Value::Bool(flag) => i64::from(*flag),
            other => other.as_i64().unwrap_or_else(|| panic!("{entry}")),
        };
        assert_eq!(ours, number, "{name}");
        assert_eq!(entry["settable"], true, "{name}");
    }
}

#[test]
fn one_option_has_a_page_whatever_the_case() {
    for name in ["TCP_NODELAY", "tcp_nodelay"] {
        let page = run(&["options", name]);
        assert_eq!(page.code, 0, "{}", page.err);
        let said = page.text();
        for word in [
            "TCP_NODELAY: ",
            "IPPROTO_TCP (6)",
            "default     false",
            "tcp(7)",
            "TCP_NODELAY = ",
        ] {
            assert!(said.contains(word), "`{word}` is not in:\n{said}");
        }
    }
}

#[test]
fn a_level_lists_its_options() {
    let table = run(&["options", "SOL_SOCKET"]).text();
    assert!(table.starts_with("SOL_SOCKET (level 1), "), "{table}");
    assert!(
        table.contains(" SO_REUSEADDR ") && !table.contains("TCP_NODELAY"),
        "{table}"
    );
}

#[test]
fn an_unknown_name_is_answered_with_similar_ones() {
    let finished = run(&["options", "tcp_nodely"]);
    assert_eq!(finished.code, 2);
    assert!(
        finished.err.contains("tcp_nodely") && finished.err.contains("similar: TCP_NODELAY"),
        "{}",
        finished.err
    );
    let finished = run(&["options", "qqqqqqqqqqqq"]);
    assert!(
        finished.err.contains("`sockplay options` lists them"),
        "{}",
        finished.err
    );
}

/// On a terminal of `columns`, which script(1) provides.
fn on_a_terminal(columns: u16, args: &str) -> String {
    let command = format!(
        "stty cols {columns} rows 50; '{}' {args}",
        env!("CARGO_BIN_EXE_sockplay")
    );
    let output = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_table_fits_the_terminal() {
    if !needs_program("script") || !needs_program("stty") {
        return;
    }
    for columns in [80, 100, 160] {
        let table = on_a_terminal(columns, "options");
        assert!(table.contains("SO_REUSEADDR"), "{table}");
        for line in table.lines() {
            let width = line.trim_end_matches('\r').chars().count();
            assert!(width <= columns.into(), "{width} > {columns}: {line}");
        }
    }
}

/// The reports of a server that was started with these options and stopped again.
fn verdicts(sets: &[&str]) -> (Vec<Value>, String) {
    let server = sets
        .iter()
        .fold(serve("tcp4").any_port(), common::Sockplay::set);
    let stopped = server.start().stop();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    let of_options = |e: &&Value| e["event"] == "option";
    let events = stopped.events.iter().filter(of_options).cloned().collect();
    (events, stopped.log)
}

fn verdict<'a>(events: &'a [Value], name: &str) -> &'a Value {
    let found = events.iter().find(|e| e["name"] == name);
    found.unwrap_or_else(|| panic!("nothing about {name} in {events:?}"))
}

#[test]
fn an_honoured_option_gets_an_equals_sign() {
    let (events, log) = verdicts(&["options.TCP_NODELAY=true"]);
    let event = verdict(&events, "TCP_NODELAY");
    assert_eq!(
        (&event["verdict"], &event["effective"]),
        (&"honoured".into(), &true.into())
    );
    assert!(
        log.contains(" - INFO - server - = TCP_NODELAY true\n"),
        "{log}"
    );
}

#[test]
fn an_adjusted_option_shows_both_values_and_the_reason() {
    let (events, log) = verdicts(&["options.SO_RCVBUF=\"64KiB\""]);
    let event = verdict(&events, "SO_RCVBUF");
    assert_eq!(
        (&event["verdict"], &event["effective"]),
        (&"adjusted".into(), &131_072.into())
    );
    assert!(
        log.contains(" - INFO - server - ~ SO_RCVBUF 65536 -> 131072 (") && log.contains("doubled"),
        "{log}"
    );
}

#[test]
fn a_capped_option_names_the_sysctl_that_caps_it() {
    let most: i64 = std::fs::read_to_string("/proc/sys/net/core/rmem_max")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let (events, log) = verdicts(&[&format!("options.SO_RCVBUF={}", most + 4096)]);
    let event = verdict(&events, "SO_RCVBUF");
    assert_eq!(
        (&event["verdict"], &event["effective"]),
        (&"adjusted".into(), &(2 * most).into())
    );
    assert!(
        event["why"].as_str().unwrap().contains("net.core.rmem_max"),
        "{event}"
    );
    assert!(log.contains(&format!("-> {} (", 2 * most)), "{log}");
}

#[test]
fn a_refused_option_ends_the_run_unless_it_is_optional() {
    // A congestion control that no kernel has.
    let required = serve("tcp4")
        .any_port()
        .set("options.TCP_CONGESTION=nosuchcc")
        .finishes();
    assert_eq!(required.code, 1, "{}", required.err);
    assert!(
        required.err.contains("setsockopt TCP_CONGESTION") && required.err.contains("(ENOENT)"),
        "{}",
        required.err
    );
    let (events, log) = verdicts(&["options.TCP_CONGESTION={value=\"nosuchcc\", optional=true}"]);
    let event = verdict(&events, "TCP_CONGESTION");
    assert_eq!(event["verdict"], "refused");
    assert!(
        event["why"].as_str().unwrap().starts_with("ENOENT"),
        "{event}"
    );
    assert!(
        log.contains(" - WARN - server - x TCP_CONGESTION nosuchcc"),
        "{log}"
    );
}

#[test]
fn a_read_only_option_is_an_error_unless_it_is_optional() {
    let required = serve("tcp4").any_port().set("options.SO_TYPE=1").finishes();
    assert_eq!(required.code, 3, "{}", required.err);
    assert!(
        required.err.contains("SO_TYPE") && required.err.contains("read-only"),
        "{}",
        required.err
    );
    let (events, _) = verdicts(&["options.SO_TYPE={value=1, optional=true}"]);
    let event = verdict(&events, "SO_TYPE");
    assert_eq!(event["verdict"], "refused");
    assert!(
        event["why"].as_str().unwrap().starts_with("ENOPROTOOPT"),
        "{event}"
    );
}

#[test]
fn a_phase_that_is_too_late_is_a_warning_and_still_done() {
    let late = "options.SO_RCVBUF={value=65536, phase=\"post-accept\"}";
    let server = serve("tcp4").any_port().set(late).start();
    server.logs(" - WARN - server - --set: SO_RCVBUF at post-accept is too late");
    server.say(b"hi").hears(b"hi");
    let report = server.event("option", 3);
    assert_eq!(
        (&report["name"], &report["phase"]),
        (&"SO_RCVBUF".into(), &"post-accept".into())
    );
    server.stop_in_order();
}

#[test]
fn an_option_that_no_table_knows_is_set_by_its_numbers() {
    let place = place();
    let path = place.path().join("raw.toml");
    let profile = "[address]\nport = 0\n[[raw_option]]\nlevel = \"SOL_SOCKET\"\nname = 9\nvalue = 1\n\
                   [[raw_option]]\nlevel = 6\nname = 4\nbytes = \"2a000000\"\n";
    std::fs::write(&path, profile).unwrap();
    let server = serve(path.to_str().unwrap()).start();
    let (keepalive, keepidle) = (server.event("option", 1), server.event("option", 2));
    // SO_KEEPALIVE reads back 1; TCP_KEEPIDLE was given as four bytes, 42 seconds.
    assert_eq!(
        (&keepalive["verdict"], &keepalive["effective"]),
        (&"honoured".into(), &1.into())
    );
    assert_eq!(
        (&keepidle["verdict"], &keepidle["effective"]),
        (&"honoured".into(), &42.into())
    );
    server.stop_in_order();
}

#[test]
fn what_became_of_an_accepted_socket_is_said_once() {
    for engine in ["sequential", "threads", "epoll"] {
        let server = serve("tcp4")
            .any_port()
            .set("accept.options.TCP_QUICKACK=true")
            .arg("--engine")
            .arg(engine)
            .start();
        for _ in 0..3 {
            server.say(b"hi").hears(b"hi");
        }
        let stopped = server.stop_in_order();
        assert_eq!(
            stopped.log.matches("TCP_QUICKACK").count(),
            1,
            "{engine}: {}",
            stopped.log
        );
    }
}
