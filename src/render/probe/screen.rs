//! What a report is drawn on: how wide it is, what it can show, and what was asked for.

/// What the report is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// What the terminal can show.
    pub glyphs: Glyphs,
    /// Whether the histogram is drawn.
    pub bars: Bars,
    /// Whether headings and verdicts are coloured.
    pub colours: Colours,
}

impl Default for Screen {
    /// 100 columns, for a pipe.
    fn default() -> Screen {
        Screen {
            width: 100,
            glyphs: Glyphs::Unicode,
            bars: Bars::Hidden,
            colours: Colours::Plain,
        }
    }
}

/// The characters that a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// All of them.
    Unicode,
    /// The oldest 95.
    Ascii,
}

impl Glyphs {
    /// What a locale promises: the first of LC_ALL, LC_CTYPE and LANG that is not empty, locale(7). Without any, UTF-8 is
    /// a better guess than the "C" of the standard: such shells run in containers, behind terminals of today.
    pub fn of_locale(locale: Option<&str>) -> Glyphs {
        let Some(locale) = locale.filter(|l| !l.is_empty()) else {
            return Glyphs::Unicode;
        };
        let charset = locale.to_ascii_lowercase().replace('-', "");
        if charset.contains("utf8") {
            Glyphs::Unicode
        } else {
            Glyphs::Ascii
        }
    }
}

/// `--histogram`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bars {
    /// Without.
    Hidden,
    /// With it.
    Shown,
}

/// Escape sequences for colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// None.
    Plain,
    /// Those of every terminal.
    Ansi,
}
