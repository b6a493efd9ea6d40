//! Ranges and verdicts at the edges: what the kernel refuses, raises, caps and rounds, and that we say so.

use sockplay::option::{self, Access, Adjust, Row, Value, Verdict};

use crate::kernel::{NOT_THERE, Socket, is_nobody, is_older_than, is_root, name, sysctl};
use crate::sample::{before, may_be_missing, sample};

/// Sets a number that our own check would refuse.
fn set_raw(row: &Row, socket: &Socket, n: i64) -> Result<(), i32> {
    let word = i32::try_from(n).expect("the ranges here fit an int");
    socket.set(row, &word.to_ne_bytes().to_vec().into())
}

#[test]
fn ranges_are_those_that_the_kernel_enforces() {
    let mut asked = 0;
    for row in option::rows().filter(|r| r.available() && r.access != Access::ReadOnly) {
        let (Some((least, greatest)), Some(triple)) = (row.range, row.first_triple()) else {
            continue;
        };
        let Ok(socket) = Socket::open(triple) else {
            println!("skipped: {}: {triple} does not open here", row.name);
            continue;
        };
        if !is_root() && row.privilege.is_some()
            || !before(row).is_empty()
            || is_older_than(row.doc)
        {
            println!("skipped: {} needs more than a fresh socket", row.name);
            continue;
        }
        for n in [least, greatest] {
            match set_raw(row, &socket, n) {
                Ok(()) => {}
                // Below two ticks a timeout is none, and the tick is the kernel's.
                Err(libc::EINVAL) if row.adjust == Adjust::RoundedToTick => {}
                Err(errno) => panic!("{} = {n} is in its range: {}", row.name, name(errno)),
            }
        }
        for n in [least - 1, greatest + 1]
            .into_iter()
            .filter(|&n| i32::try_from(n).is_ok())
        {
            assert!(
                row.encode(&Value::Int(n)).is_err(),
                "{} takes {n}",
                row.name
            );
            let taken = set_raw(row, &socket, n).is_ok();
            let effective = socket.get(row).map(|bytes| row.decode(&bytes));
            assert!(
                !taken || effective != Ok(Value::Int(n)),
                "{} = {n} is in force",
                row.name
            );
        }
        asked += 1;
    }
    println!("{asked} ranges asked");
    assert!(asked >= 20, "only {asked} ranges");
}

/// Sets, reads, judges; the reason is what a user is told.
fn verdict(row: &Row, value: &Value) -> (Verdict, String) {
    let socket =
        Socket::open(row.first_triple().expect("a kind of socket has it")).expect("it opens");
    let payload = row.encode(value).expect("a value in range");
    socket
        .set(row, &payload)
        .unwrap_or_else(|errno| panic!("{}: {}", row.name, name(errno)));
    let effective = socket.get(row).ok();
    let ruling = option::judge(row, &payload, effective.as_deref(), &sysctl);
    (ruling.verdict, ruling.why.unwrap_or_default())
}

#[test]
fn what_the_kernel_changes_has_its_reason() {
    use Verdict::{Adjusted, Honoured, Ignored};
    let int = Value::Int;
    let text = |text: &str| Value::Text(text.to_owned());
    for (name, value, expected, why) in [
        ("SO_RCVBUF", int(65536), Adjusted, "doubled for bookkeeping"),
        ("SO_RCVBUF", int(1), Adjusted, "raised to the floor of 2304"),
        (
            "SO_RCVBUF",
            int(1 << 30),
            Adjusted,
            "capped by net.core.rmem_max",
        ),
        (
            "SO_RCVBUF",
            int(-1),
            Adjusted,
            "capped by net.core.rmem_max",
        ),
        ("SO_SNDBUF", int(1), Adjusted, "raised to the floor of 4608"),
        (
            "SO_SNDBUF",
            int(1 << 30),
            Adjusted,
            "capped by net.core.wmem_max",
        ),
        ("SO_RCVTIMEO", text("1s"), Honoured, ""),
        ("SO_RCVLOWAT", int(0), Adjusted, "0 means 1"),
        ("SO_BSDCOMPAT", Value::Bool(true), Ignored, "obsolete"),
        ("TCP_THIN_DUPACK", Value::Bool(true), Ignored, "4.12"),
        ("TCP_DEFER_ACCEPT", int(1), Honoured, ""),
        ("TCP_DEFER_ACCEPT", int(2), Adjusted, "retransmissions"),
        ("TCP_DEFER_ACCEPT", int(5), Adjusted, "retransmissions"),
        ("TCP_LINGER2", int(1000), Adjusted, "at most 120 s"),
        (
            "TCP_WINDOW_CLAMP",
            int(1),
            Adjusted,
            "raised to the floor of 1152",
        ),
        (
            "TCP_FASTOPEN",
            int(1_000_000),
            Adjusted,
            "capped by net.core.somaxconn",
        ),
        ("IP_TOS", int(255), Adjusted, "ECN"),
        ("IPV6_TCLASS", int(255), Adjusted, "ECN"),
        ("IPV6_UNICAST_HOPS", int(-1), Adjusted, "default"),
        ("IP_TTL", int(9), Honoured, ""),
        ("IP_MULTICAST_IF", text("127.0.0.1"), Honoured, ""),
        ("TCP_KEEPIDLE", text("1min"), Honoured, ""),
        ("TCP_USER_TIMEOUT", text("4321ms"), Honoured, ""),
    ] {
        let row = option::find(name).expect("a row of the registry");
        let got = verdict(row, &value);
        assert_eq!(got.0, expected, "{name} = {}: {}", value.plain(), got.1);
        assert!(got.1.contains(why), "{name} = {}: {}", value.plain(), got.1);
    }
}

/// 1 ms is below every usual tick but that of CONFIG_HZ = 1000.
#[test]
fn a_receive_timeout_is_rounded_up_to_the_tick() {
    let row = option::find("SO_RCVTIMEO").expect("a row of the registry");
    let (verdict, why) = verdict(row, &Value::Text("500us".to_owned()));
    assert_eq!(verdict, Verdict::Adjusted);
    assert!(
        why.starts_with("rounded up to the ") && why.ends_with(" ms tick"),
        "{why}"
    );
}

/// Without privilege, a row that names one is refused with EPERM or EACCES, at least for some value.
#[test]
fn privileges_are_needed() {
    if !is_nobody() {
        println!("skipped: we hold privileges ourselves");
        return;
    }
    let mut refused = 0;
    for row in option::rows().filter(|r| r.available() && r.privilege.is_some()) {
        let Some(socket) = row.first_triple().and_then(|t| Socket::open(t).ok()) else {
            continue;
        };
        let Ok(payload) = sample(row, None, socket.1).and_then(|v| row.encode(&v).map_err(|_| ""))
        else {
            continue;
        };
        match socket.set(row, &payload) {
            Err(libc::EPERM | libc::EACCES) => refused += 1,
            Err(errno) if NOT_THERE.contains(&errno) && may_be_missing(row) => {}
            _ => println!("skipped: {}: this value needs no privilege here", row.name),
        }
    }
    assert!(refused > 10, "only {refused} were refused");
}
