//! RFC 864, the Character Generator protocol: an endless pattern, whatever was said.
//!
//! The pattern repeats after 95 lines, so the whole cycle is one constant and a connection only remembers how far it
//! is. On a stream [`crate::session`] sends it without being asked; a datagram is answered with its beginning.

use super::Answer;

/// Printable ASCII, space to tilde: the ring the lines are cut from.
const RING: usize = 95;
/// The first of them.
const FIRST: u8 = b' ';
/// Characters in a line, without its end.
const WIDTH: usize = 72;

/// Bytes in a line, CR and LF included.
pub const LINE: usize = WIDTH + 2;
/// Lines until the pattern repeats.
pub const LINES: usize = RING;

/// One whole cycle: line N holds the characters N to N + 71 of the ring, and ends in CR LF.
pub static PATTERN: [u8; LINE * LINES] = cycle();

/// The pattern is the answer, to be cut to the length of the request.
#[inline]
pub fn answer(_message: &mut [u8]) -> Answer {
    Answer::Text(&PATTERN)
}

const fn cycle() -> [u8; LINE * LINES] {
    let mut text = [0; LINE * LINES];
    let mut line = 0;
    while line < LINES {
        let start = line * LINE;
        let mut column = 0;
        while column < WIDTH {
            text[start + column] = FIRST + ((line + column) % RING) as u8;
            column += 1;
        }
        text[start + WIDTH] = b'\r';
        text[start + WIDTH + 1] = b'\n';
        line += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first lines as RFC 864 prints them, and the first line that wraps around.
    const RFC_864: [(usize, &str); 4] = [
        (
            0,
            " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg",
        ),
        (
            1,
            "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh",
        ),
        (
            23,
            "789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~",
        ),
        (
            24,
            "89:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ ",
        ),
    ];

    #[test]
    fn the_lines_are_those_of_the_rfc() {
        let text = std::str::from_utf8(&PATTERN).expect("ASCII");
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 95);
        assert!(lines.iter().all(|l| l.len() == 72));
        for (number, line) in RFC_864 {
            assert_eq!(lines[number], line);
        }
    }

    #[test]
    fn the_cycle_closes() {
        assert_eq!(PATTERN.len(), 7030);
        for line in 0..LINES {
            let next = (line + 1) % LINES * LINE;
            let this = line * LINE;
            assert_eq!(
                PATTERN[this + 1..this + WIDTH],
                PATTERN[next..next + WIDTH - 1]
            );
        }
    }
}
