//! From a profile's value to the bytes of setsockopt(2).
//!
//! Every refusal is one sentence that says what the option takes; the caller puts the option's name and the place in
//! the file before it. Structs are in [`super::record`].

use super::interface::{self, Order};
use super::numbers::{choice, flag, int, ranged, size, time, u64_value, unsigned, whole};
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
        Kind::Ifname => interface::ifname(value),
        Kind::Ifindex => interface::ifindex(value, Order::Host),
        Kind::IfindexBe => interface::ifindex(value, Order::Network),
        Kind::MulticastIf => interface::multicast_if(value),
        Kind::Text(most) => name(value, most),
        Kind::PortRange => port_range(value),
        Kind::Words(most) => words(value, most),
        Kind::Gids => words(value, usize::MAX),
        Kind::Filter => filter(value),
        Kind::Struct(layout) => record::encode(layout, value),
        Kind::Bytes(most) => bytes(value, most).map(Payload::from),
    }
}

/// "takes X, not Y", with Y made safe and short.
pub(super) fn refuse<T>(takes: &str, value: &Value) -> Result<T, String> {
    let (mut shown, cut) = escape::clipped(value.plain().as_bytes(), 40);
    if cut {
        shown.push('…');
    }
    Err(format!("takes {takes}, not {shown}"))
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
        Value::Text(text) => match units::time(text, Unit::Seconds) {
            Ok(seconds) => (1, seconds),
            Err(_) => return refuse(takes, value),
        },
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
        other => bytes(other, 8 * BPF_MAXINSNS).or_else(|_| refuse(takes, value))?,
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

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;

    use super::super::find;
    use super::*;

    fn encode(option: &str, value: impl Borrow<Value>) -> Result<Vec<u8>, String> {
        find(option)
            .unwrap()
            .encode(value.borrow())
            .map(|p| p.bytes)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn int(n: i32) -> Vec<u8> {
        n.to_ne_bytes().to_vec()
    }

    #[test]
    fn linger_waits_resets_or_is_off() {
        assert_eq!(
            encode("SO_LINGER", text("5s")),
            Ok([int(1), int(5)].concat())
        );
        assert_eq!(
            encode("SO_LINGER", text("0s")),
            Ok([int(1), int(0)].concat())
        );
        assert_eq!(encode("SO_LINGER", Value::Bool(false)), Ok(vec![0; 8]));
        let both = vec![
            ("onoff".into(), Value::Int(1)),
            ("linger".into(), Value::Int(5)),
        ];
        assert_eq!(
            encode("SO_LINGER", Value::Struct(both)),
            Ok([int(1), int(5)].concat())
        );
        for bad in [Value::Int(5), Value::Bool(true), text("1500ms")] {
            assert!(encode("SO_LINGER", bad).is_err());
        }
    }

    #[test]
    fn names_ports_and_bytes() {
        assert_eq!(encode("TCP_CONGESTION", text("reno")), Ok(b"reno".to_vec()));
        assert!(encode("TCP_CONGESTION", text("sixteen-letters-")).is_err());
        let range = (40010 * 65536 + 40000u32).to_ne_bytes().to_vec();
        assert_eq!(
            encode("IP_LOCAL_PORT_RANGE", text("40000-40010")),
            Ok(range)
        );
        for bad in ["40010-40000", "1-70000", "40000", ""] {
            assert!(encode("IP_LOCAL_PORT_RANGE", text(bad)).is_err(), "{bad}");
        }
        assert_eq!(encode("IP_OPTIONS", text("01010100")), Ok(vec![1, 1, 1, 0]));
        assert!(encode("IP_OPTIONS", text("010")).is_err());
        assert!(encode("IP_OPTIONS", Value::Bytes(vec![0; 41])).is_err());
        assert_eq!(
            encode("IP_MTU_DISCOVER", text("IP_PMTUDISC_DO")),
            Ok(int(2))
        );
        assert_eq!(
            encode("SO_MAX_PACING_RATE", Value::Int(-1)),
            Ok(vec![0xff; 8])
        );
    }

    #[test]
    fn a_program_is_a_list_or_bytes() {
        let ret = [("code", 6), ("k", 0xffff)].map(|(n, v)| (n.to_owned(), Value::Int(v)));
        let list = Value::List(vec![Value::Struct(ret.into())]);
        let payload = find("SO_ATTACH_FILTER").unwrap().encode(&list).unwrap();
        assert_eq!(payload.patch, Some(Patch::FilterProgram));
        assert_eq!(payload.bytes.len(), 8);
        for bad in [
            Value::List(Vec::new()),
            Value::Bytes(vec![0; 7]),
            Value::Bool(true),
        ] {
            assert!(encode("SO_ATTACH_FILTER", bad).is_err());
        }
    }

    #[test]
    fn what_is_quoted_is_short_and_safe() {
        let error = encode("SO_REUSEADDR", text(&"\x1b".repeat(500))).unwrap_err();
        assert!(error.len() < 250 && !error.contains('\x1b'), "{error}");
    }
}
