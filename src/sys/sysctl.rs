//! What the machine is set to: /proc/sys, read and never written.

use std::path::PathBuf;

/// The number behind `net.core.somaxconn`, if /proc has it and it is one number.
pub fn number(name: &str) -> Option<i64> {
    let path: PathBuf = std::iter::once("/proc/sys")
        .chain(name.split('.'))
        .collect();
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_sysctl_is_read_by_its_dotted_name() {
        assert!(super::number("net.core.somaxconn").is_some_and(|n| n > 0));
        assert_eq!(super::number("net.core.nonsense"), None);
    }
}
