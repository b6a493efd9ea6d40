//! What can go wrong, said so that it helps: the call, its subject, the errno, the cause and the way out.
//!
//! [`Failure`] is a refused system call; [`Error`] is everything that ends a command, each with its exit code.
//! The causes and ways out are found at the gate (`sys::hint`), which can ask the machine.

use std::fmt;
use std::process::ExitCode;

/// An errno(3), with its name in C and the C library's sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errno {
    /// The number.
    pub number: i32,
    /// `EADDRINUSE`
    pub name: String,
    /// `Address already in use`
    pub says: String,
}

/// A system call that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `bind`, as in the manual.
    pub call: &'static str,
    /// What it was called on, already safe to show: `127.0.0.1:80`, `SO_RCVBUF`.
    pub subject: String,
    /// The kernel's answer.
    pub errno: Errno,
    /// Why, where it is known.
    pub cause: Option<String>,
    /// What to do about it; a command where one helps.
    pub help: Vec<String>,
}

impl Failure {
    /// Whether the call belongs to opening a socket, where some refusals mean "not possible here".
    fn while_opening(&self) -> bool {
        matches!(
            self.call,
            "socket" | "setsockopt" | "bind" | "listen" | "open"
        )
    }

    /// 4 when this machine or this user cannot do it at all, 1 when it was tried and failed.
    fn exit(&self) -> u8 {
        // Whatever the errno: a kernel that makes no ring cannot run that engine.
        if matches!(self.call, "io_uring_setup" | "io_uring_register") {
            return 4;
        }
        let never = matches!(
            self.errno.name.as_str(),
            "EACCES" | "EPERM" | "EAFNOSUPPORT" | "EPROTONOSUPPORT" | "ESOCKTNOSUPPORT" | "ENOSYS"
        );
        if never && self.while_opening() { 4 } else { 1 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let says = self.errno.says.to_lowercase();
        write!(
            f,
            "{} {}: {says} ({})",
            self.call, self.subject, self.errno.name
        )?;
        if let Some(cause) = &self.cause {
            write!(f, "\ncause: {cause}")?;
        }
        for help in &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// What ends a command. `Display` is the whole message, several lines long where that helps.
#[derive(Clone, Debug)]
pub enum Error {
    /// Exit 2: a flag or an ADDRESS is wrong.
    Usage(String),
    /// Exit 3: a profile or `--set` is wrong; the text is the rendered report, carets and all.
    Profile(String),
    /// Exit 1 or 4: a call was refused.
    Refused(Box<Failure>),
    /// Exit 1: it ran, and did not work out.
    Failed {
        /// What and why.
        message: String,
        /// What to do.
        help: Vec<String>,
    },
    /// Exit 4: this machine or this build cannot do it.
    Impossible {
        /// What and why.
        message: String,
        /// What to do.
        help: Vec<String>,
    },
    /// Exit 5: what was expected was not found; one line each.
    Unmet(String),
    /// Exit 1 and nothing more to say: the report has already said it.
    Said,
    /// Exit 130: Ctrl-C.
    Interrupted,
}

impl Error {
    /// It ran and failed.
    pub fn failed(message: impl Into<String>) -> Error {
        Error::Failed {
            message: message.into(),
            help: Vec::new(),
        }
    }

    /// It cannot be done on this machine.
    pub fn impossible(message: impl Into<String>) -> Error {
        Error::Impossible {
            message: message.into(),
            help: Vec::new(),
        }
    }

    /// Adds a way out.
    #[must_use]
    pub fn with_help(mut self, more: impl Into<String>) -> Error {
        match &mut self {
            Error::Failed { help, .. } | Error::Impossible { help, .. } => help.push(more.into()),
            Error::Refused(failure) => failure.help.push(more.into()),
            Error::Usage(_)
            | Error::Profile(_)
            | Error::Unmet(_)
            | Error::Said
            | Error::Interrupted => {}
        }
        self
    }

    /// The exit code of the contract.
    pub fn exit(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Profile(_) => 3,
            Error::Refused(failure) => failure.exit(),
            Error::Failed { .. } | Error::Said => 1,
            Error::Impossible { .. } => 4,
            Error::Unmet(_) => 5,
            Error::Interrupted => 130,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(text) | Error::Profile(text) | Error::Unmet(text) => {
                f.write_str(text.trim_end())
            }
            Error::Refused(failure) => failure.fmt(f),
            Error::Failed { message, help } | Error::Impossible { message, help } => {
                f.write_str(message)?;
                help.iter().try_for_each(|h| write!(f, "\nhelp: {h}"))
            }
            Error::Said => Ok(()),
            Error::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error::Refused(Box::new(failure))
    }
}

impl From<&Error> for ExitCode {
    fn from(error: &Error) -> ExitCode {
        ExitCode::from(error.exit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(call: &'static str, name: &str) -> Failure {
        let errno = Errno {
            number: 0,
            name: name.into(),
            says: "Permission denied".into(),
        };
        Failure {
            call,
            subject: "127.0.0.1:80".into(),
            errno,
            cause: None,
            help: Vec::new(),
        }
    }

    #[test]
    fn a_failure_names_call_subject_and_errno() {
        let mut f = failure("bind", "EACCES");
        f.cause = Some("ports below 1024 need a capability".into());
        f.help.push("choose another port".into());
        assert_eq!(
            f.to_string(),
            "bind 127.0.0.1:80: permission denied (EACCES)\n\
             cause: ports below 1024 need a capability\nhelp: choose another port"
        );
    }

    #[test]
    fn exit_codes_tell_never_from_not_now() {
        assert_eq!(Error::from(failure("bind", "EACCES")).exit(), 4);
        assert_eq!(Error::from(failure("bind", "EADDRINUSE")).exit(), 1);
        assert_eq!(Error::from(failure("connect", "EACCES")).exit(), 1);
        assert_eq!(Error::from(failure("io_uring_setup", "EINVAL")).exit(), 4);
        assert_eq!(Error::from(failure("io_uring_enter", "EINVAL")).exit(), 1);
        assert_eq!(Error::Usage(String::new()).exit(), 2);
        assert_eq!(Error::Profile(String::new()).exit(), 3);
        assert_eq!(Error::Interrupted.exit(), 130);
    }
}
