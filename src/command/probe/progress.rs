//! The bar on a terminal. It moves between blocks only: while a block is timed nothing is drawn, and no thread of ours
//! takes a core from those who are measured.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far the measuring is.
pub(super) struct Progress(ProgressBar);

/// Whether anything is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// On a terminal.
    Yes,
    /// Never.
    No,
}

impl Progress {
    pub(super) fn new(blocks: u64, shown: Shown) -> Progress {
        if shown == Shown::No || !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template(
            "  measuring {wide_bar} {percent:>3} %  {elapsed}, {eta} to go",
        )
        .expect("the template has only known keys");
        let bar = ProgressBar::with_draw_target(Some(blocks), ProgressDrawTarget::stderr());
        Progress(bar.with_style(style))
    }

    /// One block more.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }

    /// Nothing of it stays on the screen.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
