//! What is reported as effective is what somebody else reads: each row of the registry, set by a profile, against
//! getsockopt(2) of a C program that holds the same descriptor and decodes by C's own structs.
//!
//! `truth/ask.c` is that program; the values are those of the registry's own test. What needs a privilege, a module or a
//! newer kernel is refused here, and then both must agree that there is nothing to read.
#![allow(
    unsafe_code,
    reason = "shared with a test that asks the kernel without the gate that it checks"
)]

#[allow(
    dead_code,
    unreachable_pub,
    reason = "the registry's test uses all of it"
)]
#[path = "registry/kernel.rs"]
mod kernel;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the registry's test uses all of it"
)]
#[path = "registry/sample.rs"]
mod sample;

mod common;
#[path = "truth/judge.rs"]
mod judge;

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, BorrowedFd};

use common::{Sockplay, needs_program};
use judge::{Judge, agrees};
use sockplay::event::{Off, OptionReport};
use sockplay::measure::{Run, local};
use sockplay::option::{self, Access, Fits, Row, Value};
use sockplay::plan::Plan;
use sockplay::profile::{self, Profile};
use sockplay::socket::{Family, Phase, Role, Triple};
use sockplay::sys::{Blocking, Linger, Readback, Readiness, Server, Sys};

/// Options that a second reader cannot find as the first one left them.
fn moves(row: &Row) -> bool {
    let why = match row.name {
        "SO_PEERPIDFD" => "each read opens another descriptor",
        "TCP_TIMESTAMP" => "the clock runs on",
        "TCP_ZEROCOPY_RECEIVE" | "MPTCP_TCPINFO" | "MPTCP_SUBFLOW_ADDRS" | "MPTCP_FULL_INFO" => {
            "the answer depends on what is asked in the buffer"
        }
        _ => return false,
    };
    println!("skipped: {}: {why}", row.name);
    true
}

/// Whether it has another value by the end of bind, listen or connect than right after it was set.
fn changes_by_itself(row: &Row, on: &str) -> bool {
    row.access == Access::ReadOnly
        || on == "client" && ["TCP_MAXSEG", "IPV6_MTU", "SO_INCOMING_CPU"].contains(&row.name)
}

/// As a profile writes it.
fn toml(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => value.plain(),
        Value::Text(text) => format!("{text:?}"),
        Value::Bytes(_) => format!("{:?}", value.plain()),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, v)| format!("{name} = {}", toml(v)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// A profile with this one option, optional: what is refused is read all the same.
fn profile(row: &Row, value: &Value, triple: Triple, port: u16) -> Option<Profile> {
    let place = match triple.family {
        Family::Ipv4 => "host = \"127.0.0.1\"".to_owned(),
        Family::Ipv6 => "host = \"::1\"".to_owned(),
        Family::Unix => format!("path = \"@sockplay-truth-{}\"", std::process::id()),
    };
    let port = if triple.has_ports() {
        format!("port = {port}")
    } else {
        String::new()
    };
    let text = format!(
        "[socket]\nfamily = \"{}\"\ntype = \"{}\"\nprotocol = {}\n[address]\n{place}\n{port}\n\
         [connect]\ntimeout = \"1s\"\n[options]\n{} = {{ value = {}, optional = true }}\n",
        triple.family.name(),
        triple.ty.name(),
        triple.protocol.0,
        row.name,
        toml(value),
    );
    match profile::parse("truth", &text, &[]) {
        Ok(profile) => Some(profile),
        Err(invalid) => {
            println!(
                "skipped: {} on {triple}: {}",
                row.name,
                invalid.render(false)
            );
            None
        }
    }
}

/// What has been compared so far.
struct Tally {
    judge: Judge,
    values: usize,
    rows: BTreeSet<&'static str>,
    differing: Vec<String>,
}

impl Tally {
    /// What was reported of each option, and what reads there by now, against what the program reads.
    fn hold(
        &mut self,
        sys: Sys<'_, Off>,
        reports: &[OptionReport],
        fd: BorrowedFd<'_>,
        on: &str,
        triple: Triple,
    ) {
        for report in reports {
            let row = report.row.expect("a profile's option is a row");
            let now = sys.read_option(fd, row, triple);
            self.compare(row, now.as_ref(), fd, on, triple);
            if !changes_by_itself(row, on) {
                self.compare(row, report.effective.as_ref(), fd, on, triple);
            }
        }
    }

    fn compare(
        &mut self,
        row: &'static Row,
        ours: Option<&Value>,
        fd: BorrowedFd<'_>,
        on: &str,
        triple: Triple,
    ) {
        let told = self.judge.reads(fd, row, triple);
        match (ours, &told) {
            (Some(ours), Some(told)) if agrees(row, ours, told) => {
                self.values += 1;
                self.rows.insert(row.name);
            }
            (None, None) => {}
            _ => self.differing.push(format!(
                "{} on the {on} of {triple}: we say {}, C reads {told:?}",
                row.name,
                ours.map_or_else(|| "nothing".to_owned(), Value::plain),
            )),
        }
    }
}

#[test]
fn effective_is_what_another_program_reads() {
    if !needs_program("cc") {
        return;
    }
    let mut tally = Tally {
        judge: Judge::built(),
        values: 0,
        rows: BTreeSet::new(),
        differing: Vec::new(),
    };
    let sys = Sys::new(&Off, "truth");
    for triple in Fits::triples() {
        let Ok(fresh) = sys.socket(triple) else {
            println!("skipped: {triple} does not open here");
            continue;
        };
        for row in option::rows().filter(|r| r.available() && r.fits(triple)) {
            if row.access != Access::WriteOnly && !moves(row) {
                // Another socket of the same kind for each: a fresh one that was asked is still fresh.
                ends(sys, row, triple, fresh.as_fd(), &mut tally);
            }
        }
    }
    println!("{} values of {} rows agree", tally.values, tally.rows.len());
    let differing = &tally.differing;
    assert!(
        differing.is_empty(),
        "{} differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
    assert!(tally.values > 1000, "only {} values", tally.values);
    assert!(tally.rows.len() > 170, "only {} rows", tally.rows.len());
}

/// Opens what a profile with this option opens, and compares on each socket that it was set on.
fn ends(
    sys: Sys<'_, Off>,
    row: &'static Row,
    triple: Triple,
    fresh: BorrowedFd<'_>,
    tally: &mut Tally,
) {
    let now = sys.read_option(fresh, row, triple);
    tally.compare(row, now.as_ref(), fresh, "fresh socket", triple);
    let value = sample::sample(row, now.as_ref(), triple).unwrap_or(Value::Int(1));
    let Some(serve) = profile(row, &value, triple, 0) else {
        return;
    };
    let plan = match Plan::new(&serve, Role::Serve, None) {
        Ok(plan) => plan,
        Err(why) => {
            println!("skipped: {} on {triple}: {why:?}", row.name);
            return;
        }
    };
    let server = match sys.open_server(&plan, Readback::BeforeAndAfter) {
        Ok(server) => server,
        Err(why) => {
            println!("skipped: {} on {triple}: {why}", row.name);
            return;
        }
    };
    tally.hold(sys, &server.reports, server.fd.as_fd(), "server", triple);
    if has_client(triple) {
        let port = server.name.port().unwrap_or(0);
        if let Some(connect) = profile(row, &value, triple, port) {
            connection(sys, &plan, &connect, &server, tally);
        }
    }
    sys.close_server(server);
}

/// TCP over both families, and unix with a connection: elsewhere a client's socket is as a server's.
fn has_client(triple: Triple) -> bool {
    triple.ty.has_connections() && (triple.family == Family::Unix || Fits::TCP.has(triple))
}

fn connection(
    sys: Sys<'_, Off>,
    plan: &Plan,
    connect: &Profile,
    server: &Server,
    tally: &mut Tally,
) {
    let triple = plan.triple;
    let client_plan = Plan::new(connect, Role::Connect, None).expect("the server's was a plan");
    let client = match sys.open_client(&client_plan, Readback::After) {
        Ok(client) => client,
        Err(why) => {
            println!("skipped: a client of {triple}: {why}");
            return;
        }
    };
    tally.hold(sys, &client.reports, client.fd.as_fd(), "client", triple);
    let later = plan.options_at(Phase::PostAccept).next().is_some();
    let listener = server.fd.as_fd();
    // Only who sets something on accepted sockets needs one.
    if later
        && sys
            .poll(&[(listener, Readiness::Readable)], 1000)
            .expect("poll")
            == [true]
    {
        let (accepted, _) = sys.accept(listener, Blocking::Yes).expect("somebody waits");
        let reports = sys.set_accepted(accepted.as_fd(), plan, Readback::After);
        let reports = reports.expect("the option is optional");
        tally.hold(sys, &reports, accepted.as_fd(), "accepted socket", triple);
        sys.close(accepted, Linger::Reset);
    }
    sys.close(client.fd, Linger::Reset);
}

/// Both ends of a profile as `probe` examines them, in the address space of the kernel's choice.
fn examined(ty: &str, address: &str, rest: &str) -> Run {
    let text = |port: u16| {
        let port = if address.starts_with("host") {
            format!("port = {port}")
        } else {
            String::new()
        };
        format!("[socket]\n{ty}\n[address]\n{address}\n{port}\n{rest}\n")
    };
    let parsed = |port| profile::parse("truth", &text(port), &[]).expect("a valid profile");
    let sys = Sys::new(&Off, "client");
    let plan = Plan::new(&parsed(0), Role::Serve, None).expect("a valid plan");
    let server = sys
        .open_server(&plan, Readback::BeforeAndAfter)
        .expect("it listens");
    let connect = parsed(server.name.port().unwrap_or(0));
    let client = Plan::new(&connect, Role::Connect, None).expect("a valid plan");
    let mut run = local::both_ends(sys, &connect, &server, &plan, &client).expect("it connects");
    let left = sys
        .poll(&[(server.fd.as_fd(), Readiness::Readable)], 0)
        .expect("poll");
    assert_eq!(
        left,
        [false],
        "nobody is left in the queue of the listener that serves"
    );
    let after = sys
        .open_client(&client, Readback::Nothing)
        .expect("it connects again");
    local::after_load(sys, after.fd.as_fd(), &mut run);
    sys.close(after.fd, Linger::Reset);
    sys.close_server(server);
    run
}

/// The smaller of what was asked and net.core.somaxconn, and one more: `sk_acceptq_is_full` compares with `>`.
#[test]
fn a_backlog_is_counted() {
    let most = kernel::sysctl("net.core.somaxconn").expect("a number") as u32;
    let abstract_name = format!("path = \"@sockplay-queue-{}\"", std::process::id());
    for (ty, address) in [
        ("family = \"ipv4\"", "host = \"127.0.0.1\""),
        ("family = \"ipv6\"", "host = \"\""),
        ("family = \"unix\"", abstract_name.as_str()),
        (
            "family = \"unix\"\ntype = \"seqpacket\"",
            abstract_name.as_str(),
        ),
    ] {
        for asked in [0, 1, 20, most.min(600)] {
            let run = examined(ty, address, &format!("[serve]\nbacklog = {asked}"));
            let facts = run.backlog.expect("a listener has one");
            assert_eq!((facts.asked, facts.effective), (asked, Some(asked)), "{ty}");
            assert_eq!(
                (facts.admitted, facts.more),
                (Some(asked + 1), false),
                "{ty}"
            );
        }
    }
}

/// Where clients are connected before they are in the queue, or none is let in at all, there is no number.
#[test]
fn a_backlog_that_cannot_be_counted_says_so() {
    let with = |options: &str| {
        let run = examined("", "host = \"127.0.0.1\"", options);
        assert_eq!(
            run.backlog.expect("a listener has one").admitted,
            None,
            "{options}"
        );
        run.notes.concat()
    };
    assert!(with("[serve.options]\nTCP_DEFER_ACCEPT = 3").contains("with TCP_DEFER_ACCEPT"));
    // The client that is examined has the greatest TTL; those that count have the usual one.
    let alone = with("[serve.options]\nIP_MINTTL = 255\n[connect.options]\nIP_TTL = 255");
    assert!(alone.contains("not even the first client"), "{alone}");
}

/// With few descriptors there is room for more clients than can be tried.
#[test]
fn a_count_that_had_to_stop_is_a_lower_bound() {
    let few = |n: u32| {
        let limit = format!("ulimit -n {n}; exec \"$@\"");
        let probe = Sockplay::new("probe").arg("--json").arg("-c").arg("tcp4");
        let probe = probe.set("probe.count=3");
        let finished = probe.through(&["sh", "-c", &limit, "sh"]).finishes();
        assert_eq!(finished.code, 0, "{}", finished.err);
        let report: serde_json::Value = serde_json::from_slice(&finished.out).expect("JSON");
        report["runs"][0].clone()
    };
    let some = few(300);
    assert_eq!(some["backlog"]["more"], true, "{some}");
    assert!(some["backlog"]["admitted"].as_u64() > Some(0), "{some}");
    let none = few(200);
    assert!(none["backlog"]["admitted"].is_null(), "{none}");
    assert!(
        none["notes"]
            .to_string()
            .contains("the backlog was not counted: socket failed: EMFILE"),
        "{none}"
    );
}

#[test]
fn buffers_say_who_may_change_them() {
    let run = examined(
        "",
        "host = \"127.0.0.1\"",
        "[serve.options]\nSO_RCVBUF = 8192",
    );
    let of = |socket| {
        run.buffers
            .iter()
            .find(|b| b.socket == socket)
            .expect("it was open")
    };
    let (listener, accepted, client) = (of("listener"), of("accepted"), of("client"));
    assert_eq!((listener.receive, accepted.receive), (16384, 16384));
    assert_eq!(accepted.receive_rule, "fixed by SO_RCVBUF");
    assert!(
        client.receive_rule.contains("(net.ipv4.tcp_rmem)"),
        "{client:?}"
    );
    assert!(
        client.send_rule.contains("(net.ipv4.tcp_wmem)"),
        "{client:?}"
    );
    assert!(
        client.receive_after.is_some() && client.send_after.is_some(),
        "{client:?}"
    );
    assert!(
        accepted.receive_after.is_none(),
        "only the client's end is still there"
    );
}

/// The same option with another value on each end is a line of its own for each.
#[test]
fn each_end_has_its_own_verdict() {
    let options =
        "[serve.options]\nIP_TTL = 9\n[connect.options]\nIP_TTL = 7\n[options]\nTCP_NODELAY = true";
    let run = examined("", "host = \"127.0.0.1\"", options);
    let line = |on: &str| {
        let one = run
            .options
            .iter()
            .find(|l| l.set_on == on && l.report.name == "IP_TTL");
        one.unwrap_or_else(|| panic!("no line of the {on}"))
    };
    let n = |value: &Option<Value>| value.clone().expect("it was read");
    assert_eq!(n(&line("listener").report.effective), Value::Int(9));
    assert_eq!(n(&line("listener").held.accepted), Value::Int(9));
    assert_eq!(n(&line("listener").held.client), Value::Int(7));
    assert_eq!(n(&line("client").report.effective), Value::Int(7));
    assert_eq!(n(&line("client").held.fresh), Value::Int(64));
    let both = run
        .options
        .iter()
        .filter(|l| l.report.name == "TCP_NODELAY");
    assert_eq!(both.count(), 1, "both ends were asked for the same");
}

/// The judge itself: a wrong value must not pass.
#[test]
fn a_wrong_value_does_not_agree() {
    let row = |name| option::find(name).expect("a row of the registry");
    let linger = |seconds| {
        Value::Struct(vec![
            ("onoff".into(), Value::Int(1)),
            ("linger".into(), Value::Int(seconds)),
        ])
    };
    assert!(agrees(row("SO_LINGER"), &linger(5), "onoff=1 linger=5 "));
    assert!(!agrees(row("SO_LINGER"), &linger(5), "onoff=1 linger=6 "));
    assert!(!agrees(row("SO_LINGER"), &linger(5), "on=1 "));
    assert!(!agrees(row("SO_RCVBUF"), &Value::Int(1), "2"));
    assert!(!agrees(row("SO_REUSEADDR"), &Value::Bool(true), "false"));
}
