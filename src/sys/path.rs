//! Unix paths: taken under a lock, never from somebody else, and given back.
//!
//! A socket file outlives its server, and nothing tells a dead one from one whose owner is between bind(2) and
//! listen(2). So a server holds flock(2) on `<path>.lock` from before it looks until after it has removed its path.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::os::unix::fs::{
    FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use super::{Sys, errno};
use crate::error::{Error, Failure};
use crate::event::{Arg, Observer};
use crate::plan::{ServeRules, Stale};
use crate::socket::{SocketName, Triple, UnixName};

/// A path of ours: removed, with its lock, when this is dropped, if it is still ours then.
#[derive(Debug)]
pub struct PathGuard {
    path: PathBuf,
    lock_path: PathBuf,
    lock: Option<Flock<File>>,
    identity: Option<Identity>,
}

/// What names one file for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(path: &Path) -> Option<Identity> {
        let found = std::fs::symlink_metadata(path).ok()?;
        Some(Identity {
            device: found.dev(),
            inode: found.ino(),
        })
    }
}

impl<O: Observer> Sys<'_, O> {
    /// bind(2) to a path: lock, look, remove what is stale if that is allowed, set the mode, bind.
    pub(super) fn bind_path(
        &self,
        fd: BorrowedFd<'_>,
        path: &Path,
        triple: Triple,
        rules: &ServeRules,
    ) -> Result<PathGuard, Error> {
        let mut guard = self.lock_path(path)?;
        self.clear(path, triple, rules.stale)?;
        let shown = UnixName::Path(path.to_owned()).to_string();
        self.fchmod(fd, rules.mode)
            .map_err(|e| errno::failure("fchmod", shown.clone(), &e))?;
        let name = SocketName::Unix(UnixName::Path(path.to_owned()));
        self.bind(fd, &name)
            .map_err(|e| errno::failure("bind", shown.clone(), &e))?;
        guard.identity = Identity::of(path);
        // bind(2) takes the umask away from the socket's mode; giving bits back afterwards opens no window.
        let mode =
            std::fs::symlink_metadata(path).map_or(rules.mode, |m| m.permissions().mode() & 0o7777);
        if mode != rules.mode {
            self.chmod(path, rules.mode)
                .map_err(|e| errno::failure("chmod", shown, &e))?;
        }
        Ok(guard)
    }

    /// flock(2) on `<path>.lock`. Whoever gets the lock looks again whether the name still means the file it locked:
    /// its last owner may have removed it in between.
    fn lock_path(&self, path: &Path) -> Result<PathGuard, Error> {
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let shown = UnixName::Path(lock_path.clone()).to_string();
        let refused = |call, e: &io::Error| {
            let mut failure = errno::failure(call, shown.clone(), e);
            match failure.errno.name.as_str() {
                "EAGAIN" => {
                    failure.cause =
                        Some("another sockplay is serving this path or starting to".into());
                }
                "ELOOP" => {
                    failure.cause =
                        Some("the lock file is a symbolic link, which is not followed".into());
                }
                "ENXIO" => {
                    failure.cause = Some("there is a fifo where the lock file belongs".into());
                }
                _ => explain(&mut failure),
            }
            if failure.help.is_empty() {
                failure.help.push("choose another path".into());
            }
            failure
        };
        loop {
            let file = self
                .open_lock(&lock_path)
                .map_err(|e| refused("open", &e))?;
            let found = file.metadata().map_err(|e| refused("fstat", &e))?;
            if !found.is_file() {
                return Err(refused("open", &io::Error::from_raw_os_error(libc::ENXIO)).into());
            }
            let lock = self.flock(file).map_err(|e| refused("flock", &e))?;
            let locked = lock.metadata().map_err(|e| refused("fstat", &e))?;
            if Identity::of(&lock_path)
                == Some(Identity {
                    device: locked.dev(),
                    inode: locked.ino(),
                })
            {
                return Ok(PathGuard {
                    path: path.to_owned(),
                    lock_path,
                    lock: Some(lock),
                    identity: None,
                });
            }
        }
    }

    /// What is in the way: nothing, something that is not ours to touch, or a socket that nobody answers on.
    fn clear(&self, path: &Path, triple: Triple, stale: Stale) -> Result<(), Error> {
        let Ok(found) = self.lstat(path) else {
            return Ok(());
        };
        let shown = UnixName::Path(path.to_owned()).to_string();
        let in_the_way = |cause: &str, help: &str| {
            let mut failure = errno::failure(
                "bind",
                shown.clone(),
                &io::Error::from_raw_os_error(libc::EADDRINUSE),
            );
            failure.cause = Some(cause.to_owned());
            failure.help.push(help.to_owned());
            Error::from(failure)
        };
        let kind = found.file_type();
        if !kind.is_socket() {
            let what = if kind.is_dir() {
                "a directory"
            } else if kind.is_symlink() {
                "a symbolic link"
            } else if kind.is_fifo() {
                "a fifo"
            } else {
                "a file"
            };
            return Err(in_the_way(
                &format!("there is {what} at that path, and it is not ours to remove"),
                "choose another path",
            ));
        }
        if self.answers(path, triple) {
            return Err(in_the_way(
                "a server is listening there",
                "choose another path, or stop that server",
            ));
        }
        if stale == Stale::Keep {
            let help = "remove it, or set address.unlink_stale = true";
            return Err(in_the_way(
                "a socket that nobody listens on was left there",
                help,
            ));
        }
        let unlink = || std::fs::remove_file(path);
        self.observed("unlink", unlink, |_| vec![path_arg(path)], |()| 0)
            .map_err(|e| errno::failure("unlink", shown.clone(), &e).into())
    }

    /// Whether a connect of the right type gets anything but a refusal.
    fn answers(&self, path: &Path, triple: Triple) -> bool {
        let Ok(probe) = self.socket(triple) else {
            return true;
        };
        let fd = probe.as_fd();
        // A full queue would make a blocking connect wait.
        let outcome = self
            .set_nonblocking(fd, super::Blocking::No)
            .and_then(|()| self.connect(fd, &SocketName::Unix(UnixName::Path(path.to_owned()))));
        self.close(probe, super::Linger::AsSet);
        !matches!(outcome, Err(e) if e.raw_os_error() == Some(libc::ECONNREFUSED))
    }

    /// With O_NONBLOCK, because a fifo in the lock's place would make open(2) wait for a reader (fifo(7)).
    fn open_lock(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
        let args = |_: &_| {
            vec![
                Arg::symbol("AT_FDCWD"),
                path_arg(path),
                Arg::symbol("O_WRONLY|O_CREAT|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC"),
                Arg::symbol("0600"),
            ]
        };
        self.observed(
            "openat",
            || options.open(path),
            args,
            |f| f.as_raw_fd().into(),
        )
    }

    fn flock(&self, file: File) -> io::Result<Flock<File>> {
        let fd = file.as_raw_fd();
        let run = || {
            Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, e)| io::Error::from(e))
        };
        self.observed(
            "flock",
            run,
            |_| vec![Arg::Fd(fd), Arg::symbol("LOCK_EX|LOCK_NB")],
            |_| 0,
        )
    }

    fn lstat(&self, path: &Path) -> io::Result<std::fs::Metadata> {
        self.observed(
            "lstat",
            || std::fs::symlink_metadata(path),
            |_| vec![path_arg(path)],
            |_| 0,
        )
    }

    fn fchmod(&self, fd: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
        let run = || {
            Ok(nix::sys::stat::fchmod(
                fd,
                nix::sys::stat::Mode::from_bits_truncate(mode),
            )?)
        };
        let args = |_: &_| {
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(format!("{mode:#05o}").replace("0o", "0")),
            ]
        };
        self.observed("fchmod", run, args, |()| 0)
    }

    fn chmod(&self, path: &Path, mode: u32) -> io::Result<()> {
        let run = || std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
        let args = |_: &_| {
            vec![
                path_arg(path),
                Arg::symbol(format!("{mode:#05o}").replace("0o", "0")),
            ]
        };
        self.observed("chmod", run, args, |()| 0)
    }

    /// Removes a path of ours, and its lock, if they are still ours.
    pub(super) fn give_back(&self, mut guard: PathGuard) {
        let path = guard.path.clone();
        let removed = self.observed(
            "unlink",
            || guard.remove(),
            |_| vec![path_arg(&path)],
            |()| 0,
        );
        // Whoever replaced the path owns it now, and nothing of ours is left: nobody needs to hear of it.
        let _ = removed;
    }
}

fn path_arg(path: &Path) -> Arg {
    use std::os::unix::ffi::OsStrExt as _;
    Arg::data(path.as_os_str().as_bytes())
}

impl PathGuard {
    fn remove(&mut self) -> io::Result<()> {
        let Some(lock) = self.lock.take() else {
            return Ok(());
        };
        let ours = self.identity.is_some() && Identity::of(&self.path) == self.identity;
        let outcome = if ours {
            std::fs::remove_file(&self.path)
        } else {
            Ok(())
        };
        let locked = lock
            .metadata()
            .map(|m| Identity {
                device: m.dev(),
                inode: m.ino(),
            })
            .ok();
        if locked.is_some() && Identity::of(&self.lock_path) == locked {
            std::fs::remove_file(&self.lock_path)?;
        }
        outcome
    }
}

impl Drop for PathGuard {
    fn drop(&mut self) {
        // The guard is also dropped when opening fails half way: then there is nobody left to tell.
        let _ = self.remove();
    }
}

/// What a failure to create a path, or its lock, means.
pub(super) fn explain(failure: &mut Failure) {
    let cause = match failure.errno.name.as_str() {
        "ENOENT" => "the directory does not exist",
        "EACCES" => "the directory is not writable for this user",
        "EROFS" => "the file system is read-only",
        "ENOTDIR" => "a part of the path is no directory",
        _ => return,
    };
    failure.cause.get_or_insert_with(|| cause.to_owned());
    failure.help.push("choose another path".into());
}
