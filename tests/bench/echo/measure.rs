//! A pair of processes, measured: what `workload` asks for becomes rounds of `compare`.
//!
//! Both servers live through all rounds of their pair, and new ones come with the next: how a process happens to lie in
//! memory is worth a few percent, and only several processes average that out.

use std::cell::Cell;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use super::compare::{Outer, Reading, Round, Side, alternate};
use super::contender::Transport;
use super::load::bulk::{BLOCK, Bulk};
use super::load::connect::Connect;
use super::load::many::Many;
use super::load::one::One;
use super::load::{Load, Tally, idle, start};
use super::place::{Cores, own_cpu};
use super::server::{At, Ready, Server, Trouble};
use super::tools::Tools;
use super::workload::{Ask, Base, Party, Row, Unit, Workload};

/// How long and how often.
#[derive(Clone, Copy, serde::Serialize)]
pub struct Effort {
    /// Pairs of processes.
    pub pairs: usize,
    /// Rounds of each pair.
    pub rounds: usize,
    /// One timed section.
    pub section: Duration,
    /// Untimed, before the first.
    pub warm_up: Duration,
    /// Starts in one section of the workload `start`.
    pub starts: usize,
}

/// What measuring needs from outside.
pub struct Bench {
    pub tools: Tools,
    pub cores: Cores,
    pub effort: Effort,
    /// For the paths of unix sockets.
    pub folder: tempfile::TempDir,
    /// How many of them there were.
    pub paths: Cell<u32>,
}

/// All rounds of one new pair of processes.
pub fn pair(
    bench: &Bench,
    workload: &Workload,
    row: &Row,
    pair: usize,
) -> Result<Vec<Round>, Trouble> {
    if let Ask::Idle(connections) = workload.ask {
        let reading = bench.idle(row.party, connections)?;
        return Ok(vec![Round {
            pair,
            base: vec![],
            contender: vec![reading],
        }]);
    }
    let base = match row.base {
        Base::Floor => workload.floor,
        Base::Other(_, party) => party,
    };
    if workload.ask == Ask::Start {
        let side = |party| Starts { bench, party };
        return bench.rounds(&mut side(base), &mut side(row.party), pair);
    }
    let mut base = bench
        .live(workload, base)
        .map_err(|t| t.of("what it is measured against"))?;
    let mut contender = bench.live(workload, row.party)?;
    bench.rounds(&mut base, &mut contender, pair)
}

impl Bench {
    fn rounds(
        &self,
        base: &mut dyn Side,
        contender: &mut dyn Side,
        pair: usize,
    ) -> Result<Vec<Round>, Trouble> {
        let outer = |round: usize| {
            if (round + pair).is_multiple_of(2) {
                Outer::Base
            } else {
                Outer::Contender
            }
        };
        let rounds = 0..self.effort.rounds;
        rounds
            .map(|round| alternate(base, contender, outer(round), pair))
            .collect()
    }

    /// A server that is ready, where it may choose its port.
    fn serve(&self, party: Party) -> Result<Server, Trouble> {
        let at = match (party.transport, party.program.ready()) {
            (Transport::Tcp | Transport::Udp, Ready::Says) => At::Port(0),
            (Transport::Tcp | Transport::Udp, Ready::Connects) => free_port()?,
            _ => self.free_path(),
        };
        let start = party.program.start(&self.tools, party.transport, &at)?;
        Server::start(start.command, at, start.ready, party.transport, self.cores)
    }

    fn live(&self, workload: &Workload, party: Party) -> Result<Live, Trouble> {
        let server = self.serve(party)?;
        let (at, transport) = (&server.at, party.transport);
        let load: Box<dyn Load> = match workload.ask {
            Ask::One(client) => Box::new(One::open(at, transport, client)?),
            Ask::Many(peers) => Box::new(Many::open(at, transport, peers)?),
            Ask::Bulk => Box::new(Bulk::open(at, transport)?),
            Ask::Connect | Ask::Idle(_) | Ask::Start => Box::new(Connect {
                at: at.clone(),
                transport,
            }),
        };
        let mut live = Live {
            load,
            server,
            unit: workload.unit,
            section: self.effort.section,
            counts_cpu: !party.program.forks(),
        };
        live.run(self.effort.warm_up)?;
        Ok(live)
    }

    fn idle(&self, party: Party, connections: usize) -> Result<Reading, Trouble> {
        let mut server = self.serve(party)?;
        let (begin, own) = (Instant::now(), own_cpu());
        let value = idle::bytes_per_connection(&mut server, connections)?;
        let spent = Spent {
            server: Some(server.cpu()?),
            load: own_cpu().saturating_sub(own),
        };
        let tally = Tally {
            units: connections as u64,
            elapsed: begin.elapsed(),
            ..Tally::default()
        };
        Ok(reading(value, tally, &spent))
    }

    /// The command line of a program, as it would be started; `None` where it is not to be had.
    pub fn command(&self, party: Party) -> Option<String> {
        let at = match party.transport {
            Transport::Tcp | Transport::Udp => At::Port(0),
            _ => self.free_path(),
        };
        let start = party
            .program
            .start(&self.tools, party.transport, &at)
            .ok()?;
        let program = start.command.get_program().to_string_lossy();
        let words = start.command.get_args().map(|a| a.to_string_lossy());
        Some(
            std::iter::once(program)
                .chain(words)
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    fn free_path(&self) -> At {
        let taken = self.paths.get();
        self.paths.set(taken + 1);
        At::Path(self.folder.path().join(format!("{taken}.sock")))
    }
}

/// Free a moment ago; nobody else is in our namespace.
fn free_port() -> Result<At, Trouble> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(At::Port(listener.local_addr()?.port()))
}

/// A running server with its load.
struct Live {
    // Dropped first: the peers go before the server is ended.
    load: Box<dyn Load>,
    server: Server,
    unit: Unit,
    section: Duration,
    counts_cpu: bool,
}

impl Live {
    fn run(&mut self, time: Duration) -> Result<Tally, Trouble> {
        let result = self.load.run(time);
        // A server that has ended says more about it than the broken connection does.
        self.server.still_runs()?;
        Ok(result?)
    }
}

impl Side for Live {
    fn read(&mut self) -> Result<Reading, Trouble> {
        let (before, own) = (self.server.cpu()?, own_cpu());
        let tally = self.run(self.section)?;
        let spent = Spent {
            server: self
                .counts_cpu
                .then_some(self.server.cpu()?.saturating_sub(before)),
            load: own_cpu().saturating_sub(own),
        };
        if tally.units == 0 {
            return Err(Trouble::Failed("not one echo in a whole section".into()));
        }
        let rate = tally.units as f64 / tally.elapsed.as_secs_f64();
        let value = match (self.unit, tally.p50) {
            (Unit::Micros, Some(p50)) => p50.as_secs_f64() * 1e6,
            (Unit::MegabytesPerSecond, _) => rate * BLOCK as f64 / 1e6,
            _ => rate,
        };
        Ok(reading(value, tally, &spent))
    }
}

/// A program that is started again and again.
struct Starts<'a> {
    bench: &'a Bench,
    party: Party,
}

impl Side for Starts<'_> {
    fn read(&mut self) -> Result<Reading, Trouble> {
        let own = own_cpu();
        let (mut times, mut cpu) = (Vec::new(), Duration::ZERO);
        for _ in 0..self.bench.effort.starts {
            let at = free_port()?;
            let mut start = self
                .party
                .program
                .start(&self.bench.tools, Transport::Tcp, &at)?;
            let (time, used) = start::once(&mut start.command, at, self.bench.cores)?;
            times.push(time);
            cpu += used;
        }
        times.sort_unstable();
        let tally = Tally {
            units: times.len() as u64,
            elapsed: times.iter().sum(),
            ..Tally::default()
        };
        let spent = Spent {
            server: (!self.party.program.forks()).then_some(cpu),
            load: own_cpu().saturating_sub(own),
        };
        let median = times[times.len() / 2];
        Ok(reading(median.as_secs_f64() * 1e3, tally, &spent))
    }
}

/// CPU time of a section.
struct Spent {
    server: Option<Duration>,
    load: Duration,
}

fn reading(value: f64, tally: Tally, spent: &Spent) -> Reading {
    let elapsed = tally.elapsed.as_secs_f64();
    let server = spent.server.map(|s| s.as_secs_f64());
    Reading {
        value,
        cpu_ns: server.map(|s| s * 1e9 / tally.units as f64),
        server_busy: server.map(|s| s / elapsed),
        load_busy: spent.load.as_secs_f64() / elapsed,
        units: tally.units,
        lost: tally.lost,
        elapsed_ns: tally.elapsed.as_nanos() as u64,
    }
}
