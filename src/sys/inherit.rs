//! Inherited descriptors: taken over only after the kernel has said what they are.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use super::{Blocking, Sys, abi, errno};
use crate::error::Error;
use crate::event::{Arg, Observer};
use crate::socket::{Inherited, Protocol, Role, Triple};

impl<O: Observer> Sys<'_, O> {
    /// Takes over a descriptor for `role`, if it is a socket of that triple in the right state; tells which mode its
    /// owner had set. That mode, as all of the socket, is shared with the owner: a server never waits in accept(2) or
    /// recvmsg(2) of it, because only shutdown(2) could wake it there, and gives the mode back in the end.
    pub(super) fn adopt(
        &self,
        inherited: &Inherited,
        expected: Triple,
        role: Role,
    ) -> Result<(OwnedFd, Blocking), Error> {
        let number = find_inherited(inherited)?;
        // SAFETY: the number is only used for calls that fail with EBADF when it is not open.
        #[allow(
            unsafe_code,
            reason = "a number given by the user is looked at before it is owned"
        )]
        let looked_at = unsafe { BorrowedFd::borrow_raw(number) };
        self.is_inherited(looked_at, inherited)
            .and_then(|()| self.set_cloexec(looked_at))
            .map_err(|e| not_open(number, &e))?;
        let domain = self
            .getsockopt_int(looked_at, "SO_DOMAIN")
            .map_err(|e| not_a_socket(number, &e))?;
        self.held_against(looked_at, number, domain, expected, role)?;
        // SAFETY: it is open, it is a socket, and the user gave it to this process to use.
        #[allow(
            unsafe_code,
            reason = "this is where an inherited descriptor becomes ours"
        )]
        let owned = unsafe { OwnedFd::from_raw_fd(number) };
        let refused = |e| errno::failure("fcntl", format!("fd {number}"), &e);
        let before = self.blocking(owned.as_fd()).map_err(refused)?;
        let mode = match role {
            Role::Serve => Blocking::No,
            Role::Connect => Blocking::Yes,
        };
        self.set_nonblocking(owned.as_fd(), mode).map_err(refused)?;
        Ok((owned, before))
    }

    fn held_against(
        &self,
        fd: BorrowedFd<'_>,
        number: RawFd,
        domain: i32,
        expected: Triple,
        role: Role,
    ) -> Result<(), Error> {
        let read = |name| {
            self.getsockopt_int(fd, name)
                .map_err(|e| Error::from(errno::failure("getsockopt", name, &e)))
        };
        let (ty, protocol) = (read("SO_TYPE")?, read("SO_PROTOCOL")?);
        let is = |family: &str, ty: &str, protocol: i32| {
            let protocol = Protocol(protocol);
            if protocol.0 == 0 {
                format!("{family} {ty}")
            } else {
                format!("{family} {ty} {protocol}")
            }
        };
        let family_word = abi::family_of(domain)
            .map_or_else(|| format!("family {domain}"), |f| f.name().to_owned());
        let type_word =
            abi::type_of(ty).map_or_else(|| format!("type {ty}"), |t| t.name().to_owned());
        let found = is(&family_word, &type_word, protocol);
        let wanted_protocol = expected.effective_protocol().0;
        let wanted = is(expected.family.name(), expected.ty.name(), wanted_protocol);
        let same = abi::family_of(domain) == Some(expected.family)
            && abi::type_of(ty) == Some(expected.ty)
            && protocol == wanted_protocol;
        if !same {
            return Err(Error::failed(format!(
                "fd {number} is a {found} socket, but the profile describes a {wanted} one"
            ))
            .with_help(
                "set socket.family, socket.type and socket.protocol to what the descriptor is",
            ));
        }
        if role == Role::Serve && expected.ty.has_connections() && read("SO_ACCEPTCONN")? == 0 {
            return Err(Error::failed(format!(
                "fd {number} is a {found} socket, but it is not listening (SO_ACCEPTCONN = 0), and serve needs a listener"
            ))
            .with_help("let its owner call listen(2), or use `sockplay connect` if it is a connection"));
        }
        Ok(())
    }

    /// What came through execve(2) does not have FD_CLOEXEC, or it would not have come; what we opened ourselves in the
    /// meantime has it, and a number that nobody passed on may be just the next one that we opened.
    fn is_inherited(&self, fd: BorrowedFd<'_>, inherited: &Inherited) -> io::Result<()> {
        use nix::fcntl::{FcntlArg, FdFlag, fcntl};
        use std::os::fd::AsRawFd as _;
        if matches!(inherited, Inherited::Systemd(_)) {
            return Ok(()); // sd_listen_fds(3) has looked, and has set FD_CLOEXEC
        }
        let run = || Ok(FdFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFD)?));
        let args = |_: &_| vec![Arg::Fd(fd.as_raw_fd()), Arg::symbol("F_GETFD")];
        let flags = self.observed("fcntl", run, args, |flags| flags.bits().into())?;
        if flags.contains(FdFlag::FD_CLOEXEC) {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        Ok(())
    }

    /// fcntl(2) F_GETFL
    fn blocking(&self, fd: BorrowedFd<'_>) -> io::Result<Blocking> {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        use std::os::fd::AsRawFd as _;
        let run = || Ok(OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?));
        let args = |_: &_| vec![Arg::Fd(fd.as_raw_fd()), Arg::symbol("F_GETFL")];
        let flags = self.observed("fcntl", run, args, |flags| flags.bits().into())?;
        Ok(if flags.contains(OFlag::O_NONBLOCK) {
            Blocking::No
        } else {
            Blocking::Yes
        })
    }

    fn set_cloexec(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        use std::os::fd::AsRawFd as _;
        let run = || {
            nix::fcntl::fcntl(
                fd,
                nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC),
            )?;
            Ok(())
        };
        let args = |_: &_| {
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol("F_SETFD"),
                Arg::symbol("FD_CLOEXEC"),
            ]
        };
        self.observed("fcntl", run, args, |()| 0)
    }
}

/// The number, from the profile or from sd_listen_fds(3).
fn find_inherited(inherited: &Inherited) -> Result<RawFd, Error> {
    let name = match inherited {
        Inherited::Number(number) => return Ok(*number),
        Inherited::Systemd(name) => name,
    };
    let given: Vec<(RawFd, String)> = sd_notify::listen_fds_with_names(false)
        .map(Iterator::collect)
        .map_err(|e| {
            no_fds(&format!(
                "LISTEN_FDS cannot be read: {}",
                crate::escape::text(&e.to_string())
            ))
        })?;
    if given.is_empty() {
        return Err(no_fds(
            "LISTEN_FDS and LISTEN_PID do not give this process a descriptor",
        ));
    }
    let Some(name) = name else {
        return Ok(given[0].0);
    };
    if let Some((number, _)) = given.iter().find(|(_, given)| given == name) {
        return Ok(*number);
    }
    let names: Vec<_> = given.iter().map(|(_, n)| crate::escape::text(n)).collect();
    Err(Error::failed(format!(
        "no inherited descriptor is called \"{}\"; there are: {}",
        crate::escape::text(name),
        names.join(", ")
    )))
}

fn no_fds(why: &str) -> Error {
    Error::failed(format!("no descriptor was inherited from systemd: {why}")).with_help(
        "try it with: systemd-socket-activate -l 127.0.0.1:35555 sockplay serve -c systemd",
    )
}

fn not_open(number: RawFd, error: &io::Error) -> Error {
    let mut failure = errno::failure("fcntl", format!("fd {number}"), error);
    failure.cause = Some("this process has no such descriptor".into());
    failure.help.push(format!(
        "open it in the shell: sockplay serve ... {number}<>..., or let a parent pass it on"
    ));
    failure.into()
}

fn not_a_socket(number: RawFd, error: &io::Error) -> Error {
    let mut failure = errno::failure("getsockopt", format!("fd {number}"), error);
    if failure.errno.name == "ENOTSOCK" {
        failure.cause = Some("the descriptor is open, but it is no socket".into());
    }
    failure.into()
}
