//! The architecture, held: who imports whom, what may print, where `unsafe` may stand, how long things are.
//!
//! The rules are the contract's; this test reads the sources as text, so that it needs no compiler of its own. rustfmt
//! is taken for granted: an item ends at the first line that closes at its own indentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Who may import whom. `error` and `escape` are open to everyone and not listed.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("main", &[]),
    ("lib", &["command"]),
    (
        "command",
        &[
            "cli", "logger", "profile", "plan", "event", "option", "socket", "sys", "session",
            "handler", "engine", "measure", "lab", "render",
        ],
    ),
    ("cli", &["profile", "option", "socket"]),
    ("logger", &[]),
    (
        "engine",
        &["session", "handler", "sys", "plan", "event", "socket"],
    ),
    (
        "measure",
        &[
            "session", "sys", "plan", "profile", "event", "option", "socket",
        ],
    ),
    (
        "lab",
        &[
            "session", "sys", "plan", "profile", "event", "option", "socket",
        ],
    ),
    // Of `measure` and `lab` their reports, which are plain data.
    ("render", &["event", "option", "socket", "measure", "lab"]),
    ("sys", &["event", "option", "socket", "plan"]),
    ("session", &["handler", "socket"]),
    ("plan", &["profile", "option", "socket"]),
    ("profile", &["option", "socket"]),
    ("event", &["option", "socket"]),
    ("option", &["socket"]),
    ("handler", &[]),
    ("socket", &[]),
    ("error", &[]),
    ("escape", &[]),
];

const OPEN_TO_ALL: &[&str] = &["error", "escape"];

/// One source file, cut into what is shipped and what tests it.
struct Source {
    /// Below `src/`.
    name: String,
    text: String,
    /// Without the unit tests at its end.
    shipped: String,
}

impl Source {
    /// The module at the top that it belongs to: `engine` for `engine/turn.rs`.
    fn top(&self) -> &str {
        let first = self.name.split('/').next().expect("split gives one piece");
        first.trim_end_matches(".rs")
    }

    /// Line number and text of every shipped line that is no comment.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.shipped.lines().enumerate().map(|(i, l)| (i + 1, l));
        numbered.filter(|(_, l)| !l.trim_start().starts_with("//"))
    }

    fn is_test_only(&self) -> bool {
        self.name.contains("/tests/")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src is readable") {
            let path: PathBuf = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
                let name = path.strip_prefix(&root).expect("it is below src");
                let shipped = match text.find("#[cfg(test)]\nmod ") {
                    Some(at) => text[..at].to_owned(),
                    None => text.clone(),
                };
                all.push(Source {
                    name: name.to_str().expect("ASCII names").to_owned(),
                    text,
                    shipped,
                });
            }
        }
    }
    assert!(all.len() > 80, "only {} sources were found", all.len());
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Fails with every violation at once, or not at all.
fn none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n{}", violations.join("\n"));
}

/// What follows `crate::` in a line: one name, or several in braces.
fn imported(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        // `$crate` of a macro, or the end of another name.
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$')) {
            continue;
        }
        let rest = &line[at + "crate::".len()..];
        let group = rest
            .strip_prefix('{')
            .map_or(rest, |g| g.split('}').next().unwrap_or(g));
        let names = if group.len() == rest.len() {
            vec![rest]
        } else {
            group.split(',').collect()
        };
        for name in names {
            let end = name
                .trim()
                .find(|c: char| !(c.is_alphanumeric() || c == '_'));
            let name = name.trim();
            found.push(name[..end.unwrap_or(name.len())].to_owned());
        }
    }
    found
}

fn imports() -> BTreeMap<(String, String), String> {
    let mut edges = BTreeMap::new();
    for source in sources() {
        for (number, line) in source.code() {
            for name in imported(line) {
                let here = format!("{}:{number}: {}", source.name, line.trim());
                edges.entry((source.top().to_owned(), name)).or_insert(here);
            }
        }
    }
    edges
}

#[test]
fn imports_are_read_in_every_form() {
    assert_eq!(imported("use crate::socket::{Family, Type};"), ["socket"]);
    assert_eq!(
        imported("use crate::{escape, plan::Plan};"),
        ["escape", "plan"]
    );
    assert_eq!(
        imported("let x = crate::option::find(crate::error::E)"),
        ["option", "error"]
    );
    assert_eq!(imported("$crate::foo mycrate::bar"), Vec::<String>::new());
}

#[test]
fn every_module_imports_only_what_lies_below_it() {
    let rules: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let wrong = |((from, to), place): ((String, String), String)| {
        let Some(allowed) = rules.get(from.as_str()) else {
            return Some(format!("{place}: `{from}` is in no rule of this test"));
        };
        let fine =
            from == to || OPEN_TO_ALL.contains(&to.as_str()) || allowed.contains(&to.as_str());
        (!fine).then(|| format!("{place}: `{from}` may not import `{to}`"))
    };
    none(
        "an import against the layers",
        &imports().into_iter().filter_map(wrong).collect::<Vec<_>>(),
    );
}

/// The rules themselves must have no cycle, or they would allow one.
#[test]
fn there_are_no_cycles() {
    let edges: BTreeSet<_> = imports().into_keys().filter(|(a, b)| a != b).collect();
    let mut left: BTreeSet<String> = edges.iter().map(|(from, _)| from.clone()).collect();
    while let Some(leaf) = left
        .iter()
        .find(|m| !edges.iter().any(|(a, b)| a == *m && left.contains(b)))
        .cloned()
    {
        left.remove(&leaf);
    }
    assert!(
        left.is_empty(),
        "modules that import each other in a circle: {left:?}"
    );
}

/// `super::` must not be a way around the rules.
#[test]
fn super_stays_inside_its_top_module() {
    let mut wrong = Vec::new();
    for source in sources() {
        let folders = source.name.matches('/').count();
        let depth = folders + usize::from(!source.name.ends_with("mod.rs"));
        for (number, line) in source.code() {
            let steps = line.matches("super::").count();
            let chained = line.contains(&"super::".repeat(depth.max(1)));
            let inline = usize::from(line.starts_with(' '));
            if chained && steps >= depth + inline && depth > 0 && !line.contains("pub(in") {
                wrong.push(format!("{}:{number}: {}", source.name, line.trim()));
            }
        }
    }
    none("`super::` leaves the module", &wrong);
}

#[test]
fn only_commands_print() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test_only()) {
        let top = source.top().to_owned();
        for (number, line) in source.code() {
            let prints = ["println!", "print!(", "eprint!(", "dbg!("];
            let streams = ["stdout()", "stderr()", "stdin()"];
            let macros = prints.iter().any(|p| line.contains(p)) && top != "command";
            // The log goes to standard error, a profile may come from standard input.
            let stream = streams.iter().any(|s| line.contains(s))
                && !matches!(top.as_str(), "command" | "logger")
                && source.name != "profile/find.rs";
            if macros || stream {
                wrong.push(format!("{}:{number}: {}", source.name, line.trim()));
            }
        }
    }
    none("output outside of command/", &wrong);
}

#[test]
fn unsafe_code_is_at_the_gate_and_says_why() {
    let mut wrong = Vec::new();
    for source in sources() {
        let may = source.top() == "sys" || source.name.starts_with("engine/uring");
        let lines: Vec<_> = source.text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            let is_unsafe = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"]
                .iter()
                .any(|u| code.contains(u));
            let why = lines[i.saturating_sub(8)..i]
                .iter()
                .any(|l| l.trim_start().starts_with("// SAFETY: "));
            if is_unsafe && !(may && why) {
                wrong.push(format!("{}:{}: {}", source.name, i + 1, line.trim()));
            }
        }
    }
    none("`unsafe` elsewhere, or without `// SAFETY:`", &wrong);
}

#[test]
fn every_exception_from_a_lint_has_a_reason() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (at, _) in source.text.match_indices("#[allow(") {
            let end = source.text[at..]
                .find(")]")
                .map_or(source.text.len(), |n| at + n);
            if !source.text[at..end].contains("reason = \"") {
                wrong.push(format!("{}: {}", source.name, &source.text[at..end]));
            }
        }
        if source.text.contains("#![allow(") && source.name != "lib.rs" {
            wrong.push(format!("{}: a whole module is exempt", source.name));
        }
    }
    none("an `#[allow]` without a reason", &wrong);
}

#[test]
fn nothing_shipped_is_unfinished_or_unwraps() {
    let words = [
        ".unwrap()",
        "todo!(",
        "unimplemented!(",
        "TODO",
        "FIXME",
        "XXX",
    ];
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test_only()) {
        for (i, line) in source.shipped.lines().enumerate() {
            if words.iter().any(|w| line.contains(w)) {
                wrong.push(format!("{}:{}: {}", source.name, i + 1, line.trim()));
            }
        }
    }
    none("unfinished, or a bare unwrap", &wrong);
}

#[test]
fn unit_tests_are_the_end_of_their_file() {
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|s| s.text.contains("#[cfg(test)]\nmod tests {"))
        .filter(|s| {
            let tests = &s.text[s.shipped.len()..];
            tests.trim_end().lines().filter(|l| *l == "}").count() != 1
        })
        .map(|s| s.name.clone())
        .collect();
    none(
        "code after the unit tests, where this test does not look",
        &wrong,
    );
}

#[test]
fn every_module_says_what_it_is() {
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|s| !s.text.starts_with("//! "))
        .map(|s| s.name.clone())
        .collect();
    none("a module without `//!`", &wrong);
}

/// Files that are longer than the rule, each with the most lines it may have and the reason it is still one file.
const LONGER: &[(&str, usize, &str)] = &[];

#[test]
fn files_are_short() {
    const MOST: usize = 350;
    const MEDIAN: usize = 150;
    let mut lengths = Vec::new();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test_only()) {
        let lines = source.shipped.lines().count();
        let exception = LONGER.iter().find(|(name, ..)| *name == source.name);
        let most = exception.map_or(MOST, |(_, most, _)| *most);
        if lines > most {
            wrong.push(format!("{}: {lines} lines without its tests", source.name));
        }
        lengths.push(lines);
    }
    none("a file is too long", &wrong);
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN, "the median file has {median} lines");
}

/// Length and name of every function of a file.
fn functions(source: &Source) -> Vec<(usize, String)> {
    let lines: Vec<_> = source.shipped.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let head = code.split('(').next().unwrap_or(code);
        let Some(name) = head.rsplit_once("fn ").map(|(_, name)| name) else {
            continue;
        };
        let is_item = ["fn ", "pub", "const fn ", "unsafe fn ", "async fn "]
            .iter()
            .any(|start| code.starts_with(start));
        if !is_item || code.ends_with(';') || code.ends_with('}') {
            continue;
        }
        let close = format!("{indent}}}");
        let end = lines[i..]
            .iter()
            .position(|l| **l == close || **l == format!("{indent});"));
        found.push((end.unwrap_or(0) + 1, format!("{}: {name}", source.name)));
    }
    found
}

#[test]
fn functions_are_short() {
    const MOST: usize = 60;
    const NINE_IN_TEN: usize = 30;
    let mut all: Vec<_> = sources()
        .iter()
        .filter(|s| !s.is_test_only())
        .flat_map(functions)
        .collect();
    all.sort();
    assert!(all.len() > 400, "only {} functions were found", all.len());
    let long: Vec<_> = all
        .iter()
        .filter(|(lines, _)| *lines > MOST)
        .map(|(lines, name)| format!("{name}: {lines} lines"))
        .collect();
    none("a function is too long", &long);
    let (p90, name) = &all[all.len() * 9 / 10];
    assert!(
        *p90 <= NINE_IN_TEN,
        "one function in ten is longer than {p90} lines: {name}"
    );
}

/// The compiler asks for a line on every public item; this holds the whole to more than that minimum.
#[test]
fn the_code_is_explained() {
    let (mut comments, mut code) = (0, 0);
    let mut bare = String::new();
    for source in sources().iter().filter(|s| !s.is_test_only()) {
        let mut here = 0;
        for line in source.shipped.lines().map(str::trim_start) {
            if line.starts_with("//") {
                comments += 1;
                here += 1;
            } else if !line.is_empty() {
                code += 1;
            }
        }
        if here == 0 {
            let _ = write!(bare, "{} ", source.name);
        }
    }
    assert!(bare.is_empty(), "not one comment in {bare}");
    let share = 100 * comments / (comments + code);
    assert!(
        (12..=40).contains(&share),
        "{share} % of the lines are comments"
    );
}
