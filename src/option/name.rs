//! Level and number of an option with the words for them: what setsockopt(2) takes, known to the registry or not.

use super::{Row, Value};
use crate::socket::Triple;

/// An option to set or to read: a registry row, or a profile's raw option that is in no table.
#[derive(Clone, Debug)]
pub struct OptionName {
    /// The second argument of setsockopt(2).
    pub level: i32,
    /// How the manual writes it: `SOL_SOCKET`, `IPPROTO_TCP`, or the number.
    pub level_name: String,
    /// How strace prints it: `SOL_SOCKET`, `SOL_TCP`, or the number.
    pub level_in_trace: String,
    /// The third argument.
    pub number: i32,
    /// How to show it: `SO_REUSEADDR`, or the number.
    pub name: String,
    /// What the registry knows.
    pub row: Option<&'static Row>,
}

/// What is offered to getsockopt(2) for an option that is in no table: more than any of the known ones answers.
const UNKNOWN_LEN: usize = 512;

impl OptionName {
    /// The option of a row, at its own level.
    pub fn of(row: &'static Row) -> OptionName {
        OptionName::at(row, row.level)
    }

    /// The option of a row on such a socket: a few have another level there.
    pub fn on(row: &'static Row, triple: Triple) -> OptionName {
        OptionName::at(row, row.level_on(triple))
    }

    fn at(row: &'static Row, level: super::Level) -> OptionName {
        OptionName {
            level: level.number,
            level_name: level.name.to_owned(),
            level_in_trace: level.strace.to_owned(),
            number: row.number,
            name: row.name.to_owned(),
            row: Some(row),
        }
    }

    /// What to offer getsockopt(2).
    pub fn buffer(&self) -> Vec<u8> {
        self.row.map_or_else(|| vec![0; UNKNOWN_LEN], Row::buffer)
    }

    /// How many bytes of the buffer are filled, from the length that getsockopt(2) returned.
    pub fn answered(&self, optlen: usize) -> usize {
        self.row.map_or(optlen, |row| row.answered(optlen))
    }

    /// The bytes as a value; an int where nothing better is known.
    pub fn decode(&self, bytes: &[u8]) -> Value {
        match (self.row, <[u8; 4]>::try_from(bytes)) {
            (Some(row), _) => row.decode(bytes),
            (None, Ok(int)) => Value::Int(i32::from_ne_bytes(int).into()),
            (None, Err(_)) => Value::Bytes(bytes.to_vec()),
        }
    }

    /// The bytes as strace shows them: a struct as long as TCP_INFO's only with its first fields.
    pub fn in_trace(&self, bytes: &[u8]) -> String {
        const MOST: usize = 120;
        let whole = match self.row {
            Some(row) => super::describe_args(row, bytes),
            None => self.decode(bytes).to_string(),
        };
        match whole.char_indices().nth(MOST) {
            Some((cut, _)) if whole.starts_with(['{', '[']) => {
                let fields = whole[..cut].rfind(", ").unwrap_or(cut);
                let close = if whole.starts_with('{') { '}' } else { ']' };
                format!("{}, ...{close}", &whole[..fields])
            }
            _ => whole,
        }
    }
}
