//! How much one worker may take: its share of what the profile and the system allow them all.
//!
//! Workers share nothing while they serve, so each keeps to a part of its own. The kernel deals connections out by a hash
//! of their addresses; one worker may be at its limit while another has room.

use crate::plan::ServeRules;

/// Descriptors that are left for everything but connections.
const SPARE: u64 = 64;

/// The limits of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once: the profile's limit, and what the descriptors allow with some to spare.
    pub connections: usize,
    /// Bytes that its connections together may hold unsent.
    pub memory: usize,
}

impl Limits {
    /// The share of one of `workers`, of a process that may have so many descriptors.
    pub fn shared(serve: &ServeRules, descriptors: u64, workers: usize) -> Limits {
        let workers = workers.max(1);
        let descriptors = descriptors.saturating_sub(SPARE);
        let connections = descriptors.min(serve.max_connections.into());
        Limits {
            connections: (connections as usize / workers).max(1),
            memory: (serve.memory_budget / workers).max(1),
        }
    }
}
