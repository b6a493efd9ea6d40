//! `sockplay lab`: every shipped experiment passes here, results come from the kernel and not from the file, nothing is
//! left behind, and each ladder looks as its golden file says.

mod common;
#[path = "lab/golden.rs"]
mod golden;
#[path = "lab/mistakes.rs"]
mod mistakes;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Finished, Process, needs_program, place, run};
use nix::sys::signal::Signal;
use serde_json::Value;

/// All experiments together have more to do than other programs, and here several tests run them at the same time.
const ALL: Duration = Duration::from_secs(120);

/// `lab … --json`, read.
fn lab(args: &[&str]) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockplay"));
    let process = Process::spawn(command.args(["lab", "--json"]).args(args));
    let Finished { code, out, err } = process.finishes_within(ALL);
    let json = serde_json::from_slice(&out);
    (code, json.unwrap_or_else(|e| panic!("{e}: {err}")))
}

/// The shipped files by name.
fn shipped() -> BTreeMap<String, toml::Table> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/lab");
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(path.extension().unwrap(), "toml", "{name}");
        let text = fs::read_to_string(&path).unwrap();
        all.insert(name, text.parse().expect("TOML"));
    }
    all
}

/// An experiment of the test's own.
fn experiment(place: &tempfile::TempDir, steps: &str) -> String {
    let path = place.path().join("own.toml");
    let text = format!("title = 't'\nquestion = 'q?'\nanswer = 'a'\nsteps = [\n{steps}\n]\n");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn failure(json: &Value) -> &Value {
    &json["experiments"][0]["failure"]
}

#[test]
fn every_shipped_experiment_passes_and_says_whether_the_kernel_agrees() {
    let (code, json) = lab(&["--all"]);
    let experiments = json["experiments"].as_array().unwrap();
    let files = shipped();
    assert_eq!(experiments.len(), files.len(), "a file is not embedded");
    for one in experiments {
        let name = one["name"].as_str().unwrap();
        let on_ci = std::env::var("CI").is_ok_and(|v| v == "true");
        if let (Some(reason), false) = (one["skipped"].as_str(), on_ci) {
            eprintln!("skipped: {name}: {reason}");
            continue;
        }
        assert_eq!(one["passed"], true, "{name}: {:#}", one["failure"]);
        let file = &files[name];
        let agrees = file.get("agrees").map(|v| v.as_str().unwrap());
        assert_eq!(one["agrees"].as_str(), agrees, "{name}");
        assert!(
            !one["answer"].as_str().unwrap().contains('$'),
            "{name}: {}",
            one["answer"]
        );
        let steps = one["steps"].as_array().unwrap();
        assert_eq!(
            steps.len(),
            file["steps"].as_array().unwrap().len(),
            "{name}"
        );
        let run = |s: &Value| s["met"] == true || s["does"] == "note";
        assert!(steps.iter().all(run), "{name}");
    }
    assert_eq!(code, 0);
}

#[test]
fn the_list_has_every_experiment_with_its_question() {
    let list = run(&["lab"]);
    let text = String::from_utf8(list.out).unwrap();
    for (name, file) in shipped() {
        assert!(text.contains(&format!("  {name} ")), "{name} is not listed");
        let question = file["question"].as_str().unwrap();
        assert!(
            question.ends_with('?') && !question.contains('\n'),
            "{name}: {question}"
        );
        let begins: String = question.chars().take(20).collect();
        assert!(text.contains(&begins), "{name}: {question}");
    }
    for group in ["tutorial", "weird", "useful"] {
        assert!(text.lines().any(|l| l.starts_with(group)), "{group}");
    }
}

/// Strace makes one bind(2) fail: the experiment must notice, whatever its file says.
#[test]
fn a_result_comes_from_the_call_and_not_from_the_file() {
    if !needs_program("strace") {
        return;
    }
    let args = [
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=bind",
        "-e",
        "inject=bind:error=EADDRNOTAVAIL:when=1",
        env!("CARGO_BIN_EXE_sockplay"),
        "lab",
        "--json",
        "time-wait",
    ];
    let process = Process::spawn(Command::new("strace").args(args));
    let Finished { code, out, err } = process.finishes();
    assert_eq!(code, 5, "{err}");
    let json: Value = serde_json::from_slice(&out).unwrap();
    let one = &json["experiments"][0];
    assert_eq!(
        (&one["passed"], &one["agrees"]),
        (&Value::Bool(false), &Value::Null)
    );
    let steps = one["steps"].as_array().unwrap();
    let failed = one["failure"]["step"].as_u64().unwrap() as usize;
    assert_eq!(steps[failed - 1]["does"], "bind");
    assert_eq!(steps[failed - 1]["met"], false);
    assert_eq!(one["failure"]["expected"], "success");
    assert_eq!(one["failure"]["came"], "EADDRNOTAVAIL");
    assert!(
        steps[failed..].iter().all(|s| s["met"].is_null()),
        "the rest is not run"
    );
    assert!(
        err.contains("time-wait") && err.contains("EADDRNOTAVAIL"),
        "{err}"
    );
}

/// Expectations that do not hold fail with what was expected, what came, and at which step.
#[test]
fn an_expectation_that_does_not_hold_is_unmet() {
    let place = place();
    let socket = "{ a = 'socket', family = 'ipv4', type = 'datagram', as = 's' },\n";
    let pair = "{ a = 'socketpair', type = 'stream', as = ['l', 'r'] },\n";
    for (steps, step, expected, came) in [
        (
            format!("{socket}{{ a = 'listen', fd = 's', backlog = 1 }}"),
            2,
            "success",
            "EOPNOTSUPP",
        ),
        (
            format!("{socket}{{ a = 'close', fd = 's', expect = 'EBADF' }}"),
            2,
            "EBADF",
            "0",
        ),
        (
            format!("{socket}{{ a = 'getsockopt', fd = 's', option = 'IP_TTL', value = '> 64' }}"),
            2,
            "value > 64",
            "value 64",
        ),
        (
            format!(
                "{socket}{{ a = 'getsockopt', fd = 's', option = 'SO_TYPE', value = 'SOCK_RAW' }}"
            ),
            2,
            "value SOCK_RAW",
            "value SOCK_DGRAM",
        ),
        (
            format!(
                "{pair}{{ a = 'send', fd = 'l', data = 'ab' }},\n{{ b = 'recv', fd = 'r', data = 'ac' }}"
            ),
            3,
            "data \"ac\"",
            "data \"ab\"",
        ),
        (
            format!(
                "{pair}{{ a = 'send', fd = 'l', data = 'ab' }},\n{{ b = 'recv', fd = 'r', blocks = '50ms' }}"
            ),
            3,
            "still waiting after 50ms",
            "2 at once",
        ),
        (
            format!("{pair}{{ b = 'recv', fd = 'r', within = '100ms' }}"),
            2,
            "an end within 100ms",
            "still waiting",
        ),
        (
            format!(
                "{pair}{{ b = 'ioctl', fd = 'r', request = 'SIOCINQ', until = 1, within = '50ms' }}"
            ),
            2,
            "in the end 1",
            "0",
        ),
        (
            format!("{pair}{{ b = 'pause', time = '1ms', elapsed = '> 1s' }}"),
            2,
            "elapsed > 1s",
            "",
        ),
    ] {
        let (code, json) = lab(&[&experiment(&place, &steps)]);
        let failure = failure(&json);
        assert_eq!(code, 5, "{steps}");
        assert_eq!(failure["step"], step, "{steps}: {failure}");
        assert_eq!(failure["expected"], expected, "{steps}");
        let said = failure["came"].as_str().unwrap();
        assert!(said == came || came.is_empty(), "{steps}: {said}");
    }
}

/// A copy of the binary that anybody may run.
fn for_anybody(place: &tempfile::TempDir) -> PathBuf {
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let copy = place.path().join("sockplay");
    fs::copy(env!("CARGO_BIN_EXE_sockplay"), &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

/// `lab ARGS --json` as a user without privileges, by `before`.
fn as_nobody(place: &tempfile::TempDir, before: &[&str], args: &[&str]) -> Option<Vec<Value>> {
    if !common::needs("CAP_SETUID") || !needs_program("setpriv") {
        return None;
    }
    let binary = for_anybody(place);
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=-all",
    ];
    let all = [
        &nobody,
        before,
        &[binary.to_str().unwrap(), "lab", "--json"],
        args,
    ]
    .concat();
    let mut command = Command::new(all[0]);
    command.args(&all[1..]).env("TMPDIR", place.path());
    let Finished { out, err, .. } = Process::spawn(&mut command).finishes_within(ALL);
    let json: Value = serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{e}: {err}"));
    Some(json["experiments"].as_array().unwrap().clone())
}

/// Whether an ordinary user may have namespaces here; where not, that is what the machine's owner wants.
fn namespaces_for_nobody() -> bool {
    let script = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "unshare",
        "-Urn",
        "true",
    ];
    let made = Command::new("setpriv").args(script).status();
    let there = made.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: user namespaces are refused to ordinary users here");
    }
    there
}

#[test]
fn an_ordinary_user_skips_nothing_where_namespaces_are_allowed() {
    if !namespaces_for_nobody() {
        return;
    }
    let place = place();
    let Some(experiments) = as_nobody(&place, &[], &["--all"]) else {
        return;
    };
    for one in experiments {
        assert_eq!(one["passed"], true, "{}: {:#}", one["name"], one["failure"]);
    }
}

#[test]
fn without_namespaces_only_what_needs_privilege_is_skipped_and_says_which() {
    if !needs_program("unshare") || !namespaces_for_nobody() {
        return;
    }
    let place = place();
    // Inside a user namespace of its own the limit is this test's to set; there it is root without any privilege.
    let script = "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"";
    let before = [
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        script,
        "sh",
        "setpriv",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--no-new-privs",
    ];
    let names = ["raw-headers", "time-wait", "stream-no-boundaries"];
    let Some(experiments) = as_nobody(&place, &before, &names) else {
        return;
    };
    let raw = &experiments[0];
    assert!(raw["passed"].is_null(), "{raw:#}");
    let reason = raw["skipped"].as_str().unwrap();
    assert!(
        reason.contains("CAP_NET_RAW") && reason.contains("namespaces"),
        "{reason}"
    );
    for one in &experiments[1..] {
        assert_eq!(one["passed"], true, "{}: {:#}", one["name"], one["failure"]);
        assert!(
            one["notes"][0]
                .as_str()
                .unwrap()
                .contains("the machine's own network")
        );
    }
}

/// The kernel remembers what a destination was like; in a network of its own an experiment knows nothing of others.
#[test]
fn an_experiment_has_a_network_of_its_own() {
    let place = place();
    let steps = "{ a = 'sysctl', name = 'net.ipv4.tcp_no_metrics_save', value = 1 },\n\
                 { a = 'sysctl', name = 'net.ipv4.ip_default_ttl', set = 3 },\n\
                 { a = 'sysctl', name = 'net.ipv4.ip_default_ttl', value = 3 }";
    let (code, json) = lab(&[&experiment(&place, steps)]);
    assert_eq!(code, 0, "{}", failure(&json));
    let ours = fs::read_to_string("/proc/sys/net/ipv4/ip_default_ttl").unwrap();
    assert_ne!(ours.trim(), "3");
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let place = place();
    let steps = "{ a = 'serve', profile = 'unix-stream', save = 'at' },\n\
                 { note = 'now it waits' },\n\
                 { b = 'pause', time = '20s', within = '25s' }";
    let path = experiment(&place, steps);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockplay"));
    command.args(["lab", &path]).env("TMPDIR", place.path());
    let process = Process::spawn(&mut command);
    // The server's socket is there: so the worker runs, and so does its server.
    let sockets = || -> Vec<PathBuf> {
        let found = Command::new("find")
            .arg(place.path())
            .args(["-name", "*.sock"])
            .output();
        let text = String::from_utf8(found.unwrap().stdout).unwrap();
        text.lines().map(PathBuf::from).collect()
    };
    let deadline = Instant::now() + common::PATIENCE;
    while sockets().is_empty() {
        assert!(Instant::now() < deadline, "no server appears");
        std::thread::yield_now();
    }
    let socket = sockets().remove(0);
    process.signal(Signal::SIGINT);
    assert_eq!(process.finishes().code, 130);
    let left: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(
        left,
        [PathBuf::from(&path)],
        "only the file of the test itself"
    );
    // Nobody listens there any more, whatever became of the path.
    assert!(std::os::unix::net::UnixStream::connect(socket).is_err());
}

#[test]
fn a_file_is_shown_copied_and_run() {
    let place = place();
    let shown = run(&["lab", "show", "time-wait"]);
    let file = include_str!("../configs/lab/time-wait.toml");
    assert_eq!(String::from_utf8(shown.out).unwrap(), file);
    let copy = place.path().join("mine.toml");
    let copy = copy.to_str().unwrap();
    let made = run(&["lab", "new", copy, "--from", "stream-no-boundaries"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(
        fs::read_to_string(copy).unwrap(),
        include_str!("../configs/lab/stream-no-boundaries.toml")
    );
    let (code, json) = lab(&[copy]);
    assert_eq!(
        (code, &json["experiments"][0]["name"]),
        (0, &Value::from("mine"))
    );
    let again = run(&["lab", "new", copy]);
    assert_eq!(again.code, 1);
    assert!(
        again.err.contains("EEXIST") && again.err.contains("choose another name"),
        "{}",
        again.err
    );
}

/// Whoever writes an experiment needs no other page.
#[test]
fn the_reference_has_every_verb_and_every_key() {
    let reference = run(&["lab", "verbs"]).text();
    let schema = run(&["schema", "experiment"]);
    let schema: Value = serde_json::from_slice(&schema.out).unwrap();
    for (key, _) in schema["properties"].as_object().unwrap() {
        assert!(reference.contains(&format!("  {key} ")), "{key}");
    }
    let steps = schema["properties"]["steps"]["items"]["anyOf"]
        .as_array()
        .unwrap();
    assert!(steps.len() > 40);
    for step in steps
        .iter()
        .filter(|s| s["additionalProperties"].is_object())
    {
        let verb = step["additionalProperties"]["const"].as_str().unwrap();
        assert!(reference.contains(&format!("\n  {verb} ")), "{verb}");
        for (key, _) in step["properties"].as_object().unwrap() {
            assert!(reference.contains(key.as_str()), "{verb}: {key}");
        }
    }
}

#[test]
fn an_experiment_comes_from_standard_input_too() {
    let mut process = Process::program(env!("CARGO_BIN_EXE_sockplay"), &["lab", "-", "--json"]);
    let text = include_str!("../configs/lab/stream-no-boundaries.toml");
    process.types(text.as_bytes()).ends_input();
    let finished = process.finishes();
    assert_eq!(finished.code, 0, "{}", finished.err);
    let nothing = run(&["lab", "--export-html", "/nonexistent/page.html"]);
    assert_eq!(nothing.code, 2, "{}", nothing.err);
    let nowhere = run(&["lab", "defaults", "--export-html", "/nonexistent/page.html"]);
    assert_eq!(nowhere.code, 1);
    assert!(
        nowhere.err.contains("open /nonexistent/page.html"),
        "{}",
        nowhere.err
    );
    assert!(nowhere.out.is_empty(), "nothing runs");
}

/// Fifty runs of everything while the machine is busy: `cargo test --test lab -- --ignored`, about six minutes.
#[test]
#[ignore = "a campaign of some minutes: cargo test --test lab -- --ignored"]
fn fifty_runs_on_a_loaded_machine_have_no_flake() {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let busy: Vec<Process> = (0..2 * cores)
        .map(|_| Process::spawn(Command::new("sh").args(["-c", "while :; do :; done"])))
        .collect();
    for n in 1..=50 {
        let (_, json) = lab(&["--all"]);
        for one in json["experiments"].as_array().unwrap() {
            assert_eq!(
                one["passed"], true,
                "run {n}: {}: {:#}",
                one["name"], one["failure"]
            );
        }
    }
    for process in busy {
        process.signal(Signal::SIGKILL);
    }
}
