//! Messages to be echoed: of the right form for the framing, each different from those around it, cheap to make and to
//! recognise.
//!
//! Message `n` is a head that the framing asks for, the number in decimal digits, letters of an endless alphabet that begins
//! one letter further with each number, and what ends a frame. All but the digits is copied from what [`Messages::new`]
//! laid out, so that making one between two timed sections costs a few nanoseconds and no memory.

#[cfg(test)]
mod tests;

use crate::profile::FramingKey;
use crate::session::sockperf;

/// The number has so many digits at least, where there is room.
const DIGITS: usize = 8;
/// The first number that has more.
const EIGHT_DIGITS: u64 = 100_000_000;
/// The digits as anyone writes them.
const DECIMAL: &[u8; 10] = b"0123456789";
/// u64::MAX has so many.
const MOST_DIGITS: usize = 20;

/// Makes messages for one conversation.
#[derive(Clone, Debug)]
pub struct Messages {
    size: usize,
    /// What precedes the number.
    head: Head,
    /// Bytes of number and letters.
    payload: usize,
    /// What follows the letters.
    end: Vec<u8>,
    /// The symbols of 0 to 9: themselves, unless one is in the delimiter.
    digits: [u8; 10],
    /// The alphabet again and again: a payload, and once more.
    letters: Vec<u8>,
    /// Letters of the alphabet.
    period: u64,
}

/// What a message begins with.
#[derive(Clone, Debug)]
enum Head {
    /// The same bytes in each message; perhaps none.
    Same(Vec<u8>),
    /// The number as sockperf writes it, which takes the place of the digits.
    Sockperf,
}

/// The digits of a number.
enum Number {
    /// As nearly every number has: kept in a register.
    Eight([u8; DIGITS]),
    /// At the end of their room, from there on.
    Other([u8; MOST_DIGITS], usize),
}

impl Number {
    #[inline]
    fn width(&self) -> usize {
        match self {
            Number::Eight(_) => DIGITS,
            Number::Other(_, from) => MOST_DIGITS - from,
        }
    }

    #[inline]
    fn is(&self, digits: &[u8]) -> bool {
        match self {
            Number::Eight(eight) => digits.first_chunk() == Some(eight),
            Number::Other(room, from) => *digits == room[*from..],
        }
    }
}

/// On which way a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

impl Messages {
    /// Messages of `size` bytes, as far as the framing leaves the choice: a fixed frame has its own size, a delimiter, a
    /// prefix or a header needs room, and a prefix of one or two bytes counts no further than that.
    pub fn new(framing: &FramingKey, size: usize) -> Messages {
        let (head, end): (usize, &[u8]) = match framing {
            FramingKey::None | FramingKey::Line => (0, b"\n"),
            FramingKey::Delimiter(delimiter) => (0, delimiter),
            FramingKey::LengthPrefix(width) => (usize::from(*width), b""),
            FramingKey::Fixed(_) => (0, b""),
            FramingKey::Sockperf => (sockperf::HEADER, b""),
        };
        let wanted = size.saturating_sub(head + end.len());
        let payload = match framing {
            FramingKey::Fixed(fixed) => *fixed,
            FramingKey::LengthPrefix(width) => wanted.min(most_behind(*width)),
            _ => wanted,
        };
        let head = match framing {
            FramingKey::LengthPrefix(width) => Head::Same(prefix(*width, payload)),
            FramingKey::Sockperf => Head::Sockperf,
            _ => Head::Same(Vec::new()),
        };
        Messages::laid_out(head, payload, end)
    }

    fn laid_out(head: Head, payload: usize, end: &[u8]) -> Messages {
        let (digits, alphabet) = symbols(end);
        let cycle = alphabet.iter().copied().cycle();
        let before = match &head {
            Head::Same(bytes) => bytes.len(),
            Head::Sockperf => sockperf::HEADER,
        };
        Messages {
            size: before + payload + end.len(),
            head,
            payload,
            end: end.to_vec(),
            digits,
            letters: cycle.take(payload + alphabet.len()).collect(),
            period: alphabet.len() as u64,
        }
    }

    /// Bytes of one message on the wire.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes message number `n` into `out`, instead of what is there. Without framing it ends in a line feed, so that a
    /// server that reads lines answers too. Nothing is allocated when `out` has room for [`Messages::size`] bytes.
    #[inline]
    pub fn write(&self, n: u64, out: &mut Vec<u8>) {
        self.write_on(n, Way::There, out);
    }

    /// Writes the right answer to message number `n` into `out`: the message itself, for sockperf without its client bit.
    #[inline]
    pub fn write_answer(&self, n: u64, out: &mut Vec<u8>) {
        self.write_on(n, Way::Back, out);
    }

    /// Whether `reply` is the right answer to message number `n`, to the last byte.
    #[inline]
    pub fn is_answer(&self, n: u64, reply: &[u8]) -> bool {
        if reply.len() != self.size {
            return false;
        }
        match &self.head {
            Head::Sockperf => {
                reply.starts_with(&self.header(n, Way::Back))
                    && reply[sockperf::HEADER..] == *self.letters(n)
            }
            Head::Same(head) => {
                let number = self.number(n);
                let (front, rest) = reply.split_at(head.len());
                let (digits, rest) = rest.split_at(number.width());
                let letters = self.letters_behind(n, digits.len());
                let (body, end) = rest.split_at(letters.len());
                same(front, head)
                    && number.is(digits)
                    && same(body, letters)
                    && same(end, &self.end)
            }
        }
    }

    /// The number of a whole, right answer; none if a single byte is wrong. A payload of fewer than 20 bytes may not have
    /// room for a number's digits and then has its last ones, so that the numbers repeat: this is the smallest.
    pub fn number_of(&self, reply: &[u8]) -> Option<u64> {
        let head = match &self.head {
            Head::Same(head) => head.len(),
            Head::Sockperf => {
                let n = sockperf::sequence(reply.first_chunk()?);
                return self.is_answer(n, reply).then_some(n);
            }
        };
        let payload = reply.get(head..head + self.payload)?;
        let digit = |byte: &u8| self.value(*byte);
        let digits = payload.iter().map_while(digit).take(MOST_DIGITS);
        let (number, width) = digits.fold((Some(0_u64), 0), |(number, width), digit| {
            let more = number.and_then(|n| n.checked_mul(10)?.checked_add(digit));
            (more, width + 1)
        });
        let number = number?;
        // Zeros in front of more digits than are due: what is left of a longer number.
        let longer = 10_u64
            .checked_pow(width)
            .and_then(|n| n.checked_add(number));
        [Some(number), longer]
            .into_iter()
            .flatten()
            .find(|&n| self.is_answer(n, reply))
    }

    /// Whether `reply` is the right answer to a number before `n`, and not to `n`: one that was late, or came twice.
    pub fn is_earlier(&self, n: u64, reply: &[u8]) -> bool {
        !self.is_answer(n, reply) && self.number_of(reply).is_some_and(|earlier| earlier < n)
    }

    #[inline]
    fn write_on(&self, n: u64, way: Way, out: &mut Vec<u8>) {
        out.clear();
        out.reserve(self.size);
        match &self.head {
            Head::Same(head) => {
                let number = self.number(n);
                out.extend_from_slice(head);
                match &number {
                    Number::Eight(digits) => out.extend_from_slice(digits),
                    Number::Other(room, from) => out.extend_from_slice(&room[*from..]),
                }
                out.extend_from_slice(self.letters_behind(n, number.width()));
                out.extend_from_slice(&self.end);
            }
            Head::Sockperf => {
                out.extend_from_slice(&self.header(n, way));
                out.extend_from_slice(self.letters(n));
            }
        }
    }

    /// The number's digits: eight, more if it has more, and its last ones if there is no room.
    #[inline]
    fn number(&self, n: u64) -> Number {
        if n < EIGHT_DIGITS && self.payload >= DIGITS && self.digits == *DECIMAL {
            Number::Eight(eight_digits(n))
        } else {
            self.other_number(n)
        }
    }

    #[cold]
    fn other_number(&self, n: u64) -> Number {
        let mut room = [0; MOST_DIGITS];
        let mut from = MOST_DIGITS;
        let mut left = n;
        while left > 0 || MOST_DIGITS - from < DIGITS {
            from -= 1;
            room[from] = self.digits[(left % 10) as usize];
            left /= 10;
        }
        Number::Other(room, from.max(MOST_DIGITS.saturating_sub(self.payload)))
    }

    /// What a digit's symbol stands for.
    #[inline]
    fn value(&self, symbol: u8) -> Option<u64> {
        if self.digits == *DECIMAL {
            return symbol.is_ascii_digit().then(|| u64::from(symbol & 0x0f));
        }
        let at = self.digits.iter().position(|&digit| digit == symbol)?;
        Some(at as u64)
    }

    /// The letters of a message that begins with so many digits. A letter depends on its place, so that neighbours differ
    /// where one more digit is due, too.
    #[inline]
    fn letters_behind(&self, n: u64, digits: usize) -> &[u8] {
        let from = self.shift(n) + digits.saturating_sub(DIGITS);
        &self.letters[from..from + self.payload - digits]
    }

    #[inline]
    fn letters(&self, n: u64) -> &[u8] {
        let from = self.shift(n);
        &self.letters[from..from + self.payload]
    }

    #[inline]
    fn shift(&self, n: u64) -> usize {
        (n % self.period) as usize
    }

    #[inline]
    fn header(&self, n: u64, way: Way) -> [u8; sockperf::HEADER] {
        let flags = match way {
            Way::There => sockperf::CLIENT | sockperf::PONG,
            Way::Back => sockperf::PONG,
        };
        // 16 MiB is the longest message that a profile may ask for.
        sockperf::header(n, flags, self.size as u32)
    }
}

/// The decimal digits of a number below 100 000 000: halved three times, all parts of a register at once. Multiplying by
/// 10 486 and dropping 20 bits divides what is below 10 000 by 100; 103 and 10 bits divide what is below 100 by 10.
#[inline]
const fn eight_digits(n: u64) -> [u8; DIGITS] {
    let fours = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let ones = tens | ((twos - tens * 10) << 8);
    (ones | 0x3030_3030_3030_3030).to_le_bytes()
}

/// Whether both are the same. The memcmp(3) of glibc for AVX-512 reads even no bytes at all through a mask, which costs a
/// hundred nanoseconds where the pointer of an empty vector leads: nowhere.
#[inline]
fn same(some: &[u8], others: &[u8]) -> bool {
    some.len() == others.len() && (some.is_empty() || some == others)
}

/// The most that a length of so many bytes can count.
fn most_behind(width: u8) -> usize {
    let bits = u32::from(width) * 8;
    let most = 1_u128.checked_shl(bits).map_or(u128::MAX, |n| n - 1);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// The length before a payload, in network order.
fn prefix(width: u8, payload: usize) -> Vec<u8> {
    let number = (payload as u128).to_be_bytes();
    number[number.len() - usize::from(width).min(number.len())..].to_vec()
}

/// The symbols of the digits, and the letters: none of them is in the delimiter, and no digit is a letter, as far as the
/// delimiter leaves enough bytes for that, which every delimiter of UTF-8 does.
fn symbols(delimiter: &[u8]) -> ([u8; 10], Vec<u8>) {
    let wish = (b'0'..=b'9').chain(b'a'..=b'z');
    let others = (0..=u8::MAX).filter(|b| !b.is_ascii_digit() && !b.is_ascii_lowercase());
    let mut free: Vec<u8> = wish
        .chain(others)
        .filter(|b| !delimiter.contains(b))
        .collect();
    if free.is_empty() {
        free.push(b'0');
    }
    let digits = std::array::from_fn(|n| free[n % free.len()]);
    let letters = match free.get(10..) {
        Some([]) | None => free,
        Some(letters) => letters[..letters.len().min(26)].to_vec(),
    };
    (digits, letters)
}
