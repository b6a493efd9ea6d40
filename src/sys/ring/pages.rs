//! Memory that both the kernel and this process write to: mmap(2), so that it begins at a page, and pages that are never
//! used are never there.

use std::io;
use std::ptr::NonNull;

/// Zeroed bytes of their own mapping.
#[derive(Debug)]
pub(super) struct Pages {
    start: NonNull<u8>,
    len: usize,
}

impl Pages {
    pub(super) fn new(len: usize) -> io::Result<Pages> {
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

    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The address of `len` bytes at `offset`. Panics where there are not so many.
    #[inline]
    pub(super) fn at(&self, offset: usize, len: usize) -> *mut u8 {
        assert!(offset + len <= self.len, "outside of the pages");
        // SAFETY: the offset is inside of the mapping.
        #[allow(unsafe_code, reason = "an address in a mapping")]
        unsafe {
            self.start.as_ptr().add(offset)
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever has its address has let go of it (Ring's drop).
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
    fn pages_begin_at_a_page_and_end_where_they_end() {
        let pages = Pages::new(10).unwrap();
        assert_eq!(pages.start() as usize % 4096, 0);
        assert_eq!(pages.at(9, 1) as usize, pages.start() as usize + 9);
        let outside = || Pages::new(10).unwrap().at(9, 2);
        assert!(std::panic::catch_unwind(outside).is_err());
        assert!(Pages::new(usize::MAX).is_err());
    }
}
