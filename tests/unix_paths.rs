//! Unix paths: what is in the way stays unless it is a dead socket, and what is ours is gone at the end.

mod common;

use std::fs;
use std::os::unix::fs::{
    FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink,
};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};

use common::{Finished, Sockplay, place, python, serve};
use nix::sys::signal::Signal;

fn at(path: &Path) -> Sockplay {
    serve("unix-stream").at(path)
}

fn lock(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.lock", path.display()))
}

/// It serves, and afterwards neither path nor lock is left.
fn serves(server: &Sockplay, path: &Path) {
    let server = server.start();
    server.say(b"hi").hears(b"hi").half_closes().hears_the_end();
    server.stop_in_order();
    assert!(fs::symlink_metadata(path).is_err(), "its path is left");
    assert!(!lock(path).exists(), "its lock is left");
}

/// It does not serve, says so, and leaves what was there.
fn refuses(server: &Sockplay, path: &Path, errno: &str, cause: &str) -> Finished {
    let before = fs::symlink_metadata(path)
        .map(|m| (m.ino(), m.file_type()))
        .ok();
    let refused = server.finishes();
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(!refused.text().contains("listening"), "{}", refused.text());
    for part in [errno, cause] {
        assert!(
            refused.err.contains(part),
            "{part} is not in: {}",
            refused.err
        );
    }
    let after = fs::symlink_metadata(path)
        .map(|m| (m.ino(), m.file_type()))
        .ok();
    assert_eq!(before, after, "what was in the way was touched");
    assert!(!lock(path).exists(), "its lock is left");
    refused
}

#[test]
fn a_path_that_is_free() {
    let place = place();
    let path = place.path().join("s");
    serves(&at(&path), &path);
}

#[test]
fn a_path_that_a_dead_server_left() {
    let place = place();
    let path = place.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    serves(&at(&path), &path);
}

#[test]
fn a_killed_server_of_ours_is_followed_by_the_next() {
    let place = place();
    let path = place.path().join("s");
    let killed = at(&path).start();
    killed.signal(Signal::SIGKILL);
    assert_eq!(killed.process.finishes().code, 128 + 9);
    assert!(
        path.exists() && lock(&path).exists(),
        "nobody could tidy up"
    );
    serves(&at(&path), &path);
}

#[test]
fn a_dead_path_stays_when_the_profile_says_so() {
    let place = place();
    let path = place.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    let server = at(&path).set("address.unlink_stale=false");
    refuses(&server, &path, "EADDRINUSE", "unlink_stale = true");
}

#[test]
fn a_live_server_of_somebody_else() {
    let place = place();
    let path = place.path().join("s");
    let theirs = UnixListener::bind(&path).unwrap();
    refuses(
        &at(&path),
        &path,
        "EADDRINUSE",
        "a server is listening there",
    );
    drop(theirs);
}

#[test]
fn a_live_server_of_another_type() {
    let place = place();
    let path = place.path().join("s");
    let theirs = UnixDatagram::bind(&path).unwrap();
    refuses(
        &at(&path),
        &path,
        "EADDRINUSE",
        "a server is listening there",
    );
    drop(theirs);
}

#[test]
fn a_live_server_whose_queue_is_full() {
    let place = place();
    let path = place.path().join("s");
    let fill = "l = socket.socket(1); l.bind(sys.argv[1]); l.listen(0)
c = socket.socket(1); c.connect(sys.argv[1]); ready(); sys.stdin.read()";
    let theirs = python(fill).arg(path.display()).starts();
    theirs.says("ready");
    refuses(
        &at(&path),
        &path,
        "EADDRINUSE",
        "a server is listening there",
    );
}

#[test]
fn two_of_ours() {
    let place = place();
    let path = place.path().join("s");
    let first = at(&path).start();
    let second = at(&path).finishes();
    assert_eq!(second.code, 1);
    assert!(
        second.err.contains("another sockplay is serving this path"),
        "{}",
        second.err
    );
    first.say(b"mine").hears(b"mine");
    first.stop_in_order();
    assert!(!path.exists() && !lock(&path).exists());
}

#[test]
fn what_is_no_socket() {
    let place = place();
    let here = |name: &str| place.path().join(name);
    fs::write(here("file"), "precious").unwrap();
    fs::create_dir(here("directory")).unwrap();
    nix::unistd::mkfifo(&here("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let dead = here("dead");
    drop(UnixListener::bind(&dead).unwrap());
    symlink(&dead, here("symlink")).unwrap();
    symlink(here("nowhere"), here("dangling")).unwrap();
    for (name, what) in [
        ("file", "a file"),
        ("directory", "a directory"),
        ("fifo", "a fifo"),
        ("symlink", "a symbolic link"),
        ("dangling", "a symbolic link"),
    ] {
        refuses(&at(&here(name)), &here(name), "EADDRINUSE", what);
    }
    assert_eq!(fs::read_to_string(here("file")).unwrap(), "precious");
    assert!(dead.exists(), "a link was followed");
    assert!(!here("nowhere").exists(), "a link was followed");
}

#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    let place = place();
    let path = place.path().join("s");
    let precious = place.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    symlink(&precious, lock(&path)).unwrap();
    let refused = at(&path).finishes();
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("ELOOP"), "{}", refused.err);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert!(lock(&path).is_symlink(), "it is not ours to remove");
}

#[test]
fn a_directory_that_is_not_there() {
    let refused = at(Path::new("/nonexistent/s")).finishes();
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("ENOENT"), "{}", refused.err);
    assert!(refused.err.contains("does not exist"), "{}", refused.err);
}

/// A path of so many bytes.
fn long(dir: &Path, bytes: usize) -> PathBuf {
    let left = bytes - dir.as_os_str().len() - 1;
    dir.join("x".repeat(left))
}

#[test]
fn a_path_of_107_bytes_fits_and_one_of_108_does_not() {
    let place = place();
    let fits = long(place.path(), 107);
    assert_eq!(fits.as_os_str().len(), 107);
    serves(&at(&fits), &fits);
    let refused = at(&long(place.path(), 108)).finishes();
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("107"), "{}", refused.err);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn the_mode_is_the_profiles_whatever_the_umask() {
    let place = place();
    let path = place.path().join("s");
    for umask in ["000", "022", "077", "777"] {
        for (set, mode) in [("0o600", 0o600), ("0o666", 0o666), ("0o660", 0o660)] {
            let sh = format!("umask {umask}; exec \"$@\"");
            let server = at(&path).set(format!("address.mode={set}"));
            let server = server.through(&["sh", "-c", &sh, "sh"]).start();
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(found, mode, "umask {umask}: {found:o}");
            let found = fs::metadata(lock(&path)).unwrap().permissions().mode() & 0o077;
            assert_eq!(found, 0, "the lock is nobody else's: {found:o}");
            server.stop_in_order();
        }
    }
}

#[test]
fn of_two_that_start_at_once_one_serves() {
    let place = place();
    for round in 0..30 {
        let path = place.path().join("s");
        if round % 2 == 1 {
            drop(UnixListener::bind(&path).unwrap());
        }
        let mut both = [at(&path).spawn(), at(&path).spawn()];
        // Whoever is ready stays until it is stopped; the other one ends by itself.
        let codes = both.each_mut().map(|process| {
            process.ends_input();
            let line = process.waits_out_or_ends("listening");
            i32::from(!line)
        });
        assert_eq!(codes.iter().sum::<i32>(), 1, "round {round}: {codes:?}");
        let client = std::os::unix::net::UnixStream::connect(&path);
        drop(client.expect("the one that is ready is the one at the path"));
        for (process, code) in both.into_iter().zip(codes) {
            if code == 0 {
                process.signal(Signal::SIGTERM);
            }
            assert_eq!(process.finishes().code, code, "round {round}");
        }
        assert!(!path.exists() && !lock(&path).exists(), "round {round}");
    }
}

#[test]
fn a_path_that_was_replaced_is_not_removed() {
    let place = place();
    let path = place.path().join("s");
    let server = at(&path).start();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "somebody else's").unwrap();
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's");
    assert!(!lock(&path).exists());
}

#[test]
fn a_lock_that_was_replaced_is_not_removed() {
    let place = place();
    let path = place.path().join("s");
    let server = at(&path).start();
    fs::remove_file(lock(&path)).unwrap();
    fs::write(lock(&path), "somebody else's").unwrap();
    server.stop_in_order();
    assert_eq!(fs::read_to_string(lock(&path)).unwrap(), "somebody else's");
}

#[test]
fn datagram_and_seqpacket_paths_are_given_back_too() {
    for profile in ["unix-datagram", "unix-seqpacket"] {
        let place = place();
        let path = place.path().join("s");
        for _ in 0..2 {
            let server = serve(profile).at(&path).start();
            server.say(b"hi").hears(b"hi");
            server.stop();
            assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "{profile}");
        }
        // A dead one of the right type is replaced.
        let kind = if profile.ends_with('m') { 2 } else { 5 };
        let dead = "socket.socket(1, int(sys.argv[2])).bind(sys.argv[1])";
        python(dead).arg(path.display()).arg(kind).prints();
        assert!(path.exists());
        let server = serve(profile).at(&path).start();
        server.say(b"hi").hears(b"hi");
        server.stop();
        assert!(!path.exists(), "{profile}");
    }
}

#[test]
fn a_name_with_control_characters_is_shown_escaped() {
    let place = place();
    let path = place.path().join("a\u{1b}[31mb\u{202e}");
    let server = serve("unix-stream");
    let text = path.to_str().unwrap();
    let escaped = text.replace('\u{1b}', "\\u001b");
    let server = server.set(format!("address.path=\"{escaped}\"")).start();
    assert!(path.exists(), "it is the path that was asked for");
    let stopped = server.stop_in_order();
    for said in [&stopped.log, &stopped.out] {
        assert!(
            !said.contains('\u{1b}') && !said.contains('\u{202e}'),
            "{said:?}"
        );
    }
}

#[test]
fn a_lock_that_is_a_fifo_is_not_waited_for() {
    let place = place();
    let path = place.path().join("s");
    nix::unistd::mkfifo(&lock(&path), nix::sys::stat::Mode::S_IRUSR).unwrap();
    // With a reader as well as without: open(2) succeeds only with one.
    let alone = at(&path).finishes();
    let reader = fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(lock(&path))
        .unwrap();
    let together = at(&path).finishes();
    drop(reader);
    for refused in [alone, together] {
        assert_eq!(refused.code, 1, "{}", refused.err);
        for part in ["ENXIO", "fifo", "help: choose another path"] {
            assert!(refused.err.contains(part), "{part}: {}", refused.err);
        }
    }
    assert!(lock(&path).exists(), "it is not ours to remove");
}
