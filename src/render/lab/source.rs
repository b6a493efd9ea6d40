//! A step of an experiment as it stands in the file, cut into pieces that a page can set apart: who, what, the rest.
//!
//! This reads just enough of TOML to find the ends of strings; the file was read by [`crate::lab::file`] before, and
//! whatever is unclear here is shown as it is.

use serde::Serialize;

use crate::escape;

/// What a piece of a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// The first key.
    Actor,
    /// The first value.
    Verb,
    /// Any other value.
    Value,
    /// Keys, signs, and the space between.
    Rest,
}

/// A few characters of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Piece {
    /// How it is shown.
    pub kind: Kind,
    /// Escaped for control characters.
    pub text: String,
}

/// The pieces of an inline table, in order, in groups between which is a space where a line may end: each key with its
/// value. Runs of space are one space.
pub(super) fn pieces(step: &str) -> Vec<Vec<Piece>> {
    let mut groups: Vec<Vec<Piece>> = vec![Vec::new()];
    let (mut keys, mut values, mut depth) = (0, 0, 0_usize);
    let mut rest = step;
    while !rest.is_empty() {
        let (token, after) = rest.split_at(end(rest));
        let is_word = !token.starts_with(is_sign);
        let kind = match (is_word, after.trim_start().starts_with('=')) {
            (false, _) => Kind::Rest,
            (true, true) => {
                keys += 1;
                if keys == 1 { Kind::Actor } else { Kind::Rest }
            }
            (true, false) => {
                values += 1;
                if values == 1 { Kind::Verb } else { Kind::Value }
            }
        };
        let between = groups.len() > 1 && token.trim().is_empty();
        if let Some(group) = groups.last_mut().filter(|g| !(between && g.is_empty())) {
            push(group, kind, token);
        }
        match token {
            "{" | "[" => depth += 1,
            "}" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 1 => groups.push(Vec::new()),
            _ => (),
        }
        rest = after;
    }
    groups
}

fn push(all: &mut Vec<Piece>, kind: Kind, token: &str) {
    let text = if token.trim().is_empty() {
        " ".to_owned()
    } else {
        escape::lines(token)
    };
    match all.last_mut() {
        Some(last) if last.kind == kind => last.text += &text,
        _ => all.push(Piece { kind, text }),
    }
}

fn is_sign(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | '}' | '[' | ']' | ',' | '=')
}

/// Where the first token ends: a string, a run of space, one sign, or a bare word.
fn end(text: &str) -> usize {
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(inside) = text.strip_prefix(quote) {
            return quote.len() + closed(inside, quote);
        }
    }
    let space = text
        .find(|c: char| !c.is_whitespace())
        .unwrap_or(text.len());
    if space > 0 {
        return space;
    }
    match text.find(is_sign) {
        Some(0) => 1,
        Some(at) => at,
        None => text.len(),
    }
}

/// Where a string ends, its quotes included.
fn closed(inside: &str, quote: &str) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote.starts_with('"') {
            escaped = true;
        } else if inside[at..].starts_with(quote) {
            return at + quote.len();
        }
    }
    inside.len()
}

/// What a note says.
pub(super) fn note(step: &str) -> String {
    let table: Option<toml::Table> = toml::from_str(&format!("step = {step}")).ok();
    let said = table.as_ref().and_then(|t| t["step"].get("note")?.as_str());
    said.unwrap_or(step).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(step: &str) -> Vec<(Kind, String)> {
        let all = pieces(step).into_iter().flatten();
        all.map(|p| (p.kind, p.text)).collect()
    }

    #[test]
    fn who_and_what_are_set_apart() {
        let all = cut("{ server = \"bind\",   fd = \"a\", pass = [\"b\", 'c'], n = 5 }");
        let told: Vec<(Kind, &str)> = all.iter().map(|(k, t)| (*k, t.as_str())).collect();
        assert_eq!(
            told,
            [
                (Kind::Rest, "{ "),
                (Kind::Actor, "server"),
                (Kind::Rest, " = "),
                (Kind::Verb, "\"bind\""),
                (Kind::Rest, ","),
                (Kind::Rest, "fd = "),
                (Kind::Value, "\"a\""),
                (Kind::Rest, ","),
                (Kind::Rest, "pass = ["),
                (Kind::Value, "\"b\""),
                (Kind::Rest, ", "),
                (Kind::Value, "'c'"),
                (Kind::Rest, "],"),
                (Kind::Rest, "n = "),
                (Kind::Value, "5"),
                (Kind::Rest, " }"),
            ]
        );
    }

    #[test]
    fn signs_and_spaces_in_strings_are_text() {
        for text in [
            r#""a = \"b\",  { c""#,
            "'a = \\'",
            "\"\"\"a \"b\" = \n c\"\"\"",
        ] {
            let all = cut(&format!("{{ a = \"send\", data = {text} }}"));
            assert!(all.contains(&(Kind::Value, text.to_owned())), "{all:?}");
        }
    }

    #[test]
    fn nothing_is_lost_whatever_it_is() {
        for text in [
            "",
            "\"",
            "'''",
            "{",
            "\"\\",
            "= = ,",
            "ä=ö",
            "\u{202e}x",
            "{a=1}",
        ] {
            let whole: String = cut(text).into_iter().map(|(_, text)| text).collect();
            assert_eq!(whole, escape::lines(text));
        }
    }

    #[test]
    fn a_note_is_read_as_toml() {
        assert_eq!(
            note(r#"{ note = "say \"hi\" \u00e4" }"#),
            "say \"hi\" \u{e4}"
        );
        assert_eq!(note("{ note = "), "{ note = ");
        assert_eq!(note("{ other = 1 }"), "{ other = 1 }");
    }
}
