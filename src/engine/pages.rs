//! The buffer that all connections of a worker share, at the start of a page.
//!
//! In bulk the kernel copies whole pages; a few bytes beside their start it takes half as much time again, and that is
//! where the allocator puts a large buffer.

const PAGE: usize = 4096;

/// A zeroed buffer that begins with a page. Pages that are never used cost nothing.
#[derive(Debug)]
pub struct Pages {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Pages {
    /// Room for `len` bytes.
    pub fn new(len: usize) -> Pages {
        let bytes = vec![0; len + PAGE];
        let start = bytes.as_ptr().align_offset(PAGE).min(PAGE);
        Pages { bytes, start, len }
    }

    /// All of it.
    #[inline]
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_a_page_and_is_as_long_as_asked() {
        for len in [1, 1024, PAGE, 1 << 16, (1 << 20) + 1] {
            let mut pages = Pages::new(len);
            assert_eq!(pages.bytes().as_ptr() as usize % PAGE, 0);
            assert_eq!(pages.bytes().len(), len);
        }
    }
}
