//! Reports made by hand, with every part present, for the tests of the renderers; `tests/report.rs` has them too.

use std::time::Duration;

use super::parts::{buffers, comparison, echo, options, remote, tcp};
use crate::measure::echo::{Ending, How};
use crate::measure::report::*;
use crate::socket::{Family, Triple, Type};

/// One run of `tcp4`, with one message lost.
pub(crate) fn single() -> Report {
    Report {
        runs: vec![run("tcp4", 31_000)],
        ..Report::default()
    }
}

/// Two runs against each other, and two expectations.
pub(crate) fn compared() -> Report {
    let mut first = run("tcp4-nodelay", 41_000);
    first.connect = Duration::from_nanos(45_100);
    let judged = |expectation: &str, run: &str, met| Judged {
        expectation: expectation.into(),
        origin: "--expect".into(),
        run: run.into(),
        found: Some("44.2 ms".into()),
        met,
    };
    Report {
        runs: vec![first, run("tcp4-nagle", 44_100_000)],
        comparison: Some(comparison(1)),
        expectations: vec![
            judged("echo.rtt_ns.p99 < 2ms", "tcp4-nagle", false),
            judged("echo.lost < 2", "tcp4-nodelay", true),
        ],
    }
}

/// As many runs as there may be.
pub(crate) fn crowd() -> Report {
    let names = [
        "sequential",
        "threads",
        "poll",
        "epoll",
        "epoll-edge",
        "async",
        "uring",
        "workers",
    ];
    let at = |i: usize| 30_000 * (i as u64 + 2);
    Report {
        runs: names
            .iter()
            .enumerate()
            .map(|(i, n)| run(n, at(i)))
            .collect(),
        comparison: Some(comparison(7)),
        ..Report::default()
    }
}

/// A server that is not ours, and that does not echo.
pub(crate) fn distant() -> Report {
    let mut run = run("example:7", 250_000);
    run.engine = None;
    run.listener = None;
    run.backlog = None;
    run.remote = Some(remote());
    run.notes
        .push("the peer answers, but what it answers is no echo".into());
    if let Some(echo) = &mut run.echo {
        echo.ended = Some(Ending {
            how: How::WrongBytes,
            says: "an echo differs from what was sent".into(),
        });
    }
    Report {
        runs: vec![run],
        ..Report::default()
    }
}

/// Every text that may come from outside, as bad as it can be.
pub(crate) fn hostile() -> Report {
    let bad = "\x1b[2J|`</pre><script>alert(1)</script>\u{202e}&\"'\r\n# x";
    let mut report = compared();
    for run in &mut report.runs {
        for text in [
            &mut run.profile,
            &mut run.label,
            &mut run.local,
            &mut run.peer,
            &mut run.toml,
        ] {
            bad.clone_into(text);
        }
        run.notes = vec![bad.into()];
        run.listener = Some(bad.into());
        run.remote = Some(remote());
        let remote = run.remote.as_mut().expect("it was put there above");
        remote.resolution.name = bad.into();
    }
    let comparison = report.comparison.as_mut().expect("two runs are compared");
    comparison.versus[0].why = Some(bad.into());
    comparison.differing[0].values[0] = Some(bad.into());
    report.expectations[0].expectation = bad.into();
    report
}

fn run(name: &str, typical_ns: u64) -> Run {
    Run {
        profile: name.into(),
        label: name.into(),
        triple: Triple::new(Family::Ipv4, Type::Stream),
        kernel: "SO_DOMAIN AF_INET, SO_TYPE SOCK_STREAM, SO_PROTOCOL IPPROTO_TCP".into(),
        listener: Some("127.0.0.1:35555".into()),
        engine: Some("epoll"),
        backlog: Some(BacklogFacts {
            asked: 4096,
            effective: Some(128),
            admitted: Some(129),
            more: false,
        }),
        local: "127.0.0.1:45534".into(),
        peer: "127.0.0.1:35555".into(),
        connect: Duration::from_nanos(45_100),
        options: options(),
        buffers: buffers(),
        tcp: Some(tcp()),
        remote: None,
        load: LoadFacts {
            size: 64,
            connections: 4,
            pipeline: 2,
            writes: 2,
            rate: Some(20_000),
            warmup: 100,
            cores: Some((0, vec![1])),
        },
        echo: Some(echo(typical_ns)),
        notes: Vec::new(),
        toml:
            "[socket]\nfamily = \"ipv4\"   # configs/tcp4.toml:4\n\n[options]\nTCP_NODELAY = true\n"
                .into(),
    }
}
