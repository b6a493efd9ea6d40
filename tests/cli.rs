//! The command line: help, versions, streams, silence, and where the ready line goes.

mod common;

use common::{needs_program, place, run, serve};
use serde_json::Value;

const COMMANDS: &[&str] = &[
    "serve",
    "connect",
    "probe",
    "options",
    "profile",
    "completions",
    "man",
];

#[test]
fn without_a_command_there_are_examples_that_work() {
    let finished = run(&[]);
    assert_eq!((finished.code, finished.err.as_str()), (0, ""));
    let said = finished.text();
    let examples: Vec<_> = said
        .lines()
        .filter_map(|l| l.strip_prefix("  sockplay "))
        .collect();
    assert!(examples.len() >= 4, "{said}");
    for example in examples {
        let command = example.split("   ").next().unwrap().replace('"', "");
        let mut args: Vec<_> = command.split_whitespace().collect();
        // Opens nothing, and is parsed and planned all the same.
        if matches!(args[0], "serve" | "connect" | "probe") {
            args.push("--dry-run");
        }
        let finished = run(&args);
        assert_eq!(finished.code, 0, "{example}: {}", finished.err);
    }
}

#[test]
fn every_command_has_help_and_the_version_is_the_packages() {
    let all = run(&["--help"]).text();
    for command in COMMANDS {
        assert!(
            all.contains(&format!("\n  {command} ")),
            "{command} is not in:\n{all}"
        );
        for form in [&[*command, "--help"][..], &["help", command]] {
            let help = run(form);
            assert_eq!((help.code, help.err.as_str()), (0, ""), "{form:?}");
            assert!(help.text().contains("Usage: sockplay"), "{}", help.text());
        }
    }
    let version = run(&["--version"]);
    assert_eq!(
        version.text(),
        format!("sockplay {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn every_flag_of_the_contract_is_there() {
    let serve = run(&["serve", "--help"]).text();
    for flag in [
        "-c, --config",
        "--set",
        "--dry-run",
        "--trace",
        "--trace-file",
        "--json",
        "-v, --verbose",
        "-q, --quiet",
        "--color",
        "--log-file",
        "--engine",
    ] {
        assert!(serve.contains(flag), "{flag} is not in:\n{serve}");
    }
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    assert_eq!(run(&["serve", "-q", "-v"]).code, 2);
    assert_eq!(run(&["serve", "--color", "sometimes"]).code, 2);
    assert_eq!(run(&["serve", "--trace=ladders"]).code, 2);
    assert_eq!(run(&["serve", "127.0.0.1:0", "127.0.0.1:0"]).code, 2);
}

#[test]
fn completions_are_scripts_that_their_shell_reads() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        assert_eq!((script.code, script.err.as_str()), (0, ""), "{shell}");
        for word in ["sockplay", "serve", "dry-run"] {
            assert!(script.text().contains(word), "{shell}: no {word}");
        }
    }
    if needs_program("bash") {
        let place = place();
        let path = place.path().join("completion");
        std::fs::write(&path, run(&["completions", "bash"]).out).unwrap();
        let read = std::process::Command::new("bash")
            .arg("-n")
            .arg(&path)
            .status();
        assert!(read.unwrap().success());
    }
}

#[test]
fn the_manual_page_is_troff() {
    let page = run(&["man"]);
    assert_eq!(page.code, 0);
    assert!(page.text().contains(".TH sockplay 1"), "{}", page.text());
    assert!(page.text().contains(".SH SUBCOMMANDS"), "{}", page.text());
}

#[test]
fn a_server_says_one_line_on_standard_output_and_the_rest_on_standard_error() {
    let server = serve("tcp4").any_port().plain().start();
    let port = server.port();
    server.say(b"Ciao!").hears(b"Ciao!");
    server.logs("Closed connection to");
    let stopped = server.stop();
    assert_eq!(stopped.out, format!("listening on 127.0.0.1:{port}\n"));
    let messages: Vec<_> = stopped
        .log
        .lines()
        .map(|l| l.splitn(4, " - ").last().unwrap())
        .collect();
    let listening = format!("Listening on port: {port} (backlog 128)");
    for expected in [
        "Starting server...",
        &listening,
        "Received: Ciao!",
        "Server closed by user.",
    ] {
        assert!(
            messages.contains(&expected),
            "{expected} is not in:\n{}",
            stopped.log
        );
    }
    for line in stopped.log.lines() {
        let parts: Vec<_> = line.splitn(4, " - ").collect();
        assert_eq!((parts.len(), parts[2]), (4, "server"), "{line}");
        assert!(
            jiff::civil::DateTime::strptime("%d-%m-%Y %H:%M:%S", parts[0]).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn quiet_leaves_the_ready_line_and_nothing_else() {
    let server = serve("tcp4").any_port().plain().arg("-q").start();
    server.say(b"Ciao!").hears(b"Ciao!");
    let stopped = server.stop();
    assert_eq!((stopped.code, stopped.log.as_str()), (0, ""));
    assert_eq!(stopped.out.lines().count(), 1, "{}", stopped.out);
}

#[test]
fn quiet_still_says_errors() {
    let finished = run(&[
        "serve",
        "-q",
        "-c",
        "tcp4",
        "--set",
        "options.TCP_CONGESTION=nosuchcc",
        ":0",
    ]);
    assert_eq!(finished.code, 1);
    assert!(
        finished.err.starts_with("error: setsockopt TCP_CONGESTION"),
        "{}",
        finished.err
    );
    // A warning is no error.
    let late = "options.SO_RCVBUF={value=65536, phase=\"post-accept\"}";
    let stopped = serve("tcp4").any_port().arg("-q").set(late).start().stop();
    assert_eq!(stopped.log, "");
}

#[test]
fn with_json_every_line_of_standard_output_is_an_object() {
    let server = serve("tcp4").any_port().start();
    server.say(b"Ciao!").hears(b"Ciao!");
    let stopped = server.stop();
    let mut kinds = Vec::new();
    for line in stopped.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!(
            (&event["schema"], &event["version"]),
            (&"sockplay.serve".into(), &1.into())
        );
        kinds.push(event["event"].as_str().unwrap().to_owned());
    }
    let at = |kind: &str| {
        kinds
            .iter()
            .position(|k| k == kind)
            .unwrap_or_else(|| panic!("no {kind}: {kinds:?}"))
    };
    let order = [
        "listening",
        "accepted",
        "received",
        "sent",
        "closed",
        "stopped",
    ]
    .map(at);
    assert!(order.is_sorted(), "{kinds:?}");
    assert_eq!(stopped.count("bytes_sent"), 5);
}

#[test]
fn a_log_file_takes_the_lines_too() {
    let place = place();
    let path = place.path().join("log");
    for _ in 0..2 {
        let stopped = serve("tcp4")
            .any_port()
            .arg("--log-file")
            .arg(&path)
            .start()
            .stop();
        let file = std::fs::read_to_string(&path).unwrap();
        assert!(file.ends_with(&stopped.log), "{file}\n---\n{}", stopped.log);
    }
    let file = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        file.matches("Starting server...").count(),
        2,
        "appended, not replaced"
    );
}

#[test]
fn the_profiles_are_listed_shown_and_checked() {
    let list = run(&["profile", "list"]).text();
    let names: Vec<_> = list
        .lines()
        .filter_map(|l| l.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(names.len() >= 20 && names.contains(&"tcp4"), "{list}");
    for name in names {
        let shown = run(&["profile", "show", name]);
        assert_eq!(shown.code, 0, "{name}: {}", shown.err);
        // What is shown is a profile that says the same.
        let again = common::Sockplay::new("profile")
            .arg("show")
            .arg("-")
            .pipes(shown.out.clone());
        assert_eq!(again.code, 0, "{name}: {}", again.err);
        assert_eq!(
            without_comments(&again.text()),
            without_comments(&shown.text()),
            "{name}"
        );
        assert_eq!(run(&["profile", "check", name]).code, 0, "{name}");
    }
    let both = run(&["profile", "check", "tcp4", "/nonexistent.toml"]);
    assert_eq!(both.code, 3);
    assert!(
        both.text().contains("tcp4: ok") && both.err.contains("1 of 2 profiles"),
        "{}",
        both.err
    );
}

fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|l| !l.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn colours_are_for_those_who_ask() {
    let coloured = run(&["--color", "always", "serve", "127.0.0.1:x"]);
    assert!(coloured.err.contains('\x1b'), "{:?}", coloured.err);
    for args in [
        &["serve", "127.0.0.1:x"][..],
        &["--color", "never", "serve", "127.0.0.1:x"],
    ] {
        assert!(!run(args).err.contains('\x1b'));
    }
}
