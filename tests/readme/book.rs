//! README.md as a test reads it: blocks with the mark above them, commands with what they print, words in backticks.
//!
//! A mark is a comment, `<!-- test: exact -->`, on the line above the fence. It decides how the block is held to the
//! program, so that a reader of the page sees nothing of it; `tests/readme.rs` has the meaning of each.

use std::path::Path;

/// A fenced block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// `exact` of `<!-- test: exact -->`; empty without a mark.
    pub mark: String,
    /// What stands behind the fence: `console`, `sh`, `toml`, `text`.
    pub language: String,
    /// The line of README.md its fence is on.
    pub at: usize,
    /// The lines between the fences.
    pub lines: Vec<String>,
}

/// A line of a console that begins with `$ `, and what follows up to the next one.
#[derive(Clone, Debug)]
pub(super) struct Command {
    /// What is typed.
    pub line: String,
    /// What is printed.
    pub prints: Vec<String>,
}

/// The text of README.md.
pub(super) fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("README.md is there and is UTF-8")
}

/// Every fenced block, in order.
pub(super) fn blocks() -> Vec<Block> {
    let text = text();
    let mut lines = text.lines().zip(1..);
    let mut all = Vec::new();
    let mut above = "";
    while let Some((line, at)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().map(|(line, _)| line.to_owned());
            all.push(Block {
                mark: mark(above).to_owned(),
                language: language.to_owned(),
                at,
                lines: inside.take_while(|line| line != "```").collect(),
            });
        }
        above = line;
    }
    all
}

/// Every block with this mark; there is at least one, or the test that asks would be empty.
pub(super) fn marked(mark: &str) -> Vec<Block> {
    let mut all = blocks();
    all.retain(|block| block.mark == mark);
    assert!(!all.is_empty(), "README.md has no block marked `{mark}`");
    all
}

/// The one block with this mark.
pub(super) fn the(mark: &str) -> Block {
    let all = marked(mark);
    assert_eq!(all.len(), 1, "blocks marked `{mark}`");
    all.into_iter().next().expect("there is one")
}

fn mark(line: &str) -> &str {
    let inside = line.strip_prefix("<!-- test: ");
    inside
        .and_then(|rest| rest.strip_suffix(" -->"))
        .unwrap_or("")
}

impl Block {
    /// The commands of a console.
    pub(super) fn commands(&self) -> Vec<Command> {
        let mut all: Vec<Command> = Vec::new();
        for line in &self.lines {
            if let Some(typed) = line.strip_prefix("$ ") {
                all.push(Command {
                    line: typed.to_owned(),
                    prints: Vec::new(),
                });
            } else {
                let last = all.last_mut();
                let last = last.unwrap_or_else(|| panic!("README.md:{}: no command", self.at));
                last.prints.push(line.clone());
            }
        }
        all
    }

    /// The one command of a console.
    pub(super) fn command(&self) -> Command {
        let all = self.commands();
        assert_eq!(all.len(), 1, "README.md:{}: commands", self.at);
        all.into_iter().next().expect("there is one")
    }

    /// The lines of a block of commands, without the comments behind them.
    pub(super) fn typed(&self) -> Vec<&str> {
        let bare = |line: &'_ String| line.find(" #").unwrap_or(line.len());
        let all = self.lines.iter().map(|line| line[..bare(line)].trim_end());
        all.collect()
    }
}

/// What stands between backticks in the running text and in tables; blocks are left out.
pub(super) fn in_backticks() -> Vec<String> {
    let mut fenced = false;
    let mut all = Vec::new();
    for line in text().lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let parts = line.split('`').skip(1).step_by(2);
            all.extend(parts.map(str::to_owned));
        }
    }
    all
}

/// The first cells of the rows of the table under a heading, without the table's head.
pub(super) fn first_column(heading: &str) -> Vec<String> {
    let text = text();
    let under = text.split(&format!("\n{heading}\n")).nth(1);
    let under = under.unwrap_or_else(|| panic!("README.md has no `{heading}`"));
    let rows = under
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    rows.map(|row| row.split('|').nth(1).expect("a cell").trim().to_owned())
        .collect()
}
