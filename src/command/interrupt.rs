//! Ctrl-C while a probe or an experiment runs: the first one ends the load, and the report is printed; before there is a
//! load, or with a second one, everything ends at once, and no directory is left.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::Error;
use crate::sys::stop::{Asks, Signals, Stop};

/// Told to the generators: no more messages.
static HALT: AtomicBool = AtomicBool::new(false);
/// Whether a load runs, that can be ended in order.
static MEASURING: AtomicBool = AtomicBool::new(false);
/// The exit code that the signal asks for; 0: none came.
static CODE: AtomicU8 = AtomicU8::new(0);
/// Temporary directories of ours, which must not stay behind.
static DIRECTORIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Starts the thread that reads the signals; what it returns becomes true with the first one.
pub(super) fn watch() -> Result<&'static AtomicBool, Error> {
    let signals = Signals::take().map_err(|e| Error::failed(format!("signalfd: {e}")))?;
    let wait = move || {
        let stop = Stop::default();
        loop {
            let code = match signals.next(&stop) {
                Asks::Interrupt => Error::Interrupted.exit(),
                Asks::Terminate => 128 + 15,
                Asks::Counters => continue,
            };
            CODE.store(code, Ordering::SeqCst);
            let again = HALT.swap(true, Ordering::SeqCst);
            if again || !MEASURING.load(Ordering::SeqCst) {
                directories().iter().for_each(|directory| remove(directory));
                std::process::exit(i32::from(code));
            }
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .map_err(|e| Error::failed(format!("cannot start the thread that reads signals: {e}")))?;
    Ok(&HALT)
}

/// Under another name first: whoever is still at work in it makes nothing new there while it is removed.
pub(super) fn remove(directory: &Path) {
    let aside = directory.with_extension("gone");
    let moved = fs::rename(directory, &aside).map_or(directory, |()| &*aside);
    // Exiting is all that is left to do, whether or not this works; but for a directory whose permissions an experiment
    // has taken away, which gets them back.
    if fs::remove_dir_all(moved).is_err() {
        for entry in fs::read_dir(moved).into_iter().flatten().flatten() {
            let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o700));
        }
        let _ = fs::remove_dir_all(moved);
    }
}

/// A directory that is removed if everything ends at once.
pub(super) fn remember(directory: PathBuf) {
    directories().push(directory);
}

/// From here on the first signal only ends the load.
pub(super) fn measuring() {
    MEASURING.store(true, Ordering::SeqCst);
}

/// Whether a signal came.
pub(super) fn came() -> bool {
    CODE.load(Ordering::SeqCst) != 0
}

fn directories() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    DIRECTORIES.lock().unwrap_or_else(PoisonError::into_inner)
}
