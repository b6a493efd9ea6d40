//! The registry of socket options: one row per option, the value codec, and the verdict.
//!
//! The same rows drive profiles, steps, traces, `sockplay options`, schema, man page and tests. Read [`Row`] first,
//! then a table of `rows/`; [`Value`] is what a profile writes, [`judge`] what the kernel made of it, and [`remark`] what
//! such a socket does with it. `tests/registry.rs` asks the kernel whether the rows are right.

mod build;
mod decode;
mod encode;
mod fits;
mod interface;
mod kind;
mod layouts;
mod level;
mod name;
mod numbers;
mod record;
mod remark;
mod row;
mod rows;
mod units;
mod value;
mod verdict;

pub use fits::Fits;
pub use kind::{Field, Kind, Layout, Part, Unit};
pub use layouts::tcp_state;
pub use level::{Level, level_name, level_number};
pub use name::OptionName;
pub use remark::{late, remark};
pub use row::{Access, Adjust, Inherited, Platform, Row};
pub use value::{Patch, Payload, Value};
pub use verdict::{Ruling, Verdict, judge};

/// Every row, grouped by level and sorted by C name within.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    rows::TABLES.iter().flat_map(|table| table.iter())
}

/// The row of that name, without regard to case; another platform's rows are found too.
pub fn find(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name.eq_ignore_ascii_case(name))
}

/// Linux's row of that level and number, for traces and raw options.
pub fn by_number(level: i32, number: i32) -> Option<&'static Row> {
    // RFC 3678's group requests have the same numbers at both levels, and one row.
    let level = match (level, number) {
        (41, 42..=48) => Level::IP.number,
        _ => level,
    };
    rows().find(|row| {
        let here = row.available() && row.alias.is_none();
        here && (row.level.number, row.number) == (level, number)
    })
}

/// At most three names that are near `name`, nearest first; the prefix may be missing (`reuseport`).
pub fn suggest(name: &str) -> Vec<&'static str> {
    let name = name.to_ascii_uppercase();
    let mut near: Vec<(f64, &'static str)> = rows()
        .map(|row| (nearness(&name, row), row.name))
        .filter(|&(score, _)| score > 0.85)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// From 0 to 1. What exists here is nearer than what does not, the whole name nearer than its tail.
fn nearness(name: &str, row: &Row) -> f64 {
    let tail = row.name.split_once('_').map_or("", |(_, tail)| tail);
    let score = strsim::jaro_winkler(name, row.name).max(0.96 * strsim::jaro_winkler(name, tail));
    if row.available() { score } else { score - 0.03 }
}

/// What a trace prints for these bytes: strace's form of the value, `[1]`, `[IP_PMTUDISC_DO]`, `{onoff=1, linger=5}`.
pub fn describe_args(row: &Row, bytes: &[u8]) -> String {
    match (row.kind, row.decode(bytes)) {
        (Kind::Choice(_), value @ Value::Int(_)) => format!("[{}]", row.plain(&value)),
        (_, value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whatever_its_case() {
        assert_eq!(find("so_reuseaddr").map(|r| r.name), Some("SO_REUSEADDR"));
        assert!(find("SO_NONSENSE").is_none());
        assert!(!find("SO_EXCLUSIVEADDRUSE").unwrap().available());
    }

    #[test]
    fn a_number_is_named_as_traces_name_it() {
        let name = |level, number| by_number(level, number).map(|r| r.name);
        assert_eq!(
            name(libc::SOL_SOCKET, libc::SO_RCVTIMEO),
            Some("SO_RCVTIMEO")
        );
        assert_eq!(name(0, 2), Some("IP_TTL"), "not Bluetooth's HCI_FILTER");
        assert_eq!(name(41, 42), Some("MCAST_JOIN_GROUP"));
        assert_eq!(name(6, 9999), None);
    }

    #[test]
    fn a_trace_reads_as_straces() {
        let show = |name: &str, bytes: &[u8]| describe_args(find(name).unwrap(), bytes);
        assert_eq!(show("SO_REUSEADDR", &1i32.to_ne_bytes()), "[1]");
        assert_eq!(
            show("IP_MTU_DISCOVER", &2i32.to_ne_bytes()),
            "[IP_PMTUDISC_DO]"
        );
        assert_eq!(show("TCP_CONGESTION", b"reno\0\0"), "\"reno\"");
    }

    #[test]
    fn near_names_are_suggested_nearest_first() {
        assert_eq!(suggest("SO_REUSADDR").first(), Some(&"SO_REUSEADDR"));
        assert_eq!(suggest("tcp_nodelya").first(), Some(&"TCP_NODELAY"));
        assert!(suggest("SO_KEEPALIVES").len() <= 3);
        assert_eq!(suggest("reuseport").first(), Some(&"SO_REUSEPORT"));
        assert_eq!(suggest("ttl").first(), Some(&"IP_TTL"));
        assert!(suggest("zebra").is_empty());
    }
}
