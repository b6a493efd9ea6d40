//! What shows of an arrow only later: that nobody answered, that bytes were held back, that it was another one's.

use super::wire::arrows;
use super::*;

fn option(n: i32, name: &str, value: &str) -> Vec<Arg> {
    vec![
        fd(n),
        symbol("SOL_TCP"),
        symbol(name),
        symbol(value),
        Arg::Int(4),
    ]
}

fn to(n: i32) -> Vec<Arg> {
    vec![fd(n), address("127.0.0.1:41873"), Arg::Int(16)]
}

#[test]
fn a_syn_that_nobody_answers_ends_in_a_cross() {
    let mut told = Told::new();
    told.listening().call("client", "socket", socket(), Ok(4));
    told.began(1, "client", "connect", to(4));
    told.returned(
        1,
        "client",
        "connect",
        to(4),
        Err("ETIMEDOUT"),
        3_000_000_000,
    );
    let ladder = told.drawn(&["client", "server"]);
    assert_eq!(
        arrows(&ladder),
        ["client x~SYN server", "client x~SYN, again server"]
    );
    let shown = plain(&text(&ladder, 120, Glyphs::Unicode));
    assert!(
        shown.contains("~ SYN ╌") && shown.contains("╌✗│"),
        "{shown}"
    );
    let ascii = plain(&text(&ladder, 120, Glyphs::Ascii));
    assert!(ascii.contains(".x:"), "{ascii}");
    assert_eq!(svg(&ladder).matches("class=\"lost\"").count(), 2);
}

#[test]
fn a_full_queue_answers_no_syn_until_there_is_room() {
    let mut told = Told::new();
    told.listening();
    for n in [4, 5, 6] {
        let result = if n < 6 { Ok(0) } else { Err("EINPROGRESS") };
        told.call("client", "socket", socket(), Ok(n.into()));
        told.call("client", "connect", to(n), result);
    }
    told.accepts().call("client", "connect", to(6), Ok(0));
    let ladder = told.drawn(&["client", "server"]);
    assert_eq!(
        arrows(&ladder)[6..],
        [
            "client x~SYN server",
            "client ~SYN, again server",
            "server ~SYN+ACK client",
            "client ~ACK server"
        ]
    );
}

#[test]
fn what_is_held_back_leaves_when_it_is_let_go() {
    let mut told = Told::new();
    told.connected();
    told.call("client", "setsockopt", option(4, "TCP_CORK", "[1]"), Ok(0));
    told.call("client", "send", bytes(4, "head"), Ok(4));
    told.call("client", "send", bytes(4, "body"), Ok(4));
    told.call("client", "setsockopt", option(4, "TCP_CORK", "[0]"), Ok(0));
    told.call("server", "recv", bytes(5, "headbody"), Ok(8));
    let more = |text: &str| [&bytes(4, text)[..3], &[symbol("MSG_MORE")]].concat();
    told.call("client", "send", more("a"), Ok(1));
    told.call("client", "send", bytes(4, "b"), Ok(1));
    told.call("client", "send", more("c"), Ok(1));
    told.call("server", "recv", bytes(5, "ab"), Ok(2));
    told.call("server", "recv", bytes(5, "c"), Ok(1));
    told.call("client", "send", more("d"), Ok(1));
    told.call("client", "close", vec![fd(4)], Ok(0));
    let ladder = told.drawn(&["client", "server"]);
    assert_eq!(
        arrows(&ladder)[3..],
        [
            "client \"headbody\" 8 B server",
            "client \"ab\" 2 B server",
            "client \"c\" 1 B server",
            "client ~\"d\" 1 B server",
            "client ~FIN server"
        ]
    );
}

#[test]
fn bytes_that_were_waited_for_came_late() {
    let mut told = Told::new();
    told.connected();
    told.call("client", "send", bytes(4, "Ciao"), Ok(4));
    told.call("client", "send", bytes(4, "!"), Ok(1));
    told.call("server", "recv", bytes(5, "Ciao"), Ok(4));
    let mut late = told.record("server", "recv", bytes(5, "!"), Ok(1));
    late.elapsed_ns = 40_000_000;
    told.moments.push(Moment::Call(late));
    let ladder = told.drawn(&["client", "server"]);
    let mut with = ladder.rows.iter().rev();
    let last = with.find(|row| !row.arrows.is_empty()).unwrap();
    assert!(matches!(last.body, Body::Cell { actor: 1, .. }), "{last:?}");
    assert_eq!(
        arrows(&ladder)[3..],
        ["client \"Ciao\" 4 B server", "client \"!\" 1 B server"]
    );
}

#[test]
fn who_talks_to_itself_talks_to_nobody() {
    let mut told = Told::new();
    told.listening()
        .call("server", "close", vec![fd(3)], Ok(0))
        .call("client", "socket", socket(), Ok(4))
        .call("client", "connect", to(4), Ok(0));
    told.call(
        "client",
        "getsockname",
        vec![fd(4), address("127.0.0.1:41873"), symbol("[16]")],
        Ok(0),
    );
    told.call("client", "send", bytes(4, "Ciao"), Ok(4));
    assert_eq!(arrows(&told.drawn(&["client", "server"])), [""; 0]);
}

#[test]
fn a_queue_may_move_to_another_listener() {
    let told = |other: bool| {
        let mut told = Told::new();
        told.listening()
            .call("client", "socket", socket(), Ok(4))
            .call("client", "connect", to(4), Ok(0))
            .call("server", "socket", socket(), Ok(5))
            .call("server", "bind", to(5), Ok(0))
            .call("server", "listen", vec![fd(5), Arg::Int(5)], Ok(0))
            .call("server", "close", vec![fd(3)], Ok(0));
        if other {
            let peer = vec![fd(5), address("127.0.0.1:50000"), symbol("[16]")];
            told.call("server", "accept4", peer, Ok(6));
        }
        arrows(&told.drawn(&["client", "server"]))[3..].to_vec()
    };
    assert_eq!(told(false), ["server ~RST client"]);
    assert_eq!(told(true), [""; 0]);
}

#[test]
fn only_tcp_info_knows_what_a_syn_carried() {
    let told = |options: Option<&str>| {
        let mut told = Told::new();
        told.call("server", "socket", socket(), Ok(3));
        let fast = option(3, "TCP_FASTOPEN", "[5]");
        told.call("server", "setsockopt", fast, Ok(0));
        told.call("server", "bind", to(3), Ok(0));
        told.call("server", "listen", vec![fd(3), Arg::Int(5)], Ok(0));
        told.call("client", "socket", socket(), Ok(4));
        let data = [&bytes(4, "Ciao")[..3], &[symbol("MSG_FASTOPEN")]].concat();
        told.call(
            "client",
            "sendto",
            [data, to(4)[1..].to_vec()].concat(),
            Ok(4),
        );
        told.accepts_from(3, 5);
        told.call("server", "recv", bytes(5, "Ciao"), Ok(4));
        if let Some(options) = options {
            let info = option(4, "TCP_INFO", &format!("{{tcpi_options={options}, ...}}"));
            told.call("client", "getsockopt", info, Ok(0));
        }
        let mut all = arrows(&told.drawn(&["client", "server"]));
        all.retain(|arrow| !arrow.contains("ACK"));
        all
    };
    assert_eq!(told(Some("39")), ["client ~SYN + 4 B server"]);
    assert_eq!(
        told(Some("7")),
        ["client ~SYN server", "client \"Ciao\" 4 B server"]
    );
    assert_eq!(told(None), ["client ~SYN + 4 B? server"]);
}

#[test]
fn an_urgent_byte_is_beside_the_stream() {
    let mut told = Told::new();
    told.connected();
    let urgent = |text: &str| [&bytes(4, text)[..3], &[symbol("MSG_OOB")]].concat();
    told.call("client", "send", bytes(4, "abc"), Ok(3));
    told.call("client", "send", urgent("!"), Ok(1));
    told.call("client", "send", bytes(4, "de"), Ok(2));
    told.call("server", "recv", bytes(5, "abc"), Ok(3));
    told.call("server", "recv", bytes(5, "de"), Ok(2));
    told.call("server", "close", vec![fd(5)], Ok(0));
    assert_eq!(
        arrows(&told.drawn(&["client", "server"]))[3..],
        [
            "client \"abc\" 3 B server",
            "client ~\"!\" 1 B urgent server",
            "client \"de\" 2 B server",
            "server ~FIN client"
        ]
    );
}

fn datagram(n: i32, text: &str, peer: &str) -> Vec<Arg> {
    [&bytes(n, text)[..], &[address(peer), Arg::Int(16)]].concat()
}

fn of_type(ty: &str, protocol: &str) -> Vec<Arg> {
    ["AF_INET", ty, protocol].map(symbol).to_vec()
}

#[test]
fn datagrams_that_were_dropped_are_told_apart() {
    let mut told = Told::new();
    let udp = || of_type("SOCK_DGRAM", "IPPROTO_IP");
    told.call("server", "socket", udp(), Ok(3));
    told.call("server", "bind", to(3), Ok(0));
    told.call("client", "socket", udp(), Ok(4));
    for _ in 0..3 {
        let same = datagram(4, "same", "127.0.0.1:41873");
        told.call("client", "sendto", same, Ok(4));
    }
    told.call("server", "recv", bytes(3, "same"), Ok(4));
    let other = datagram(4, "other", "127.0.0.1:41873");
    told.call("client", "sendto", other, Ok(5));
    told.call("server", "recv", bytes(3, "other"), Ok(5));
    assert_eq!(
        arrows(&told.drawn(&["client", "server"])),
        [
            "client \"same\" 4 B server",
            "client x~\"same\" 4 B server",
            "client x~\"same\" 4 B server",
            "client \"other\" 5 B server"
        ]
    );
}

#[test]
fn copies_for_a_group_go_to_those_who_receive_them() {
    let mut told = Told::new();
    let udp = || of_type("SOCK_DGRAM", "IPPROTO_IP");
    for (n, who) in [(3, "a"), (4, "b")] {
        told.call(who, "socket", udp(), Ok(n));
        let all = vec![fd(n as i32), address("0.0.0.0:7007"), Arg::Int(16)];
        told.call(who, "bind", all, Ok(0));
    }
    told.call("c", "socket", udp(), Ok(5));
    for text in ["both", "one"] {
        let sent = datagram(5, text, "239.1.2.3:7007");
        told.call("c", "sendto", sent, Ok(text.len() as i64));
        told.call("a", "recv", bytes(3, text), Ok(text.len() as i64));
        if text == "both" {
            told.call("b", "recv", bytes(4, text), Ok(4));
        }
    }
    let mut all = arrows(&told.drawn(&["c", "a", "b"]));
    all[..2].sort();
    assert_eq!(
        all,
        ["c \"both\" 4 B a", "c \"both\" 4 B b", "c \"one\" 3 B a"]
    );
}

#[test]
fn raw_packets_go_to_the_same_protocol() {
    let mut told = Told::new();
    for (n, who, protocol) in [
        (3, "server", "253"),
        (4, "server", "254"),
        (5, "client", "253"),
    ] {
        told.call(who, "socket", of_type("SOCK_RAW", protocol), Ok(n));
    }
    told.call(
        "client",
        "sendto",
        datagram(5, "Ciao", "127.0.0.1:0"),
        Ok(4),
    );
    told.call("server", "recv", bytes(3, "E"), Ok(24));
    let ladder = told.drawn(&["client", "server"]);
    assert_eq!(arrows(&ladder), ["client \"Ciao\" 4 B server"]);
}

#[test]
fn what_the_peer_receives_says_how_an_end_was_closed() {
    let told = |gap: bool, end: Result<i64, &str>| {
        let mut told = Told::new();
        told.connected();
        told.call("client", "send", bytes(4, "Ciao"), Ok(4));
        if gap {
            let t_ns = told.t_ns;
            told.moments.push(Moment::Aside {
                t_ns,
                task: "server".into(),
                text: Moment::more_calls(3),
                seen: Seen::Observed,
            });
        }
        told.call("server", "close", vec![fd(5)], Ok(0));
        told.call("client", "recv", vec![fd(4), Arg::Int(9)], end);
        arrows(&told.drawn(&["client", "server"]))[4..].to_vec()
    };
    assert_eq!(told(false, Err("ECONNRESET")), ["server ~RST client"]);
    // Somebody has read what was not told.
    assert_eq!(told(true, Ok(0)), ["server ~FIN client"]);
}
