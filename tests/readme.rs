//! README.md is true: its commands run, they print what it shows, and what it names is there.
//!
//! The marks, each on the line above its block: `server` runs while `client` does, and prints the lines shown, in this
//! order, among others; `exact` prints what is shown, `[..]` being anything; `shape` prints it but for numbers, units,
//! widths and breaks of lines; `profile` is a valid profile, and a server and a client open it; `experiment`
//! passes; `ladder` prints the picture shown, whatever the times. A block of `sh` needs no mark.
//!
//! The page says port 35555, and so do the runs: in a network namespace of their own, where it cannot be taken.

#[path = "readme/book.rs"]
mod book;
mod common;
#[path = "readme/compare.rs"]
mod compare;
#[path = "readme/terminal.rs"]
mod terminal;

use std::collections::BTreeSet;
use std::path::Path;

use book::Block;
use common::{needs_program, place, run, serve};
use compare::Normal;
use terminal::{Session, shell};

/// How a command of the page is told to cargo, and what cargo then runs.
const CARGO_RUN: &str = "cargo run --release -- ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Both streams of a command, as a terminal shows them.
fn printed(line: &str) -> String {
    let mut process = shell(&[], &format!("exec 2>&1; {line}"));
    process.ends_input();
    process.finishes().text()
}

/// Whether every program of a pipeline is there.
fn can_run(line: &str) -> bool {
    // A `|` between quotes is an argument's.
    let unquoted: String = line.split('\'').step_by(2).collect();
    let mut programs = unquoted
        .split('|')
        .filter_map(|part| part.split_whitespace().next());
    programs.all(|program| program == "sockplay" || needs_program(program))
}

// --- what is printed ---

#[test]
fn what_is_shown_exactly_is_printed_exactly() {
    for block in book::marked("exact") {
        for command in block.commands() {
            if can_run(&command.line) {
                let real = printed(&command.line);
                let lines: Vec<&str> = real.lines().collect();
                let same = compare::equals(&command.prints, &lines);
                let page = command.prints.join("\n");
                assert!(
                    same,
                    "$ {}\n{real}--- README.md:{}\n{page}",
                    command.line, block.at
                );
            }
        }
    }
}

#[test]
fn what_is_measured_has_the_shape_that_is_shown() {
    for block in book::marked("shape") {
        for command in block.commands() {
            let real = printed(&command.line);
            let shapes = |text: &str| -> Vec<_> {
                let lines = compare::unwrapped(text);
                lines.iter().map(|line| compare::shape(line)).collect()
            };
            assert_eq!(
                shapes(&real),
                shapes(&command.prints.join("\n")),
                "real (left) and README.md:{} (right): $ {}",
                block.at,
                command.line
            );
        }
    }
}

/// Line by line, but for the times on the left, which are left out where they repeat.
#[test]
fn a_ladder_is_drawn_as_it_is_shown() {
    for block in book::marked("ladder") {
        for command in block.commands() {
            let real = printed(&command.line);
            let shapes = |text: &str| -> Vec<_> {
                let (ladder, prose): (Vec<&str>, Vec<&str>) = text
                    .lines()
                    .partition(|line| compare::rungs(line).is_some());
                let rungs = ladder.into_iter().filter_map(compare::rungs);
                let prose = compare::unwrapped(&prose.join("\n"));
                rungs
                    .map(compare::shape)
                    .chain(prose.iter().map(|line| compare::shape(line)))
                    .collect()
            };
            assert_eq!(
                shapes(&real),
                shapes(&command.prints.join("\n")),
                "{}",
                block.at
            );
        }
    }
}

// --- the session of two terminals ---

#[test]
fn the_session_of_server_and_client_happens_as_shown() {
    let server = book::the("server").command();
    let Some(session) = Session::of(&server.line) else {
        return;
    };
    for command in book::the("client").commands() {
        let finished = session.client(&command.line).finishes();
        assert_eq!(
            finished.text(),
            command.prints.join("\n") + "\n",
            "{}",
            finished.err
        );
        assert_eq!(
            (finished.code, finished.err.as_str()),
            (0, ""),
            "{}",
            command.line
        );
    }
    let log = session.stops();
    let page = Normal::of(server.prints.iter().map(String::as_str));
    let real = Normal::of(log.lines());
    let missing = compare::first_missing(&page, &real);
    assert_eq!(
        missing,
        None,
        "not said, or not in this order:\n{}",
        real.join("\n")
    );
}

// --- blocks of commands ---

/// Every block of `sh`.
fn shell_blocks() -> Vec<Block> {
    let mut all = book::blocks();
    all.retain(|block| block.language == "sh");
    all
}

/// A line that a test runs against a server rather than alone.
fn is_client(line: &str) -> bool {
    line.starts_with("telnet ") || line.starts_with(&format!("{CARGO_RUN}connect "))
}

#[test]
fn a_fresh_machine_needs_two_commands() {
    let first = shell_blocks().remove(0);
    assert_eq!(
        first.typed(),
        ["cargo run --release -- serve", "cargo test"]
    );
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let said = format!("Rust toolchain ({needed} or later)");
    assert!(book::text().contains(&said), "Cargo.toml says {needed}");
}

#[test]
fn every_line_of_shell_is_a_valid_command() {
    for block in shell_blocks() {
        for line in block.typed() {
            match line.strip_prefix(CARGO_RUN) {
                Some(args) => {
                    let args: Vec<&str> = args.split(' ').chain(["--dry-run"]).collect();
                    let finished = run(&args);
                    assert_eq!(finished.code, 0, "{line}: {}", finished.err);
                }
                None => assert!(
                    line == "cargo test" || is_client(line),
                    "README.md:{}: no test runs `{line}`",
                    block.at
                ),
            }
        }
    }
}

/// Each gets the article's server for itself: it closes after one echo, and that ends the client too.
#[test]
fn every_client_of_the_first_minute_gets_its_echo() {
    let blocks = shell_blocks();
    let typed = blocks.iter().flat_map(Block::typed);
    let clients: Vec<&str> = typed.filter(|line| is_client(line)).collect();
    assert_eq!(clients.len(), 2, "{clients:?}");
    for line in clients {
        if !can_run(line) && !line.starts_with("cargo") {
            continue;
        }
        let Some(session) = Session::of("sockplay serve") else {
            return;
        };
        let mut client = session.client(&line.replace(CARGO_RUN, "sockplay "));
        if line.starts_with("telnet") {
            client.says("Connected");
        }
        client.types(b"Ciao!\n").says("Ciao!");
        client.finishes();
        let log = session.stops();
        assert!(log.contains("Served 1 connection: "), "{line}:\n{log}");
    }
}

// --- the profile and the tables ---

#[test]
fn the_profile_of_the_page_is_served_and_probed() {
    let block = book::the("profile");
    let place = place();
    let path = place.path().join("page.toml");
    std::fs::write(&path, block.lines.join("\n")).unwrap();
    let path = path.to_str().expect("a temporary path is UTF-8");

    let planned = run(&["serve", "-c", path, "--dry-run"]);
    assert_eq!(planned.code, 0, "{}", planned.err);
    assert!(
        planned.text().contains("bind(fd, [::1]:35555)"),
        "{}",
        planned.text()
    );
    // The comment in it: "too late for the window scale, and sockplay says so".
    let late = "SO_RCVBUF at post-accept is too late";
    assert!(planned.text().contains(late), "{}", planned.text());

    let server = serve(path).any_port().start();
    server.say(b"hi").hears(b"hi").say(b"again").hears(b"again");
    server.stop_in_order();
    let probed = run(&["probe", "-c", path]);
    assert_eq!(probed.code, 0, "{}{}", probed.text(), probed.err);
    assert!(
        probed.text().contains("1000 of 1000 messages"),
        "{}",
        probed.text()
    );
}

#[test]
fn the_experiment_of_the_page_passes() {
    let block = book::the("experiment");
    let place = place();
    let path = place.path().join("page.toml");
    std::fs::write(&path, block.lines.join("\n")).unwrap();
    let path = path.to_str().expect("a temporary path is UTF-8");
    let ran = run(&["lab", path, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_slice(&ran.out).unwrap();
    let answer = json["experiments"][0]["answer"].as_str().unwrap();
    assert!(
        answer.starts_with("EADDRINUSE: port ") && !answer.contains('$'),
        "{answer}"
    );
}

#[test]
fn every_profile_is_in_the_table_and_the_other_way_round() {
    let cells = book::first_column("## Profiles");
    let named: BTreeSet<&str> = cells
        .iter()
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let listed = run(&["profile", "list"]).text();
    let built_in: BTreeSet<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(named, built_in, "README.md (left) and the binary (right)");
}

#[test]
fn every_verb_and_flag_of_the_page_is_one_of_the_program() {
    let verbs = ["serve", "connect", "probe", "lab", "options", "profile"];
    let help: String = verbs
        .iter()
        .map(|verb| run(&[verb, "--help"]).text())
        .collect();
    let rows = book::first_column("## The verbs");
    let shown: Vec<&str> = rows
        .iter()
        .map(|row| row.split([' ', '`']).nth(2).expect("`sockplay VERB …`"))
        .collect();
    assert_eq!(shown, verbs);
    let spans = book::in_backticks();
    let ours = spans.iter().filter(|span| span.starts_with('-'));
    let flags: Vec<&str> = ours
        .flat_map(|span| span.split([' ', '[', '=', ']']))
        .filter(|word| word.starts_with('-') && word.len() > 1)
        .collect();
    assert!(flags.len() > 10, "{flags:?}");
    for flag in flags {
        let there = help
            .split([' ', ',', '\n', '=', '['])
            .any(|word| word == flag);
        assert!(there, "README.md names {flag}, --help does not");
    }
}

// --- what is named ---

/// A path of this project: it has a folder, and is neither a URL, nor absolute, nor a placeholder.
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    word.contains('/') && !word.starts_with('/') && word.chars().all(plain)
}

#[test]
fn every_path_that_is_named_exists() {
    let text = book::text();
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(str::to_owned);
    let words: Vec<String> = book::in_backticks()
        .iter()
        .flat_map(|span| span.split(' ').map(str::to_owned))
        .chain(links)
        .filter(|word| is_path(word))
        .collect();
    assert!(words.len() > 10, "{words:?}");
    for word in words {
        assert!(
            root().join(&word).exists(),
            "README.md names {word}, and there is none"
        );
    }
    for bench in book::in_backticks() {
        if let Some(name) = bench.strip_prefix("cargo bench --bench ") {
            let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
            let declared = format!("[[bench]]\nname = \"{name}\"");
            assert!(manifest.contains(&declared), "README.md: `{bench}`");
        }
    }
}
