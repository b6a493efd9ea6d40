//! One system call as it happened, in the shape that every trace renders.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::escape;

/// A system call that returned. Times are nanoseconds.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Since the start of the run.
    pub t_ns: u64,
    /// The worker or actor that made it.
    pub task: &'a str,
    /// The name in section 2 of the manual.
    pub name: &'static str,
    /// In the manual's order.
    pub args: Vec<Arg>,
    /// The return value; −1 on failure.
    pub result: i64,
    /// errno's name, on failure.
    pub errno: Option<String>,
    /// errno's sentence, on failure.
    pub says: Option<String>,
    /// Time spent in the call.
    pub elapsed_ns: u64,
}

/// A call that is kept: what a ladder is drawn from, and what goes from one process to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Since the start of the run.
    pub t_ns: u64,
    /// The worker or actor that made it.
    pub task: String,
    /// The name in section 2 of the manual.
    pub name: String,
    /// In the manual's order.
    pub args: Vec<Arg>,
    /// The return value; −1 on failure.
    pub result: i64,
    /// errno's name, on failure.
    pub errno: Option<String>,
    /// Time spent in the call.
    pub elapsed_ns: u64,
}

impl From<&Call<'_>> for Record {
    fn from(call: &Call<'_>) -> Record {
        Record {
            t_ns: call.t_ns,
            task: call.task.to_owned(),
            name: call.name.to_owned(),
            args: call.args.clone(),
            result: call.result,
            errno: call.errno.clone(),
            elapsed_ns: call.elapsed_ns,
        }
    }
}

/// One argument. `Display` is what strace(1) prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arg {
    /// A descriptor.
    Fd(i32),
    /// A number.
    Int(i64),
    /// A constant or a struct, already in strace's notation.
    Symbol(Cow<'static, str>),
    /// The address of a socket.
    Address {
        /// As people write it: `127.0.0.1:35555`, `/path`, `@name`; empty for a unix socket without a name.
        brief: String,
        /// In strace's notation.
        full: String,
    },
    /// A buffer: its first bytes, and how many there are in all.
    Data {
        /// At most [`Arg::SHOWN`] bytes.
        head: Vec<u8>,
        /// The length of the whole.
        len: usize,
    },
}

impl Arg {
    /// So many bytes of a buffer are kept, like strace's default `-s 32`, but a little more telling.
    pub const SHOWN: usize = 48;

    /// A buffer.
    pub fn data(bytes: &[u8]) -> Arg {
        Arg::Data {
            head: bytes[..bytes.len().min(Arg::SHOWN)].to_vec(),
            len: bytes.len(),
        }
    }

    /// A constant or a struct.
    pub fn symbol(text: impl Into<Cow<'static, str>>) -> Arg {
        Arg::Symbol(text.into())
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Arg::Fd(fd) => write!(f, "{fd}"),
            Arg::Int(n) => write!(f, "{n}"),
            Arg::Symbol(text) => f.write_str(text),
            Arg::Address { full, .. } => f.write_str(full),
            Arg::Data { head, len } => {
                let more = if head.len() < *len { "..." } else { "" };
                write!(f, "\"{}\"{more}", escape::bytes(head).replace('"', "\\\""))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_is_clipped_and_escaped() {
        assert_eq!(
            Arg::data(b"Ciao!\r\n\"\x1b").to_string(),
            "\"Ciao!\\r\\n\\\"\\x1b\""
        );
        let long = Arg::data(&[b'x'; 100]).to_string();
        assert!(long.ends_with("x\"..."), "{long}");
        assert_eq!(long.len(), Arg::SHOWN + 5);
    }
}
