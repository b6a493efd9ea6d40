//! sockplay: a socket laboratory in one binary. Every parameter of a socket is a knob, every system call is visible, and
//! it is said what the kernel made of each value.
//!
//! # The guided tour
//!
//! *A profile becomes a plan, a plan becomes a list of steps; the steps pass one traced gate to the kernel; a session
//! decides what to do next; an engine only decides how to wait; renderers only look at events.*
//!
//! ```text
//! argv ─► cli ─┐
//! profile.toml ┴► profile ─► plan ─► steps ─► sys (the gate) ─► bound socket
//!                             (pure: --dry-run stops here)          │
//!                                     engine: wait → turn { session.want() → sys.* → received | sent }
//!                                                    every call emits event::Call ─► observer: off | log | trace
//! ```
//!
//! Read the modules in this order; each front page says what it is, why it is separate, and where to look next.
//!
//! 1. [`socket`]: the words. Family, type and protocol, addresses, phases. No effects.
//! 2. [`option`]: the registry, one row per socket option, and the codec of their values. A new option is a line in
//!    `option/rows/`.
//! 3. [`profile`]: TOML as written, each value with the place it came from. A new key is a row in `profile/keys.rs`.
//! 4. [`plan`]: the profile resolved for one end and held against its triple, one function per rule; then the ordered
//!    [`plan::steps`], which `--dry-run` prints.
//! 5. [`sys`]: the gate. One method per system call, all effects, all `unsafe`. [`sys::open`] puts the steps to work.
//! 6. [`event`]: what happens, as data. [`event::Call`] from the gate, [`event::Event`] from the engines; with
//!    [`event::Off`] both compile to nothing.
//! 7. [`session`] and [`handler`]: what to do next on one connection, and what to answer. Pure; a new handler is a file in
//!    `handler/`.
//! 8. [`engine`]: how to wait. [`engine::turn`] is the one loop of recv and send; [`engine::sequential`] the article's way,
//!    [`engine::async`](mod@engine::async) the same in tasks, [`engine::uring`] the one that does not wait for readiness.
//! 9. [`measure`]: what `probe` finds out, as plain data in [`measure::report`]. [`measure::local`] examines both ends of a
//!    profile, [`measure::remote`] a server that is not ours; [`measure::load`] sends messages, on time or one after the
//!    other, and holds each echo against what was sent; [`measure::compare`] says whether two runs differ,
//!    [`measure::reason`] why, [`measure::expect`] whether a run is as it should be.
//! 10. [`render`]: log line, trace line, tables, JSON and its schemas. Never sees a socket. [`render::probe`] makes one page
//!     of a report, which text, Markdown and HTML only draw.
//! 11. `command`: serve, connect, probe, options, profile. The only place that knows everything, and the only one that
//!     prints.
//!
//! Beside the road: [`error`] (what went wrong, and the way out), [`escape`] (what came from outside, made safe to show),
//! [`logger`], [`cli`].
//!
//! Who may import whom is a rule, and `tests/layers.rs` holds it.

#[cfg(not(target_os = "linux"))]
compile_error!("sockplay speaks to the Linux socket API and builds on Linux only, for now");

pub mod cli;
mod command;
pub mod engine;
pub mod error;
pub mod escape;
pub mod event;
pub mod handler;
pub mod lab;
pub mod logger;
pub mod measure;
pub mod option;
pub mod plan;
pub mod profile;
pub mod render;
pub mod session;
pub mod socket;
pub mod sys;

pub use command::run;
