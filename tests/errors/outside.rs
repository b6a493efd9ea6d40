//! What comes from outside and is no profile, no text, or an attempt to write on the terminal.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Finished, place, run, serve};
use crate::{fails, is_clean};

/// With arguments that are no UTF-8, or with an environment.
fn run_os(args: &[&OsStr], environment: &[(&str, &OsStr)]) -> Finished {
    let output = Command::new(env!("CARGO_BIN_EXE_sockplay"))
        .args(args)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    Finished {
        code: output.status.code().unwrap_or(-1),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_file_that_is_no_profile_is_refused_at_once() {
    let place = place();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("folder.toml")).unwrap();
    std::fs::write(at("long.toml"), vec![b'#'; 9 << 20]).unwrap();
    std::fs::write(at("latin.toml"), b"title = \"caf\xe9\"").unwrap();
    nix::unistd::mkfifo(at("fifo.toml").as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (path, word) in [
        (at("folder.toml"), "is a directory"),
        (at("long.toml"), "longer than 1 MiB"),
        (at("latin.toml"), "not UTF-8: byte 12, in line 1"),
        (at("fifo.toml"), "is a pipe"),
        ("/dev/zero".into(), "is a device"),
        (at("missing.toml"), "no such file"),
    ] {
        let before = Instant::now();
        fails(&serve(&path).finishes(), 3, &[word, &path]);
        assert!(before.elapsed() < Duration::from_secs(5), "{path}");
    }
}

#[test]
fn every_error_of_a_profile_is_shown_at_once_also_from_standard_input() {
    let profile =
        "socket.type = \"strm\"\nserve.backlg = 1\n[options]\nIP_TTL = 999\nSO_NOPE = 1\n";
    let finished = serve("-").pipes(profile);
    fails(
        &finished,
        3,
        &[
            "standard input:1:15",
            "\"strm\"",
            "did you mean \"stream\"?",
            "standard input:2:7",
            "unknown key `backlg`",
            "standard input:4:10",
            "takes 1 to 255",
            "standard input:5:1",
            "unknown option `SO_NOPE`",
        ],
    );
}

#[test]
fn nothing_from_outside_reaches_the_terminal_raw() {
    let place = place();
    let esc = "\x1b[2J\x1b]0;x\x07\u{9b}31m\u{202e}";
    let folder = place.path().join(format!("c{esc}"));
    std::fs::create_dir_all(folder.join("sockplay")).unwrap();
    std::fs::write(
        folder.join("sockplay/mine.toml"),
        format!("x{esc}=1\ny=1\n"),
    )
    .unwrap();
    std::fs::write(folder.join("a.toml"), format!("title=\"{esc}\"\nz=1")).unwrap();
    let in_folder = folder.join("a.toml");
    let valid = folder.join("valid.toml");
    std::fs::write(&valid, "[socket]\nfamily = \"ipv4\"\n").unwrap();
    let absent = folder.join("absent.toml");
    let set = format!("options.{esc}=1");
    let value = format!("socket.type={esc}");
    let pathname = format!("/tmp/{esc}");
    for args in [
        &["serve", "--set", &set][..],
        &["serve", "--set", &value],
        &["serve", esc],
        &["connect", esc],
        &["connect", &pathname],
        &["serve", "-c", esc],
        &["serve", "-c", in_folder.to_str().unwrap()],
        &["serve", "-c", absent.to_str().unwrap()],
        &["serve", "--log-file", absent.join("x").to_str().unwrap()],
        &["serve", "--trace-file", absent.join("x").to_str().unwrap()],
        &["profile", "check", in_folder.to_str().unwrap()],
        &["connect", "-c", valid.to_str().unwrap(), "/tmp/x"],
        &["profile", esc],
        &["options", esc],
        &["serve", "--engine", esc],
        &["--color=always", "serve", "--engine", esc],
        &[esc],
    ] {
        let finished = run(args);
        is_clean(&finished);
        assert_ne!(finished.code, 0, "{args:?}");
        assert!(
            !finished.err.contains(['\u{202e}', '\u{9b}', '\x1b']),
            "{:?}",
            finished.err
        );
    }
    let planned = run(&[
        "serve",
        "-c",
        valid.to_str().unwrap(),
        "--dry-run",
        "--json",
    ]);
    assert_eq!(planned.code, 0, "{}", planned.err);
    let shown = planned.text();
    assert!(!shown.contains(['\u{202e}', '\u{9b}', '\x1b']), "{shown:?}");
    let plan: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(plan["plans"][0]["profile"], valid.to_str().unwrap());
    let own = run_os(
        &["serve", "-c", "mine"].map(OsStr::new),
        &[("XDG_CONFIG_HOME", folder.as_os_str())],
    );
    fails(&own, 3, &["\\x1b[2J", "sockplay/mine.toml:1:"]);
}

#[test]
fn arguments_that_are_not_utf8_are_refused() {
    let bytes = OsStr::from_bytes(b"\xff\xfe");
    let mut set = OsString::from("address.host=");
    set.push(bytes);
    for args in [
        &[OsStr::new("serve"), bytes][..],
        &[OsStr::new("serve"), OsStr::new("--set"), &set],
        &[OsStr::new("serve"), OsStr::new("-c"), bytes],
        &[bytes],
    ] {
        fails(&run_os(args, &[]), 2, &["error"]);
    }
    let home = run_os(
        &["serve", "-c", "nope"].map(OsStr::new),
        &[("XDG_CONFIG_HOME", bytes)],
    );
    fails(&home, 3, &["no profile is called `nope`"]);
}
