//! The value of an option, between a profile's TOML and the kernel's bytes.
//!
//! Its `Display` is strace's (`[1]`, `{onoff=1, linger=5}`, `"reno"`), [`Value::plain`] is for people, and its
//! serde form is for programs: flags are booleans, numbers integers, structs objects, bytes hexadecimal text.

use std::fmt::{self, Write as _};

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use crate::escape;

/// A value as a profile writes it and as getsockopt(2) is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A flag.
    Bool(bool),
    /// A number in the option's own unit.
    Int(i64),
    /// Only ever a mistake, or a size or time in the making: no option takes one.
    Float(f64),
    /// A name, a size ("64KiB"), a time ("5s"), an address.
    Text(String),
    /// Bytes that no kind takes apart.
    Bytes(Vec<u8>),
    /// An array: groups, filter instructions, words.
    List(Vec<Value>),
    /// A C struct: field and value, in C's order.
    Struct(Vec<(String, Value)>),
}

/// What setsockopt(2) gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// optval.
    pub bytes: Vec<u8>,
    /// What only the gate can fill in.
    pub patch: Option<Patch>,
}

/// What only the gate can know: it needs a system call, or a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    /// The index of this interface (if_nametoindex(3)) goes into the 4 bytes at `offset`.
    InterfaceIndex {
        /// Where.
        offset: usize,
        /// Whose.
        name: String,
    },
    /// The same in network byte order (IP_UNICAST_IF, IPV6_UNICAST_IF).
    InterfaceIndexBe {
        /// Where.
        offset: usize,
        /// Whose.
        name: String,
    },
    /// The bytes are struct sock_filter[]; pass a struct sock_fprog that points to them.
    FilterProgram,
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Payload {
        Payload { bytes, patch: None }
    }
}

impl Value {
    /// For tables: `true`, `65536`, `1 s`, `reno`, `{onoff=1, linger=5}`. One line, nothing unescaped.
    pub fn plain(&self) -> String {
        match self {
            Value::Bool(b) => b.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Float(x) => x.to_string(),
            Value::Text(t) => escape::text(t),
            Value::Bytes(b) => hex(b),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::plain).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Struct(fields) => match self.seconds() {
                Some(time) => time,
                None => braces(fields, Value::plain),
            },
        }
    }

    /// The field of that name, of a struct.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let Value::Struct(fields) = self else {
            return None;
        };
        fields.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// A struct timeval as people write it: "1 s", "0.5 s", "none".
    fn seconds(&self) -> Option<String> {
        let (Some(Value::Int(s)), Some(Value::Int(us))) =
            (self.field("tv_sec"), self.field("tv_usec"))
        else {
            return None;
        };
        if (*s, *us) == (0, 0) {
            return Some("none".into());
        }
        let text = format!("{s}.{us:06}");
        Some(format!(
            "{} s",
            text.trim_end_matches('0').trim_end_matches('.')
        ))
    }

    /// As strace prints it inside another value: without the brackets of a pointed-to number.
    fn inner(&self) -> String {
        match self {
            Value::Bool(b) => u8::from(*b).to_string(),
            Value::Int(n) => n.to_string(),
            other => other.to_string(),
        }
    }
}

fn braces(fields: &[(String, Value)], show: impl Fn(&Value) -> String) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape::text(name), show(value)))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

/// Bytes as hexadecimal digits, as a profile writes them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// As strace prints it as an argument: a number is pointed to, so `[1]`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(_) | Value::Int(_) => write!(f, "[{}]", self.inner()),
            Value::Float(x) => write!(f, "[{x}]"),
            Value::Text(t) => write!(f, "\"{}\"", escape::text(t)),
            Value::Bytes(b) => write!(f, "\"{}\"", escape::bytes(b)),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::inner).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Value::Struct(fields) => f.write_str(&braces(fields, Value::inner)),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Int(n) => serializer.serialize_i64(*n),
            Value::Float(x) => serializer.serialize_f64(*x),
            Value::Text(t) => serializer.serialize_str(t),
            Value::Bytes(b) => serializer.serialize_str(&hex(b)),
            Value::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Value::Struct(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linger() -> Value {
        Value::Struct(vec![
            ("onoff".into(), Value::Int(1)),
            ("linger".into(), Value::Int(5)),
        ])
    }

    #[test]
    fn it_reads_as_strace_prints_it() {
        assert_eq!(Value::Bool(true).to_string(), "[1]");
        assert_eq!(Value::Int(64).to_string(), "[64]");
        assert_eq!(linger().to_string(), "{onoff=1, linger=5}");
        assert_eq!(Value::Text("reno".into()).to_string(), "\"reno\"");
        assert_eq!(
            Value::List(vec![Value::Int(1), Value::Int(2)]).to_string(),
            "[1, 2]"
        );
        assert_eq!(
            Value::Bytes(b"\x01\0".to_vec()).to_string(),
            "\"\\x01\\x00\""
        );
    }

    #[test]
    fn it_reads_well_in_a_table() {
        let tv = |s, us| {
            Value::Struct(vec![
                ("tv_sec".into(), Value::Int(s)),
                ("tv_usec".into(), Value::Int(us)),
            ])
        };
        assert_eq!(tv(1, 0).plain(), "1 s");
        assert_eq!(tv(0, 4000).plain(), "0.004 s");
        assert_eq!(tv(0, 0).plain(), "none");
        assert_eq!(linger().plain(), "{onoff=1, linger=5}");
        assert_eq!(Value::Bytes(vec![1, 255]).plain(), "01ff");
        assert_eq!(Value::Text("a\x1b[2J".into()).plain(), "a\\x1b[2J");
    }

    #[test]
    fn programs_get_objects_and_digits() {
        let json = |v: &Value| serde_json::to_string(v).unwrap();
        assert_eq!(json(&linger()), r#"{"onoff":1,"linger":5}"#);
        assert_eq!(json(&Value::Bytes(vec![1, 0])), r#""0100""#);
        assert_eq!(json(&Value::Bool(false)), "false");
    }
}
