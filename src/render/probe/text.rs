//! A report on a terminal: one screen that explains itself.
//!
//! Of several runs it shows the comparison and what is out of the ordinary in each; all of a run is in the other forms.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::bars::histogram;
use super::page::{Detail, Fact, Grid, Line, Page, Part, Rank, Says, Section, Tone};
use super::screen::{Bars, Colours, Glyphs, Screen};
use super::spark;
use super::table::{self, Drawn};
use crate::measure::Report;
use crate::measure::times::Times;

/// The report as text.
pub fn text(report: &Report, screen: Screen) -> String {
    let page = Page::of(report, Detail::Brief);
    let mut drawing = Drawing {
        out: String::new(),
        screen,
    };
    let title = table::wrap(&page.title, screen.width.max(20)).join("\n");
    let title = drawing.styled(Style::new().bold(), &title);
    let _ = writeln!(drawing.out, "{title}");
    for (i, section) in page.sections.iter().enumerate() {
        // Of a single run the title is the heading of the first section.
        let untitled = i == 0 && matches!(section.parts.first(), Some(Part::Facts(_)));
        drawing.section(section, if untitled { "" } else { &section.heading });
    }
    if screen.bars == Bars::Shown && report.runs.len() > 1 {
        let all = report
            .runs
            .iter()
            .filter_map(|r| Some((r, r.echo.as_ref()?)));
        for (run, echo) in all.filter(|(_, echo)| echo.received > 0) {
            drawing.heading(&crate::escape::text(&run.label));
            drawing.histogram(&echo.rtt);
        }
    }
    match screen.glyphs {
        Glyphs::Unicode => drawing.out,
        Glyphs::Ascii => ascii(&drawing.out),
    }
}

/// The characters that this module and its sentences use; names from outside stay as they are.
fn ascii(text: &str) -> String {
    text.replace('\u{202f}', " ")
        .replace('µ', "u")
        .replace('…', "..")
        .replace('×', "x")
        .replace('±', "+-")
        .replace('█', "#")
}

struct Drawing {
    out: String,
    screen: Screen,
}

/// Before what a fact says: two blanks, its name, a blank.
const LABEL: usize = 14;

impl Drawing {
    /// An empty heading is none.
    fn section(&mut self, section: &Section<'_>, heading: &str) {
        debug_assert_eq!(section.rank, Rank::Top, "a brief page is flat");
        // A table has the heading in its own first line.
        match section.parts.first() {
            Some(Part::Table(_)) => self.out.push('\n'),
            _ if heading.is_empty() => {}
            _ => self.heading(heading),
        }
        for part in &section.parts {
            match part {
                Part::Facts(facts) => facts.iter().for_each(|f| self.fact(f)),
                Part::Table(grid) => self.table(heading, grid),
                Part::Lines(lines) => lines.iter().for_each(|l| self.line(l)),
                Part::Histogram(times) if self.screen.bars == Bars::Shown => self.histogram(times),
                // The percentiles and ratios of these charts stand in words above.
                Part::Histogram(_) | Part::Percentiles(_) | Part::Forest(..) | Part::Toml(_) => {}
            }
        }
    }

    fn heading(&mut self, heading: &str) {
        let heading = self.styled(Style::new().bold(), heading);
        let _ = writeln!(self.out, "\n{heading}");
    }

    fn fact(&mut self, fact: &Fact<'_>) {
        let name = format!("  {:<11} ", fact.name);
        let rest = " ".repeat(LABEL);
        match &fact.says {
            Says::Text(says) => self.wrapped(says, &name, &rest),
            Says::Lines(lines) => {
                for (i, says) in lines.iter().enumerate() {
                    let before = if i == 0 { &name } else { &rest };
                    self.wrapped(says, before, &rest);
                }
            }
            Says::Course(slices) => {
                let Some(course) = spark::line(slices, self.screen.glyphs) else {
                    return;
                };
                let says = course.says();
                // Its spaces are slices without an echo: it must not be wrapped.
                let _ = write!(self.out, "{name}{}", course.bars);
                let taken = LABEL + course.bars.chars().count() + 2;
                if taken + says.chars().count() <= self.screen.width {
                    let _ = writeln!(self.out, "  {says}");
                } else {
                    self.out.push('\n');
                    self.wrapped(&says, &rest, &rest);
                }
            }
        }
    }

    fn line(&mut self, line: &Line) {
        let sign = self.sign(line.tone);
        self.wrapped(&line.says, &format!("  {sign} "), "    ");
    }

    /// `first` before the first line, `rest` before the others: they have the same width.
    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        let width = self.screen.width.saturating_sub(rest.len()).max(20);
        for (i, line) in table::wrap(text, width).iter().enumerate() {
            let before = if i == 0 { first } else { rest };
            let _ = writeln!(self.out, "{}", format!("{before}{line}").trim_end());
        }
    }

    fn table(&mut self, heading: &str, grid: &Grid) {
        for line in table::lines(heading, grid, self.screen.width) {
            let line = match line {
                Drawn::Head(heading, columns) => {
                    let heading = self.styled(Style::new().bold(), heading.trim_end())
                        + &" ".repeat(heading.chars().count() - heading.trim_end().chars().count());
                    match columns.as_str() {
                        "" => heading.trim_end().to_owned(),
                        columns => format!("{heading}  {}", self.dimmed(columns)),
                    }
                }
                Drawn::Row(tone, cells) => format!("  {} {cells}", self.sign(tone)),
                Drawn::Below(text) => format!("      {}", self.dimmed(&text)),
            };
            let _ = writeln!(self.out, "{line}");
        }
        let signs = grid
            .signs
            .iter()
            .map(|(tone, says)| format!("{} {says}", tone.sign()));
        let signs = signs.collect::<Vec<_>>().join(", ");
        for text in [Some(&signs), grid.note.as_ref()].into_iter().flatten() {
            let width = self.screen.width.saturating_sub(2).max(20);
            let lines = table::wrap(text, width);
            for line in lines.iter().filter(|line| !line.is_empty()) {
                let line = self.dimmed(line);
                let _ = writeln!(self.out, "  {line}");
            }
        }
    }

    fn histogram(&mut self, times: &Times) {
        let _ = write!(self.out, "\n{}", histogram(times, self.screen.width));
    }

    fn sign(&self, tone: Tone) -> String {
        let colour = match tone {
            Tone::Plain | Tone::Quiet => return tone.sign().to_string(),
            Tone::Good => AnsiColor::Green,
            Tone::Changed => AnsiColor::Yellow,
            Tone::Bad => AnsiColor::Red,
        };
        self.styled(colour.on_default(), &tone.sign().to_string())
    }

    fn dimmed(&self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    fn styled(&self, style: Style, text: &str) -> String {
        match self.screen.colours {
            Colours::Plain => text.to_owned(),
            Colours::Ansi => format!("{style}{text}{style:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn one_run_is_one_screen() {
        let text = text(&sample::single(), Screen::default());
        assert!(text.lines().count() <= 40, "{text}");
        for part in [
            "tcp4: ipv4 stream",
            "server      127.0.0.1:35555, engine epoll",
            "backlog     4096 asked, 128 kept (net.core.somaxconn); 129 clients were let in",
            "connect took 45.1 µs",
            "SO_RCVBUF",
            "doubled for bookkeeping",
            "16384 B, after the load 2626560 B, autotuned up to 4194304",
            "state       ESTABLISHED on the client",
            "(cubic), window scale 7 out",
            "999 of 1000 messages of 64 bytes came back, 1 lost",
            "p99.9",
            "means of 32 equal parts: ",
            "131072 B",
            "= as requested, ~ adjusted by the kernel, x refused",
            "messages/s",
        ] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
    }

    #[test]
    fn it_fits_the_screen() {
        for (report, widths) in [
            (sample::single(), [50, 80, 100, 160]),
            (sample::compared(), [50, 80, 100, 160]),
            (sample::distant(), [50, 80, 100, 160]),
        ] {
            for width in widths {
                let screen = Screen {
                    width,
                    bars: Bars::Shown,
                    ..Screen::default()
                };
                let text = text(&report, screen);
                for line in text.lines() {
                    assert!(line.chars().count() <= width, "{width}: {line}\n{text}");
                    assert_eq!(line, line.trim_end(), "it ends in spaces");
                }
            }
        }
    }

    #[test]
    fn several_runs_show_what_differs() {
        let text = text(&sample::compared(), Screen::default());
        for part in [
            "options.TCP_NODELAY",
            "tcp4-nagle p50 is 1\u{202f}076 times longer",
            "because each reply waits",
            "99 % interval 1\u{202f}040",
            "24 pairs of blocks of 500 messages",
            "43.0 ms *",
            "* differs from the first run; how sure",
            "x echo.rtt_ns.p99 < 2ms",
        ] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
        assert!(
            !text.contains("IP_TTL"),
            "what is the same is not told:\n{text}"
        );
    }

    #[test]
    fn bars_count_everything() {
        let screen = Screen {
            bars: Bars::Shown,
            ..Screen::default()
        };
        let report = sample::single();
        let text = text(&report, screen);
        let rows = text
            .lines()
            .filter(|l| l.contains(" … ") && l.contains('%'));
        let counts = rows.map(|l| {
            let after = l.split('…').nth(1).unwrap();
            let words: Vec<&str> = after.split_whitespace().collect();
            let end = words.iter().position(|w| *w == "%").unwrap() - 1;
            words[2..end].concat().parse::<u64>().unwrap()
        });
        let counts: Vec<u64> = counts.collect();
        assert!((5..=20).contains(&counts.len()), "{text}");
        assert_eq!(counts.iter().sum::<u64>(), 999, "{text}");
    }

    #[test]
    fn an_old_terminal_gets_what_it_can_show() {
        let screen = Screen {
            glyphs: Glyphs::Ascii,
            bars: Bars::Shown,
            ..Screen::default()
        };
        for report in [sample::single(), sample::compared(), sample::distant()] {
            let text = text(&report, screen);
            assert!(text.is_ascii(), "{text}");
        }
        for (locale, glyphs) in [
            (None, Glyphs::Unicode),
            (Some(""), Glyphs::Unicode),
            (Some("de_DE.UTF-8"), Glyphs::Unicode),
            (Some("C.utf8"), Glyphs::Unicode),
            (Some("C"), Glyphs::Ascii),
            (Some("de_DE@euro"), Glyphs::Ascii),
        ] {
            assert_eq!(Glyphs::of_locale(locale), glyphs, "{locale:?}");
        }
    }

    #[test]
    fn colours_are_only_around_words() {
        let screen = Screen {
            colours: Colours::Ansi,
            ..Screen::default()
        };
        let coloured = text(&sample::single(), screen);
        assert!(coloured.contains("\x1b[33m~\x1b[0m"), "{coloured}");
        let plain = text(&sample::single(), Screen::default());
        assert!(!plain.contains('\x1b'));
    }

    #[test]
    fn a_hostile_name_moves_no_cursor() {
        let text = text(&sample::hostile(), Screen::default());
        let moves = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(moves), "{text:?}");
    }
}
