//! From the bytes of getsockopt(2) to a value.
//!
//! The kernel chooses the length: some options answer one byte where there is room for one only, newer kernels answer
//! longer structs. What is there is read; what cannot be read stays bytes.

use std::net::Ipv4Addr;

use super::{Kind, Value, layouts, record};

/// Reads any length without a panic.
pub(super) fn decode(kind: &Kind, bytes: &[u8]) -> Value {
    read(kind, bytes).unwrap_or_else(|| Value::Bytes(bytes.to_vec()))
}

fn read(kind: &Kind, bytes: &[u8]) -> Option<Value> {
    Some(match kind {
        Kind::Flag => Value::Bool(int(bytes)? != 0),
        Kind::Int | Kind::Size | Kind::Time(_) | Kind::Choice(_) | Kind::Ifindex | Kind::Fd => {
            Value::Int(int(bytes)?.into())
        }
        Kind::Unsigned | Kind::Words(1) => Value::Int((int(bytes)? as u32).into()),
        Kind::IfindexBe => Value::Int(i32::from_be_bytes(*bytes.first_chunk()?).into()),
        Kind::U64 => match u64::from_ne_bytes(*bytes.first_chunk()?) {
            u64::MAX => Value::Int(-1),
            n => i64::try_from(n).map_or_else(|_| Value::Text(n.to_string()), Value::Int),
        },
        Kind::Timeval => pair("tv_sec", "tv_usec", long(bytes)?, long(bytes.get(8..)?)?),
        Kind::Linger => pair(
            "onoff",
            "linger",
            int(bytes)?.into(),
            int(bytes.get(4..)?)?.into(),
        ),
        Kind::Ifname | Kind::Text(_) => text(bytes)?,
        Kind::MulticastIf if bytes.len() >= 12 => record::decode(&layouts::MREQN, bytes),
        Kind::MulticastIf => Value::Text(Ipv4Addr::from(*bytes.first_chunk::<4>()?).to_string()),
        Kind::PortRange => {
            let range = int(bytes)? as u32;
            Value::Text(format!("{}-{}", range & 0xffff, range >> 16))
        }
        Kind::Words(_) | Kind::Gids => Value::List(
            bytes
                .chunks_exact(4)
                .filter_map(|word| Some(Value::Int((int(word)? as u32).into())))
                .collect(),
        ),
        Kind::Filter => Value::List(
            bytes
                .chunks_exact(8)
                .map(|instruction| record::decode(&layouts::SOCK_FILTER, instruction))
                .collect(),
        ),
        Kind::Struct(layout) => record::decode(layout, bytes),
        Kind::Bytes(_) => Value::Bytes(bytes.to_vec()),
    })
}

/// An int, or the one byte that ip(7) allows in its place.
fn int(bytes: &[u8]) -> Option<i32> {
    match bytes.first_chunk() {
        Some(word) => Some(i32::from_ne_bytes(*word)),
        None => bytes.first().map(|&byte| byte.into()),
    }
}

fn long(bytes: &[u8]) -> Option<i64> {
    bytes.first_chunk().map(|word| i64::from_ne_bytes(*word))
}

fn pair(first: &str, second: &str, one: i64, two: i64) -> Value {
    Value::Struct(vec![
        (first.to_owned(), Value::Int(one)),
        (second.to_owned(), Value::Int(two)),
    ])
}

/// Up to the first NUL; what is not UTF-8 stays bytes.
fn text(bytes: &[u8]) -> Option<Value> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    Some(Value::Text(text.to_owned()))
}
