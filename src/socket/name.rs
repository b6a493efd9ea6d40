//! Names that the kernel gives: getsockname(2), getpeername(2), accept(2), recvmsg(2).

use std::ffi::OsStr;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Family, Type, UnixName};

/// A name that the kernel gave: getsockname(2), getpeername(2), accept(2), recvmsg(2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SocketName {
    /// Port 0 where the socket is raw.
    Inet(SocketAddr),
    /// Path, abstract name or none.
    Unix(UnixName),
}

impl SocketName {
    /// A name for a socket that was never bound.
    pub const UNNAMED: SocketName = SocketName::Unix(UnixName::Unnamed);

    /// A unix path, from the operating system's own string.
    pub fn from_path(path: &OsStr) -> SocketName {
        SocketName::Unix(UnixName::Path(PathBuf::from(path)))
    }

    /// The family this name belongs to.
    pub const fn family(&self) -> Family {
        match self {
            SocketName::Inet(SocketAddr::V4(_)) => Family::Ipv4,
            SocketName::Inet(SocketAddr::V6(_)) => Family::Ipv6,
            SocketName::Unix(_) => Family::Unix,
        }
    }

    /// The port, where addresses of this family have one.
    pub fn port(&self) -> Option<u16> {
        match self {
            SocketName::Inet(address) => Some(address.port()),
            SocketName::Unix(_) => None,
        }
    }

    /// As Python's socket module prints it: `('127.0.0.1', 45534)`, four fields for IPv6, a string for unix.
    pub fn python(&self) -> String {
        match self {
            SocketName::Inet(SocketAddr::V4(a)) => format!("('{}', {})", a.ip(), a.port()),
            SocketName::Inet(SocketAddr::V6(a)) => {
                format!(
                    "('{}', {}, {}, {})",
                    a.ip(),
                    a.port(),
                    a.flowinfo(),
                    a.scope_id()
                )
            }
            SocketName::Unix(UnixName::Unnamed) => "''".into(),
            SocketName::Unix(name) => format!("'{name}'"),
        }
    }

    /// As the ready line shows it: no port for raw sockets.
    pub fn ready(&self, ty: Type) -> String {
        match (self, ty) {
            (SocketName::Inet(a), Type::Raw) => a.ip().to_string(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketName::Inet(address) => write!(f, "{address}"),
            SocketName::Unix(name) => write!(f, "{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_names_read_as_python_prints_them() {
        let v4 = SocketName::Inet("127.0.0.1:45534".parse().unwrap());
        assert_eq!(v4.python(), "('127.0.0.1', 45534)");
        let v6 = SocketName::Inet("[::1]:1".parse().unwrap());
        assert_eq!(v6.python(), "('::1', 1, 0, 0)");
        assert_eq!(v6.to_string(), "[::1]:1");
        assert_eq!(v4.ready(Type::Raw), "127.0.0.1");
        assert_eq!(
            UnixName::from_sun_path(b"\0ab"),
            UnixName::Abstract(b"ab".to_vec())
        );
        assert_eq!(
            UnixName::from_sun_path(b"/a\0\0"),
            UnixName::Path("/a".into())
        );
    }
}
