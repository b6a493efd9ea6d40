//! Which cores the threads of a measurement run on: sched_getaffinity(2), sched_setaffinity(2).
//!
//! Where the scheduler puts two threads that wake each other decides a round trip by a factor of five, and it may keep to
//! its choice for a whole run. So whoever compares gives each end a place of its own.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// A core for the client and the others for the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    /// The client's.
    pub client: usize,
    /// The servers'.
    pub servers: Vec<usize>,
    before: Vec<usize>,
}

impl Cores {
    /// Divides the cores that this process may use; `None`: it has only one, or nobody tells.
    pub fn divided() -> Option<Cores> {
        let before = allowed()?;
        let (&client, servers) = before.split_first()?;
        if servers.is_empty() {
            return None;
        }
        Some(Cores {
            client,
            servers: servers.to_vec(),
            before: before.clone(),
        })
    }

    /// The calling thread, and whatever threads it starts from here on, run where the client does. An error changes
    /// nothing: the thread stays where the scheduler likes it.
    pub fn of_the_client(&self) {
        stay_on(&[self.client]);
    }

    /// The same, where the servers do.
    pub fn of_the_servers(&self) {
        stay_on(&self.servers);
    }

    /// Wherever it was allowed before.
    pub fn release(&self) {
        stay_on(&self.before);
    }
}

fn allowed() -> Option<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(0)).ok()?;
    let is_allowed = |core: &usize| set.is_set(*core).unwrap_or(false);
    Some((0..CpuSet::count()).filter(is_allowed).collect())
}

fn stay_on(cores: &[usize]) {
    let mut set = CpuSet::new();
    for &core in cores {
        // A number that was read from such a set fits into one.
        let _ = set.set(core);
    }
    // A measurement on whatever core is better than none.
    let _ = sched_setaffinity(Pid::from_raw(0), &set);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_own_place_and_gives_it_back() {
        // In a thread of its own: affinity belongs to threads.
        std::thread::spawn(|| {
            let before = allowed().expect("Linux tells");
            let Some(cores) = Cores::divided() else {
                assert_eq!(before.len(), 1);
                return;
            };
            cores.of_the_client();
            assert_eq!(allowed().unwrap(), [cores.client]);
            cores.of_the_servers();
            assert_eq!(allowed().unwrap(), cores.servers);
            assert!(!cores.servers.contains(&cores.client));
            cores.release();
            assert_eq!(allowed().unwrap(), before);
        })
        .join()
        .expect("no assertion failed");
    }
}
