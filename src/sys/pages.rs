//! Buffers of their own mapping: mmap(2), so that they begin with a page, and pages that are never used are never there.
//!
//! In bulk the kernel copies whole pages; a few bytes beside their start it takes half as much time again, and that is
//! where the allocator puts a large buffer.

use std::io;
use std::ptr::NonNull;

/// Zeroed bytes of their own mapping.
#[derive(Debug)]
pub struct Pages {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is this value's alone, like a boxed slice.
#[allow(unsafe_code, reason = "a pointer alone does not say who owns it")]
unsafe impl Send for Pages {}

impl Pages {
    /// Room for `len` bytes, at least one. An error is that of mmap(2).
    pub fn new(len: usize) -> io::Result<Pages> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing that is there.
        #[allow(unsafe_code, reason = "the allocator would write every page of it")]
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, access, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).expect("a mapping does not begin at 0");
        Ok(Pages { start, len })
    }

    /// Where it begins.
    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The address of `len` bytes at `offset`, for memory that the kernel writes to as well. Panics where there are not so
    /// many.
    #[inline]
    pub(super) fn at(&self, offset: usize, len: usize) -> *mut u8 {
        assert!(offset + len <= self.len, "outside of the pages");
        // SAFETY: the offset is inside of the mapping.
        #[allow(unsafe_code, reason = "an address in a mapping")]
        unsafe {
            self.start.as_ptr().add(offset)
        }
    }

    /// All of it.
    #[inline]
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is as long, zeroed when it was new, and borrowed as a whole.
        #[allow(unsafe_code, reason = "a slice of a mapping")]
        unsafe {
            std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len)
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours.
        #[allow(unsafe_code, reason = "munmap(2)")]
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), self.len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_a_page_and_is_as_long_as_asked() {
        for len in [1, 1024, 4096, 1 << 16, (1 << 20) + 1] {
            let mut pages = Pages::new(len).unwrap();
            let bytes = pages.bytes();
            assert_eq!(bytes.as_ptr() as usize % 4096, 0);
            assert_eq!(bytes.len(), len);
            bytes[len - 1] = 7;
        }
        assert!(Pages::new(usize::MAX).is_err());
    }

    #[test]
    fn an_address_outside_of_it_is_none() {
        let pages = Pages::new(10).unwrap();
        assert_eq!(pages.at(9, 1) as usize, pages.start() as usize + 9);
        let outside = || Pages::new(10).unwrap().at(9, 2);
        assert!(std::panic::catch_unwind(outside).is_err());
    }
}
