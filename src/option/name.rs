//! Level and number of an option with the words for them: what setsockopt(2) takes, known to the registry or not.

use super::Row;

/// An option to set or to read: a registry row, or a profile's raw option that is in no table.
#[derive(Clone, Debug)]
pub struct OptionName {
    /// The second argument of setsockopt(2).
    pub level: i32,
    /// How to show it: `SOL_SOCKET`, or the number.
    pub level_name: String,
    /// The third argument.
    pub number: i32,
    /// How to show it: `SO_REUSEADDR`, or the number.
    pub name: String,
    /// What the registry knows.
    pub row: Option<&'static Row>,
}

impl OptionName {
    /// The option of a row.
    pub fn of(row: &'static Row) -> OptionName {
        OptionName {
            level: row.level.number,
            level_name: row.level.name.to_owned(),
            number: row.number,
            name: row.name.to_owned(),
            row: Some(row),
        }
    }
}
