//! One `enter` as a line of a trace: what was handed over, and what came back.

use std::collections::HashMap;

use super::buffers::Pool;
use super::ops::{Key, Op, pack};
use super::{Completion, Life, Wait};
use crate::event::Arg;
use crate::sys::errno;

/// What the next line has to say; empty unless calls are observed.
#[derive(Debug, Default)]
pub(super) struct Shown {
    queued: Vec<String>,
    fds: HashMap<u64, i32>,
}

impl Shown {
    /// An operation was queued: `{op=IORING_OP_RECV, fd=7, …}`.
    pub(super) fn queued(&mut self, op: Op, fd: i32, key: Key, how: &str) {
        let on = if fd < 0 {
            String::new()
        } else {
            format!("fd={fd}, ")
        };
        self.queued
            .push(format!("{{op={}, {on}{how}}}", op.c_name()));
        self.fds.insert(pack(op, key), fd);
    }

    /// The descriptor that an operation works on; −1: none.
    pub(super) fn fd_of(&self, op: Op, key: Key) -> i32 {
        self.fds.get(&pack(op, key)).copied().unwrap_or(-1)
    }

    /// The arguments of io_uring_enter(2), with the operations and the completions in the place of pointers.
    pub(super) fn enter(
        &mut self,
        ring: i32,
        queued: u32,
        wait: Wait,
        batch: &[Completion],
        pool: &Pool,
    ) -> Vec<Arg> {
        let least = i64::from(wait != Wait::No);
        let flags = match wait {
            Wait::AtMost(_) => "IORING_ENTER_GETEVENTS|IORING_ENTER_EXT_ARG",
            Wait::No | Wait::One => "IORING_ENTER_GETEVENTS",
        };
        let done: Vec<String> = batch.iter().map(|c| self.completion(c, pool)).collect();
        let handed_over = std::mem::take(&mut self.queued);
        let mut args = vec![
            Arg::Fd(ring),
            Arg::Int(queued.into()),
            Arg::Int(least),
            Arg::symbol(flags),
        ];
        if let Wait::AtMost(time) = wait {
            args.push(Arg::symbol(format!("{{ts={time:?}}}")));
        }
        args.push(Arg::symbol(format!("[{}]", handed_over.join(", "))));
        args.push(Arg::symbol(format!("[{}]", done.join(", "))));
        args
    }

    /// `{op=IORING_OP_RECV, fd=7, res=5, flags=IORING_CQE_F_BUFFER|IORING_CQE_F_MORE, bid=3, buf="Ciao!"}`
    fn completion(&mut self, c: &Completion, pool: &Pool) -> String {
        let mut parts = vec![format!("op={}", c.op.c_name())];
        let fd = self.fd_of(c.op, c.key);
        if fd >= 0 {
            parts.push(format!("fd={fd}"));
        }
        parts.push(match c.error() {
            Some(error) => format!("res=-{}", errno::of(&error).name),
            None => format!("res={}", c.res()),
        });
        let mut flags = Vec::new();
        flags.extend(c.chunk.as_ref().map(|_| "IORING_CQE_F_BUFFER"));
        match c.life {
            Life::GoesOn => flags.push("IORING_CQE_F_MORE"),
            Life::Over => drop(self.fds.remove(&pack(c.op, c.key))),
        }
        if !flags.is_empty() {
            parts.push(format!("flags={}", flags.join("|")));
        }
        if let Some(chunk) = &c.chunk {
            let data = Arg::data(pool.bytes(chunk));
            parts.push(format!("bid={}, buf={data}", chunk.buffer()));
        }
        format!("{{{}}}", parts.join(", "))
    }
}
