//! What the machine is set to: /proc/sys. Read everywhere; written only in a network namespace of our own.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The number behind `net.core.somaxconn`, if /proc has it and it is one number.
pub fn number(name: &str) -> Option<i64> {
    text(name)?.trim().parse().ok()
}

/// The numbers behind `net.ipv4.tcp_rmem`: least, first, greatest. None where /proc does not have it.
pub fn numbers(name: &str) -> Vec<i64> {
    let text = text(name).unwrap_or_default();
    text.split_whitespace()
        .map_while(|n| n.parse().ok())
        .collect()
}

/// What is behind `net.ipv4.tcp_congestion_control`, as /proc has it, with the end of line.
pub fn text(name: &str) -> Option<String> {
    fs::read_to_string(path(name)?).ok()
}

/// Writes a setting below `net.`, for the network namespace that we are in: it is up to the caller that nobody else is
/// ([`super::namespace`]). EINVAL for any other name, and for a value that the kernel refuses; ENOENT where it is none
/// of this kernel's, or not a namespace's own; EACCES without CAP_NET_ADMIN there.
pub fn set_sysctl(name: &str, value: &str) -> io::Result<()> {
    let path = path(name).filter(|_| name.starts_with("net."));
    let path = path.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    // One call: /proc takes each as a whole value.
    file.write_all(value.as_bytes())
}

/// The file of a dotted name. A slash would lead elsewhere.
fn path(name: &str) -> Option<PathBuf> {
    let parts = std::iter::once("/proc/sys").chain(name.split('.'));
    (!name.contains('/')).then(|| parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sysctl_is_read_by_its_dotted_name() {
        assert!(number("net.core.somaxconn").is_some_and(|n| n > 0));
        assert_eq!(number("net.core.nonsense"), None);
        let range = numbers("net.ipv4.tcp_rmem");
        assert!(range.len() == 3 && range.is_sorted(), "{range:?}");
    }

    #[test]
    fn no_name_leads_out_of_what_may_be_written() {
        for name in [
            "/etc/hostname",
            "net./etc/hostname",
            "net.../x",
            "kernel.panic",
            "net",
            "",
        ] {
            let refused = set_sysctl(name, "1").unwrap_err();
            assert_eq!(refused.raw_os_error(), Some(libc::EINVAL), "{name}");
        }
        assert_eq!(text("/etc/hostname"), None);
        let none = set_sysctl("net.core.nonsense", "1").unwrap_err();
        assert!(matches!(
            none.raw_os_error(),
            Some(libc::ENOENT | libc::EROFS)
        ));
    }
}
