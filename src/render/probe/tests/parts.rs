//! The parts of the reports in [`super::sample`]: options, buffers, TCP, an echo, a comparison, a remote server.

use std::time::Duration;

use crate::event::OptionReport;
use crate::measure::echo::{Echo, SLICES, Schedule, Slice};
use crate::measure::report::*;
use crate::option::{self, Ruling, Value, Verdict};
use crate::socket::Phase;

pub(super) fn options() -> Vec<OptionLine> {
    let line =
        |name: &str, [default, requested, effective]: [i64; 3], verdict, why: Option<&str>| {
            let row = option::find(name).expect("a row of the registry");
            OptionLine {
                report: OptionReport {
                    name: name.into(),
                    row: Some(row),
                    level: row.level.name.into(),
                    phase: Phase::PreListen,
                    requested: Value::Int(requested),
                    default: Some(Value::Int(default)),
                    effective: (verdict != Verdict::Refused).then_some(Value::Int(effective)),
                    ruling: Ruling {
                        verdict,
                        why: why.map(str::to_owned),
                    },
                },
                set_on: "listener",
                held: SocketFacts {
                    fresh: Some(Value::Int(default)),
                    listener: Some(Value::Int(effective)),
                    accepted: Some(Value::Int(effective)),
                    client: Some(Value::Int(default)),
                },
                why_held: Vec::new(),
            }
        };
    let mut all = vec![
        line("IP_TTL", [64, 64, 64], Verdict::Honoured, None),
        line(
            "SO_RCVBUF",
            [131_072, 65_536, 131_072],
            Verdict::Adjusted,
            Some("doubled for bookkeeping"),
        ),
        line(
            "SO_MARK",
            [0, 7, 0],
            Verdict::Refused,
            Some("setsockopt: operation not permitted (EPERM): needs CAP_NET_ADMIN"),
        ),
        line(
            "TCP_QUICKACK",
            [1, 0, 1],
            Verdict::Ignored,
            Some("it is not permanent: the kernel turns it on again by itself"),
        ),
    ];
    all[1].why_held.push(
        "the client's is smaller: it was not set there, and the kernel tunes it by itself".into(),
    );
    all
}

pub(super) fn buffers() -> Vec<BufferFacts> {
    let one = |socket, receive_after| BufferFacts {
        socket,
        receive: 131_072,
        receive_after,
        send: 16_384,
        send_after: Some(2_626_560),
        receive_rule: "fixed by SO_RCVBUF".into(),
        send_rule: "autotuned up to 4194304 (net.ipv4.tcp_wmem)".into(),
    };
    vec![
        one("listener", Some(131_072)),
        one("accepted", None),
        one("client", Some(6_291_456)),
    ]
}

pub(super) fn tcp() -> TcpFacts {
    TcpFacts {
        socket: "client",
        state: "ESTABLISHED".into(),
        rtt: Duration::from_micros(31),
        rtt_variance: Duration::from_micros(12),
        retransmit_timeout: Duration::from_millis(201),
        congestion_window: 10,
        mss_sent: 32_741,
        mss_received: 536,
        mss_advertised: 65_483,
        path_mtu: 65_535,
        window_scale: Some((7, 7)),
        timestamps: true,
        selective_acks: true,
        ecn: false,
        congestion_control: Some("cubic".into()),
        retransmitted: 0,
    }
}

/// 999 round trips with a tail, always the same ones.
pub(super) fn echo(typical_ns: u64) -> Echo {
    let mut echo = Echo {
        sent: 1000,
        received: 999,
        lost: 1,
        bytes: 999 * 64,
        connections: 4,
        elapsed: Duration::from_millis(50),
        cpu: Duration::from_millis(31),
        schedule: Some(Schedule {
            late: 17,
            worst: Duration::from_millis(3),
            unsent: 3,
        }),
        ..Echo::default()
    };
    let mut noise = 7u64;
    let slices = SLICES as u64;
    echo.slices = vec![Slice::default(); SLICES];
    for n in 0..999u64 {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let uniform = (noise >> 11) as f64 / (1u64 << 53) as f64;
        let factor = 0.8 + 0.12 / (1.000_01 - uniform).powf(0.6);
        let ns = (typical_ns as f64 * factor) as u64;
        echo.rtt.saturating_record(ns);
        let slice: &mut Slice = &mut echo.slices[(n * slices / 999) as usize];
        slice.count += 1;
        slice.total_ns += ns;
    }
    for n in [45_100, 50_000, 91_000] {
        echo.connect.saturating_record(n);
    }
    echo
}

pub(super) fn comparison(others: usize) -> Comparison {
    let versus = |run: usize| {
        Versus {
        run,
        ratio: if run == 1 { 1076.0 } else { 1.0 + 0.2 * (run as f64 - 3.0) },
        interval: if run == 1 { (1040.0, 1110.0) } else { (0.95 + 0.2 * (run as f64 - 3.0), 1.08 + 0.2 * (run as f64 - 3.0)) },
        difference: if run == 3 { Difference::None } else { Difference::Longer },
        says: format!("tcp4-nagle p50 is {} times longer (99 % interval 1\u{202f}040…1\u{202f}110)", if run == 1 { "1\u{202f}076" } else { "1.4" }),
        why: Some("each reply waits for the delayed acknowledgement of the first of two writes: Nagle's algorithm holds the second one back until then, and the peer's acknowledgement comes after 40 ms".into()),
    }
    };
    Comparison {
        pairs: 24,
        block: Some(500),
        resamples: 10_000,
        differing: vec![DifferingKey {
            key: "options.TCP_NODELAY".into(),
            values: (0..=others)
                .map(|i| (i != 1).then(|| "true".into()))
                .collect(),
        }],
        shortest: (others > 1).then(|| "shortest p50: sequential".into()),
        versus: (1..=others).map(versus).collect(),
    }
}

pub(super) fn remote() -> Remote {
    let answer = |address: &str, used, passed_over: Option<&str>| Answer {
        address: address.into(),
        used,
        passed_over: passed_over.map(str::to_owned),
    };
    let finding = |topic, outcome, says: &str, value| Finding {
        topic,
        outcome,
        says: says.into(),
        value,
    };
    Remote {
        resolution: Resolution {
            name: "localhost".into(),
            took: Some(Duration::from_micros(812)),
            answers: vec![
                answer("[::1]:7", false, None),
                answer("127.0.0.1:7", true, None),
                answer("127.0.0.2:7", false, Some("the profile asks for ipv4")),
            ],
        },
        attempts: vec![
            Attempt {
                address: "[::1]:7".into(),
                took: Duration::from_micros(40),
                refused: Some(Refusal {
                    errno: "ECONNREFUSED".into(),
                    says: "connection refused: nobody listens on that port".into(),
                }),
            },
            Attempt {
                address: "127.0.0.1:7".into(),
                took: Duration::from_micros(52),
                refused: None,
            },
        ],
        findings: vec![
            finding(
                Topic::Greeting,
                "speaks",
                "it speaks first: 220 example ESMTP\\r\\n",
                Some(20),
            ),
            finding(
                Topic::Echo,
                "answers",
                "it answers, but not with what it got",
                None,
            ),
            finding(
                Topic::HalfClose,
                "closes",
                "it closes as soon as the client has said all",
                None,
            ),
            finding(
                Topic::Ttl,
                "seen",
                "its packets arrive with a TTL of 64: no router is in between",
                Some(64),
            ),
        ],
    }
}
