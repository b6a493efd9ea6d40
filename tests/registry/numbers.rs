//! Numbers, levels and struct sizes against the headers of this system, asked of its C compiler.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use sockplay::option::{self, Kind, Level};

/// Each is compiled by itself (with what it needs before it): linux/in.h and netinet/in.h do not get along.
const HEADERS: &[&str] = &[
    "asm/socket.h",
    "linux/in.h",
    "linux/in6.h",
    "linux/tcp.h",
    "linux/udp.h",
    "linux/icmp.h",
    "linux/icmpv6.h",
    "linux/mptcp.h",
    "linux/vm_sockets.h",
    "linux/dccp.h",
    "stdint.h sys/socket.h linux/sctp.h",
    "linux/tipc.h",
    "linux/rds.h",
    "linux/if_alg.h",
    "linux/tls.h",
    "linux/can/raw.h",
    "linux/can/j1939.h",
    "linux/can/isotp.h",
    "linux/filter.h",
    "linux/net_tstamp.h",
    "linux/ipv6.h",
    "linux/netfilter_ipv4.h",
    "linux/netfilter_ipv6/ip6_tables.h",
    "netinet/udplite.h",
    "sys/socket.h",
    "netinet/in.h",
    "netinet/tcp.h",
    "netinet/udp.h",
];

/// Enumerators, which #ifdef cannot see, by header.
const ENUMS: &[(&str, &[&str])] = &[
    (
        "linux/can/raw.h",
        &[
            "CAN_RAW_FILTER",
            "CAN_RAW_ERR_FILTER",
            "CAN_RAW_LOOPBACK",
            "CAN_RAW_RECV_OWN_MSGS",
            "CAN_RAW_FD_FRAMES",
            "CAN_RAW_JOIN_FILTERS",
        ],
    ),
    (
        "linux/can/j1939.h",
        &[
            "SO_J1939_FILTER",
            "SO_J1939_PROMISC",
            "SO_J1939_SEND_PRIO",
            "SO_J1939_ERRQUEUE",
        ],
    ),
];

const STRUCTS: &[(&str, &[&str])] = &[
    (
        "linux/in.h",
        &[
            "ip_mreqn",
            "ip_mreq_source",
            "group_req",
            "group_source_req",
            "sockaddr_in",
        ],
    ),
    (
        "linux/in6.h",
        &["ipv6_mreq", "in6_flowlabel_req", "sockaddr_in6"],
    ),
    ("linux/ipv6.h", &["in6_pktinfo"]),
    ("linux/tcp.h", &["tcp_repair_window"]),
    ("linux/filter.h", &["sock_filter"]),
    ("linux/net_tstamp.h", &["sock_txtime"]),
];

fn source(header: &str) -> String {
    let mut c = "#define _GNU_SOURCE\n#include <stdio.h>\n".to_owned();
    for header in header.split(' ') {
        let _ = writeln!(c, "#include <{header}>");
    }
    c.push_str("int main(void) {\n");
    let options = option::rows().filter(|r| r.available()).map(|r| r.name);
    let levels = Level::ALL.iter().flat_map(|l| [l.name, l.strace]);
    for name in options.chain(levels) {
        let _ = writeln!(
            c,
            "#ifdef {name}\nprintf(\"{name} %d\\n\", (int)({name}));\n#endif"
        );
    }
    let of = |lists: &[(&str, &'static [&'static str])]| -> Vec<&'static str> {
        lists
            .iter()
            .filter(|l| l.0 == header)
            .flat_map(|l| l.1.iter().copied())
            .collect()
    };
    for name in of(ENUMS) {
        let _ = writeln!(c, "printf(\"{name} %d\\n\", (int){name});");
    }
    for name in of(STRUCTS) {
        let _ = writeln!(
            c,
            "printf(\"struct/{name} %d\\n\", (int)sizeof(struct {name}));"
        );
    }
    c.push_str("return 0; }\n");
    c
}

/// What this header says, `None` when it is not installed or needs others.
fn ask(header: &str, folder: &std::path::Path) -> Option<HashMap<String, i32>> {
    let (c, program) = (folder.join("ask.c"), folder.join("ask"));
    fs::write(&c, source(header)).expect("a fresh temporary folder is writable");
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let built = Command::new(cc)
        .arg("-w")
        .arg("-o")
        .arg(&program)
        .arg(&c)
        .output()
        .ok()?;
    if !built.status.success() {
        println!(
            "skipped: {header}: {}",
            String::from_utf8_lossy(&built.stderr)
                .lines()
                .next()
                .unwrap_or("")
        );
        return None;
    }
    let output = Command::new(&program).output().expect("it was just built");
    let text = String::from_utf8(output.stdout).expect("C's names are ASCII");
    let pair = |line: &str| {
        let (name, number) = line.split_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    };
    text.lines().map(pair).collect()
}

#[test]
fn numbers_are_those_of_the_headers() {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: no C compiler here");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut compared = std::collections::HashSet::new();
    for header in HEADERS {
        for (name, number) in ask(header, folder.path()).unwrap_or_default() {
            let expected = match name.strip_prefix("struct/") {
                Some(name) => size_of_struct(name),
                None => option::find(&name)
                    .map(|r| r.number)
                    .or_else(|| option::level_number(&name)),
            };
            assert_eq!(Some(number), expected, "{name} in {header}");
            compared.insert(name);
        }
    }
    println!("{} names compared", compared.len());
    assert!(
        compared.len() > 250,
        "only {} names were compared",
        compared.len()
    );
}

fn size_of_struct(name: &str) -> Option<i32> {
    if name == "sock_filter" {
        return Some(8);
    }
    option::rows().find_map(|row| match row.kind {
        Kind::Struct(layout) if layout.name == name => Some(layout.size as i32),
        _ => None,
    })
}

/// Macros of the same prefixes that are values, limits or flags of an option, not options.
const NOT_OPTIONS: &[&str] = &[
    "IPV6_FLOWINFO_FLOWLABEL",
    "IPV6_FLOWINFO_PRIORITY",
    "IPV6_FL_",
    "IPV6_PMTUDISC_",
    "IPV6_PREFER_",
    "IPV6_PRIORITY_",
    "IPV6_RTHDR_LOOSE",
    "IPV6_RTHDR_STRICT",
    "IPV6_RTHDR_TYPE_",
    "IPV6_TLV_",
    "IP_DEFAULT_",
    "IP_MAX_MEMBERSHIPS",
    "IP_MSFILTER_SIZE",
    "IP_PMTUDISC_",
    "MCAST_EXCLUDE",
    "MCAST_INCLUDE",
    "TCP_COOKIE_IN",
    "TCP_COOKIE_M",
    "TCP_COOKIE_OUT",
    "TCP_COOKIE_PAIR",
    "TCP_ENCAP_",
    "TCP_MAXWIN",
    "TCP_MAX_WINSHIFT",
    "TCP_MD5SIG_FLAG_",
    "TCP_MD5SIG_MAXKEYLEN",
    "TCP_MSS",
    "TCP_RECEIVE_ZEROCOPY_FLAG_",
    "TCP_REPAIR_O",
    "TCP_S_DATA_",
    "UDP_ENCAP_",
    "TCP_AO_KEYF_",
    "TCP_AO_MAXKEYLEN",
];

#[test]
fn every_option_of_the_headers_has_a_row() {
    let mut missing = std::collections::BTreeSet::new();
    let mut seen = 0;
    for header in [
        "sys/socket.h",
        "linux/in.h",
        "linux/in6.h",
        "linux/tcp.h",
        "linux/udp.h",
        "netinet/in.h",
        "netinet/tcp.h",
        "netinet/udp.h",
        "linux/vm_sockets.h",
        "linux/if_alg.h",
    ] {
        for name in macros(header) {
            let prefixes = ["SO_", "IP_", "IPV6_", "TCP_", "UDP_", "MCAST_", "ALG_SET_"];
            let option = prefixes.iter().any(|p| name.starts_with(p));
            if option && !NOT_OPTIONS.iter().any(|p| name.starts_with(p)) {
                seen += 1;
                if option::find(&name).is_none() {
                    missing.insert(name);
                }
            }
        }
    }
    println!("{seen} options seen");
    assert!(missing.is_empty(), "no row for {missing:?}");
}

/// The names that this header defines; none when it is not installed.
fn macros(header: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let c = folder.path().join("ask.c");
    fs::write(&c, format!("#define _GNU_SOURCE\n#include <{header}>\n"))
        .expect("a fresh folder is writable");
    let Ok(output) = Command::new("cc").args(["-E", "-dM"]).arg(&c).output() else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let name = |line: &str| {
        line.split(' ')
            .nth(1)
            .filter(|n| !n.contains('('))
            .map(str::to_owned)
    };
    text.lines().filter_map(name).collect()
}
