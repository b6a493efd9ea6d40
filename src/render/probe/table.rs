//! A table as lines of text: as wide as its content, or as the screen.
//!
//! The reason of a row stands below it. Columns that say nothing are left out, in every form of the report. On a screen
//! that is too narrow a long value is cut, and where that is not enough each row becomes a few lines.

use super::page::{Grid, Row, Tone};
use super::words::sentence;
use crate::render::verdict;

/// Between two columns.
const GAP: usize = 2;
/// In front of every row: two blanks, the sign, one blank.
pub(super) const INDENT: usize = 4;
/// A value is not cut shorter than this, however narrow the screen is.
const LEAST: usize = 12;

/// A line of a drawn table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    /// The heading and the heads of the columns, if they stand there; the first is that of the section.
    Head(String, String),
    /// A row without its sign.
    Row(Tone, String),
    /// More about the row above.
    Below(String),
}

/// The table on a screen of `width` columns; `heading` stands over the first column.
pub(super) fn lines(heading: &str, grid: &Grid, width: usize) -> Vec<Drawn> {
    let mut grid = grid.trimmed();
    let mut widths = widths(heading, &grid, width);
    // Of runs side by side each may be a row as well; then what they are called is said once.
    if widths.is_none() && grid.rows.iter().all(|r| r.word.is_empty()) {
        grid = grid.turned();
        widths = self::widths(heading, &grid, width);
    }
    let mut out = Vec::new();
    match &widths {
        Some(widths) => {
            let width = widths[0] + INDENT;
            let first = format!("{heading:width$}");
            out.push(Drawn::Head(
                first,
                columns(&grid.head[1..widths.len()], &widths[1..]),
            ));
        }
        None => out.push(Drawn::Head(heading.to_owned(), String::new())),
    }
    for row in &grid.rows {
        let mut below = Vec::new();
        if let Some(widths) = &widths {
            out.push(Drawn::Row(row.tone, columns(&row.cells, widths)));
        } else {
            out.push(Drawn::Row(row.tone, row.cells[0].clone()));
            below.push(in_words(&grid.head, row));
        }
        below.extend(row.why.clone());
        for text in below.iter().filter(|text| !text.is_empty()) {
            let pieces = wrap(text, width.saturating_sub(INDENT + 2));
            out.extend(pieces.into_iter().map(Drawn::Below));
        }
    }
    out
}

/// As wide as what stands in it; where that is too much, the widest values give way; `None` if they cannot.
fn widths(heading: &str, grid: &Grid, width: usize) -> Option<Vec<usize>> {
    let shown = grid.head.len() - 1;
    let head = |c: usize| match c {
        0 => chars(heading).saturating_sub(INDENT),
        c => chars(&grid.head[c]),
    };
    let widest = |c: usize| {
        let cells = grid.rows.iter().map(|r| chars(&r.cells[c]));
        cells.chain([head(c)]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..shown).map(widest).collect();
    let room = width.saturating_sub(INDENT + GAP * shown.saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        // The first column is a name, and a head is one too: neither is cut.
        let can = |&c: &usize| widths[c] > head(c).max(LEAST);
        let c = (1..shown).filter(can).max_by_key(|&c| widths[c])?;
        widths[c] -= 1;
    }
    Some(widths)
}

fn columns(cells: &[String], widths: &[usize]) -> String {
    let gap = " ".repeat(GAP);
    let cell =
        |(cell, &width): (&String, &usize)| format!("{:width$}", verdict::first(cell, width));
    let cells: Vec<String> = cells.iter().zip(widths).map(cell).collect();
    cells.join(&gap).trim_end().to_owned()
}

/// `default 64, requested 65, effective 65`
fn in_words(head: &[String], row: &Row) -> String {
    let cells = head.iter().zip(&row.cells).skip(1);
    let said = cells.filter(|(_, cell)| !matches!(cell.as_str(), "" | "-"));
    let said: Vec<String> = said.map(|(head, cell)| format!("{head} {cell}")).collect();
    said.join(", ")
}

/// Text in lines of at most `width` characters, broken at spaces, but not before a unit; a longer word stands alone.
pub(in crate::render) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(number) if is_unit(word) && number.ends_with(|c: char| c.is_ascii_digit()) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if chars(line) + 1 + chars(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn is_unit(word: &str) -> bool {
    let bare = word.trim_end_matches([',', ';', '.', ':', ')']);
    matches!(bare, "ns" | "µs" | "ms" | "s" | "B" | "KiB" | "MiB" | "%")
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

impl Grid {
    /// Rows as columns.
    fn turned(&self) -> Grid {
        let last = self.head.len() - 1;
        let mut head = vec![self.head[0].clone()];
        head.extend(self.rows.iter().map(|r| r.cells[0].clone()));
        head.push(self.head[last].clone());
        let row = |c: usize| {
            let mut cells = vec![self.head[c].clone()];
            cells.extend(self.rows.iter().map(|r| r.cells[c].clone()));
            Row {
                tone: Tone::Plain,
                word: "",
                cells,
                why: None,
            }
        };
        Grid {
            head,
            rows: (1..last).map(row).collect(),
            signs: self.signs.clone(),
            note: self.note.clone(),
        }
    }

    /// Without the columns in which every cell is empty or `-`; the first one and the reason stay.
    pub(super) fn trimmed(&self) -> Grid {
        let says = |i: usize| {
            self.rows
                .iter()
                .any(|r| !matches!(r.cells[i].as_str(), "" | "-"))
        };
        let last = self.head.len() - 1;
        let keep: Vec<usize> = (0..last).filter(|&i| i == 0 || says(i)).collect();
        let pick = |cells: &[String]| {
            keep.iter()
                .map(|&i| sentence(&cells[i]))
                .collect::<Vec<_>>()
        };
        let mut head = pick(&self.head);
        head.push(self.head[last].clone());
        let row = |r: &Row| Row {
            tone: r.tone,
            word: r.word,
            cells: pick(&r.cells),
            why: r.why.as_deref().map(sentence),
        };
        Grid {
            head,
            rows: self.rows.iter().map(row).collect(),
            signs: self.signs.clone(),
            note: self.note.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(why: &str) -> Grid {
        let row = |name: &str, why: &str| Row {
            tone: Tone::Changed,
            word: "adjusted",
            cells: vec![name.into(), "-".into(), "65536 B".into(), "x".repeat(90)],
            why: Some(why.into()),
        };
        Grid {
            head: ["option", "nothing", "requested", "effective", "why"]
                .map(str::to_owned)
                .into(),
            rows: vec![row("SO_RCVBUF", why), row("SO_SNDBUF", "")],
            signs: Vec::new(),
            note: None,
        }
    }

    fn text(drawn: &Drawn) -> String {
        match drawn {
            Drawn::Head(heading, columns) => format!("{heading}  {columns}"),
            Drawn::Row(tone, cells) => format!("  {} {cells}", tone.sign()),
            Drawn::Below(why) => format!("      {why}"),
        }
    }

    #[test]
    fn a_reason_stands_below_its_row_and_nothing_is_too_wide() {
        let why = "doubled for bookkeeping, and capped by net.core.rmem_max, which is 212992 here";
        for width in [200, 100, 80, 60, 44] {
            let lines: Vec<String> = lines("options", &grid(why), width)
                .iter()
                .map(text)
                .collect();
            assert!(
                lines.iter().all(|l| chars(l) <= width),
                "{width}: {lines:#?}"
            );
            assert!(lines[2].starts_with("      doubled for"), "{lines:#?}");
            let all = lines.join(" ");
            let words: Vec<&str> = all.split_whitespace().collect();
            for word in why.split(' ') {
                assert!(
                    words.contains(&word),
                    "{word} is lost at {width}: {lines:#?}"
                );
            }
            assert!(!all.contains("nothing"), "an empty column stays: {all}");
        }
    }

    #[test]
    fn a_row_that_does_not_fit_is_told_in_words() {
        let drawn = lines("options", &grid("why"), 30);
        assert_eq!(drawn[0], Drawn::Head("options".into(), String::new()));
        assert_eq!(drawn[1], Drawn::Row(Tone::Changed, "SO_RCVBUF".into()));
        assert_eq!(drawn[2], Drawn::Below("requested 65536 B,".into()));
    }

    #[test]
    fn runs_with_long_labels_are_rows() {
        let labels = ["a".repeat(40), "b".repeat(40)];
        let row = |name: &str| Row {
            tone: Tone::Plain,
            word: "",
            cells: vec![name.into(), "1 µs".into(), "2 µs *".into()],
            why: None,
        };
        let mut head = vec![String::new()];
        head.extend(labels.clone());
        head.push(String::new());
        let grid = Grid {
            head,
            rows: vec![row("p50"), row("p99")],
            signs: Vec::new(),
            note: None,
        };
        let drawn = lines("comparison", &grid, 80);
        assert_eq!(drawn.len(), 3, "{drawn:?}");
        let second = format!("{}  2 µs *  2 µs *", labels[1]);
        assert_eq!(drawn[2], Drawn::Row(Tone::Plain, second));
        let narrow = lines("comparison", &grid, 50);
        assert_eq!(narrow[2], Drawn::Below("p50 1 µs, p99 1 µs".into()));
    }

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("abcdefgh i", 4), ["abcdefgh", "i"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("a 12 µs, b", 5), ["a", "12 µs,", "b"]);
    }
}
