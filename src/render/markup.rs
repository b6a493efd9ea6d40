//! What all pages have in common: their colours and type, how a template becomes a page, and text made safe for SVG.

use minijinja::value::Value;
use minijinja::{Environment, context};

const STYLE: &str = include_str!("page.css");

/// A page from its template, which finds the common style as `page_style` and escapes everything else.
pub(super) fn page(template: &str, values: Value) -> String {
    let style = Value::from_safe_string(STYLE.to_owned());
    Environment::new()
        // The name's end turns escaping on.
        .render_named_str(
            "page.html",
            template,
            context! { page_style => style, ..values },
        )
        .expect("the template is ours and uses what it is given: a test renders it")
}

/// Text for an element or an attribute.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_an_attribute_or_a_template() {
        assert_eq!(quoted("<a b=\"'&\">"), "&lt;a b=&quot;&#39;&amp;&quot;&gt;");
        let page = page("{{ page_style }}|{{ x }}", context! { x => "<b>" });
        assert!(
            page.starts_with(STYLE) && page.ends_with("|&lt;b&gt;"),
            "{page}"
        );
    }
}
