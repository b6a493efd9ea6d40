//! What every test of the real binary starts from: a server that tells when it is ready, clients that can fail, and
//! other people's programs.
//!
//! A test reads like the manual: `serve("udp4").start().say(b"hi").hears(b"hi")`. Nothing sleeps and nothing is tried
//! twice: every wait is for something that is said, and ends with a panic that shows what was said instead.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test binary uses its own part of this module"
)]

mod client;
mod needs;
mod process;
mod python;
mod sockplay;

pub use client::{Client, End};
pub use needs::{needs, needs_program, needs_socket, room_for};
pub use process::{Finished, PATIENCE, Process, contains};
pub use python::{Python, python};
pub use sockplay::{Running, Sockplay, Stopped, client_at, connect, number, run, serve};

/// A directory for the paths of one test; gone when the test is over.
pub fn place() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("sp")
        .tempdir()
        .expect("a temporary directory")
}

/// `bytes` that repeat only after 251 of them, so that a lost, doubled or moved piece shows.
pub fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| (i % 251) as u8).collect()
}
