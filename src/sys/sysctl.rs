//! What the machine is set to: /proc/sys, read and never written.

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

fn text(name: &str) -> Option<String> {
    let path: PathBuf = std::iter::once("/proc/sys")
        .chain(name.split('.'))
        .collect();
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_sysctl_is_read_by_its_dotted_name() {
        assert!(super::number("net.core.somaxconn").is_some_and(|n| n > 0));
        assert_eq!(super::number("net.core.nonsense"), None);
        let range = super::numbers("net.ipv4.tcp_rmem");
        assert!(range.len() == 3 && range.is_sorted(), "{range:?}");
    }
}
