//! Values that end as one number: flags, ints, sizes, times, names of constants.
//!
//! The manual's range is checked here, before anything opens; what the kernel makes of a value in range is the
//! verdict's to say.

use super::encode::refuse;
use super::{Payload, Row, Unit, Value, units};

/// A C int as it is in memory.
pub(super) fn int(n: i32) -> Payload {
    n.to_ne_bytes().to_vec().into()
}

pub(super) fn flag(value: &Value) -> Result<i32, String> {
    match value {
        Value::Bool(b) => Ok(i32::from(*b)),
        Value::Int(n @ (0 | 1)) => Ok(*n as i32),
        other => refuse("true or false", other),
    }
}

pub(super) fn whole(value: &Value, takes: &str) -> Result<i64, String> {
    match value {
        Value::Int(n) => Ok(*n),
        other => refuse(takes, other),
    }
}

pub(super) fn size(value: &Value) -> Result<i64, String> {
    match value {
        Value::Text(text) => units::size(text),
        other => whole(other, "a number of bytes or a size such as \"64KiB\""),
    }
}

pub(super) fn time(value: &Value, unit: Unit) -> Result<i64, String> {
    match value {
        Value::Text(text) => units::time(text, unit),
        Value::Int(n) => Ok(*n),
        other => refuse(
            &format!("a number of {} or a time such as \"5s\"", unit.name()),
            other,
        ),
    }
}

pub(super) fn choice(value: &Value, names: &[(&str, i32)]) -> Result<i64, String> {
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
pub(super) fn ranged(row: &Row, n: i64) -> Result<Payload, String> {
    let (least, greatest) = row.range.unwrap_or((i32::MIN.into(), i32::MAX.into()));
    match i32::try_from(n) {
        Ok(word) if (least..=greatest).contains(&n) => Ok(int(word)),
        _ => Err(format!("takes {least} to {greatest}, not {n}")),
    }
}

pub(super) fn unsigned(value: &Value) -> Result<u32, String> {
    let takes = "a whole number from 0 to 4294967295";
    let n = whole(value, takes)?;
    u32::try_from(n).or_else(|_| refuse(takes, value))
}

/// All ones are written −1: TOML has no 64 bits without a sign. Every one that can be set counts bytes.
pub(super) fn u64_value(value: &Value) -> Result<u64, String> {
    let takes = "a whole number from 0, a size such as \"64KiB\", or -1 for all ones (no limit)";
    match value {
        Value::Int(-1) => Ok(u64::MAX),
        Value::Int(n) => u64::try_from(*n).or_else(|_| refuse(takes, value)),
        Value::Text(text) => match text.parse() {
            Ok(n) => Ok(n),
            Err(_) => Ok(units::size(text)?.cast_unsigned()),
        },
        other => refuse(takes, other),
    }
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
    fn flags_are_booleans_or_bits() {
        assert_eq!(encode("SO_REUSEADDR", Value::Bool(true)), Ok(int(1)));
        assert_eq!(encode("SO_REUSEADDR", Value::Int(0)), Ok(int(0)));
        for bad in [Value::Int(2), text("yes"), Value::Float(1.0)] {
            let error = encode("SO_REUSEADDR", bad).unwrap_err();
            assert!(error.starts_with("takes true or false"), "{error}");
        }
    }

    #[test]
    fn the_manuals_range_is_checked() {
        assert_eq!(encode("IP_TTL", Value::Int(255)), Ok(int(255)));
        for n in [0, 256, -1, i64::MAX] {
            let error = encode("IP_TTL", Value::Int(n)).unwrap_err();
            assert_eq!(error, format!("takes 1 to 255, not {n}"));
        }
        assert!(encode("SO_PRIORITY", Value::Int(1 << 40)).is_err());
    }

    #[test]
    fn sizes_and_times_are_text_too() {
        assert_eq!(encode("SO_RCVBUF", text("64KiB")), Ok(int(65536)));
        assert!(
            encode("SO_RCVBUF", text("64K"))
                .unwrap_err()
                .contains("64KiB")
        );
        assert_eq!(encode("TCP_USER_TIMEOUT", text("4321ms")), Ok(int(4321)));
        assert_eq!(encode("TCP_KEEPIDLE", text("1min")), Ok(int(60)));
        assert!(encode("TCP_KEEPIDLE", text("1500ms")).is_err());
        let second = [1i64.to_ne_bytes(), 0i64.to_ne_bytes()].concat();
        assert_eq!(encode("SO_RCVTIMEO", text("1s")), Ok(second));
        assert_eq!(encode("SO_RCVTIMEO", Value::Bool(false)), Ok(vec![0; 16]));
        assert!(
            encode("SO_RCVTIMEO", Value::Int(5))
                .unwrap_err()
                .contains("\"5s\"")
        );
    }
}
