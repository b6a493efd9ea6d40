//! A sensible value for each option that is not its default, what must be set before it, and why some have none.

use sockplay::option::{Inherited, Kind, Row, Unit, Value};
use sockplay::socket::{Family, Triple};

use crate::kernel::loopback;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn record(fields: &[(&str, Value)]) -> Value {
    Value::Struct(
        fields
            .iter()
            .map(|(n, v)| ((*n).to_owned(), v.clone()))
            .collect(),
    )
}

/// A value to set, given what is in force; the error is the reason to skip it.
pub(crate) fn sample(
    row: &Row,
    current: Option<&Value>,
    triple: Triple,
) -> Result<Value, &'static str> {
    if let Some(why) = out_of_reach(row.name) {
        return Err(why);
    }
    if let Some(n) = number(row.name) {
        return Ok(Value::Int(n));
    }
    if let Some(value) = special(row.name, triple.family == Family::Ipv6) {
        return Ok(value);
    }
    Ok(match (row.kind, current) {
        (Kind::Flag, Some(Value::Bool(on))) => Value::Bool(!on),
        (Kind::Flag, _) => Value::Bool(true),
        (Kind::Timeval, _) => text("1s"),
        (Kind::Linger, _) => text("5s"),
        (Kind::U64, _) => Value::Int(123_456_789),
        (Kind::Ifname, _) => text("lo"),
        (Kind::Ifindex | Kind::IfindexBe, _) => Value::Int(loopback().into()),
        (Kind::MulticastIf, _) => text("127.0.0.1"),
        (Kind::PortRange, _) => text("40000-40010"),
        (Kind::Words(2..), _) => Value::List((1..9).map(Value::Int).collect()),
        (Kind::Filter, _) => {
            let accept = [("code", Value::Int(6)), ("k", Value::Int(0xffff))];
            Value::List(vec![record(&accept)])
        }
        (Kind::Size, _) => Value::Int(20_000),
        (Kind::Time(Unit::Micros), _) => Value::Int(100_000),
        (Kind::Time(Unit::Millis), _) => Value::Int(50_000),
        (Kind::Int | Kind::Unsigned | Kind::Words(_), None | Some(Value::Int(..=0))) => {
            Value::Int(1)
        }
        (_, Some(Value::Int(now))) => Value::Int(if *now == 1 { 2 } else { 1 }),
        _ => return Err("no value is sensible on a fresh socket"),
    })
}

/// Why an option cannot be tried on a fresh socket of loopback.
fn out_of_reach(name: &str) -> Option<&'static str> {
    Some(match name {
        "SO_ATTACH_BPF" | "SO_ATTACH_REUSEPORT_EBPF" => "needs an eBPF program",
        "SO_DEVMEM_DONTNEED" => "needs a device with its own memory",
        "TCP_ULP" => "needs a protocol that is built in as a module",
        "IP_XFRM_POLICY" | "IPV6_XFRM_POLICY" | "IP_IPSEC_POLICY" | "IPV6_IPSEC_POLICY" => {
            "needs an IPsec policy"
        }
        "IPV6_ADDRFORM" => "needs a connection from a v4-mapped address",
        "IPV6_JOIN_ANYCAST" | "IPV6_LEAVE_ANYCAST" => "needs an address that is no loopback one",
        "TCP_REPAIR_OPTIONS" | "TCP_REPAIR_WINDOW" | "TCP_AO_REPAIR" => {
            "needs a connection under repair"
        }
        "TCP_AO_ADD_KEY" | "TCP_AO_DEL_KEY" => "needs a key of the TCP Authentication Option",
        "MCAST_MSFILTER" => "a whole list of sources is MCAST_BLOCK_SOURCE's to show",
        _ => return None,
    })
}

/// Options for which not just any number is a value, or changes anything.
fn number(name: &str) -> Option<i64> {
    Some(match name {
        "SO_TXREHASH" | "IP_MTU_DISCOVER" | "IP_PMTUDISC" | "IPV6_MTU_DISCOVER" => 0,
        "TCP_REPAIR_QUEUE" => 1,
        "SO_RCVLOWAT" | "SO_BUF_LOCK" | "IPV6_CHECKSUM" => 2,
        "UDP_ENCAP" => 3,
        "TCP_KEEPIDLE" | "TCP_KEEPINTVL" | "TCP_LINGER2" | "TCP_DEFER_ACCEPT" => 7,
        "SO_TIMESTAMPING"
        | "SO_TIMESTAMPING_NEW"
        | "SO_TIMESTAMPING_OLD"
        | "IP_TOS"
        | "IPV6_TCLASS" => 16,
        "TCP_MAXSEG" => 700,
        "IPV6_MTU" => 1280,
        _ => return None,
    })
}

/// Names, bytes and structs.
fn special(name: &str, six: bool) -> Option<Value> {
    Some(match name {
        "TCP_CONGESTION" => text("reno"),
        "TCP_FASTOPEN_KEY" => Value::Bytes((0..16).collect()),
        "TCP_MD5SIG" | "TCP_MD5SIG_EXT" => Value::Bytes(md5sig(six)),
        "IP_OPTIONS" => text("01010100"),
        // An options header with one PadN of four bytes; RFC 8200, section 4.2.
        "IPV6_DSTOPTS" | "IPV6_RXDSTOPTS" | "IPV6_HOPOPTS" | "IPV6_RXHOPOPTS"
        | "IPV6_RTHDRDSTOPTS" => text("0000010400000000"),
        "IPV6_RTHDR" | "IPV6_2292PKTOPTIONS" => Value::Bytes(Vec::new()),
        "IPV6_PKTINFO" => record(&[("ipi6_addr", text("::1")), ("ipi6_ifindex", lo())]),
        "IPV6_FLOWLABEL_MGR" => record(&[
            ("flr_dst", text("::1")),
            ("flr_share", Value::Int(1)),
            ("flr_flags", Value::Int(1)),
        ]),
        "SO_TXTIME" => record(&[("clockid", Value::Int(1))]),
        // struct ip_msfilter: group, interface, MCAST_EXCLUDE, no sources.
        "IP_MSFILTER" => text("ef0101017f0000010000000000000000"),
        _ => return membership(name, six),
    })
}

/// A group, where it is joined, and a source of it.
fn membership(name: &str, six: bool) -> Option<Value> {
    let at = |four, other| text(if six { other } else { four });
    Some(match name {
        "IP_ADD_MEMBERSHIP" | "IP_DROP_MEMBERSHIP" => record(&[
            ("imr_multiaddr", text("239.1.1.1")),
            ("imr_address", text("127.0.0.1")),
        ]),
        "IP_ADD_SOURCE_MEMBERSHIP"
        | "IP_DROP_SOURCE_MEMBERSHIP"
        | "IP_BLOCK_SOURCE"
        | "IP_UNBLOCK_SOURCE" => record(&[
            ("imr_multiaddr", text("239.1.1.1")),
            ("imr_interface", text("127.0.0.1")),
            ("imr_sourceaddr", text("127.0.0.1")),
        ]),
        "IPV6_JOIN_GROUP" | "IPV6_LEAVE_GROUP" | "IPV6_ADD_MEMBERSHIP" | "IPV6_DROP_MEMBERSHIP" => {
            record(&[
                ("ipv6mr_multiaddr", text("ff02::1234")),
                ("ipv6mr_interface", lo()),
            ])
        }
        "MCAST_JOIN_GROUP" | "MCAST_LEAVE_GROUP" => record(&[
            ("gr_interface", lo()),
            ("gr_group", at("239.1.1.1", "ff02::1234")),
        ]),
        name if name.starts_with("MCAST_") => record(&[
            ("gsr_interface", lo()),
            ("gsr_group", at("239.1.1.1", "ff02::1234")),
            ("gsr_source", at("127.0.0.1", "::1")),
        ]),
        _ => return None,
    })
}

fn lo() -> Value {
    Value::Int(loopback().into())
}

/// struct tcp_md5sig of linux/tcp.h: the peer's address, a key of three letters.
fn md5sig(six: bool) -> Vec<u8> {
    let mut out = vec![0; 216];
    let family = if six { libc::AF_INET6 } else { libc::AF_INET };
    out[..2].copy_from_slice(&(family as u16).to_ne_bytes());
    if six {
        out[23] = 1;
    } else {
        out[4..8].copy_from_slice(&[127, 0, 0, 1]);
    }
    out[130] = 3;
    out[136..139].copy_from_slice(b"key");
    out
}

/// What must be set on the same socket before, in order.
pub(crate) fn before(row: &Row) -> &'static [&'static str] {
    match row.name {
        "SO_DETACH_FILTER" | "SO_DETACH_BPF" => &["SO_ATTACH_FILTER"],
        "SO_ATTACH_REUSEPORT_CBPF" => &["SO_REUSEPORT"],
        "SO_DETACH_REUSEPORT_BPF" => &["SO_REUSEPORT", "SO_ATTACH_REUSEPORT_CBPF"],
        "IP_DROP_MEMBERSHIP" => &["IP_ADD_MEMBERSHIP"],
        "IP_DROP_SOURCE_MEMBERSHIP" => &["IP_ADD_SOURCE_MEMBERSHIP"],
        "IP_MSFILTER" | "IP_BLOCK_SOURCE" => &["4:MCAST_JOIN_GROUP"],
        "IP_UNBLOCK_SOURCE" => &["4:MCAST_JOIN_GROUP", "IP_BLOCK_SOURCE"],
        "IPV6_LEAVE_GROUP" | "IPV6_DROP_MEMBERSHIP" => &["IPV6_JOIN_GROUP"],
        "MCAST_LEAVE_GROUP" | "MCAST_BLOCK_SOURCE" => &["MCAST_JOIN_GROUP"],
        "MCAST_UNBLOCK_SOURCE" => &["MCAST_JOIN_GROUP", "MCAST_BLOCK_SOURCE"],
        "MCAST_LEAVE_SOURCE_GROUP" => &["MCAST_JOIN_SOURCE_GROUP"],
        "TCP_REPAIR_QUEUE" | "TCP_TIMESTAMP" => &["TCP_REPAIR"],
        "TCP_QUEUE_SEQ" => &["TCP_REPAIR", "TCP_REPAIR_QUEUE"],
        _ => &[],
    }
}

/// Options that a kernel may be built without, or that belong to a module.
pub(crate) fn may_be_missing(row: &Row) -> bool {
    let names = [
        "IP6T_SO_ORIGINAL_DST",
        "IPV6_IPSEC_POLICY",
        "IPV6_XFRM_POLICY",
        "IP_IPSEC_POLICY",
        "IP_XFRM_POLICY",
        "SO_DEVMEM_DONTNEED",
        "SO_ORIGINAL_DST",
        "SO_PEERSEC",
        "SO_RESERVE_MEM",
        "TCP_MD5SIG",
        "TCP_MD5SIG_EXT",
        "UDP_ENCAP",
    ];
    names.contains(&row.name) || row.name.starts_with("TCP_AO_") || row.level.name == "SOL_TLS"
}

/// Rows whose inheritance can be asked: the value reads back, and the row claims something.
pub(crate) fn tells_inheritance(row: &Row) -> bool {
    row.available() && row.inherited != Inherited::Unknown && row.alias.is_none()
}
