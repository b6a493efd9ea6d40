//! What a profile may not say about batches and trains of messages; the other rules are in [`super::check`].

use super::check::{refuse, written_some};
use super::choose::Chosen;
use crate::option::Value;
use crate::profile::{EngineKey, Problem, Profile};
use crate::socket::Role;

/// The longest train that UDP_GRO glues together: one packet of IP.
const TRAIN: usize = 64 << 10;

/// Many messages can be taken from one socket with one call, and many events from one epoll; nothing else comes in
/// batches.
pub(super) fn batch_needs_messages_or_epoll(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let s = &profile.serve;
    if !chosen.triple.ty.has_connections() || s.engine.value == EngineKey::Epoll {
        return Vec::new();
    }
    let why = format!(
        "{} sockets have connections, and only the engine \"epoll\" takes their events in batches",
        chosen.triple
    );
    refuse(
        profile,
        [written_some("serve.batch", s.batch.as_ref())],
        &why,
        "remove the key, set serve.engine = \"epoll\", or choose type = \"datagram\"",
    )
}

/// Each message of a batch has a buffer of its own.
pub(super) fn a_batch_fits_into_memory(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let s = &profile.serve;
    let Some(batch) = s
        .batch
        .as_ref()
        .filter(|_| !chosen.triple.ty.has_connections())
    else {
        return Vec::new();
    };
    let (messages, size) = (batch.value as usize, profile.io.buffer_size.value);
    let (needed, budget) = (messages.saturating_mul(size), s.memory_budget.value);
    if needed <= budget {
        return Vec::new();
    }
    let message = format!(
        "a batch of {messages} messages of {size} bytes needs {needed} bytes, and serve.memory_budget is {budget}"
    );
    vec![
        Problem::error(batch.origin, message)
            .help("lower serve.batch or io.buffer_size, or raise serve.memory_budget"),
    ]
}

/// With UDP_GRO one receive may bring many datagrams: what does not fit into the buffer of them is lost.
pub(super) fn a_train_fits_into_the_buffer(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let size = profile.io.buffer_size.value;
    if chosen.role != Role::Serve || size >= TRAIN {
        return Vec::new();
    }
    let glues = |key: &&crate::profile::OptionKey| {
        key.row.name == "UDP_GRO" && !matches!(key.value.value, Value::Bool(false) | Value::Int(0))
    };
    let warn = |key: &crate::profile::OptionKey| {
        let message = format!(
            "UDP_GRO glues datagrams together, up to {TRAIN} bytes, and io.buffer_size is {size}: of a longer train \
             the rest is truncated"
        );
        Problem::warning(key.name_at, message).help("set io.buffer_size = \"64KiB\"")
    };
    profile.options.iter().filter(glues).map(warn).collect()
}
