//! From a profile's value to the bytes of setsockopt(2).
//!
//! Every refusal is one sentence that says what the option takes; the caller puts the option's name and the place in
//! the file before it. Structs are in [`super::record`].

use super::value::hex;
use super::{Kind, Patch, Payload, Row, Unit, Value, record, units};
use crate::escape;

/// Checks kind and range.
pub(super) fn encode(row: &Row, value: &Value) -> Result<Payload, String> {
    match row.kind {
        Kind::Flag => flag(value).map(int),
        Kind::Int | Kind::Fd => whole(value, "a whole number").and_then(|n| ranged(row, n)),
        Kind::Size => size(value).and_then(|n| ranged(row, n)),
        Kind::Time(unit) => time(value, unit).and_then(|n| ranged(row, n)),
        Kind::Choice(names) => choice(value, names).and_then(|n| ranged(row, n)),
        Kind::Unsigned => unsigned(value).map(|n| n.to_ne_bytes().to_vec().into()),
        Kind::U64 => u64_value(value).map(|n| n.to_ne_bytes().to_vec().into()),
        Kind::Timeval => timeval(value),
        Kind::Linger => linger(value),
        Kind::Ifname => ifname(value),
        Kind::Ifindex => ifindex(value, Order::Host),
        Kind::IfindexBe => ifindex(value, Order::Network),
        Kind::MulticastIf => multicast_if(value),
        Kind::Text(most) => name(value, most),
        Kind::PortRange => port_range(value),
        Kind::Words(most) => words(value, most),
        Kind::Gids => words(value, usize::MAX),
        Kind::Filter => filter(value),
        Kind::Struct(layout) => record::encode(layout, value),
        Kind::Bytes(most) => bytes(value, most).map(Payload::from),
    }
}

fn int(n: i32) -> Payload {
    n.to_ne_bytes().to_vec().into()
}

/// "takes X, not Y", with Y made safe and short.
pub(super) fn refuse<T>(takes: &str, value: &Value) -> Result<T, String> {
    let (mut shown, cut) = escape::clipped(value.plain().as_bytes(), 40);
    if cut {
        shown.push('…');
    }
    Err(format!("takes {takes}, not {shown}"))
}

fn flag(value: &Value) -> Result<i32, String> {
    match value {
        Value::Bool(b) => Ok(i32::from(*b)),
        Value::Int(n @ (0 | 1)) => Ok(*n as i32),
        other => refuse("true or false", other),
    }
}

fn whole(value: &Value, takes: &str) -> Result<i64, String> {
    match value {
        Value::Int(n) => Ok(*n),
        other => refuse(takes, other),
    }
}

fn size(value: &Value) -> Result<i64, String> {
    match value {
        Value::Text(text) => units::size(text),
        other => whole(other, "a number of bytes or a size such as \"64KiB\""),
    }
}

fn time(value: &Value, unit: Unit) -> Result<i64, String> {
    match value {
        Value::Text(text) => units::time(text, unit),
        Value::Int(n) => Ok(*n),
        other => refuse(
            &format!("a number of {} or a time such as \"5s\"", unit.name()),
            other,
        ),
    }
}

fn choice(value: &Value, names: &[(&str, i32)]) -> Result<i64, String> {
    let known = || {
        let names: Vec<&str> = names.iter().map(|n| n.0).collect();
        format!("a number or one of {}", names.join(", "))
    };
    match value {
        Value::Int(n) => Ok(*n),
        Value::Text(text) => match names.iter().find(|n| n.0.eq_ignore_ascii_case(text)) {
            Some(&(_, number)) => Ok(number.into()),
            None => refuse(&known(), value),
        },
        other => refuse(&known(), other),
    }
}

/// The manual's range where there is one, else C's int.
fn ranged(row: &Row, n: i64) -> Result<Payload, String> {
    let (least, greatest) = row.range.unwrap_or((i32::MIN.into(), i32::MAX.into()));
    match i32::try_from(n) {
        Ok(word) if (least..=greatest).contains(&n) => Ok(int(word)),
        _ => Err(format!("takes {least} to {greatest}, not {n}")),
    }
}

fn unsigned(value: &Value) -> Result<u32, String> {
    let takes = "a whole number from 0 to 4294967295";
    let n = whole(value, takes)?;
    u32::try_from(n).or_else(|_| refuse(takes, value))
}

/// All ones are written −1: TOML has no 64 bits without a sign.
fn u64_value(value: &Value) -> Result<u64, String> {
    let takes = "a whole number from 0, or -1 for all ones (no limit)";
    match value {
        Value::Int(-1) => Ok(u64::MAX),
        Value::Int(n) => u64::try_from(*n).or_else(|_| refuse(takes, value)),
        Value::Text(text) => text.parse().or_else(|_| refuse(takes, value)),
        other => refuse(takes, other),
    }
}

fn timeval(value: &Value) -> Result<Payload, String> {
    let takes = "a time such as \"5s\", or false";
    let (seconds, micros) = match value {
        Value::Bool(false) | Value::Int(0) => (0, 0),
        Value::Text(text) => match units::duration(text) {
            Some(t) if t.subsec_nanos() % 1000 == 0 => {
                let Ok(seconds) = i64::try_from(t.as_secs()) else {
                    return refuse(takes, value);
                };
                (seconds, t.subsec_micros().into())
            }
            _ => return refuse(takes, value),
        },
        Value::Struct(_) => match (value.field("tv_sec"), value.field("tv_usec")) {
            (Some(Value::Int(s @ 0..)), Some(Value::Int(us @ 0..=999_999))) => (*s, *us),
            _ => return refuse("{tv_sec, tv_usec} from 0, tv_usec below 1000000", value),
        },
        other => return refuse(takes, other),
    };
    Ok([seconds.to_ne_bytes(), i64::to_ne_bytes(micros)]
        .concat()
        .into())
}

/// SO_LINGER has three meanings: off, wait, and at 0 reset; so a bare number would be a riddle.
fn linger(value: &Value) -> Result<Payload, String> {
    let takes = "a time in whole seconds such as \"5s\" (\"0s\" resets), or false";
    let (on, seconds) = match value {
        Value::Bool(false) => (0, 0),
        Value::Text(text) => (1, units::time(text, Unit::Seconds)?),
        Value::Struct(fields) if fields.len() == 2 => {
            match (value.field("onoff"), value.field("linger")) {
                (Some(on), Some(Value::Int(seconds))) => (flag(on)?, *seconds),
                _ => return refuse("{onoff, linger}", value),
            }
        }
        other => return refuse(takes, other),
    };
    match i32::try_from(seconds) {
        Ok(s @ 0..) => Ok([i32::to_ne_bytes(on), s.to_ne_bytes()].concat().into()),
        _ => refuse(takes, value),
    }
}

/// IFNAMSIZ of linux/if.h is 16, with the NUL.
const IFNAMSIZ: usize = 16;

/// Whether it can be an interface's name at all; whether it is one, only the kernel knows.
pub(super) fn is_ifname(text: &str) -> bool {
    !text.is_empty() && text.len() < IFNAMSIZ && !text.contains(['\0', '/', ' '])
}

fn ifname(value: &Value) -> Result<Payload, String> {
    match value {
        Value::Bool(false) => Ok(vec![0].into()),
        Value::Text(text) if text.is_empty() => Ok(vec![0].into()),
        Value::Text(text) if is_ifname(text) => Ok([text.as_bytes(), b"\0"].concat().into()),
        other => refuse(
            "an interface's name of 1 to 15 bytes such as \"lo\", or \"\" for none",
            other,
        ),
    }
}

#[derive(Clone, Copy)]
enum Order {
    Host,
    Network,
}

fn ifindex(value: &Value, order: Order) -> Result<Payload, String> {
    let takes = "an interface by index or name, such as 1 or \"lo\"; 0 is none";
    match (value, order) {
        (Value::Int(n @ 0..), _) => match (i32::try_from(*n), order) {
            (Ok(n), Order::Host) => Ok(int(n)),
            (Ok(n), Order::Network) => Ok(n.to_be_bytes().to_vec().into()),
            (Err(_), _) => refuse(takes, value),
        },
        (Value::Text(text), _) if is_ifname(text) => {
            let (offset, name) = (0, text.clone());
            let patch = match order {
                Order::Host => Patch::InterfaceIndex { offset, name },
                Order::Network => Patch::InterfaceIndexBe { offset, name },
            };
            Ok(Payload {
                bytes: vec![0; 4],
                patch: Some(patch),
            })
        }
        (other, _) => refuse(takes, other),
    }
}

fn multicast_if(value: &Value) -> Result<Payload, String> {
    if let Value::Text(text) = value
        && let Ok(address) = text.parse::<std::net::Ipv4Addr>()
    {
        return Ok(address.octets().to_vec().into());
    }
    if let Value::Struct(_) = value {
        return record::encode(&super::layouts::MREQN, value);
    }
    let index = ifindex(value, Order::Host).or_else(|_| {
        refuse(
            "an interface by address, index or name, such as \"127.0.0.1\", 1 or \"lo\"",
            value,
        )
    })?;
    // struct ip_mreqn: two addresses that stay unspecified, then the index.
    Ok(Payload {
        bytes: [&[0; 8], &index.bytes[..]].concat(),
        patch: index.patch.map(|_| Patch::InterfaceIndex {
            offset: 8,
            name: value.plain(),
        }),
    })
}

fn name(value: &Value, most: usize) -> Result<Payload, String> {
    match value {
        Value::Text(t) if !t.is_empty() && t.len() < most && !t.contains('\0') => {
            Ok(t.as_bytes().to_vec().into())
        }
        other => refuse(&format!("a name of 1 to {} bytes", most - 1), other),
    }
}

fn port_range(value: &Value) -> Result<Payload, String> {
    let takes = "two ports such as \"40000-40010\", the lower first, or false";
    let (low, high) = match value {
        Value::Bool(false) | Value::Int(0) => (0, 0),
        Value::Text(text) => match text.split_once('-').map(|(l, h)| (l.trim(), h.trim())) {
            Some((l, h)) => match (l.parse::<u16>(), h.parse::<u16>()) {
                (Ok(l), Ok(h)) => (l, h),
                _ => return refuse(takes, value),
            },
            None => return refuse(takes, value),
        },
        other => return refuse(takes, other),
    };
    // ip(7): the low port in the lower 16 bits, 0 for no limit of its own.
    if high != 0 && low > high {
        return refuse(takes, value);
    }
    Ok((u32::from(high) << 16 | u32::from(low))
        .to_ne_bytes()
        .to_vec()
        .into())
}

fn words(value: &Value, most: usize) -> Result<Payload, String> {
    let one = std::slice::from_ref(value);
    let list = match value {
        Value::Int(_) => one,
        Value::List(items) if items.len() <= most => items,
        other => return refuse("a number of 32 bits, or a list of them", other),
    };
    let mut out = Vec::with_capacity(4 * list.len());
    for item in list {
        out.extend(unsigned(item)?.to_ne_bytes());
    }
    Ok(out.into())
}

/// BPF_MAXINSNS of linux/bpf_common.h.
const BPF_MAXINSNS: usize = 4096;

fn filter(value: &Value) -> Result<Payload, String> {
    let takes = "a program of 1 to 4096 instructions: bytes, or a list of {code, jt, jf, k}";
    let program = match value {
        Value::List(items) => {
            let mut out = Vec::new();
            for item in items {
                out.extend(record::encode(&super::layouts::SOCK_FILTER, item)?.bytes);
            }
            out
        }
        other => bytes(other, 8 * BPF_MAXINSNS)?,
    };
    if program.is_empty() || program.len() % 8 != 0 || program.len() > 8 * BPF_MAXINSNS {
        return refuse(takes, value);
    }
    Ok(Payload {
        bytes: program,
        patch: Some(Patch::FilterProgram),
    })
}

/// Bytes as they are, or as hexadecimal digits.
pub(super) fn bytes(value: &Value, most: usize) -> Result<Vec<u8>, String> {
    let takes = format!("at most {most} bytes as hexadecimal digits such as \"01000000\"");
    let bytes = match value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(text) => unhex(text),
        _ => None,
    };
    match bytes {
        Some(bytes) if bytes.len() <= most => Ok(bytes),
        _ => refuse(&takes, value),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).map(|d| d as u8))
        .collect();
    let digits = digits.filter(|d| d.len() % 2 == 0)?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    debug_assert_eq!(hex(&bytes), text.to_ascii_lowercase());
    Some(bytes)
}
