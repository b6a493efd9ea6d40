//! Why a kernel makes no ring, and what would help.

use std::io;

use crate::error::Error;
use crate::sys::{errno, sysctl};

/// The error for a user: the call, the errno, the cause as far as it can be found out, and the way out.
pub fn explain(call: &'static str, error: &io::Error) -> Error {
    let mut failure = errno::failure(call, "engine \"uring\"", error);
    let disabled = sysctl::number("kernel.io_uring_disabled");
    let (cause, help) = reason(&failure.errno.name, disabled);
    failure.cause = cause;
    failure.help.extend(help);
    failure
        .help
        .push("engine = \"epoll\" serves many peers at a time on every kernel".to_owned());
    failure.into()
}

/// Cause and way out, by the errno and by what kernel.io_uring_disabled says.
fn reason(errno: &str, disabled: Option<i64>) -> (Option<String>, Option<String>) {
    let (cause, help) = match (errno, disabled) {
        ("EPERM", Some(2)) => (
            "io_uring is switched off for everybody (kernel.io_uring_disabled = 2)".to_owned(),
            "switch it on: sudo sysctl kernel.io_uring_disabled=0",
        ),
        ("EPERM", Some(1)) => (
            "io_uring is only for CAP_SYS_ADMIN and one group (kernel.io_uring_disabled = 1)"
                .to_owned(),
            "join the group of kernel.io_uring_group, or: sudo sysctl kernel.io_uring_disabled=0",
        ),
        ("EPERM" | "EACCES", _) => (
            "kernel.io_uring_disabled allows it, so a filter forbids it: seccomp(2) of a container, or a security module"
                .to_owned(),
            "run it outside of the container, or with a seccomp profile that allows io_uring_setup, io_uring_enter and io_uring_register",
        ),
        ("ENOSYS", Some(_)) => (
            "the kernel has io_uring, so a filter hides it: seccomp(2) of a container".to_owned(),
            "run it outside of the container, or with a seccomp profile that allows io_uring_setup, io_uring_enter and io_uring_register",
        ),
        ("ENOSYS", None) => (
            "this kernel was built without io_uring, or a container hides it".to_owned(),
            "CONFIG_IO_URING=y is needed, from Linux 6.1",
        ),
        ("EINVAL", _) => (
            "the kernel is too old: IORING_SETUP_SINGLE_ISSUER needs Linux 6.0, IORING_SETUP_DEFER_TASKRUN 6.1"
                .to_owned(),
            "`uname -r` shows the version",
        ),
        ("ENOMEM", _) => (
            "there is no memory for the rings: the limit of a control group, or RLIMIT_MEMLOCK before Linux 5.12"
                .to_owned(),
            "fewer entries and buffers need less: --set serve.ring.entries=32 --set serve.ring.buffers=8",
        ),
        ("EMFILE", _) => (
            "this process has as many descriptors as RLIMIT_NOFILE allows".to_owned(),
            "ulimit -n shows and raises the limit",
        ),
        _ => return (None, None),
    };
    (Some(cause), Some(help.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sysctl_tells_a_switch_from_a_filter() {
        let cause = |errno, disabled| reason(errno, disabled).0.unwrap();
        assert!(cause("EPERM", Some(2)).contains("= 2"));
        assert!(cause("EPERM", Some(1)).contains("one group"));
        assert!(cause("EPERM", Some(0)).contains("seccomp"));
        assert!(cause("ENOSYS", Some(0)).contains("hides"));
        assert!(cause("ENOSYS", None).contains("without io_uring"));
        assert!(cause("EINVAL", Some(0)).contains("6.1"));
        assert_eq!(reason("EIO", Some(0)), (None, None));
    }

    #[test]
    fn a_refusal_is_not_possible_here() {
        let error = explain(
            "io_uring_setup",
            &io::Error::from_raw_os_error(libc::ENOMEM),
        );
        assert_eq!(error.exit(), 4);
        assert!(error.to_string().contains("help: engine = \"epoll\""));
    }
}
