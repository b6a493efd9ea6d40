//! What is inferred of packets and bytes.

use super::drawing::{full_queue, golden};
use super::*;

/// Arrows as `client SYN server`, with `~` where they are inferred, and `x` where they reach nobody.
pub(super) fn arrows(ladder: &Ladder) -> Vec<String> {
    let all = ladder.rows.iter().flat_map(|row| &row.arrows);
    let name = |i: usize| ladder.actors[i].as_str();
    all.map(|a| {
        let mark = match a.freight {
            Freight::Inferred => "~",
            Freight::Delivered => "",
            Freight::Lost => "x~",
        };
        format!("{} {mark}{} {}", name(a.from), a.label, name(a.to))
    })
    .collect()
}

#[test]
fn who_waits_has_a_bar_to_the_end() {
    let mut told = full_queue();
    let ladder = told.drawn(&["client", "server", "second"]);
    golden(
        "full-queue-100",
        &plain(&text(&ladder, 100, Glyphs::Unicode)),
    );
    assert_eq!(
        arrows(&ladder)[3..],
        ["second x~SYN server", "server ~RST client"]
    );
    let to = vec![fd(5), address("127.0.0.1:41873"), Arg::Int(16)];
    told.returned(
        7,
        "second",
        "connect",
        to,
        Err("ECONNREFUSED"),
        1_040_000_000,
    );
    let ladder = told.drawn(&["client", "server", "second"]);
    assert_eq!(
        arrows(&ladder)[5..],
        ["second ~SYN, again server", "server ~RST second"]
    );
    let shown = plain(&text(&ladder, 160, Glyphs::Unicode));
    assert!(shown.contains("= ECONNREFUSED (waited 1.04 s)"), "{shown}");
}

#[test]
fn datagrams_go_to_whoever_has_the_address() {
    let mut told = Told::new();
    let udp = || {
        ["AF_INET", "SOCK_DGRAM|SOCK_CLOEXEC", "IPPROTO_IP"]
            .map(symbol)
            .to_vec()
    };
    let message = |n: i32, to: &str| [&bytes(n, "hi")[..], &[address(to), Arg::Int(16)]].concat();
    told.call("server", "socket", udp(), Ok(3));
    told.call(
        "server",
        "bind",
        vec![fd(3), address("0.0.0.0:7007"), Arg::Int(16)],
        Ok(0),
    );
    told.call("client", "socket", udp(), Ok(4));
    told.call("client", "sendto", message(4, "127.0.0.1:7007"), Ok(2));
    told.call("server", "recvfrom", message(3, "127.0.0.1:50000"), Ok(2));
    told.call("server", "sendto", message(3, "127.0.0.1:50000"), Ok(2));
    told.call("server", "close", vec![fd(3)], Ok(0));
    told.call("client", "sendto", message(4, "127.0.0.1:7007"), Ok(2));
    let ladder = told.drawn(&["client", "server"]);
    assert_eq!(
        arrows(&ladder),
        [
            "client \"hi\" 2 B server",
            "server ~\"hi\" 2 B client",
            "client ~\"hi\" 2 B server",
            "server ~ICMP unreachable client"
        ]
    );
}

#[test]
fn endings_are_told_apart() {
    let ends = |end: &dyn Fn(&mut Told)| {
        let mut told = Told::new();
        told.connected();
        end(&mut told);
        arrows(&told.drawn(&["server", "client"]))[3..].to_vec()
    };
    let close = |told: &mut Told, task: &str, n: i32| {
        told.call(task, "close", vec![fd(n)], Ok(0));
    };
    let orderly = ends(&|told| {
        told.call("client", "shutdown", vec![fd(4), symbol("SHUT_WR")], Ok(0));
        close(told, "server", 5);
        close(told, "client", 4);
    });
    assert_eq!(orderly, ["client ~FIN server", "server ~FIN client"]);
    let aborted = ends(&|told| {
        let linger = symbol("{l_onoff=1, l_linger=0}");
        let option = vec![
            fd(5),
            symbol("SOL_SOCKET"),
            symbol("SO_LINGER"),
            linger,
            Arg::Int(8),
        ];
        told.call("server", "setsockopt", option, Ok(0));
        close(told, "server", 5);
        close(told, "client", 4);
    });
    assert_eq!(aborted, ["server ~RST client"]);
    let shared = ends(&|told| {
        told.call("server", "dup", vec![fd(5)], Ok(6));
        close(told, "server", 5);
        told.call("client", "send", bytes(4, "x"), Ok(1));
        close(told, "server", 6);
    });
    assert_eq!(shared, ["client ~\"x\" 1 B server", "server ~RST client"]);
    let late = ends(&|told| {
        close(told, "server", 5);
        told.call("client", "send", bytes(4, "x"), Ok(1));
        told.call("client", "send", bytes(4, "x"), Err("EPIPE"));
        close(told, "client", 4);
    });
    assert_eq!(
        late,
        [
            "server ~FIN client",
            "client ~\"x\" 1 B server",
            "server ~RST client"
        ]
    );
}

#[test]
fn a_handshake_is_finished_when_that_shows() {
    let mut told = Told::new();
    told.listening().call("client", "socket", socket(), Ok(4));
    let to = vec![fd(4), address("127.0.0.1:41873"), Arg::Int(16)];
    told.call("client", "connect", to, Err("EINPROGRESS"))
        .accepts();
    let ladder = told.drawn(&["client", "server"]);
    let of = |row: &Row| {
        row.arrows
            .iter()
            .map(|a| a.label.clone())
            .collect::<Vec<_>>()
    };
    let with: Vec<_> = ladder
        .rows
        .iter()
        .map(of)
        .filter(|l| !l.is_empty())
        .collect();
    assert_eq!(with, [vec!["SYN"], vec!["SYN+ACK", "ACK"]]);
}

#[test]
fn processes_have_descriptors_of_their_own() {
    let mut told = Told::new();
    told.connected().call("child", "close", vec![fd(5)], Ok(0));
    let actors = ["server", "client", "child"].map(str::to_owned);
    let shared = ladder(&actors, &[], &told.moments);
    assert_eq!(arrows(&shared).len(), 4);
    let own = ladder(&actors, &["child".to_owned()], &told.moments);
    assert_eq!(arrows(&own).len(), 3);
}

#[test]
fn a_passed_descriptor_is_the_same_socket() {
    let mut told = Told::new();
    told.connected();
    let passed = |fds: &str| {
        symbol(&format!(
            "{{msg_name=NULL, msg_iov=[{{iov_base=\"x\", iov_len=1}}], msg_control=[SCM_RIGHTS=[{fds}]], msg_flags=0}}"
        ))
    };
    told.call(
        "server",
        "socketpair",
        vec![
            symbol("AF_UNIX"),
            symbol("SOCK_STREAM"),
            Arg::Int(0),
            symbol("[6, 7]"),
        ],
        Ok(0),
    );
    told.call(
        "server",
        "sendmsg",
        vec![fd(6), passed("5"), symbol("MSG_NOSIGNAL")],
        Ok(1),
    );
    told.call("server", "close", vec![fd(5)], Ok(0));
    told.call(
        "client",
        "recvmsg",
        vec![fd(7), passed("8"), Arg::Int(0)],
        Ok(1),
    );
    told.call("client", "send", bytes(8, "hi"), Ok(2));
    told.call("client", "recv", bytes(4, "hi"), Ok(2));
    let ladder = told.drawn(&["server", "client"]);
    assert!(arrows(&ladder).contains(&"server \"x\" 1 B client".to_owned()));
    assert!(
        !arrows(&ladder).iter().any(|a| a.contains("FIN")),
        "{:?}",
        arrows(&ladder)
    );
}
