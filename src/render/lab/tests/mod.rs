//! Reports to draw: one of each verdict, and one in which everything that can come from outside is hostile.

mod html;

use crate::event::{Arg, Moment, Record};
use crate::lab::report::{Report, StepReport, Verdict};

/// Markup, a control byte, and a character that turns the direction of text.
pub(super) const HOSTILE: &str =
    "<script>alert(1)</script>\" onload='x' \u{1b}[31m\u{202e}`x` {{ 7 }}";

pub(super) fn step(actor: &str, does: &str, text: &str, met: Option<bool>) -> StepReport {
    StepReport {
        actor: actor.into(),
        does: does.into(),
        text: text.into(),
        met,
        expected: Vec::new(),
        came: met.map(|_| "0".into()),
        t_ns: 1_000,
        elapsed_ns: 2_000,
    }
}

fn call(task: &str, name: &str, args: Vec<Arg>, errno: Option<&str>) -> Moment {
    Moment::Call(Record {
        t_ns: 12_000,
        task: task.into(),
        name: name.into(),
        args,
        result: if errno.is_some() { -1 } else { 3 },
        errno: errno.map(str::to_owned),
        elapsed_ns: 4_000,
    })
}

/// An experiment that passed.
pub(super) fn report() -> Report {
    let socket = ["AF_INET", "SOCK_STREAM|SOCK_CLOEXEC", "IPPROTO_IP"];
    let args = socket.map(|a| Arg::symbol(a.to_owned())).to_vec();
    let mut refused = step(
        "server",
        "bind",
        "{ server = \"bind\",  fd = \"a\", expect = \"EADDRINUSE\" }",
        Some(true),
    );
    refused.came = Some("EADDRINUSE".into());
    Report {
        name: "two-binds".into(),
        title: "A port has one owner".into(),
        group: "tutorial".into(),
        claim: Some("A port has\none owner.".into()),
        question: "What does the second bind say?".into(),
        agrees: Some("not quite".into()),
        verdict: Verdict::Passed,
        answer: "It said\nEADDRINUSE.\n\nTwice.".into(),
        explanation: "The kernel looks into its table (bind(2)).".into(),
        next: Some("Try `other` and `two-binds`.".into()),
        notes: vec!["the network is shared".into()],
        actors: vec!["server".into(), "client".into()],
        processes: Vec::new(),
        moments: vec![
            Moment::Note("First.".into()),
            call("server", "socket", args, None),
            call("server", "bind", vec![Arg::Fd(3)], Some("EADDRINUSE")),
        ],
        steps: vec![
            step("", "note", "{ note = \"First.\" }", None),
            step(
                "server",
                "socket",
                "{ server = \"socket\",   family = \"ipv4\", as = \"a\" }",
                Some(true),
            ),
            refused,
        ],
        elapsed_ns: 1_026_000_000,
    }
}

/// Its last step was not met.
pub(super) fn failed() -> Report {
    let mut report = Report {
        name: "failing".into(),
        group: "weird".into(),
        verdict: Verdict::Failed {
            step: 3,
            expected: "EADDRINUSE".into(),
            came: String::new(),
        },
        ..report()
    };
    report.steps[2].met = Some(false);
    report.steps.push(step(
        "client",
        "close",
        "{ client = \"close\", fd = \"a\" }",
        None,
    ));
    report
}

/// It was not run.
pub(super) fn skipped() -> Report {
    let mut report = Report {
        name: "skipping".into(),
        group: "useful".into(),
        verdict: Verdict::Skipped("needs CAP_NET_RAW".into()),
        moments: Vec::new(),
        elapsed_ns: 0,
        ..report()
    };
    for step in &mut report.steps {
        step.met = None;
        step.came = None;
    }
    report
}

/// Every text is hostile; files may be called anything, and groups need not be known.
pub(super) fn hostile() -> Report {
    let text = || HOSTILE.to_owned();
    let task = Moment::Aside {
        t_ns: 5,
        task: text(),
        text: text(),
        seen: crate::event::Seen::Observed,
    };
    let data = call(
        &text(),
        "send",
        vec![Arg::data(HOSTILE.as_bytes())],
        Some(HOSTILE),
    );
    Report {
        name: text(),
        title: text(),
        group: text(),
        claim: Some(text()),
        question: text(),
        agrees: Some(text()),
        verdict: Verdict::Passed,
        answer: text(),
        explanation: text(),
        next: Some(text()),
        notes: vec![text()],
        actors: vec![text()],
        processes: vec![text()],
        moments: vec![Moment::Note(text()), task, data],
        steps: vec![
            step(HOSTILE, HOSTILE, HOSTILE, Some(true)),
            step("", "note", HOSTILE, None),
        ],
        elapsed_ns: u64::MAX,
    }
}

/// The same that failed.
pub(super) fn hostile_failure() -> Report {
    let verdict = Verdict::Failed {
        step: 1,
        expected: HOSTILE.into(),
        came: HOSTILE.into(),
    };
    Report {
        verdict,
        ..hostile()
    }
}

/// A process that died, with what it said.
pub(super) fn lost() -> Report {
    Report {
        name: "lost".into(),
        verdict: Verdict::Lost(HOSTILE.into()),
        moments: Vec::new(),
        ..skipped()
    }
}
