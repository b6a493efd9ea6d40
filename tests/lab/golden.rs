//! One golden file per ladder: `tests/lab/golden/NAME.txt`. Descriptors are numbered in order of birth, ports in order of
//! appearance, times are gone, and so are numbers that belong to a machine (struct tcp_info, process ids).
//!
//! After a change that is meant: `SOCKPLAY_GOLDEN=write cargo test --test lab golden`, and read the difference.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;
use sockplay::event::{Arg, Moment, Record};
use sockplay::lab::report::{Report, Verdict};
use sockplay::render::ladder;
use sockplay::render::probe::Glyphs;

use crate::common::{Process, place};

/// Runs an experiment as `lab` does, in a process of its own, and gives its report.
fn report(name: &str, text: &str) -> Report {
    let place = place();
    let directory = place.path().join("t");
    fs::create_dir(&directory).unwrap();
    let task = serde_json::json!({
        "name": name, "source": name, "text": text,
        "directory": directory, "lock": place.path().join("lock"),
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockplay"));
    command.args(["lab", "worker"]);
    let mut process = Process::spawn(&mut command);
    process.types(task.to_string().as_bytes()).ends_input();
    let finished = process.finishes_within(crate::ALL);
    serde_json::from_slice(&finished.out)
        .unwrap_or_else(|e| panic!("{name}: {e}: {}", finished.err))
}

/// Bytes of a message from which on its length is not told.
const LONG: usize = 5000;

fn short(n: i64) -> i64 {
    if n > LONG as i64 { 99_999 } else { n }
}

/// Stable names for what differs from run to run.
#[derive(Default)]
struct Names {
    descriptors: Vec<i64>,
    ports: Vec<String>,
}

impl Names {
    fn descriptor(&mut self, fd: i64) -> i64 {
        if fd < 0 {
            return fd;
        }
        let at = self.descriptors.iter().position(|&d| d == fd);
        let at = at.unwrap_or_else(|| {
            self.descriptors.push(fd);
            self.descriptors.len() - 1
        });
        3 + at as i64
    }

    /// `127.0.0.1:40001` and its kin, wherever they stand; whatever else has five digits in a row is a port too.
    fn ports(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut digits = String::new();
        for c in text.chars().chain(['\0']) {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            out += &self.port(&digits);
            digits.clear();
            if c != '\0' {
                out.push(c);
            }
        }
        out
    }

    fn port(&mut self, digits: &str) -> String {
        let is_port = digits.len() == 5
            && digits
                .parse::<u32>()
                .is_ok_and(|n| (32_768..61_000).contains(&n));
        if !is_port {
            // Buffers and their kin have the size that this machine gives them.
            return match digits.parse::<i64>() {
                Ok(n) => short(n).to_string(),
                Err(_) => digits.to_owned(),
            };
        }
        let at = self.ports.iter().position(|p| p == digits);
        let at = at.unwrap_or_else(|| {
            self.ports.push(digits.to_owned());
            self.ports.len() - 1
        });
        format!("{}", 40_001 + at)
    }

    fn args(&mut self, name: &str, args: &mut [Arg]) {
        for arg in args {
            match arg {
                Arg::Fd(fd) => *fd = self.descriptor((*fd).into()) as i32,
                // The kernel's choice in the abstract namespace: five digits, unix(7).
                Arg::Address { brief, full } if is_autobound(brief) => {
                    "@00001".clone_into(brief);
                    full.clone_from(brief);
                }
                Arg::Address { brief, full } => {
                    *brief = self.ports(brief);
                    *full = self.ports(full);
                }
                Arg::Symbol(text) => {
                    let whole = text.clone().into_owned();
                    *text = self.symbol(name, &whole).into();
                }
                // Where a long stream is cut is the scheduler's business.
                Arg::Data { head, len } if *len > LONG => {
                    head.clear();
                    *len = LONG;
                }
                Arg::Data { head, .. } => {
                    let shown: String = head.iter().map(|&b| char::from(b)).collect();
                    let shown = self.ports(&shown);
                    *head = shown.chars().map(|c| c as u8).collect();
                }
                Arg::Int(n) => *n = short(*n),
            }
        }
    }

    /// Descriptors in lists, and structs whose numbers are of this machine.
    fn symbol(&mut self, name: &str, text: &str) -> String {
        if name == "recv" && text.len() > 23 && text.split(' ').all(|pair| pair.len() == 2) {
            // A header has a checksum and a number of its own.
            return format!("{} …", &text[..11]);
        }
        if name == "poll"
            && let Some(rest) = text.strip_prefix("[{fd=")
        {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
            let fd = self.descriptor(rest[..end].parse().unwrap());
            return format!("[{{fd={fd}{}", &rest[end..]);
        }
        if name == "socketpair" && text.starts_with('[') {
            let inner = text.trim_matches(['[', ']']).split(", ");
            let fds: Vec<String> = inner
                .map(|n| self.descriptor(n.parse().unwrap()).to_string())
                .collect();
            return format!("[{}]", fds.join(", "));
        }
        let of_the_machine = [
            "SCM_RIGHTS",
            "SCM_CREDENTIALS",
            "pid=",
            "rtt=",
            "ipi_ifindex",
        ];
        if of_the_machine.iter().any(|word| text.contains(word)) {
            let words: Vec<&str> = of_the_machine
                .into_iter()
                .filter(|w| text.contains(w))
                .collect();
            return format!("{{{} ...}}", words[0].trim_end_matches('='));
        }
        match text.split_once("wscale=") {
            // It follows from tcp_rmem.
            Some((before, rest)) => {
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                self.ports(&format!("{before}wscale=N{rest}"))
            }
            None => self.ports(text),
        }
    }

    fn record(&mut self, record: &mut Record) {
        record.t_ns = 0;
        record.elapsed_ns = 0;
        self.args(&record.name.clone(), &mut record.args);
        let makes = ["socket", "accept4", "fcntl"].contains(&record.name.as_str());
        record.result = if makes {
            self.descriptor(record.result)
        } else {
            short(record.result)
        };
        // A number that is free again will be another socket's.
        if record.name == "close"
            && let Some(Arg::Fd(fd)) = record.args.first()
        {
            let at = usize::try_from(*fd - 3).unwrap();
            self.descriptors[at] = -1;
        }
    }

    fn moment(&mut self, moment: &mut Moment) {
        match moment {
            Moment::Call(record) | Moment::Returned { record, .. } => self.record(record),
            Moment::Began {
                t_ns, name, args, ..
            } => {
                *t_ns = 0;
                self.args(&name.clone(), args);
            }
            Moment::Aside { t_ns, text, .. } => {
                *t_ns = 0;
                *text = counted(&self.ports(text));
            }
            Moment::Note(_) | Moment::Unmet { .. } => {}
        }
    }
}

fn is_autobound(name: &str) -> bool {
    let digits = name.strip_prefix('@').unwrap_or_default();
    digits.len() == 5 && digits.chars().all(|c| c.is_ascii_hexdigit())
}

/// Which of several sockets gets a message is up to a hash of the ports.
const BY_HASH: [&str; 2] = ["reuseport-listeners", "reuseport-udp"];

fn unhashed(moment: &mut Moment) {
    match moment {
        Moment::Call(record) if record.name == "poll" => {
            record.result = 0;
            record.args.truncate(1);
            if let Some(Arg::Symbol(text)) = record.args.first_mut()
                && let Some((before, _)) = text.clone().split_once(", revents")
            {
                *text = format!("{before}}}]").into();
            }
        }
        Moment::Aside { text, .. } => {
            *text = text
                .replace(|c: char| c.is_ascii_digit(), "N")
                .replace("NN", "N");
        }
        _ => {}
    }
}

/// How many calls it takes to fill a buffer is the machine's business; so are times of day in a log line.
fn counted(text: &str) -> String {
    match text
        .strip_prefix("… ")
        .and_then(|t| t.strip_suffix(" more calls"))
    {
        Some(_) => "… N more calls".into(),
        None if text.starts_with("the fastest of") => "the fastest of N rounds".into(),
        None => match text.split_once(" - ") {
            Some((_, rest)) if text.starts_with("logs ") => format!("logs … - {rest}"),
            _ => text.to_owned(),
        },
    }
}

fn drawn(mut report: Report) -> String {
    let mut names = Names::default();
    for moment in &mut report.moments {
        names.moment(moment);
        if BY_HASH.contains(&report.name.as_str()) {
            unhashed(moment);
        }
    }
    // How often a long stream was received is the scheduler's business too.
    let repeats = |m: &Moment| matches!(m, Moment::Aside { text, .. } if text == "… N more calls");
    report.moments.retain(|m| !repeats(m));
    report.moments.dedup();
    let drawing = ladder::ladder(&report.actors, &report.processes, &report.moments);
    let text = ladder::text(&drawing, 100, Glyphs::Unicode);
    anstream::adapter::strip_str(&text).to_string()
}

/// Draws one, and writes it or holds it against its file; tells what differs.
fn held(root: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(root.join(format!("configs/lab/{name}.toml"))).unwrap();
    let report = report(name, &text);
    match &report.verdict {
        Verdict::Skipped(reason) => {
            eprintln!("skipped: {name}: {reason}");
            return None;
        }
        Verdict::Passed => {}
        other => return Some(format!("{name}: {other:?}")),
    }
    let now = drawn(report);
    let path = root.join(format!("tests/lab/golden/{name}.txt"));
    if std::env::var("SOCKPLAY_GOLDEN").is_ok_and(|v| v == "write") {
        fs::write(&path, &now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if golden == now {
        return None;
    }
    let same = golden.lines().zip(now.lines()).take_while(|(a, b)| a == b);
    let at = same.count();
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    let (was, is) = (line(&golden), line(&now));
    Some(format!(
        "{name}, line {}:\n  golden {was}\n  now    {is}",
        at + 1
    ))
}

#[test]
fn golden_ladders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("tests/lab/golden");
    fs::create_dir_all(&golden).unwrap();
    let names: Vec<String> = crate::shipped().into_keys().collect();
    let rest = Mutex::new(names.iter());
    let different = Mutex::new(Vec::new());
    // Most of them wait for the kernel's timers.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let next = || rest.lock().unwrap().next();
                while let Some(name) = next() {
                    let found = held(root, name);
                    different.lock().unwrap().extend(found);
                }
            });
        }
    });
    let different = different.into_inner().unwrap();
    assert!(different.is_empty(), "{}", different.join("\n"));
    let goldens = fs::read_dir(golden).unwrap().count();
    assert_eq!(goldens, names.len(), "a golden file has no experiment");
}

/// A golden file is worth something only if a change of the ladder shows.
#[test]
fn a_ladder_that_differs_is_seen() {
    let steps = |n: u32| {
        format!(
            "title='t'\nquestion='q?'\nanswer='a'\nsteps = [ {{ a = 'socketpair', type = 'stream', as = ['l', 'r'] }}, \
             {{ a = 'send', fd = 'l', bytes = {n} }} ]"
        )
    };
    let one = drawn(report("one", &steps(1)));
    assert_eq!(one, drawn(report("one", &steps(1))), "the same twice");
    assert_ne!(one, drawn(report("two", &steps(2))));
    let json: Value = serde_json::json!(one);
    assert!(json.as_str().unwrap().contains("socketpair"), "{one}");
}
