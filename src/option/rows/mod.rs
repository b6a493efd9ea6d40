//! The tables, one file per level.

use super::Row;

mod socket;

/// All tables, the usual levels first.
pub(super) const TABLES: &[&[Row]] = &[socket::ROWS];
