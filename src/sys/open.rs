//! A plan's steps put to work: from nothing to a listening or a connected socket.
//!
//! Every option is read back right after it was set, and the observer hears what became of it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::sockopt::Timeout;
use super::{Linger, PathGuard, Sys, errno, hint, sysctl};
use crate::error::Error;
use crate::event::{Backlog, Event, Observer, OptionReport};
use crate::option::{Access, OptionName, Ruling, Verdict, judge};
use crate::plan::steps::Wish;
use crate::plan::{Act, Need, Plan, SetOption};
use crate::socket::{Address, Phase, Role, SocketName, Triple, UnixName};

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

/// Whether the value before is read as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readback {
    /// Only the value after.
    After,
    /// Both.
    BeforeAndAfter,
}

impl<O: Observer> Sys<'_, O> {
    /// Opens the server's end of a plan, up to and including listen(2).
    pub fn open_server(&self, plan: &Plan, readback: Readback) -> Result<Server, Error> {
        let names = self.resolve(&plan.address, plan.triple.family)?;
        // A server binds one socket: the first address that the name stands for.
        let name = names
            .first()
            .expect("the resolver answers with at least one address");
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
            reports: opening.reports,
        };
        Ok(server)
    }

    /// Opens the client's end of a plan: each address of the peer's name in turn, until one answers.
    pub fn open_client(&self, plan: &Plan, readback: Readback) -> Result<Client, Error> {
        let names = self.resolve(&plan.address, plan.triple.family)?;
        let mut last = None;
        for name in &names {
            let mut opening = Opening::new(plan, readback);
            match opening.run(self, plan, name) {
                Ok(()) => return self.connected(opening, plan),
                Err(error) => last = Some(hint::explain(error, plan)),
            }
        }
        Err(last.expect("the resolver answers with at least one address"))
    }

    fn connected(&self, opening: Opening, plan: &Plan) -> Result<Client, Error> {
        let fd = opening
            .fd
            .ok_or_else(|| Error::failed("the plan opens no socket"))?;
        let subject = || plan.address.to_string();
        let local = self
            .getsockname(fd.as_fd())
            .map_err(|e| errno::failure("getsockname", subject(), &e))?;
        let peer = self.getpeername(fd.as_fd()).map_err(|e| {
            hint::explain(
                Error::from(errno::failure("getpeername", subject(), &e)),
                plan,
            )
        })?;
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
        if let Ok(info) = self.getsockopt(fd, &OptionName::of(row), TCPI_SACKED.end)
            && let Some(Ok(limit)) = info.get(TCPI_SACKED).map(<[u8; 4]>::try_from)
        {
            return Some(u32::from_ne_bytes(limit));
        }
        let most = sysctl::number("net.core.somaxconn").and_then(|n| u32::try_from(n).ok())?;
        Some(asked.min(most))
    }

    /// Sets the options of an accepted socket.
    pub fn set_accepted(
        &self,
        fd: BorrowedFd<'_>,
        plan: &Plan,
    ) -> Result<Vec<OptionReport>, Error> {
        plan.options_at(Phase::PostAccept)
            .filter_map(|set| {
                self.apply(fd, set, Readback::After)
                    .map_err(|e| hint::explain(e, plan))
                    .transpose()
            })
            .collect()
    }

    /// Sets one option and reads it back. `None`: a guard's own option, of which nothing needs to be said.
    fn apply(
        &self,
        fd: BorrowedFd<'_>,
        set: &SetOption,
        readback: Readback,
    ) -> Result<Option<OptionReport>, Error> {
        let row = set.option.row;
        let readable =
            row.is_none_or(|r| r.access != Access::WriteOnly) && set.wish == Wish::Profile;
        let room = row.map_or_else(
            || set.payload.bytes.len().max(4),
            crate::option::Row::buffer_len,
        );
        let read = || self.getsockopt(fd, &set.option, room).ok();
        let default = (readable && readback == Readback::BeforeAndAfter)
            .then(read)
            .flatten();
        let outcome = self.setsockopt(fd, &set.option, &set.payload);
        let effective = readable.then(read).flatten();
        let ruling = match &outcome {
            Err(e) => refused(set, e)?,
            Ok(()) => match row {
                Some(row) => judge(row, &set.payload, effective.as_deref(), &sysctl::number),
                None => judge_raw(set, effective.as_deref()),
            },
        };
        if set.wish == Wish::Guard {
            return Ok(None);
        }
        let decode = |bytes: Vec<u8>| match row {
            Some(row) => row.decode(&bytes),
            None => raw_value(&bytes),
        };
        let report = OptionReport {
            name: set.option.name.clone(),
            level: set.option.level_name.clone(),
            phase: set.phase,
            requested: set.requested.clone(),
            default: default.map(decode),
            effective: effective.map(decode),
            ruling,
        };
        self.observer().event(&Event::Option(&report));
        Ok(Some(report))
    }

    /// connect(2) that waits no longer than `timeout`, by SO_SNDTIMEO; what the profile had set is put back.
    fn connect_within(&self, fd: BorrowedFd<'_>, to: &SocketName, plan: &Plan) -> io::Result<()> {
        if !plan.triple.ty.has_connections() {
            return self.connect(fd, to);
        }
        let row = crate::option::find("SO_SNDTIMEO").expect("SO_SNDTIMEO is a row of the registry");
        let option = OptionName::of(row);
        let before = self.getsockopt(fd, &option, row.buffer_len());
        self.set_timeout(fd, Timeout::Send, plan.connect.timeout)?;
        let outcome = self.connect(fd, to);
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
                self.fd = Some(sys.adopt(inherited, plan.triple, plan.role)?);
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
            Act::Set(set) => self.reports.extend(sys.apply(fd, set, self.readback)?),
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

/// A refused option ends the run, unless the profile can do without it.
fn refused(set: &SetOption, error: &io::Error) -> Result<Ruling, Error> {
    let failure = errno::failure("setsockopt", set.option.name.clone(), error);
    match (set.need, set.wish) {
        (Need::Optional, _) | (_, Wish::Guard) => {
            let why = format!(
                "{}: {}",
                failure.errno.name,
                failure.errno.says.to_lowercase()
            );
            Ok(Ruling {
                verdict: Verdict::Refused,
                why: Some(why),
            })
        }
        (Need::Required, Wish::Profile) => Err(failure.into()),
    }
}

/// Of an option that is in no table, only equality can be told.
fn judge_raw(set: &SetOption, effective: Option<&[u8]>) -> Ruling {
    match effective {
        Some(bytes) if bytes == set.payload.bytes => Ruling {
            verdict: Verdict::Honoured,
            why: None,
        },
        Some(_) => Ruling {
            verdict: Verdict::Adjusted,
            why: Some("the kernel reports another value".into()),
        },
        None => Ruling {
            verdict: Verdict::Honoured,
            why: Some("cannot be read back".into()),
        },
    }
}

fn raw_value(bytes: &[u8]) -> crate::option::Value {
    match <[u8; 4]>::try_from(bytes) {
        Ok(int) => crate::option::Value::Int(i32::from_ne_bytes(int).into()),
        Err(_) => crate::option::Value::Bytes(bytes.to_vec()),
    }
}
