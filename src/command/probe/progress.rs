//! The bar on a terminal. It moves between blocks; a load in one piece has a clock instead, on machines with a core to
//! spare. On few cores nothing is drawn while something is timed, and no thread of ours takes a core from who is measured.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Client and server have one each: with a third, a clock may tick beside them.
const CORES_TO_SPARE: usize = 3;
/// Between two ticks of it.
const TICK: Duration = Duration::from_millis(250);

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
    /// A bar that moves with every block; for a load in one piece, `what` is being done and for how long by now.
    pub(super) fn new(blocks: u64, what: &str, shown: Shown) -> Progress {
        if shown == Shown::No || !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let template = match blocks {
            1 => "  measuring {msg}, {elapsed} so far; Ctrl-C ends it",
            _ => "  measuring {msg} {wide_bar} {percent:>3} %  {elapsed}, {eta} to go",
        };
        let style =
            ProgressStyle::with_template(template).expect("the template has only known keys");
        let bar = ProgressBar::with_draw_target(Some(blocks), ProgressDrawTarget::stderr());
        let bar = bar.with_style(style).with_message(what.to_owned());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if blocks == 1 && cores >= CORES_TO_SPARE {
            bar.enable_steady_tick(TICK);
        } else {
            bar.tick();
        }
        Progress(bar)
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
