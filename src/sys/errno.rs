//! errno(3): names, sentences, and the classes that decide what a loop does next.

use std::io;

use nix::errno::Errno as Nix;

use crate::error::{Errno, Failure};

/// The errno of an error. Errors that no system call made are shown with their own sentence and number 0.
pub fn of(error: &io::Error) -> Errno {
    match error.raw_os_error() {
        Some(number) => {
            let name = match Nix::from_raw(number) {
                Nix::UnknownErrno => format!("errno {number}"),
                known => format!("{known:?}"),
            };
            // Rust adds the number to strerror(3)'s sentence.
            let text = io::Error::from_raw_os_error(number).to_string();
            let says = text.split(" (os error").next().unwrap_or(&text).to_owned();
            Errno { number, name, says }
        }
        None => Errno {
            number: 0,
            name: format!("{:?}", error.kind()),
            says: error.to_string(),
        },
    }
}

/// A refused call, without cause or help yet.
pub fn failure(call: &'static str, subject: impl Into<String>, error: &io::Error) -> Failure {
    Failure {
        call,
        subject: subject.into(),
        errno: of(error),
        cause: None,
        help: Vec::new(),
    }
}

/// Whether the call would have had to wait.
#[inline]
pub fn would_block(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EAGAIN)
}

/// Whether a signal interrupted the call.
#[inline]
pub fn interrupted(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINTR)
}

/// What an error of accept(2) means for the loop that called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptTrouble {
    /// None: a signal, or a wait that SO_RCVTIMEO of the listener has ended. Ask again.
    Nobody,
    /// Nobody is there (any more): go on with the next.
    Next,
    /// This process or system is at a limit: wait a little.
    BackOff,
    /// The listener itself is unusable.
    Fatal,
}

/// Sorts an error of accept(2). accept(2) "already pending network errors on the new socket" are the peer's, not ours;
/// EMFILE comes even from an empty queue.
pub fn accept_trouble(error: &io::Error) -> AcceptTrouble {
    match error.raw_os_error().unwrap_or(0) {
        libc::EAGAIN | libc::EINTR => AcceptTrouble::Nobody,
        libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM => AcceptTrouble::BackOff,
        libc::EBADF | libc::EINVAL | libc::ENOTSOCK => AcceptTrouble::Fatal,
        _ => AcceptTrouble::Next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_c_names() {
        let e = of(&io::Error::from_raw_os_error(libc::EADDRINUSE));
        assert_eq!(
            (e.name.as_str(), e.says.as_str()),
            ("EADDRINUSE", "Address already in use")
        );
        assert_eq!(
            of(&io::Error::from_raw_os_error(libc::EAGAIN)).name,
            "EAGAIN"
        );
        assert_eq!(of(&io::Error::from_raw_os_error(4093)).name, "errno 4093");
    }

    #[test]
    fn accept_errors_fall_into_four_classes() {
        let class = |n| accept_trouble(&io::Error::from_raw_os_error(n));
        assert_eq!(class(libc::EAGAIN), AcceptTrouble::Nobody);
        assert_eq!(class(libc::EINTR), AcceptTrouble::Nobody);
        assert_eq!(class(libc::ECONNABORTED), AcceptTrouble::Next);
        assert_eq!(class(libc::EMFILE), AcceptTrouble::BackOff);
        assert_eq!(class(libc::EBADF), AcceptTrouble::Fatal);
    }
}
