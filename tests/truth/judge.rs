//! The C program that reads what we report, and when its answer is ours.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};
use sockplay::option::{Kind, Row, Value};
use sockplay::socket::Triple;

use crate::common;

/// The C program, and the way to it.
pub(crate) struct Judge {
    socket: OwnedFd,
    program: Child,
    buffer: Vec<u8>,
}

impl Judge {
    /// Compiled by this machine's C compiler.
    pub(crate) fn built() -> Judge {
        let place = common::place();
        let program = place.path().join("ask");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/truth/ask.c");
        let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        let built = Command::new(cc)
            .args(["-O1", "-o"])
            .arg(&program)
            .arg(source)
            .output();
        let built = built.expect("the C compiler starts");
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let (socket, end) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .expect("a pair");
        let program = Command::new(&program).stdin(Stdio::from(end)).spawn();
        Judge {
            socket,
            program: program.expect("it was just built"),
            buffer: vec![0; 1 << 20],
        }
    }

    /// What the program reads there; `None`: the kernel answered an errno.
    pub(crate) fn reads(
        &mut self,
        fd: BorrowedFd<'_>,
        row: &Row,
        triple: Triple,
    ) -> Option<String> {
        let mut question = Vec::with_capacity(44);
        let level = row.level_on(triple).number;
        for word in [level, row.number, row.buffer_len() as i32] {
            question.extend_from_slice(&word.to_ne_bytes());
        }
        question.extend_from_slice(kind(row).as_bytes());
        question.resize(44, 0);
        let passed = [fd.as_raw_fd()];
        let socket = self.socket.as_raw_fd();
        let rights = [ControlMessage::ScmRights(&passed)];
        sendmsg::<()>(
            socket,
            &[IoSlice::new(&question)],
            &rights,
            MsgFlags::empty(),
            None,
        )
        .expect("the program takes a question");
        let mut into = [IoSliceMut::new(&mut self.buffer)];
        let answer = recvmsg::<()>(socket, &mut into, None, MsgFlags::empty());
        let bytes = answer.expect("the program answers").bytes;
        let text = std::str::from_utf8(&self.buffer[..bytes]).expect("it answers in ASCII");
        assert!(!text.is_empty(), "{}: the program has ended", row.name);
        text.strip_prefix("ok ").map(str::to_owned)
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// How the C program shall take the bytes: what the manual says that they are.
fn kind(row: &Row) -> &'static str {
    match row.kind {
        Kind::Flag => "flag",
        Kind::Int | Kind::Size | Kind::Time(_) | Kind::Choice(_) | Kind::Ifindex | Kind::Fd => {
            "int"
        }
        Kind::Unsigned | Kind::Words(1) => "unsigned",
        Kind::U64 => "u64",
        Kind::Timeval => "timeval",
        Kind::Linger => "linger",
        Kind::Ifname | Kind::Text(_) => "text",
        Kind::IfindexBe => "be",
        Kind::MulticastIf => "address",
        Kind::PortRange => "ports",
        Kind::Words(_) | Kind::Gids => "words",
        Kind::Filter => "filter",
        Kind::Struct(layout) => layout.name,
        Kind::Bytes(_) => "hex",
    }
}

/// Whether our value is what the program told. Structs that C's headers here do not agree about come as raw bytes: then
/// at least the bytes are another reader's.
pub(crate) fn agrees(row: &Row, ours: &Value, told: &str) -> bool {
    if let Some(raw) = told.strip_prefix("raw ") {
        return *ours == row.decode(&bytes(raw));
    }
    match (row.kind, ours) {
        (Kind::Filter, ours) => *ours == row.decode(&bytes(told)),
        (Kind::U64, Value::Int(-1)) => told == u64::MAX.to_string(),
        (_, Value::Struct(fields)) => told.split_whitespace().all(|field| {
            let (name, value) = field.split_once('=').expect("name=value");
            // What counts the time since something happened has gone on.
            name.starts_with("last_") || fields.iter().any(|(n, v)| n == name && v.plain() == value)
        }),
        (_, Value::Bytes(ours)) => *ours == bytes(told),
        (_, Value::List(items)) => {
            let items: Vec<String> = items.iter().map(Value::plain).collect();
            told == format!("[{}]", items.join(", "))
        }
        (_, ours) => told == ours.plain(),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(pair).collect()
}
