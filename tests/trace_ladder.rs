//! `--trace=ladder`: the calls of a real run beside what moved because of them.
//!
//! Times, ports and descriptors differ in each run and are replaced: a descriptor by a letter in the order of its birth.

mod common;

use std::path::Path;

use common::{Sockplay, connect, place, run, serve};

/// The cells of each line of a ladder, without times; spaces and shafts of arrows shrunk.
fn cells(path: &Path, address: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    let mut letters = Letters::default();
    let line = |line: &str| {
        let (_, row) = line.split_once('│').unwrap_or(("", line));
        let row = row.replace(&format!(":{port}"), ":PORT");
        let cells = row
            .split('│')
            .map(|cell| letters.apply(&cell.replace('╌', " ")));
        let row = cells.collect::<Vec<_>>().join(" | ");
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    text.lines().skip(1).map(line).collect()
}

/// Descriptors in the order of their birth.
#[derive(Default)]
struct Letters(Vec<String>);

impl Letters {
    fn of(&mut self, fd: &str) -> char {
        let at = self.0.iter().position(|f| f == fd);
        let at = at.unwrap_or_else(|| {
            self.0.push(fd.to_owned());
            self.0.len() - 1
        });
        char::from(b'A' + u8::try_from(at).expect("few descriptors"))
    }

    /// `recv(5, "x", 1024) = 1 (waited 3 ms)` as `recv(B, "x", 1024) = 1`.
    fn apply(&mut self, cell: &str) -> String {
        let cell = cell.split(" (waited").next().unwrap_or(cell).trim();
        let Some((name, rest)) = cell.split_once('(') else {
            return cell.to_owned();
        };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (fd, rest) = rest.split_at(digits);
        let fd = if fd.is_empty() {
            String::new()
        } else {
            self.of(fd).to_string()
        };
        let born = ["socket", "accept4"].contains(&name);
        match rest.rsplit_once("= ") {
            Some((made, result)) if born && !result.starts_with('E') => {
                // A peer's port is nobody's choice.
                let made = made.split(", 127.0.0.1:").next().unwrap_or(made);
                format!("{name}({fd}{made}= {}", self.of(result))
            }
            _ => format!("{name}({fd}{rest}"),
        }
    }
}

#[test]
fn a_server_sees_its_own_calls_and_infers_the_rest() {
    let place = place();
    let file = place.path().join("ladder");
    let server = Sockplay::new("serve")
        .arg("-c")
        .arg("tcp4")
        .any_port()
        .arg("--trace=ladder")
        .arg("--trace-file")
        .arg(&file)
        .start();
    let client = server.say(b"Ciao!");
    client.hears(b"Ciao!");
    client.half_closes();
    client.hears_the_end();
    let address = server.address().to_owned();
    server.stop_in_order();
    let all = cells(&file, &address);
    let from = all.iter().position(|l| l.starts_with("bind(")).unwrap();
    let without_info = |l: &&String| !l.contains("TCP_INFO") && !l.contains("retransmits");
    let rest: Vec<_> = all[from..].iter().filter(without_info).collect();
    assert_eq!(
        rest[..9],
        [
            "bind(A, 127.0.0.1:0) = 0 | |",
            "listen(A, 128) = 0 | |",
            "getsockname(A, 127.0.0.1:PORT) = 0 | |",
            "accept4(A= B | ◄ ~ handshake |",
            "setsockopt(B, SO_RCVTIMEO, {tv_sec=300, tv_usec=0}) = 0 | |",
            "setsockopt(B, SO_SNDTIMEO, {tv_sec=300, tv_usec=0}) = 0 | |",
            "recv(B, \"Ciao!\", 1024) = 5 | ◄ ~ \"Ciao!\" 5 B |",
            "send(B, \"Ciao!\", 5) = 5 | ~ \"Ciao!\" 5 B ► |",
            "close(B) = 0 | ~ FIN ► |",
        ],
        "{all:#?}"
    );
}

#[test]
fn a_client_shows_the_handshake_and_the_refusal() {
    let place = place();
    let file = place.path().join("ladder");
    let server = serve("tcp4").any_port().start();
    let address = server.address().to_owned();
    let traced = |address: &str| {
        connect()
            .arg(address)
            .arg("--trace=ladder")
            .arg("--trace-file")
            .arg(&file)
            .pipes("Ciao!")
    };
    assert_eq!(traced(&address).out, b"Ciao!");
    let all = cells(&file, &address);
    let at = all.iter().position(|l| l.starts_with("connect(")).unwrap();
    assert_eq!(
        all[at..at + 3],
        [
            "connect(A, 127.0.0.1:PORT) = 0 | ~ SYN ► |",
            "| ◄ ~ SYN+ACK |",
            "| ~ ACK ► |"
        ]
    );
    let sent = "send(A, \"Ciao!\", 5) = 5 | ~ \"Ciao!\" 5 B ► |";
    assert!(all.iter().any(|l| l == sent), "{all:#?}");
    server.stop_in_order();
    assert_ne!(traced(&address).code, 0);
    let all = cells(&file, &address);
    let refused = all
        .iter()
        .any(|l| l.contains("= ECONNREFUSED") && l.ends_with("~ SYN ► |"));
    assert!(refused, "{all:#?}");
    assert!(all.iter().any(|l| l == "| ◄ ~ RST |"), "{all:#?}");
}

#[test]
fn a_probe_counts_what_repeats() {
    let place = place();
    for profile in ["tcp4", "tcp4-line", "udp4"] {
        let (ladder, json) = (place.path().join("ladder"), place.path().join("json"));
        for (form, file) in [("ladder", &ladder), ("json", &json)] {
            let (form, file) = (format!("--trace={form}"), file.to_str().unwrap());
            let done = run(&["probe", "-c", profile, &form, "--trace-file", file]);
            assert_eq!(done.code, 0, "{}", done.err);
        }
        let [ladder, json] = [ladder, json].map(|f| std::fs::read_to_string(f).unwrap());
        let (drawn, made) = (ladder.lines().count(), json.lines().count());
        assert!(
            ladder.contains("the same "),
            "{profile}: nothing was counted"
        );
        assert!(
            drawn * 4 < made,
            "{profile}: {drawn} lines for {made} calls"
        );
        assert!(ladder.contains("calls beside: "), "{profile}");
        for line in ladder.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
