//! Page-aligned memory that both the kernel and this process write to.
//!
//! The zeroes come from the kernel (calloc(3) of much memory asks for fresh pages), so pages that are not used cost
//! nothing; an aligned allocation would write every one of them.

use std::cell::UnsafeCell;

const PAGE: usize = 4096;

/// Zeroed bytes that begin at a page.
pub(super) struct Pages {
    bytes: Box<[UnsafeCell<u8>]>,
    first: usize,
    len: usize,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pages({})", self.len)
    }
}

impl Pages {
    pub(super) fn new(len: usize) -> Pages {
        let bytes = vec![0_u8; len + PAGE].into_boxed_slice();
        // SAFETY: UnsafeCell<u8> has the layout of u8 (std::cell), so the allocation is the same.
        #[allow(unsafe_code, reason = "there is no calloc of cells")]
        let bytes = unsafe { Box::from_raw(Box::into_raw(bytes) as *mut [UnsafeCell<u8>]) };
        let first = bytes.as_ptr().align_offset(PAGE);
        Pages { bytes, first, len }
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.at(0, self.len)
    }

    /// The address of `len` bytes at `offset`. Panics where there are not so many.
    pub(super) fn at(&self, offset: usize, len: usize) -> *mut u8 {
        assert!(offset + len <= self.len, "outside of the pages");
        let cells = &self.bytes[self.first + offset..];
        cells.as_ptr().cast_mut().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_begin_at_a_page_and_end_where_they_end() {
        let pages = Pages::new(10);
        assert_eq!(pages.start() as usize % PAGE, 0);
        assert_eq!(pages.at(9, 1) as usize, pages.start() as usize + 9);
        assert!(std::panic::catch_unwind(|| Pages::new(10).at(9, 2)).is_err());
    }
}
