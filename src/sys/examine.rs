//! What this kernel answers about an option: its default on a fresh socket, and whether it can be set.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use super::{Linger, Sys, abi, errno};
use crate::event::Observer;
use crate::option::{Access, OptionName, Payload, Platform, Row, Value};
use crate::socket::{Family, Protocol, Triple, Type};

/// The kernel's answers about one row.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The triple that was asked.
    pub asked: Option<Triple>,
    /// The value on a fresh socket.
    pub default: Option<Value>,
    /// Whether it can be set here and now.
    pub settable: Settable,
}

/// Whether an option can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settable {
    /// The kernel took the default back.
    Yes,
    /// It was not tried: there is no value that could be set without changing anything.
    Untried(&'static str),
    /// It cannot, and why.
    No(String),
}

impl<O: Observer> Sys<'_, O> {
    /// Asks this kernel about a row, on a socket of its own.
    pub fn examine(&self, row: &'static Row) -> Answer {
        let nowhere = |why: String| Answer {
            asked: None,
            default: None,
            settable: Settable::No(why),
        };
        if let Platform::Other(platform) = row.platform {
            return nowhere(format!("not available here: {platform}"));
        }
        // A family that profiles cannot open has no socket to ask; a triple that this kernel refuses gives way to the next.
        let mut refusal = None;
        for triple in row.triples() {
            match self.socket(triple) {
                Ok(fd) => {
                    let answer = self.ask(fd.as_fd(), row, triple);
                    self.close(fd, Linger::AsSet);
                    return answer;
                }
                Err(error) => refusal = Some(format!("{triple}: {}", errno::of(&error).name)),
            }
        }
        match refusal {
            Some(refusal) => nowhere(format!("no socket to ask: {refusal}")),
            None => Answer {
                asked: None,
                default: None,
                settable: Settable::Untried("its family is none that a profile opens"),
            },
        }
    }

    /// The value of an option on this socket, if it has it and it can be read.
    pub fn read_option(
        &self,
        fd: BorrowedFd<'_>,
        row: &'static Row,
        triple: Triple,
    ) -> Option<Value> {
        if row.access == Access::WriteOnly {
            return None;
        }
        let bytes = self.getsockopt(fd, &OptionName::on(row, triple)).ok()?;
        Some(row.decode(&bytes))
    }

    /// The same of a socket that is opened for the question; nothing, if it is refused.
    pub fn kernel_says(&self, triple: Triple) -> String {
        use std::os::fd::AsFd as _;
        let Ok(fd) = self.socket(triple) else {
            return String::new();
        };
        let says = self.kernel_triple(fd.as_fd());
        self.close(fd, super::Linger::AsSet);
        says
    }

    /// What the kernel says that a socket is: `SO_DOMAIN AF_INET, SO_TYPE SOCK_STREAM, SO_PROTOCOL IPPROTO_TCP`.
    pub fn kernel_triple(&self, fd: BorrowedFd<'_>) -> String {
        let number = |name| self.getsockopt_int(fd, name).ok();
        let or_number = |word: Option<&str>, n: Option<i32>| match (word, n) {
            (Some(word), _) => word.to_owned(),
            (None, Some(n)) => n.to_string(),
            (None, None) => "unknown".to_owned(),
        };
        let (domain, ty, protocol) = (
            number("SO_DOMAIN"),
            number("SO_TYPE"),
            number("SO_PROTOCOL"),
        );
        format!(
            "SO_DOMAIN {}, SO_TYPE {}, SO_PROTOCOL {}",
            or_number(domain.and_then(abi::family_of).map(Family::c_name), domain),
            or_number(ty.and_then(abi::type_of).map(Type::c_name), ty),
            or_number(
                protocol
                    .filter(|&p| p != 0)
                    .and_then(|p| Protocol(p).c_name()),
                protocol
            ),
        )
    }

    fn ask(&self, fd: BorrowedFd<'_>, row: &'static Row, triple: Triple) -> Answer {
        let option = OptionName::on(row, triple);
        let read = match row.access {
            Access::WriteOnly => None,
            _ => Some(self.getsockopt(fd, &option)),
        };
        let default = read
            .as_ref()
            .and_then(|r| r.as_ref().ok())
            .map(|bytes| row.decode(bytes));
        let settable = match (row.access, read) {
            (Access::ReadOnly, Some(Err(e))) => Settable::No(format!(
                "read-only; on a fresh socket {}",
                errno::of(&e).name
            )),
            (Access::ReadOnly, _) => Settable::No("read-only".into()),
            (_, None) => Settable::Untried("write-only"),
            (_, Some(Err(e))) => Settable::No(reason(row, &e)),
            (_, Some(Ok(bytes))) => {
                match self.setsockopt(fd, &option, &Payload { bytes, patch: None }) {
                    Ok(()) => Settable::Yes,
                    // EINVAL and its kin say that this value cannot be set, not that none can.
                    Err(e)
                        if matches!(
                            e.raw_os_error(),
                            Some(libc::EPERM | libc::EACCES | libc::ENOPROTOOPT | libc::EOPNOTSUPP)
                        ) =>
                    {
                        Settable::No(reason(row, &e))
                    }
                    Err(_) => Settable::Untried("its default is no value that can be set"),
                }
            }
        };
        Answer {
            asked: Some(triple),
            default,
            settable,
        }
    }
}

fn reason(row: &Row, error: &io::Error) -> String {
    let errno = errno::of(error);
    match (errno.name.as_str(), row.privilege) {
        ("EPERM" | "EACCES", Some(privilege)) => format!("{}: needs {privilege}", errno.name),
        ("ENOPROTOOPT", _) => "ENOPROTOOPT: not in this kernel, or not for this socket".into(),
        _ => format!("{}: {}", errno.name, errno.says.to_lowercase()),
    }
}
