//! Where and when a report is made: the last line of every page that is exported.
//!
//! It stands apart because `probe` and `lab` both say it; [`Environment`] turns it into words.

use crate::escape;
use crate::render::probe::Environment;

/// This machine, now.
pub(super) fn environment() -> Environment {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Environment {
        kernel: escape::text(release.trim()),
        when: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}
