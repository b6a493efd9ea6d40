//! Standard output that goes away or is full: the first is nobody's fault, the second is said.

use std::process::{Command, Stdio};

/// `sockplay … | head -1`: the reader goes away, and that is nobody's fault.
#[test]
fn a_reader_that_goes_away_is_a_quiet_success() {
    for args in [
        &["options"][..],
        &["options", "--json"],
        &["profile", "show", "tcp4"],
        &["man"],
        &[],
        &["--help"],
        &["serve", "--dry-run"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_sockplay"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[test]
fn a_full_disk_is_said() {
    for args in [
        &["options"][..],
        &["profile", "list"],
        &["serve", "--dry-run"],
        &["--help"],
        &["man"],
    ] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_sockplay"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(full)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(
            said.contains("standard output") && said.contains("o space left"),
            "{args:?}: {said}"
        );
    }
}

/// A server whose standard output nobody reads serves on.
#[test]
fn a_server_without_a_reader_serves_on() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    for form in [&[][..], &["--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = Command::new(env!("CARGO_BIN_EXE_sockplay"))
            .args(["serve", "-c", "tcp4", "--set", "address.port=0"])
            .args(form)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let port: u16 = log
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let rest = line.split("Listening on port: ").nth(1)?;
                rest.split(' ').next()?.parse().ok()
            })
            .expect("the log names the port");
        let mut client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(b"still there?").unwrap();
        let mut echo = Vec::new();
        client.read_to_end(&mut echo).unwrap();
        assert_eq!(echo, b"still there?");
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(child.id() as i32),
            nix::sys::signal::SIGTERM,
        )
        .unwrap();
        let rest: Vec<_> = log.map_while(Result::ok).collect();
        assert!(child.wait().unwrap().success(), "{rest:?}");
        assert!(rest.iter().all(|l| !l.contains("error")), "{rest:?}");
    }
}
