//! The registry of socket options against the system: its headers, its kernel, and its own promises.
//!
//! Nothing is believed here that the kernel can be asked. What needs a privilege, a module or a newer kernel is
//! skipped with a printed reason (`cargo test --test registry -- --nocapture` shows them).
#![allow(
    unsafe_code,
    reason = "a test that asks the kernel calls getsockopt(2) itself, not through the gate that it checks"
)]

#[path = "registry/access.rs"]
mod access;
#[path = "registry/inherit.rs"]
mod inherit;
#[path = "registry/kernel.rs"]
mod kernel;
#[path = "registry/late.rs"]
mod late;
#[path = "registry/numbers.rs"]
mod numbers;
#[path = "registry/sample.rs"]
mod sample;
#[path = "registry/verdict.rs"]
mod verdict;

use std::collections::HashSet;

use proptest::prelude::*;
use sockplay::option::{self, Kind, Payload, Value};

#[test]
fn names_and_numbers_are_unique() {
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for row in option::rows() {
        assert!(
            names.insert(row.name.to_ascii_lowercase()),
            "{} twice",
            row.name
        );
        match row.alias {
            Some(of) => {
                let of = option::find(of)
                    .unwrap_or_else(|| panic!("{} is an alias of nothing", row.name));
                assert_eq!(
                    (of.level, of.number),
                    (row.level, row.number),
                    "{}",
                    row.name
                );
            }
            None if row.available() => {
                assert!(
                    numbers.insert((row.level.name, row.number)),
                    "{}'s number twice",
                    row.name
                );
            }
            None => {}
        }
    }
}

#[test]
fn every_row_is_documented() {
    for row in option::rows() {
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        assert!(row.name.chars().all(upper), "{}", row.name);
        assert!(
            !row.doc.is_empty() && row.doc.len() <= 110,
            "{}: {}",
            row.name,
            row.doc
        );
        assert!(!row.man.is_empty(), "{}", row.name);
        assert!(!row.doc.ends_with('.'), "{}", row.name);
        assert!(
            row.available() || row.first_triple().is_none(),
            "{}",
            row.name
        );
        if let Some((least, greatest)) = row.range {
            assert!(least < greatest, "{}", row.name);
        }
    }
}

#[test]
fn tables_are_grouped_by_level_and_sorted() {
    let rows: Vec<_> = option::rows().collect();
    let mut seen = HashSet::new();
    for pair in rows.windows(2) {
        if pair[0].level == pair[1].level && pair[0].platform_group() == pair[1].platform_group() {
            assert!(
                pair[0].name < pair[1].name,
                "{} before {}",
                pair[0].name,
                pair[1].name
            );
        } else {
            let group = (pair[1].level.name, pair[1].platform_group());
            assert!(seen.insert(group), "{group:?} in two places");
        }
    }
}

/// Linux's rows and the foreign ones are two tables, each sorted.
trait Group {
    fn platform_group(&self) -> bool;
}

impl Group for option::Row {
    fn platform_group(&self) -> bool {
        self.available()
    }
}

#[test]
fn there_are_over_two_hundred_rows_of_linux_alone() {
    let linux = option::rows()
        .filter(|r| r.available() && r.alias.is_none())
        .count();
    assert!(linux > 200, "{linux}");
}

/// What Python's socket module (3.14, all platforms), socat and Linux's headers can name and older tables lack.
#[test]
fn python_and_socat_find_their_options() {
    let names = "SO_EXCLUSIVEADDRUSE SO_USELOOPBACK SO_REUSEPORT_LB SO_SETFIB SO_USER_COOKIE SO_RTABLE LOCAL_PEERCRED \
        LOCAL_CREDS LOCAL_CREDS_PERSISTENT TCP_KEEPALIVE TCP_CONNECTION_INFO IPV6_USE_MIN_MTU IP_RECVDSTADDR SO_ORIGINAL_DST \
        IP6T_SO_ORIGINAL_DST SO_BTH_ENCRYPT SO_L2CAP_IMTU SO_HCI_EVT_FILTER HCI_FILTER RDS_RECVERR ALG_SET_KEY CAN_RAW_FILTER \
        SO_J1939_PROMISC TIPC_IMPORTANCE IPX_TYPE SO_VM_SOCKETS_BUFFER_SIZE UDPLITE_SEND_CSCOV SCTP_NODELAY SCTP_MAXSEG \
        TCP_PAWS TCP_SACK_DISABLE TCP_STDURG TCP_RFC1323 TCP_CONN_ABORT_THRESHOLD TCP_NOPUSH TCP_NOOPT TCP_KEEPINIT TCP_TSOPTENA \
        SO_PROTOTYPE SO_AUDIT SO_CKSUMRECV SO_DGRAM_ERRIND SO_KERNACCEPT SO_NOREUSEADDR SO_USE_IFBUFS IP_RECVIF \
        SO_RCVPRIORITY SO_PASSRIGHTS SO_PASSPIDFD SO_PEERPIDFD SO_DEVMEM_DONTNEED TCP_AO_INFO TCP_IS_MPTCP TCP_RTO_MAX_MS \
        TCP_RTO_MIN_US TCP_DELACK_MAX_US IP_LOCAL_PORT_RANGE IP_PROTOCOL MPTCP_FULL_INFO SO_INQ DCCP_SOCKOPT_CCID";
    for name in names.split_whitespace() {
        assert!(option::find(name).is_some(), "{name}");
    }
    let platform = |name| option::find(name).map(option::Row::available);
    assert_eq!(platform("SO_EXCLUSIVEADDRUSE"), Some(false));
    assert_eq!(platform("so_passrights"), Some(true));
    assert_eq!(platform("SO_UNHEARD_OF"), None);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-2i64..300).prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        ".{0,24}".prop_map(Value::Text),
        "[0-9]{1,24}(|K|kB|KiB|s|ms|min|-[0-9]{1,6})".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(2, 16, 4, |inner| {
        let name = "(imr_multiaddr|gr_group|code|k|onoff|linger|tv_sec|tv_usec|[a-z]{0,4})";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            proptest::collection::vec((name, inner), 0..4).prop_map(Value::Struct),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_panics_and_every_refusal_is_one_safe_line(value in any_value()) {
        for row in option::rows() {
            if let Err(why) = row.encode(&value) {
                prop_assert!(!why.is_empty() && !why.contains(|c: char| c.is_control()), "{}: {why:?}", row.name);
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for row in option::rows() {
            let value = row.decode(&bytes);
            let shown = format!("{value}{}{}", row.plain(&value), option::describe_args(row, &bytes));
            prop_assert!(!shown.contains(|c: char| c.is_control()), "{}", row.name);
            option::judge(row, &Payload::from(bytes.clone()), Some(&bytes), &|_| None);
        }
    }

    /// What was read can be written, and reads the same again: `options` prints what a profile may say.
    #[test]
    fn reading_and_writing_agree(seed in proptest::collection::vec(any::<u8>(), 300)) {
        for row in option::rows() {
            let mut bytes: Vec<u8> = seed.iter().copied().cycle().take(row.buffer_len().min(300)).collect();
            if matches!(row.kind, Kind::Text(_) | Kind::Ifname) {
                for b in &mut bytes {
                    *b = b'a' + *b % 26;
                }
                bytes.truncate(9);
            }
            let value = row.decode(&bytes);
            if let Ok(payload) = row.encode(&value) {
                prop_assert_eq!(row.decode(&payload.bytes), value, "{}", row.name);
            }
        }
    }
}
