//! The shipped set: `configs/*.toml`, embedded, so that `--config tcp4` works with no file on disk.

/// A profile in the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// What `--config` takes.
    pub name: &'static str,
    /// The file as it stands in `configs/`.
    pub text: &'static str,
}

/// What is used when no profile is named: the article's server.
pub(super) const DEFAULT: &str = "tcp4";

macro_rules! builtins {
    ($($name:literal),+ $(,)?) => {
        &[$(Builtin {
            name: $name,
            text: include_str!(concat!("../../configs/", $name, ".toml")),
        }),+]
    };
}

/// Every built-in profile, in the order of the documentation: the article's servers, then one per family and type, then
/// what to experiment with.
pub fn builtins() -> &'static [Builtin] {
    builtins![
        "tcp4",
        "tcp4-accept-only",
        "tcp4-receive-only",
        "tcp4-loop",
        "tcp6",
        "tcp-dual",
        "udp4",
        "udp4-batch",
        "udp6",
        "udplite",
        "mptcp",
        "unix-stream",
        "unix-datagram",
        "unix-seqpacket",
        "unix-abstract",
        "raw4",
        "raw6",
        "icmp-ping",
        "systemd",
        "tcp4-threads",
        "tcp4-poll",
        "tcp4-epoll",
        "tcp4-epoll-edge",
        "tcp4-async",
        "tcp4-uring",
        "tcp4-nagle",
        "tcp4-nodelay",
        "tcp4-small-buffers",
        "tcp4-linger-reset",
        "tcp4-tiny-backlog",
        "tcp4-line",
        "tcp4-length-prefix",
        "tcp4-sockperf",
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_directory() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/configs");
        let mut files: Vec<String> = std::fs::read_dir(directory)
            .expect("configs/ is there")
            .map(|entry| entry.expect("readable").file_name().into_string().unwrap())
            .filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()))
            .collect();
        files.sort_unstable();
        let mut names: Vec<&str> = builtins().iter().map(|b| b.name).collect();
        names.sort_unstable();
        assert_eq!(names, files);
    }

    #[test]
    fn each_says_what_it_is_and_what_to_try() {
        for builtin in builtins() {
            let profile = super::super::parse(builtin.name, builtin.text, &[])
                .unwrap_or_else(|e| panic!("{e}"));
            assert!(
                profile.title.is_some() && profile.summary.is_some(),
                "{}",
                builtin.name
            );
            assert!(builtin.text.contains("# try:"), "{}", builtin.name);
        }
    }
}
