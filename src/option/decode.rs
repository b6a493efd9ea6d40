//! From the bytes of getsockopt(2) to a value.

use super::{Kind, Value};

/// Reads any length without a panic.
pub(super) fn decode(kind: &Kind, bytes: &[u8]) -> Value {
    match (kind, bytes.first_chunk()) {
        (Kind::Flag, Some(word)) => Value::Bool(i32::from_ne_bytes(*word) != 0),
        (Kind::Int | Kind::Size, Some(word)) => Value::Int(i32::from_ne_bytes(*word).into()),
        _ => Value::Bytes(bytes.to_vec()),
    }
}
