//! A plan's steps put to work: from nothing to a listening or a connected socket.
//!
//! Options are [`super::apply`]'s: each is read back right after it was set.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::apply::Readback;
use super::sockopt::Timeout;
use super::{Blocking, Linger, PathGuard, Sys, errno, hint, sysctl};
use crate::error::Error;
use crate::event::{Backlog, Observer, OptionReport};
use crate::option::OptionName;
use crate::plan::{Act, Plan};
use crate::socket::{Address, Phase, Role, SocketName, Triple, Type, UnixName};

/// SO_SNDTIMEO of zero would wait for ever.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// A socket that clients can reach.
#[derive(Debug)]
pub struct Server {
    /// The listener, or the socket that datagrams arrive at.
    pub fd: OwnedFd,
    /// Its real address.
    pub name: SocketName,
    /// What is listening.
    pub triple: Triple,
    /// Asked and effective backlog.
    pub backlog: Option<Backlog>,
    /// The path to give back.
    pub path: Option<PathGuard>,
    /// Of an inherited socket: the mode that its owner had set. The socket is theirs too, and is left as it was.
    pub inherited: Option<Blocking>,
    /// What became of each option.
    pub reports: Vec<OptionReport>,
}

/// A socket that has a peer.
#[derive(Debug)]
pub struct Client {
    /// The socket.
    pub fd: OwnedFd,
    /// Our end.
    pub local: SocketName,
    /// The other end.
    pub peer: SocketName,
    /// What became of each option.
    pub reports: Vec<OptionReport>,
    /// Time spent in connect(2).
    pub connect_time: Duration,
}

impl<O: Observer> Sys<'_, O> {
    /// Opens the server's end of a plan, up to and including listen(2).
    pub fn open_server(&self, plan: &Plan, readback: Readback) -> Result<Server, Error> {
        let names = self.resolve(&plan.address, plan.triple.family)?;
        // A server binds one socket: the first address that the name stands for.
        let name = names
            .first()
            .expect("the resolver answers with at least one address");
        self.open_server_at(plan, name, readback)
    }

    /// The same at a name that is known: that of another worker's socket.
    pub fn open_server_at(
        &self,
        plan: &Plan,
        name: &SocketName,
        readback: Readback,
    ) -> Result<Server, Error> {
        let mut opening = Opening::new(plan, readback);
        opening
            .run(self, plan, name)
            .map_err(|e| hint::explain(e, plan))?;
        let fd = opening
            .fd
            .ok_or_else(|| Error::failed("the plan opens no socket"))?;
        let name = self
            .getsockname(fd.as_fd())
            .map_err(|e| errno::failure("getsockname", plan.address.to_string(), &e))?;
        let backlog = opening.backlog.map(|asked| Backlog {
            asked,
            effective: self.backlog(fd.as_fd(), asked),
        });
        let server = Server {
            fd,
            name,
            triple: plan.triple,
            backlog,
            path: opening.path,
            inherited: opening.inherited,
            reports: opening.reports,
        };
        Ok(server)
    }

    /// Closes a server's socket; what was taken is given back.
    pub fn close_server(&self, server: Server) {
        if let Some(before) = server.inherited {
            // It worked when the socket was taken over, and there is nothing else to be done about it.
            let _ = self.set_nonblocking(server.fd.as_fd(), before);
        }
        self.close(server.fd, Linger::AsSet);
        if let Some(path) = server.path {
            self.give_back(path);
        }
    }

    /// Opens the client's end of a plan: each address of the peer's name in turn, until one answers.
    pub fn open_client(&self, plan: &Plan, readback: Readback) -> Result<Client, Error> {
        let names = self.resolve(&plan.address, plan.triple.family)?;
        let mut last = None;
        for name in &names {
            match self.open_client_at(plan, name, readback) {
                Ok(client) => return Ok(client),
                Err(error) => last = Some(error),
            }
        }
        Err(last.expect("the resolver answers with at least one address"))
    }

    /// The same at one address that is known.
    pub fn open_client_at(
        &self,
        plan: &Plan,
        name: &SocketName,
        readback: Readback,
    ) -> Result<Client, Error> {
        let mut opening = Opening::new(plan, readback);
        opening
            .run(self, plan, name)
            .map_err(|e| hint::explain(e, plan))?;
        self.connected(opening, plan, name)
    }

    fn connected(&self, opening: Opening, plan: &Plan, name: &SocketName) -> Result<Client, Error> {
        let fd = opening
            .fd
            .ok_or_else(|| Error::failed("the plan opens no socket"))?;
        let subject = || plan.address.to_string();
        let local = self
            .getsockname(fd.as_fd())
            .map_err(|e| errno::failure("getsockname", subject(), &e))?;
        let peer = match self.getpeername(fd.as_fd()) {
            // The kernel takes a port of 0 for "not connected" (inet_getname), and a raw socket has none.
            Err(e) if plan.triple.ty == Type::Raw && e.raw_os_error() == Some(libc::ENOTCONN) => {
                name.clone()
            }
            peer => peer.map_err(|e| {
                let failure = errno::failure("getpeername", subject(), &e);
                hint::explain(failure.into(), plan)
            })?,
        };
        let connect_time = opening.connect_time;
        Ok(Client {
            fd,
            local,
            peer,
            reports: opening.reports,
            connect_time,
        })
    }

    /// What listen(2) made of the backlog: TCP_INFO of a listener tells the limit in tcpi_sacked, for the rest it is
    /// the sysctl that caps it.
    fn backlog(&self, fd: BorrowedFd<'_>, asked: u32) -> Option<u32> {
        const TCPI_SACKED: std::ops::Range<usize> = 28..32;
        let row = crate::option::find("TCP_INFO")?;
        if let Ok(info) = self.getsockopt(fd, &OptionName::of(row))
            && let Some(Ok(limit)) = info.get(TCPI_SACKED).map(<[u8; 4]>::try_from)
        {
            return Some(u32::from_ne_bytes(limit));
        }
        let most = sysctl::number("net.core.somaxconn").and_then(|n| u32::try_from(n).ok())?;
        Some(asked.min(most))
    }

    /// connect(2) that waits no longer than `timeout`, by SO_SNDTIMEO; what the profile had set is put back.
    fn connect_within(&self, fd: BorrowedFd<'_>, to: &SocketName, plan: &Plan) -> io::Result<()> {
        if !plan.triple.ty.has_connections() {
            return self.connect(fd, to);
        }
        let row = crate::option::find("SO_SNDTIMEO").expect("SO_SNDTIMEO is a row of the registry");
        let option = OptionName::of(row);
        let before = self.getsockopt(fd, &option);
        let until = Instant::now() + plan.connect.timeout;
        let outcome = loop {
            let left = until.saturating_duration_since(Instant::now());
            self.set_timeout(fd, Timeout::Send, left.max(SHORTEST_WAIT))?;
            match self.connect(fd, to) {
                // signal(7): with a timeout it is not restarted, and STOP and CONT interrupt it without any handler. Called
                // again it goes on waiting, on TCP and unix alike.
                Err(e) if errno::interrupted(&e) => {}
                outcome => break outcome,
            }
        };
        if let Ok(bytes) = before {
            // Nothing is lost if this fails: the profile's timeout is then the one of the connect.
            let _ = self.setsockopt(fd, &option, &crate::option::Payload { bytes, patch: None });
        }
        outcome
    }
}

/// A socket on its way.
struct Opening {
    fd: Option<OwnedFd>,
    path: Option<PathGuard>,
    inherited: Option<Blocking>,
    backlog: Option<u32>,
    reports: Vec<OptionReport>,
    connect_time: Duration,
    readback: Readback,
}

impl Opening {
    fn new(plan: &Plan, readback: Readback) -> Opening {
        Opening {
            fd: None,
            path: None,
            inherited: None,
            backlog: None,
            reports: Vec::with_capacity(plan.steps.len()),
            connect_time: Duration::ZERO,
            readback,
        }
    }

    fn run<O: Observer>(
        &mut self,
        sys: &Sys<'_, O>,
        plan: &Plan,
        name: &SocketName,
    ) -> Result<(), Error> {
        for step in &plan.steps {
            if let Err(error) = self.step(sys, plan, &step.act, name) {
                if let Some(fd) = self.fd.take() {
                    sys.close(fd, Linger::AsSet);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn step<O: Observer>(
        &mut self,
        sys: &Sys<'_, O>,
        plan: &Plan,
        act: &Act,
        name: &SocketName,
    ) -> Result<(), Error> {
        match act {
            Act::Socket(triple) => {
                self.fd = Some(
                    sys.socket(*triple)
                        .map_err(|e| errno::failure("socket", triple.to_string(), &e))?,
                );
                return Ok(());
            }
            Act::Adopt(inherited) => {
                let (fd, before) = sys.adopt(inherited, plan.triple, plan.role)?;
                self.fd = Some(fd);
                self.inherited = Some(before);
                return Ok(());
            }
            _ => {}
        }
        let Some(fd) = self.fd.as_ref().map(AsFd::as_fd) else {
            return Err(Error::failed("the plan uses a socket before it opens one"));
        };
        match act {
            // Accepted sockets have their own turn: `set_accepted`.
            Act::Set(set) if plan.role == Role::Serve && set.phase == Phase::PostAccept => {}
            Act::Set(set) => self
                .reports
                .extend(sys.apply(fd, set, plan.triple, self.readback)?),
            Act::Bind(Address::Unix(UnixName::Path(path))) => {
                self.path = Some(sys.bind_path(fd, path, plan.triple, &plan.serve)?);
            }
            Act::Bind(address) => {
                let own = match plan.role {
                    Role::Serve => name.clone(),
                    Role::Connect => sys.resolve(address, plan.triple.family)?.swap_remove(0),
                };
                sys.bind(fd, &own)
                    .map_err(|e| errno::failure("bind", own.ready(plan.triple.ty), &e))?;
            }
            Act::Listen(backlog) => {
                sys.listen(fd, *backlog)
                    .map_err(|e| errno::failure("listen", plan.address.to_string(), &e))?;
                self.backlog = Some(*backlog);
            }
            Act::Connect(_) => {
                let before = Instant::now();
                sys.connect_within(fd, name, plan)
                    .map_err(|e| errno::failure("connect", name.ready(plan.triple.ty), &e))?;
                self.connect_time = before.elapsed();
            }
            Act::Accept | Act::Socket(_) | Act::Adopt(_) => {}
        }
        Ok(())
    }
}
