//! A table as lines of text: as wide as its content, or as the screen.
//!
//! The reason of a row is its last column where there is room for it, and a line of its own under the row where there is
//! not. Columns that say nothing are left out, in every form of the report.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use super::page::{Grid, Row};
use super::words::sentence;

/// A reason in a column narrower than this would be a tower of words.
const NARROWEST_WHY: usize = 28;

/// The table on a screen of `width` columns, without line ends.
pub(super) fn lines(grid: &Grid, width: usize) -> Vec<String> {
    let grid = grid.trimmed();
    let columns = grid.head.len() - 1;
    let widest = |i: usize| {
        let cells = grid.rows.iter().map(|r| chars(&r.cells[i]));
        cells.chain([chars(&grid.head[i])]).max().unwrap_or(0)
    };
    // A sign and the gaps between the columns.
    let taken: usize = (0..columns).map(|i| widest(i) + 2).sum::<usize>() + 4;
    let why = grid.rows.iter().filter_map(|r| r.why.as_ref());
    let longest = why.map(|w| chars(w)).max().unwrap_or(0);
    let beside = taken + longest.min(NARROWEST_WHY) <= width;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let with_why = |mut cells: Vec<String>, why: &str| {
        if beside && longest > 0 {
            cells.push(why.to_owned());
        }
        cells
    };
    let mut head = vec![String::new()];
    head.extend(grid.head[..columns].iter().cloned());
    table.set_header(with_why(head, &grid.head[columns]));
    for row in &grid.rows {
        let mut cells = vec![row.tone.sign().to_string()];
        cells.extend(row.cells.iter().cloned());
        table.add_row(with_why(cells, row.why.as_deref().unwrap_or("")));
    }
    if beside {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width.max(20)).unwrap_or(u16::MAX));
        for column in table.column_iter_mut().take(columns + 1) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if taken > width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width.max(20)).unwrap_or(u16::MAX));
    }
    let drawn = table.lines().map(|l| l.trim_end().to_owned()).collect();
    if beside {
        drawn
    } else if taken > width {
        after(drawn, &grid.rows, width)
    } else {
        under(drawn, &grid.rows, width)
    }
}

/// Puts all reasons after the table: its cells are wrapped, and a row is several lines.
fn after(mut drawn: Vec<String>, rows: &[Row], width: usize) -> Vec<String> {
    for row in rows {
        let Some(why) = row.why.as_ref().filter(|w| !w.is_empty()) else {
            continue;
        };
        let text = format!("{}: {why}", row.cells[0]);
        let lines = wrap(&text, width.saturating_sub(6));
        drawn.extend(lines.iter().map(|l| format!("      {l}")));
    }
    drawn
}

/// Puts each reason under its row.
fn under(drawn: Vec<String>, rows: &[Row], width: usize) -> Vec<String> {
    let mut out = Vec::new();
    for (i, line) in drawn.into_iter().enumerate() {
        out.push(line);
        // The first line is the head.
        let why = i.checked_sub(1).and_then(|i| rows.get(i)?.why.as_ref());
        if let Some(why) = why.filter(|w| !w.is_empty()) {
            let indent = " ".repeat(6);
            out.extend(
                wrap(why, width.saturating_sub(6))
                    .iter()
                    .map(|l| format!("{indent}{l}")),
            );
        }
    }
    out
}

/// Text in lines of at most `width` characters, broken at spaces; a longer word stands alone.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if chars(line) + 1 + chars(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

impl Grid {
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
            legend: self.legend,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::Tone;
    use super::*;

    fn grid(why: &str) -> Grid {
        let row = |name: &str, why: &str| Row {
            tone: Tone::Changed,
            word: "adjusted",
            cells: vec![name.into(), "-".into(), "65536".into()],
            why: Some(why.into()),
        };
        Grid {
            head: ["option", "nothing", "requested", "why"]
                .map(str::to_owned)
                .into(),
            rows: vec![row("SO_RCVBUF", why), row("SO_SNDBUF", "")],
            legend: None,
        }
    }

    #[test]
    fn a_reason_wraps_beside_its_row_or_stands_under_it() {
        let why = "doubled for bookkeeping, and capped by net.core.rmem_max, which is 212992 here";
        for width in [200, 100, 80, 60, 40, 30] {
            let lines = lines(&grid(why), width);
            assert!(
                lines.iter().all(|l| chars(l) <= width),
                "{width}: {lines:#?}"
            );
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
    fn words_are_kept_whole() {
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("abcdefgh i", 4), ["abcdefgh", "i"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
