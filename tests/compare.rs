//! Several profiles in one go: compared in pairs, held against expectations, written to files.

mod common;

use std::path::Path;

use common::{Finished, Sockplay, place, python};
use nix::sys::signal::Signal;
use serde_json::Value;

fn probe() -> Sockplay {
    Sockplay::new("probe").arg("--json")
}

fn report(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.out)
        .unwrap_or_else(|e| panic!("{e}\n{}{}", finished.text(), finished.err))
}

fn labels(report: &Value) -> Vec<&str> {
    let runs = report["runs"].as_array().expect("runs");
    runs.iter().map(|r| r["label"].as_str().unwrap()).collect()
}

fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn the_delayed_acknowledgement_is_measured_and_explained() {
    let told = probe()
        .arg("-c")
        .arg("tcp4-nodelay")
        .arg("-c")
        .arg("tcp4-nagle");
    let told = told.arg("--count").arg("40").finishes();
    assert_eq!(told.code, 0, "{}", told.err);
    let report = report(&told);
    assert_eq!(labels(&report), ["tcp4-nodelay", "tcp4-nagle"]);
    let comparison = &report["comparison"];
    assert_eq!(comparison["pairs"], 20);
    let differing: Vec<&Value> = comparison["differing"].as_array().unwrap().iter().collect();
    assert_eq!(differing.len(), 1, "{comparison}");
    assert!(
        differing[0]["key"]
            .as_str()
            .unwrap()
            .ends_with("TCP_NODELAY")
    );
    let versus = &comparison["versus"][0];
    assert_eq!(versus["difference"], "longer");
    let (ratio, low, high) = (
        float(&versus["ratio"]),
        float(&versus["interval"][0]),
        float(&versus["interval"][1]),
    );
    assert!(ratio > 50.0 && low <= ratio && ratio <= high, "{versus}");
    let says = versus["says"].as_str().unwrap();
    assert!(says.starts_with("tcp4-nodelay p50 is "), "{says}");
    assert!(
        versus["why"].as_str().unwrap().contains("Nagle"),
        "{versus}"
    );
}

#[test]
fn both_take_turns_so_that_drift_meets_both_alike() {
    let place = place();
    let trace = place.path().join("trace");
    let told = probe()
        .arg("-c")
        .arg("udp4")
        .arg("-c")
        .arg("udp4")
        .arg("--count")
        .arg("40");
    let told = told.arg("--trace-file").arg(&trace).finishes();
    assert_eq!(told.code, 0, "{}", told.err);
    let report = report(&told);
    assert_eq!(labels(&report), ["udp4", "udp4 #2"]);
    // Two sockets of the client send two messages a block: A B B A, two blocks after each other are of one socket.
    let text = std::fs::read_to_string(trace).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let sends = lines.filter(|call| call["task"] == "client" && call["call"] == "send");
    let fds: Vec<String> = sends
        .map(|call| call["args"][0].as_str().unwrap().to_owned())
        .collect();
    let (a, b) = (
        &fds[0],
        fds.iter().find(|fd| **fd != fds[0]).expect("two sockets"),
    );
    let turns: Vec<&String> = [a, a, b, b, b, b, a, a]
        .into_iter()
        .cycle()
        .take(80)
        .collect();
    assert_eq!(fds.iter().collect::<Vec<_>>(), turns);
}

#[test]
fn a_key_is_varied_over_many_connections() {
    let told = probe().arg("-c").arg("tcp4-loop").arg("--vary");
    let told = told
        .arg("serve.engine=threads,epoll,uring")
        .arg("--connections")
        .arg("100");
    let told = told.arg("--count").arg("4000").finishes();
    assert_eq!(told.code, 0, "{}", told.err);
    let report = report(&told);
    assert_eq!(
        labels(&report),
        ["engine=threads", "engine=epoll", "engine=uring"]
    );
    for run in report["runs"].as_array().unwrap() {
        assert_eq!(run["echo"]["received"], 4000, "{run}");
        assert_eq!(run["echo"]["connections"], 100, "{run}");
    }
    let engines: Vec<&Value> = report["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["engine"])
        .collect();
    assert_eq!(engines, ["threads", "epoll", "uring"]);
    assert_eq!(report["comparison"]["versus"].as_array().unwrap().len(), 2);
    let shortest = report["comparison"]["shortest"].as_str().unwrap();
    assert!(shortest.starts_with("shortest p50: engine="), "{shortest}");
    let key = &report["comparison"]["differing"][0];
    assert_eq!(
        (&key["key"], &key["values"][1]),
        (&"serve.engine".into(), &"\"epoll\"".into())
    );
}

#[test]
fn every_combination_of_what_varies() {
    let told = probe()
        .arg("-c")
        .arg("tcp4-loop")
        .arg("-c")
        .arg("unix-stream");
    let told = told
        .arg("--vary")
        .arg("probe.size=8,1KiB")
        .arg("--count")
        .arg("20")
        .finishes();
    let report = report(&told);
    let all = [
        "tcp4-loop size=8",
        "tcp4-loop size=1KiB",
        "unix-stream size=8",
        "unix-stream size=1KiB",
    ];
    assert_eq!(labels(&report), all);
    let bytes: Vec<&Value> = report["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["echo"]["bytes"])
        .collect();
    assert_eq!(bytes, [160, 20480, 160, 20480]);
}

#[test]
fn what_is_to_be_varied_is_checked_like_a_profile() {
    for (args, code, says) in [
        (["--vary", "serve.engin=a,b"], 3, "engine"),
        (["--vary", "serve.engine=epoll,fast"], 3, "--vary"),
        (["--vary", "serve.engine=epoll"], 2, "--set"),
        (
            [
                "--vary",
                "serve.backlog=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16",
            ],
            2,
            "at most 16",
        ),
        (["--count", "0"], 2, "from 1 to"),
        (["--size", "64K"], 2, "ambiguous"),
        (["--duration", "5"], 2, "unit"),
        (["--expect", "echo.lost"], 2, "no <"),
        (["--expect", "echo.lots == 0"], 2, "did you mean `lost`?"),
        (["--expect", "echo.lost < 2ms"], 2, "is no time"),
    ] {
        let told = probe().arg(args[0]).arg(args[1]).finishes();
        assert_eq!(told.code, code, "{args:?}: {}", told.err);
        assert!(told.err.contains(says), "{args:?}: {}", told.err);
        assert!(told.out.is_empty(), "nothing was measured");
    }
}

#[test]
fn an_expectation_that_is_not_met_is_exit_5() {
    let quick = || probe().arg("-c").arg("udp4").arg("--count").arg("20");
    let met = quick()
        .arg("--expect")
        .arg("echo.lost == 0")
        .arg("--expect")
        .arg("echo.rtt_ns.p99<10s");
    let met = met
        .arg("--expect")
        .arg("options.IP_TTL.effective == 64")
        .finishes();
    assert_eq!(met.code, 0, "{}", met.err);
    let judged = report(&met)["expectations"].clone();
    assert!(
        judged.as_array().unwrap().iter().all(|j| j["met"] == true),
        "{judged}"
    );

    let unmet = quick()
        .arg("--expect")
        .arg("echo.rtt_ns.p99 < 1ns")
        .arg("--expect")
        .arg("echo.lost == 0");
    let unmet = unmet.finishes();
    assert_eq!(unmet.code, 5, "{}", unmet.err);
    assert!(
        unmet.err.contains("not met: echo.rtt_ns.p99 < 1ns (found "),
        "{}",
        unmet.err
    );
    assert!(
        !unmet.err.contains("echo.lost"),
        "that one holds: {}",
        unmet.err
    );
    let judged = report(&unmet)["expectations"].clone();
    assert_eq!(
        (&judged[0]["met"], &judged[1]["met"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn a_profile_says_what_it_expects() {
    let place = place();
    let profile = place.path().join("x.toml");
    let text = "[probe]\ncount = 20\n[serve]\nrequests = \"unlimited\"\n[expect]\necho.lost = 0\n";
    std::fs::write(&profile, text.to_owned() + "\"echo.received\" = \"> 20\"\n").unwrap();
    let unmet = probe().arg("-c").arg(&profile).finishes();
    assert_eq!(unmet.code, 5, "{}", unmet.err);
    assert!(
        unmet.err.contains("echo.received > 20 (found 20") && unmet.err.contains("x.toml:7"),
        "{}",
        unmet.err
    );
    std::fs::write(&profile, text.to_owned() + "echo.recieved = 20\n").unwrap();
    let wrong = probe().arg("-c").arg(&profile).finishes();
    assert_eq!(wrong.code, 3, "{}", wrong.err);
    assert!(
        wrong.err.contains("x.toml:7:") && wrong.err.contains("`received`"),
        "{}",
        wrong.err
    );
    assert!(wrong.out.is_empty());
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_report_goes_to_files_in_every_form() {
    let place = place();
    let file = |name: &str| place.path().join(name);
    let told = probe()
        .arg("-c")
        .arg("tcp4-loop")
        .arg("-c")
        .arg("tcp4-epoll")
        .arg("--count")
        .arg("40");
    let told = told
        .arg("--export-json")
        .arg(file("a.json"))
        .arg("--export-markdown")
        .arg(file("a.md"));
    let told = told
        .arg("--export-html")
        .arg(file("a.html"))
        .arg("--samples")
        .arg(file("a.ns"))
        .finishes();
    assert_eq!(told.code, 0, "{}", told.err);
    let exported: Value = serde_json::from_str(&read(&file("a.json"))).unwrap();
    assert_eq!(exported, report(&told));
    let (markdown, html) = (read(&file("a.md")), read(&file("a.html")));
    for text in [&markdown, &html] {
        assert!(
            text.contains("tcp4-loop") && text.contains("tcp4-epoll") && text.contains("p99"),
            "{text}"
        );
    }
    assert!(html.trim_start().starts_with("<!") && html.trim_end().ends_with("</html>"));
    let samples = read(&file("a.ns"));
    let of = |label: &str| {
        samples
            .lines()
            .filter(|line| line.ends_with(&format!("\t{label}")))
            .count()
    };
    assert_eq!(
        (of("tcp4-loop"), of("tcp4-epoll"), samples.lines().count()),
        (40, 40, 80)
    );
}

#[test]
fn what_was_found_before_a_failure_is_kept() {
    let place = place();
    let (file, wrong) = (place.path().join("a.json"), place.path().join("wrong.toml"));
    // Nothing is wrong with it until bind(2) is asked.
    std::fs::write(&wrong, "[address]\nhost = \"192.0.2.1\"\n").unwrap();
    let told = probe()
        .arg("-c")
        .arg("udp4")
        .arg("-c")
        .arg(&wrong)
        .arg("--export-json")
        .arg(&file)
        .finishes();
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(told.err.contains("bind 192.0.2.1"), "{}", told.err);
    let kept: Value = serde_json::from_str(&read(&file)).unwrap();
    assert_eq!(labels(&kept), ["udp4"]);
    assert!(!kept["runs"][0]["options"].as_array().unwrap().is_empty());
}

#[test]
fn a_file_that_cannot_be_written_is_said_before_anything_opens() {
    for (flag, path, says) in [
        (
            "--export-html",
            "/nonexistent/a.html",
            "open /nonexistent/a.html",
        ),
        ("--samples", "/", "open /"),
    ] {
        let told = probe().arg("-c").arg("udp4").arg(flag).arg(path).finishes();
        assert_eq!(told.code, 1, "{}", told.err);
        assert!(
            told.err.contains(says) && told.err.contains(flag),
            "{}",
            told.err
        );
        assert!(told.out.is_empty());
    }
    let full = probe().arg("-c").arg("udp4").arg("--count").arg("5");
    let full = full.arg("--export-json").arg("/dev/full").finishes();
    assert_eq!(full.code, 1, "{}", full.err);
    assert!(
        full.err.contains("write /dev/full") && full.err.contains("ENOSPC"),
        "{}",
        full.err
    );
}

#[test]
fn interrupted_a_comparison_shows_what_there_was() {
    // A peer that tells when it has been asked for the hundredth time.
    let server = python(
        "l = socket.socket(2, 2); l.bind(('127.0.0.1', 0)); ready('udp://127.0.0.1:%d' % l.getsockname()[1])
n = 0
while True:
    d, a = l.recvfrom(65536); l.sendto(d, a); n += 1
    if n == 100: ready('hundred')",
    )
    .starts();
    let address = server.first_line();
    let place = place();
    let file = place.path().join("a.json");
    let probe = probe()
        .arg(&address)
        .arg("--vary")
        .arg("probe.size=32,64")
        .arg("--duration")
        .arg("60s");
    let probe = probe.arg("--export-json").arg(&file).spawn();
    server.says("hundred");
    probe.signal(Signal::SIGINT);
    let told = probe.finishes();
    assert_eq!(told.code, 130, "{}", told.err);
    let report = report(&told);
    assert_eq!(labels(&report), ["size=32", "size=64"]);
    assert!(
        report["runs"][0]["echo"]["received"].as_u64().unwrap() > 0,
        "{report}"
    );
    assert_eq!(report["runs"][0]["echo"]["outcome"], "interrupted");
    assert_eq!(serde_json::from_str::<Value>(&read(&file)).unwrap(), report);
}

#[test]
fn interrupted_while_a_server_is_examined() {
    let server = python(
        "l = socket.create_server(('127.0.0.1', 0)); ready('127.0.0.1:%d' % l.getsockname()[1])
c = l.accept()[0]; c.recv(65536); ready('asked'); c.recv(1)",
    )
    .starts();
    let probe = probe().arg(server.first_line()).spawn();
    server.says("asked");
    probe.signal(Signal::SIGINT);
    let told = probe.finishes();
    assert_eq!(told.code, 130, "{}", told.err);
    let findings = report(&told)["runs"][0]["remote"]["findings"].clone();
    assert_eq!(
        findings["half_close"]["outcome"], "not-examined",
        "{findings}"
    );
}
