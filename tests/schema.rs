//! `sockplay schema`: each is a schema, real output is valid under it, and what is wrong is not.

mod common;

use common::{Finished, run, serve};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The schema of a kind, ready to judge.
fn schema(kind: &str) -> Validator {
    let printed = run(&["schema", kind]);
    assert_eq!(printed.code, 0, "{kind}: {}", printed.err);
    let schema: Value = serde_json::from_slice(&printed.out).expect("JSON");
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert!(schema["title"].is_string(), "{kind} has no title");
    if let Err(error) = jsonschema::meta::validate(&schema) {
        panic!("{kind} is no schema: {error} at {}", error.instance_path());
    }
    jsonschema::validator_for(&schema).expect("it is a schema")
}

fn valid(schema: &Validator, value: &Value) {
    let errors: Vec<String> = schema
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\nin {value:#}");
}

fn lines(out: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(out).expect("UTF-8");
    text.lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect()
}

/// Each key of an object that a schema asks for: without it, and with a value of another type.
fn broken(value: &Value, keys: &[&str]) -> Vec<Value> {
    let mut all = Vec::new();
    for key in keys {
        let mut without = value.clone();
        without
            .as_object_mut()
            .unwrap()
            .remove(*key)
            .unwrap_or_else(|| panic!("no {key}"));
        all.push(without);
        let mut other = value.clone();
        other[*key] = json!([[1.5]]);
        all.push(other);
    }
    all
}

fn invalid(schema: &Validator, all: &[Value]) {
    for value in all {
        assert!(!schema.is_valid(value), "taken for valid: {value:#}");
    }
}

#[test]
fn the_kinds_are_listed_where_none_or_a_wrong_one_is_named() {
    let kinds = ["probe", "serve", "connect", "trace", "options", "profile"];
    for wrong in [run(&["schema"]), run(&["schema", "lab"])] {
        assert_eq!(wrong.code, 2, "{}", wrong.err);
        for kind in kinds {
            assert!(wrong.err.contains(kind), "{kind} is not in {}", wrong.err);
        }
    }
}

fn probes(args: &[&str]) -> Finished {
    let all = [&["probe", "--json", "--set", "probe.count=20"][..], args].concat();
    run(&all)
}

#[test]
fn probe() {
    let schema = schema("probe");
    let mut report = Value::Null;
    for args in [
        &["-c", "tcp4", "--set", "options.SO_RCVBUF=4096"][..],
        &["-c", "udp4"],
        &["-c", "unix-seqpacket"],
        &["-c", "tcp4-accept-only"],
    ] {
        let finished = probes(args);
        assert_eq!(finished.code, 0, "{}", finished.err);
        report = serde_json::from_slice(&finished.out).expect("JSON");
        valid(&schema, &report);
    }
    invalid(
        &schema,
        &broken(&report, &["schema", "version", "runs", "expectations"]),
    );
    let keys = [
        "profile",
        "label",
        "socket",
        "options",
        "sockets",
        "connect_ns",
        "load",
        "notes",
    ];
    for run in broken(&report["runs"][0], &keys) {
        let mut broken = report.clone();
        broken["runs"][0] = run;
        invalid(&schema, &[broken]);
    }
    // What may be null may not be something else.
    for (pointer, wrong) in [
        ("/comparison", json!({"pairs": 1})),
        ("/runs/0/echo", json!({"sent": 1})),
        ("/runs/0/tcp", json!("none")),
        ("/version", json!(2)),
    ] {
        let mut broken = report.clone();
        *broken.pointer_mut(pointer).unwrap() = wrong;
        invalid(&schema, &[broken]);
    }
    // The contract is additive.
    report["later"] = json!(1);
    valid(&schema, &report);
}

#[test]
fn serve_and_connect() {
    let (serves, connects) = (schema("serve"), schema("connect"));
    let running = serve("tcp4").any_port().start();
    let mut stopped = Value::Null;
    let address = running.address().to_owned();
    let client = run(&[
        "connect",
        "--json",
        "--set",
        "connect.message=\"hi\"",
        &address,
    ]);
    assert_eq!(client.code, 0, "{}", client.err);
    let said = lines(&client.out);
    assert!(said.len() > 1, "{said:?}");
    for line in &said {
        valid(&connects, line);
    }
    for line in running.stop_in_order().events {
        valid(&serves, &line);
        assert!(!connects.is_valid(&line), "a server's line is no client's");
        if line["event"] == "stopped" {
            stopped = line;
        }
    }
    invalid(
        &serves,
        &broken(
            &stopped,
            &[
                "schema",
                "event",
                "accepted",
                "bytes_discarded",
                "datagrams",
            ],
        ),
    );
    stopped["event"] = "exploded".into();
    invalid(&serves, &[stopped]);
}

#[test]
fn trace() {
    let schema = schema("trace");
    let finished = run(&["probe", "-q", "--trace=json", "--set", "probe.count=2"]);
    assert_eq!(finished.code, 0, "{}", finished.err);
    let calls: Vec<Value> = lines(finished.err.as_bytes());
    assert!(calls.len() > 10, "{}", calls.len());
    for call in &calls {
        valid(&schema, call);
    }
    let keys = [
        "schema",
        "t_ns",
        "task",
        "call",
        "args",
        "result",
        "errno",
        "elapsed_ns",
    ];
    invalid(&schema, &broken(&calls[0], &keys));
}

#[test]
fn options() {
    let schema = schema("options");
    let all: Value = serde_json::from_slice(&run(&["options", "--json"]).out).expect("JSON");
    valid(&schema, &all);
    let keys = [
        "name",
        "level",
        "number",
        "kind",
        "access",
        "phase",
        "inherited",
        "available",
        "doc",
    ];
    for option in broken(&all["options"][3], &keys) {
        let mut broken = all.clone();
        broken["options"][3] = option;
        invalid(&schema, &[broken]);
    }
}

/// A TOML document as JSON; `None` if it is no TOML.
fn document(text: &str) -> Option<Value> {
    toml::from_str(text).ok()
}

#[test]
fn a_profile_that_is_read_is_valid() {
    let schema = schema("profile");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            valid(&schema, &document(&text).expect("TOML"));
            // With every key written out.
            let shown = run(&["profile", "show", path.to_str().unwrap()]);
            valid(&schema, &document(&shown.text()).expect("TOML"));
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen} profiles");
    for text in [
        "[options]\nSO_LINGER = \"5s\"\nSO_RCVBUF = { value = \"64KiB\", phase = \"post-accept\", optional = true }",
        "[options]\nSO_LINGER = { onoff = 1, linger = 5 }\nIP_MTU_DISCOVER = \"IP_PMTUDISC_DO\"",
        "[options]\nSO_TYPE = { value = 1, optional = true }\nSO_RCVTIMEO = \"1s 500ms\"",
        "[[raw_option]]\nlevel = \"SOL_SOCKET\"\nname = 2\nbytes = \"01000000\"",
        "[io]\nframing = \"fixed\"\nmessage_size = \"1KiB\"",
        "[expect]\n\"echo.rtt_ns.p99\" = \"< 2ms\"\necho.lost = 0\noptions.SO_RCVBUF.verdict = \"honoured\"",
        "\"$schema\" = \"https://example.org/x\"\n[socket]\nfamily = \"AF_INET6\"\nprotocol = \"tcp\"",
    ] {
        assert!(sockplay::profile::parse("x", text, &[]).is_ok(), "{text}");
        valid(&schema, &document(text).expect("TOML"));
    }
}

/// The mistakes that the tests of the profile know: whatever is TOML at all is refused by the schema as well.
#[test]
fn a_profile_that_is_refused_is_invalid() {
    let schema = schema("profile");
    let mistakes: &[(&str, &[&str])] = &include!("profiles/mistakes.in");
    // What only the reader can tell: a number of messages against another, and whether a symbol exists.
    let beyond = ["writes = 2", "SOL_NONSENSE"];
    let mut refused = 0;
    for (text, _) in mistakes {
        let Some(value) = document(text) else {
            continue;
        };
        if beyond.iter().any(|b| text.contains(b)) {
            continue;
        }
        assert!(!schema.is_valid(&value), "taken for valid:\n{text}");
        refused += 1;
    }
    assert!(refused > 40, "{refused}");
    for text in [
        "[io]\nbuffer_size = \"64K\"",
        "[connect]\ntimeout = \"5\"",
        "[serve]\nengine = \"select\"",
        "[serve]\nrequests = \"all\"",
        "[address]\nmode = \"999\"",
        "[options]\nSO_LINGER = 5",
        "[options]\nIP_ADD_MEMBERSHIP = { imr_multiadr = \"239.0.0.1\" }",
    ] {
        assert!(sockplay::profile::parse("x", text, &[]).is_err(), "{text}");
        assert!(!schema.is_valid(&document(text).expect("TOML")), "{text}");
    }
}
