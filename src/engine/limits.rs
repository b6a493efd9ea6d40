//! How much one worker may take: its share of what the profile and the system allow them all.
//!
//! Workers share nothing while they serve, so each keeps to a part of its own. The kernel deals connections out by a hash
//! of their addresses; one worker may be at its limit while another has room.
//!
//! Most engines have one buffer for all their connections, and at the memory budget they read no more until something
//! was sent. A thread that is blocked in send(2) has its bytes in a buffer of its own, and nobody can take them away: for
//! `threads` the budget therefore is a number of connections, each of which may need its buffer and the longest frame.

use crate::plan::{EngineKey, Plan};
use crate::session::{Framing, Rules};

/// Descriptors that are left for everything but connections.
const SPARE: u64 = 64;

/// The limits of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once: the profile's limit, what the descriptors allow with some to spare, and what the memory
    /// budget allows where each has a buffer of its own.
    pub connections: usize,
    /// Bytes that its connections together may hold unsent.
    pub memory: usize,
}

/// What all workers together may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Connections at once.
    connections: usize,
    /// Bytes.
    memory: usize,
    /// Bytes that each connection may need for itself, where nothing is shared.
    each: Option<usize>,
}

impl Means {
    /// The means of a process that may have so many descriptors.
    pub fn of(plan: &Plan, rules: &Rules, descriptors: u64) -> Means {
        let serve = &plan.serve;
        let descriptors = descriptors.saturating_sub(SPARE);
        let connections = descriptors.min(serve.max_connections.into());
        let alone = serve.engine == EngineKey::Threads && plan.triple.ty.has_connections();
        let frame = match rules.framing {
            Framing::None | Framing::Message => 0,
            // An unfinished one is kept on the heap while the next piece of it is received.
            _ => rules.longest,
        };
        Means {
            connections: connections as usize,
            memory: serve.memory_budget,
            each: alone.then(|| plan.buffer_size.saturating_add(frame)),
        }
    }

    /// The share of one of `workers`: always room for one connection.
    pub fn share(self, workers: usize) -> Limits {
        let workers = workers.max(1);
        let memory = self.memory / workers;
        let by_memory = self.each.map_or(usize::MAX, |each| memory / each.max(1));
        Limits {
            connections: (self.connections / workers).min(by_memory).max(1),
            memory: memory.max(1),
        }
    }

    /// What to say when the memory budget allows fewer connections than all the rest.
    pub fn note(self, workers: usize) -> Option<String> {
        let each = self.each?;
        let less = self.share(workers).connections;
        let without = Means { each: None, ..self };
        (less < without.share(workers).connections).then(|| {
            let all = less * workers.max(1);
            let budget = self.memory;
            format!(
                "serve.memory_budget = {budget} allows {all} connections at once: a thread may need {each} bytes"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    const SHARED: Means = Means {
        connections: 1024,
        memory: 512 * MIB,
        each: None,
    };

    #[test]
    fn each_worker_has_its_part() {
        let share = |workers| SHARED.share(workers);
        for (workers, connections, memory) in [(1, 1024, 512 * MIB), (4, 256, 128 * MIB)] {
            let expected = Limits {
                connections,
                memory,
            };
            assert_eq!(share(workers), expected, "{workers}");
        }
        // What cannot be divided is left, never taken twice.
        assert_eq!(share(3).connections, 341);
        assert!(share(3).memory * 3 <= 512 * MIB);
    }

    #[test]
    fn nobody_is_left_with_nothing() {
        let poor = Means {
            connections: 0,
            memory: 0,
            each: Some(MIB),
        };
        let least = Limits {
            connections: 1,
            memory: 1,
        };
        assert_eq!(poor.share(1), least);
        assert_eq!(poor.share(1000), least);
        assert_eq!(SHARED.share(0), SHARED.share(1));
        assert_eq!(SHARED.share(5000).connections, 1);
    }

    #[test]
    fn where_nothing_is_shared_the_budget_is_a_number_of_connections() {
        let threads = |each, memory| Means {
            memory,
            each: Some(each),
            ..SHARED
        };
        assert_eq!(threads(64 << 10, MIB).share(1).connections, 16);
        assert_eq!(threads(64 << 10, MIB).share(4).connections, 4);
        assert_eq!(threads(64 << 10, 512 * MIB).share(1).connections, 1024);
        // Longer than the whole budget: one at a time.
        assert_eq!(threads(2 * MIB, MIB).share(1).connections, 1);
        assert_eq!(threads(0, MIB).share(1).connections, 1024);
    }

    #[test]
    fn it_is_said_when_the_budget_is_what_limits() {
        let threads = Means {
            memory: MIB,
            each: Some(64 << 10),
            ..SHARED
        };
        let said = "serve.memory_budget = 1048576 allows 16 connections at once: a thread may need 65536 bytes";
        assert_eq!(threads.note(1).as_deref(), Some(said));
        assert_eq!(threads.note(4).as_deref(), Some(said));
        let few = Means {
            connections: 16,
            ..threads
        };
        assert_eq!(few.note(1), None);
        assert_eq!(SHARED.note(1), None);
    }
}
