//! Where a socket is, as a profile or an ADDRESS asks for it: names not yet resolved.
//!
//! [`super::given`] reads an ADDRESS of the command line, [`super::name`] is what the kernel reports.

use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use super::Family;
use crate::escape;

/// What a user asks for. A host may still be a name, with a scope (`fe80::1%eth0`); `""` is every interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// ip(7), ipv6(7).
    Inet {
        /// Name, number, or "" for every interface.
        host: String,
        /// 0: the kernel picks.
        port: u16,
    },
    /// unix(7).
    Unix(UnixName),
    /// A descriptor that somebody else opened.
    Fd(Inherited),
}

/// The three kinds of unix(7) address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnixName {
    /// A path in the file system.
    Path(PathBuf),
    /// Linux's abstract namespace: bytes without a file, written `@name`.
    Abstract(Vec<u8>),
    /// A socket that was never bound.
    Unnamed,
}

/// A descriptor that is inherited, not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inherited {
    /// The number, as in Python's `socket(fileno=3)`.
    Number(i32),
    /// The first (or the named) descriptor of sd_listen_fds(3).
    Systemd(Option<String>),
}

/// Why an ADDRESS cannot be read, and what one looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAddress(pub String);

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadAddress {}

/// The longest path or abstract name: sun_path has 108 bytes, one of which ends a path or starts a name.
pub const SUN_PATH_MAX: usize = 107;

impl UnixName {
    /// Reads a path, or `@name` for the abstract namespace. A leading `./` keeps an `@` that belongs to a path.
    pub fn parse(text: &str) -> Result<UnixName, BadAddress> {
        let (length, what) = match text.strip_prefix('@') {
            Some(name) => (name.len(), "abstract name"),
            None => (text.len(), "unix path"),
        };
        if length > SUN_PATH_MAX {
            return Err(BadAddress(format!(
                "a {what} holds at most {SUN_PATH_MAX} bytes (sun_path), this one has {length}"
            )));
        }
        if length == 0 {
            return Err(BadAddress(format!("the {what} is empty")));
        }
        match text.strip_prefix('@') {
            Some(name) => Ok(UnixName::Abstract(name.as_bytes().to_vec())),
            None if text.contains('\0') => {
                Err(BadAddress("a unix path cannot hold a NUL byte".into()))
            }
            None => Ok(UnixName::Path(PathBuf::from(text))),
        }
    }

    /// From sun_path as the kernel fills it: empty, a leading NUL for the abstract namespace, or a path.
    pub fn from_sun_path(bytes: &[u8]) -> UnixName {
        match bytes {
            [] => UnixName::Unnamed,
            [0, name @ ..] => UnixName::Abstract(name.to_vec()),
            path => {
                let end = path.iter().position(|&b| b == 0).unwrap_or(path.len());
                UnixName::Path(PathBuf::from(std::ffi::OsString::from_vec(
                    path[..end].to_vec(),
                )))
            }
        }
    }

    /// The file, where there is one.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            UnixName::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl Inherited {
    /// Reads `3`, `systemd` or `systemd:NAME`.
    pub fn parse(text: &str) -> Result<Inherited, BadAddress> {
        match text.split_once(':') {
            _ if text == "systemd" => Ok(Inherited::Systemd(None)),
            Some(("systemd", name)) if !name.is_empty() => {
                Ok(Inherited::Systemd(Some(name.to_owned())))
            }
            _ => match text.parse() {
                Ok(number) if number >= 0 => Ok(Inherited::Number(number)),
                _ => Err(BadAddress(format!(
                    "`{}` is no descriptor; write a number from 0, \"systemd\" or \"systemd:NAME\"",
                    escape::text(text)
                ))),
            },
        }
    }
}

impl fmt::Display for Inherited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inherited::Number(n) => write!(f, "{n}"),
            Inherited::Systemd(None) => f.write_str("systemd"),
            Inherited::Systemd(Some(name)) => write!(f, "systemd:{}", escape::text(name)),
        }
    }
}

impl fmt::Display for UnixName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnixName::Path(path) => f.write_str(&escape::bytes(path.as_os_str().as_bytes())),
            UnixName::Abstract(name) => write!(f, "@{}", escape::bytes(name)),
            UnixName::Unnamed => f.write_str("(unnamed)"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet { host, port } if host.contains(':') => {
                write!(f, "[{}]:{port}", escape::text(host))
            }
            Address::Inet { host, port } if host.is_empty() => write!(f, "*:{port}"),
            Address::Inet { host, port } => write!(f, "{}:{port}", escape::text(host)),
            Address::Unix(name) => write!(f, "{name}"),
            Address::Fd(fd) => write!(f, "fd:{fd}"),
        }
    }
}

/// The family of a numeric host, with or without a scope; `None` for a name or "".
pub fn literal_family(host: &str) -> Option<Family> {
    let number = host.split('%').next().unwrap_or(host);
    match number.parse() {
        Ok(std::net::IpAddr::V4(_)) => Some(Family::Ipv4),
        Ok(std::net::IpAddr::V6(_)) => Some(Family::Ipv6),
        Err(_) => None,
    }
}
