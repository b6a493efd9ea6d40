//! The measuring itself: every candidate's load cut into blocks, which take turns.
//!
//! One candidate runs in one piece, or stops after some time if nobody has asked for the load. Several run their blocks in
//! the order A B B A …: what drifts on the machine meets all of them alike. Connections stay open between blocks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::error::Error;
use crate::event::Observer;
use crate::measure::compare::{self, Blocks};
use crate::measure::load::{Amount, Generator};
use crate::measure::report::{Comparison, Difference, DifferingKey};
use crate::measure::{Echo, Load, local, reason};
use crate::sys::{Client, Sys};

use super::candidates::Asked;
use super::export::Exports;
use super::progress::Progress;
use super::stand::Stand;

/// Pairs of a comparison, or parts of a single run.
const BLOCKS: u64 = 20;
/// How long a load may last that nobody asked for.
const UNASKED: Duration = Duration::from_secs(5);

/// One candidate that is measured.
struct Lane<'a, O: Observer, R> {
    /// Which run of the report.
    run: usize,
    stand: &'a Stand,
    generator: Generator<'a, O, R>,
    echo: Echo,
    /// The median of each block.
    p50: Vec<u64>,
}

/// All that is measured, side by side.
pub(super) struct Lanes<'a, O: Observer, R> {
    sys: Sys<'a, O>,
    all: Vec<Lane<'a, O, R>>,
    halt: &'a AtomicBool,
}

/// A candidate before it is measured.
pub(super) struct Entrant<'a> {
    /// Which run of the report.
    run: usize,
    pub(super) stand: &'a Stand,
    /// A connection that is there already.
    pub(super) first: Option<Client>,
    /// Requests per connection, where that was found out.
    pub(super) per_connection: Option<u64>,
    /// Whether there is anything to measure.
    pub(super) wanted: Asked,
}

impl<'a> Entrant<'a> {
    pub(super) fn new(run: usize, stand: &'a Stand, first: Option<Client>) -> Entrant<'a> {
        Entrant {
            run,
            stand,
            first,
            per_connection: stand.load.per_connection,
            wanted: stand.echoes,
        }
    }
}

/// How a lane connects again.
type Reopen<'a> = Box<dyn FnMut() -> Result<Client, Error> + 'a>;

impl<'a, O: Observer> Lanes<'a, O, Reopen<'a>> {
    /// Connects every candidate that has something to measure.
    pub(super) fn open(
        sys: Sys<'a, O>,
        entrants: Vec<Entrant<'a>>,
        halt: &'a AtomicBool,
    ) -> Result<Self, Error> {
        let mut lanes = Vec::with_capacity(entrants.len());
        for entrant in entrants.into_iter().filter(|e| e.wanted == Asked::Yes) {
            let stand = entrant.stand;
            let load = Load {
                per_connection: entrant.per_connection,
                ..stand.load.clone()
            };
            let reopen: Reopen<'a> = Box::new(move || stand.connect(sys));
            let generator = Generator::open(sys, stand.form(), &load, entrant.first, reopen, halt)?;
            lanes.push(Lane {
                run: entrant.run,
                stand,
                generator,
                echo: Echo::default(),
                p50: Vec::new(),
            });
        }
        Ok(Lanes {
            sys,
            all: lanes,
            halt,
        })
    }
}

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Lanes<'_, O, R> {
    /// Runs all blocks, and enters what came of them into the report.
    pub(super) fn run(mut self, exports: &mut Exports) -> Result<(), Error> {
        let blocks = self.blocks();
        let turns = blocks * self.all.len() as u64;
        let progress = Progress::new(turns, &self.amount(), exports.shown());
        for block in 0..blocks {
            let turns: Vec<usize> = match block % 2 {
                0 => (0..self.all.len()).collect(),
                _ => (0..self.all.len()).rev().collect(),
            };
            for lane in turns {
                self.all[lane].block(block, blocks);
                progress.advance();
            }
            if self.is_over() {
                break;
            }
            for lane in &self.all {
                exports.report.runs[lane.run].echo = Some(lane.echo.clone());
            }
            exports.write_now_and_then()?;
        }
        progress.finish();
        let several = self.all.len() > 1;
        let answered: Vec<(usize, Blocks)> = self
            .all
            .iter()
            .map(|lane| {
                (
                    lane.run,
                    lane.as_blocks(&exports.report.runs[lane.run].label),
                )
            })
            .collect();
        let pairs = self.all.iter().map(|lane| lane.p50.len()).min();
        let block = self.all.first().and_then(|lane| lane.count(0, blocks));
        for lane in self.all {
            lane.over(self.sys, exports);
        }
        if several {
            let comparison = Comparison {
                pairs: pairs.unwrap_or(0),
                block,
                resamples: compare::RESAMPLES,
                differing: exports.differing(),
                versus: Vec::new(),
                shortest: None,
            };
            exports.report.comparison = Some(held(comparison, &answered, exports));
        }
        Ok(())
    }

    /// One load that was asked for runs in one piece: what is under way would have to be waited for at every cut, and a
    /// rate has one schedule. Otherwise there are as many blocks as messages, up to 20.
    fn blocks(&self) -> u64 {
        let several = self.all.len() > 1;
        let of = |lane: &Lane<'_, O, R>| match lane.stand.load.amount {
            _ if lane.stand.amount == Asked::Yes && !several => 1,
            Amount::Count(n) => n.clamp(1, BLOCKS),
            Amount::Time(_) => BLOCKS,
        };
        self.all.iter().map(of).min().unwrap_or(0)
    }

    /// How much is sent, in words.
    fn amount(&self) -> String {
        match self.all.first().map(|lane| lane.stand.load.amount) {
            Some(Amount::Count(n)) => format!("{n} messages"),
            Some(Amount::Time(time)) => humantime::format_duration(time).to_string(),
            None => "nothing".into(),
        }
    }

    /// Whether nothing is to follow: a signal, or enough of what nobody asked for.
    fn is_over(&self) -> bool {
        self.halt.load(Ordering::Relaxed) || self.all.iter().any(Lane::has_enough)
    }
}

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Lane<'_, O, R> {
    /// Messages of a block; `None`: it lasts for a time.
    fn count(&self, block: u64, blocks: u64) -> Option<u64> {
        match self.stand.load.amount {
            Amount::Count(n) => Some(n / blocks + u64::from(block < n % blocks)),
            Amount::Time(_) => None,
        }
    }

    fn block(&mut self, block: u64, blocks: u64) {
        let amount = match (self.count(block, blocks), self.stand.load.amount) {
            (Some(n), _) => Amount::Count(n),
            (None, Amount::Time(time)) => Amount::Time(time / blocks as u32),
            (None, amount) => amount,
        };
        let before = self.echo.rtt.clone();
        self.generator.block(amount, &mut self.echo);
        let mut of_block: Histogram<u64> = (*self.echo.rtt).clone();
        let fits = of_block.subtract(&*before);
        fits.expect("a histogram holds what it held a moment ago");
        self.p50.push(match of_block.len() {
            0 => 0,
            _ => of_block.value_at_quantile(0.5),
        });
    }

    /// Whether a load that nobody has asked for has lasted for long enough.
    fn has_enough(&self) -> bool {
        self.stand.amount == Asked::No && self.echo.elapsed >= UNASKED
    }

    fn as_blocks(&self, label: &str) -> Blocks {
        Blocks {
            label: label.to_owned(),
            p50: self.p50.clone(),
            overall: match self.echo.rtt.len() {
                0 => 0,
                _ => self.echo.rtt.value_at_quantile(0.5),
            },
        }
    }

    /// Looks at the socket once more, closes, and hands the numbers over.
    fn over(mut self, sys: Sys<'_, O>, exports: &mut Exports) {
        let cut = self.has_enough() && self.echo.ended.is_none();
        let run = &mut exports.report.runs[self.run];
        if let Some(socket) = self.generator.socket() {
            local::after_load(sys, socket, run);
        }
        if cut {
            run.notes.push(format!(
                "the load was cut short after {} s; --count or --duration say how much there is to be",
                UNASKED.as_secs()
            ));
        }
        self.generator.over(&mut self.echo);
        run.echo = Some(self.echo);
    }
}

/// Every run but the first held against the first, with reasons.
fn held(mut comparison: Comparison, all: &[(usize, Blocks)], exports: &Exports) -> Comparison {
    let runs = &exports.report.runs;
    let Some(((base, base_blocks), others)) = all.split_first() else {
        return comparison;
    };
    for (run, blocks) in others {
        let Some(mut versus) = compare::versus(base_blocks, blocks, *run) else {
            continue;
        };
        let pair = |slower: usize, faster: usize, differing: &[DifferingKey]| {
            reason::reason(differing, (slower, &runs[slower]), (faster, &runs[faster]))
        };
        versus.why = match versus.difference {
            Difference::None => None,
            Difference::Longer => pair(*run, *base, &comparison.differing),
            Difference::Shorter => pair(*base, *run, &comparison.differing),
        };
        comparison.versus.push(versus);
    }
    if all.len() > 2 {
        let blocks: Vec<Blocks> = all.iter().map(|(_, blocks)| blocks.clone()).collect();
        comparison.shortest = compare::shortest(&blocks);
    }
    comparison
}
