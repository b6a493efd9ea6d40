//! What steps have saved, and texts in which it stands: `$addr`, `$addr.port`, `$got.data`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::lab::file::wanted::time;

/// Saved values by name; what has parts is saved whole and in parts (`addr`, `addr.port`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Values(BTreeMap<String, Vec<u8>>);

impl Values {
    /// Saves one value.
    pub(super) fn put(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Saves the result of a step and its parts.
    pub(super) fn save(&mut self, name: &str, outcome: &Outcome) {
        self.put(name, outcome.told());
        let mut part = |part: &str, value: Vec<u8>| self.put(&format!("{name}.{part}"), value);
        part("elapsed", time(outcome.elapsed_ns).into());
        part("result", outcome.result.to_string().into());
        if let Some(data) = &outcome.data {
            part("data", data.clone());
        }
        if let Some(from) = &outcome.from {
            part("from", from.clone().into());
        }
        if let Some(flags) = &outcome.msg_flags {
            part("msg_flags", flags.clone().into());
        }
        for (key, value) in outcome.parts() {
            part(&key, value.into());
        }
    }

    /// The text with every `$name` replaced.
    ///
    /// # Errors
    /// The first name under which nothing is saved.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let bytes = self.fill_bytes(text)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The same in bytes: what was received need not be UTF-8.
    pub(super) fn fill_bytes(&self, text: &str) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            rest = &rest[at + 1..];
            let name = word(rest);
            // `5 $` and `$5` are money.
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                out.push(b'$');
                continue;
            }
            // `$addr.port` is a part, `$addr.` the end of a sentence.
            let part = rest[name.len()..].strip_prefix('.').map_or("", word);
            let with_part = &rest[..name.len() + part.len() + usize::from(!part.is_empty())];
            let known = [with_part, name]
                .into_iter()
                .find_map(|n| Some((n, self.0.get(n)?)));
            let (known, value) = known.ok_or_else(|| format!("nothing was saved as `{name}`"))?;
            out.extend_from_slice(value);
            rest = &rest[known.len()..];
        }
        out.extend_from_slice(rest.as_bytes());
        Ok(out)
    }
}

/// The letters, digits and _ at the beginning.
fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_parts_are_replaced() {
        let mut values = Values::default();
        values.put("addr", "127.0.0.1:80");
        values.put("addr.port", "80");
        values.put("n", "3");
        let fill = |text: &str| values.fill(text).unwrap();
        assert_eq!(fill("to $addr."), "to 127.0.0.1:80.");
        assert_eq!(fill("$addr.port-$addr.port"), "80-80");
        assert_eq!(fill("$n of $n"), "3 of 3");
        assert_eq!(fill("$n"), "3");
        assert_eq!(fill("$addr.nothing"), "127.0.0.1:80.nothing");
        assert_eq!(fill("5 $ and $n."), "5 $ and 3.");
        assert!(values.fill("$m").unwrap_err().contains("`m`"));
    }
}
