//! What the actors of one process share: the sockets by name, the servers, and a directory.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::server::Served;
use crate::socket::Triple;

/// A socket that a step has made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// Its descriptor.
    pub(super) fd: Arc<OwnedFd>,
    /// What it is; unknown of one that came through another.
    pub(super) triple: Option<Triple>,
}

/// The stage.
#[derive(Debug, Default)]
pub(super) struct Stage {
    sockets: Mutex<BTreeMap<String, Made>>,
    servers: Mutex<BTreeMap<String, Served>>,
    /// Where unix paths of this run lie.
    pub(super) directory: PathBuf,
}

impl Stage {
    pub(super) fn new(directory: PathBuf) -> Stage {
        Stage {
            directory,
            ..Stage::default()
        }
    }

    /// The socket of that name.
    pub(super) fn socket(&self, name: &str) -> Result<Made, String> {
        lock(&self.sockets)
            .get(name)
            .cloned()
            .ok_or_else(|| format!("there is no socket called `{name}` in this process"))
    }

    /// Keeps a socket; one that had the name is closed.
    pub(super) fn keep(&self, name: &str, fd: OwnedFd, triple: Option<Triple>) {
        let made = Made {
            fd: Arc::new(fd),
            triple,
        };
        lock(&self.sockets).insert(name.to_owned(), made);
    }

    /// Takes a socket off the stage, to be closed.
    pub(super) fn give_up(&self, name: &str) -> Result<OwnedFd, String> {
        let made = lock(&self.sockets)
            .remove(name)
            .ok_or_else(|| format!("there is no socket called `{name}` in this process"))?;
        Arc::try_unwrap(made.fd)
            .map_err(|_| format!("another actor waits in a call on `{name}`: end that first"))
    }

    /// The servers that actors have started.
    pub(super) fn servers(&self) -> MutexGuard<'_, BTreeMap<String, Served>> {
        lock(&self.servers)
    }
}

/// A map is never left half done by a panic.
fn lock<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}
