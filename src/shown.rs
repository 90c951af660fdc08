//! What others wrote, on a terminal: names, tags and answers may hold characters that a terminal
//! obeys.

use std::fmt::{self, Write};

/// Displays a thing on one line, with every character escaped that moves, colours or reorders text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Says a line to whoever asked for something.
#[expect(clippy::print_stdout, reason = "standard output is for what a person asked for")]
pub(crate) fn tell(line: &str) {
    println!("{line}");
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, obeyed)) = rest.char_indices().find(|(_, c)| is_obeyed(*c)) {
            write!(self.0, "{}{}", &rest[..at], obeyed.escape_default())?;
            rest = &rest[at + obeyed.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// Control characters, ends of lines and paragraphs, and what turns the direction of writing.
fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_all_else_is_as_it_was() {
        for (text, shown) in [
            ("Björk – Jóga 上.flac", "Björk – Jóga 上.flac"),
            ("a\nsegue: b", "a\\nsegue: b"),
            ("\u{1b}[31mred\u{7f}\u{9b}2J", "\\u{1b}[31mred\\u{7f}\\u{9b}2J"),
            ("gpj.\u{202e}", "gpj.\\u{202e}"),
        ] {
            assert_eq!(Shown(text).to_string(), shown);
        }
    }
}
