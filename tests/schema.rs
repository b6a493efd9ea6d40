//! `sockplay schema`: each is a schema, real output is valid under it, and what is wrong is not.

mod common;

use std::path::Path;

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
    let kinds = [
        "probe",
        "serve",
        "connect",
        "trace",
        "options",
        "lab",
        "lab-list",
        "profile",
        "experiment",
    ];
    for wrong in [run(&["schema"]), run(&["schema", "laboratory"])] {
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

/// Three experiments: one that passes, one that does not, one that needs what another platform has.
fn experiments(place: &Path) -> Vec<String> {
    let head = "question = 'q?'\nanswer = 'a'\nclaim = 'c'\nagrees = 'not quite'\n";
    let socket = "{ note = 'n' }, { a = 'socket', as = 's' }";
    let all = [
        ("passes", "title = 't'", ""),
        (
            "fails",
            "title = 't'",
            ", { a = 'recv', fd = 's' }, { a = 'close', fd = 's' }",
        ),
        ("skips", "title = 't'\nneeds = ['SO_SETFIB']", ""),
    ];
    let write = |(name, top, steps): &(&str, &str, &str)| {
        let path = place.join(format!("{name}.toml"));
        let text = format!("{top}\n{head}steps = [ {socket}{steps} ]\n");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    all.iter().map(write).collect()
}

#[test]
fn lab() {
    let schema = schema("lab");
    let place = common::place();
    let paths = experiments(place.path());
    let mut args = vec!["lab", "--json"];
    args.extend(paths.iter().map(String::as_str));
    let finished = run(&args);
    assert_eq!(finished.code, 5, "{}", finished.err);
    let all: Value = serde_json::from_slice(&finished.out).expect("JSON");
    valid(&schema, &all);
    let verdicts: Vec<&Value> = (0..3).map(|i| &all["experiments"][i]["passed"]).collect();
    assert_eq!(
        verdicts,
        [&json!(true), &json!(false), &Value::Null],
        "{all:#}"
    );
    invalid(
        &schema,
        &broken(
            &all,
            &[
                "schema",
                "version",
                "passed",
                "failed",
                "skipped",
                "experiments",
            ],
        ),
    );
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    for pointer in [
        "/experiments/1",
        "/experiments/1/steps/2",
        "/experiments/1/failure",
    ] {
        let sound = all.pointer(pointer).unwrap();
        let keys = keys(sound);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        for wrong in broken(sound, &keys) {
            let mut broken = all.clone();
            *broken.pointer_mut(pointer).unwrap() = wrong;
            invalid(&schema, &[broken]);
        }
    }
}

#[test]
fn lab_list() {
    let schema = schema("lab-list");
    let list: Value = serde_json::from_slice(&run(&["lab", "--json"]).out).expect("JSON");
    valid(&schema, &list);
    for one in broken(
        &list["experiments"][0],
        &["name", "group", "title", "claim", "question", "needs"],
    ) {
        let mut broken = list.clone();
        broken["experiments"][0] = one;
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
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

/// What is read as an experiment.
const EXPERIMENTS: &[&str] = &[
    "steps = [ { note = 'only a caption' } ]",
    "group = 'weird'\nnetwork = 'shared'\nneeds = ['ipv6']\nsteps = [ { me = 'socket', as = 's' } ]",
    "claim = 'c'\nagrees = 'no'\nexplanation = 'e'\nnext = 'n'\nsteps = [ { me = 'socket', as = 's' } ]",
    "processes = ['child']\nactors = ['child', 'me']\nsteps = [ { child = 'exit' }, { me = 'pause', time = '5ms' } ]",
    "steps = [ { me = 'socketpair', type = 'stream', as = ['a', 'b'] }, { me = 'send', fd = 'a', data = 'x', save = 'n' }, { me = 'recv', fd = 'b', buffer = '1KiB', expect = '$n', data = 'x' } ]",
    "steps = [ { me = 'socket', as = 's' }, { me = 'setsockopt', fd = 's', option = 'SO_LINGER', value = { onoff = 1, linger = 0 } }, { me = 'getsockopt', fd = 's', option = 'SO_TYPE', value = '> 0' } ]",
    "steps = [ { me = 'socket', as = 's' }, { me = 'recv', fd = 's', expect = 'ENOTCONN', elapsed = '< 1s', within = '2s' } ]",
];

/// What is refused, and what a schema can tell as well: keys, their types, words, and what belongs together.
const NO_EXPERIMENTS: &[&str] = &[
    "",
    "steps = []",
    "steps = 5",
    "steps = [ 'socket' ]",
    "steps = [ { } ]",
    "step = [ { note = 'n' } ]\nsteps = [ { note = 'n' } ]",
    "group = 'silly'\nsteps = [ { note = 'n' } ]",
    "network = 'mine'\nsteps = [ { note = 'n' } ]",
    "claim = 'without a verdict'\nsteps = [ { note = 'n' } ]",
    "agrees = 'yes'\nsteps = [ { note = 'n' } ]",
    "claim = 'c'\nagrees = 'maybe'\nsteps = [ { note = 'n' } ]",
    "needs = 'ipv6'\nsteps = [ { note = 'n' } ]",
    "actors = [5]\nsteps = [ { note = 'n' } ]",
    "steps = [ { note = 5 } ]",
    "steps = [ { note = 'n', fd = 's' } ]",
    "steps = [ { me = 'bnd', fd = 's', address = ':0' } ]",
    "steps = [ { me = 'socket', typ = 'stream', as = 's' } ]",
    "steps = [ { me = 'socket', as = 's' }, { me = 'bind', fd = 's' } ]",
    "steps = [ { me = 'socket', as = 's' }, { me = 'bind', address = ':0' } ]",
    "steps = [ { me = 'socket', as = 's' }, { me = 'shutdown', fd = 's', how = 'up' } ]",
    "steps = [ { me = 'socket', as = 's' }, { me = 'recv', fd = 's', flags = 5 } ]",
    "steps = [ { me = 'socket', as = 's' }, { me = 'listen', fd = 's', backlog = true } ]",
    "steps = [ { me = 'socket', as = ['s'] } ]",
    "steps = [ { me = 'pause', time = 50 } ]",
];

fn experiment(body: &str) -> String {
    format!("title = 't'\nquestion = 'q?'\nanswer = 'a'\n{body}\n")
}

#[test]
fn an_experiment_that_is_read_is_valid() {
    let schema = schema("experiment");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/lab");
    let mut texts: Vec<String> = EXPERIMENTS.iter().map(|body| experiment(body)).collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        texts.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(texts.len() > 80, "{} experiments", texts.len());
    for text in texts {
        if let Err(wrong) = sockplay::lab::file::parse("x", "x", &text) {
            panic!("{}\nin {text}", wrong.render(false));
        }
        valid(&schema, &document(&text).expect("TOML"));
    }
}

#[test]
fn an_experiment_that_is_refused_is_invalid() {
    let schema = schema("experiment");
    let whole = experiment("steps = [ { note = 'n' } ]");
    let without = |key: &str| -> String {
        let lines = whole.lines().filter(|l| !l.starts_with(key));
        lines.collect::<Vec<_>>().join("\n")
    };
    let headless = ["title", "question", "answer"].map(without);
    let texts = NO_EXPERIMENTS.iter().map(|body| experiment(body));
    for text in texts.chain(headless) {
        assert!(
            sockplay::lab::file::parse("x", "x", &text).is_err(),
            "{text}"
        );
        let value = document(&text).expect("TOML");
        assert!(!schema.is_valid(&value), "taken for valid:\n{text}");
    }
}
