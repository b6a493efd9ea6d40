//! `cargo bench --bench echo`: the engines side by side with C floors and other people's echo servers.
//!
//! Ratios, not numbers: each server takes turns with the floor, in the same seconds on the same cores, and the floor takes
//! turns with itself, so that it is known what a ratio of one looks like here. `workload` is the table of what is asked and
//! expected, `contender` of who is asked; `measure` runs a pair of processes, `compare` makes a ratio of it, `goal` a
//! verdict, `report` a table and JSON. `load` holds the clients, `place` the namespace and the cores, `server` one process.

#![allow(
    unreachable_pub,
    clippy::cast_precision_loss,
    reason = "one program of several files; counts become ratios far below 2^53"
)]

mod compare;
mod contender;
mod goal;
mod load;
mod measure;
mod place;
mod report;
mod server;
mod statistics;
mod tokio_server;
mod tools;
mod workload;

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use measure::{Bench, Effort};
use place::Place;
use report::{Measured, Outcome, SAME};
use server::Trouble;
use workload::{Ask, Base, Row, Workload};

/// sockplay's engines against C floors and other people's echo servers
#[derive(Parser)]
struct Arguments {
    /// A smoke of about a minute: everything runs once, and the numbers mean little
    #[arg(long)]
    quick: bool,
    /// Only these workloads
    #[arg(long, value_delimiter = ',', value_name = "WORKLOAD,…")]
    only: Vec<String>,
    /// Only these contenders, by the names in the tables; the floor always runs
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    contenders: Vec<String>,
    /// Pairs of processes for each contender
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Where the readings go
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show workloads and contenders, and measure nothing
    #[arg(long)]
    list: bool,
    /// `cargo bench` says it, `cargo test --benches` does not
    #[arg(long, hide = true)]
    bench: bool,
    /// Be tokio's echo server on this port
    #[arg(long, hide = true)]
    serve_tokio: Option<u16>,
    /// with this many bytes per connection
    #[arg(long, hide = true, default_value_t = 65536)]
    buffer: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.serve_tokio {
        Some(port) => tokio_server::serve(port, arguments.buffer).map(|()| ExitCode::SUCCESS),
        None if !arguments.bench => {
            println!("a measurement, no test: cargo bench --bench echo");
            Ok(ExitCode::SUCCESS)
        }
        None if arguments.list => {
            list();
            Ok(ExitCode::SUCCESS)
        }
        None => run(&arguments),
    };
    result.unwrap_or_else(|e| {
        eprintln!("echo: {e}");
        ExitCode::FAILURE
    })
}

fn list() {
    for workload in workload::all() {
        let names: Vec<_> = workload.rows.iter().map(|r| r.name).collect();
        println!(
            "{:14} {}\n{:14} {}",
            workload.name,
            workload.title,
            "",
            names.join(", ")
        );
    }
}

/// Everything, in order; fails when a server or the load did.
fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let chosen = choose(arguments)?;
    let effort = effort(arguments);
    let place = Place::enter();
    server::end_all_on_signal()?;
    let mut machine = place::machine();
    machine.extend(place.words());
    head(&place.notes, &machine, effort);
    let bench = Bench {
        tools: tools::Tools::new()?,
        cores: place.cores,
        effort,
        folder: tempfile::tempdir()?,
        paths: Cell::new(0),
    };
    let mut missing: Vec<(String, String)> = vec![];
    let (mut outcomes, mut failures) = (vec![], 0);
    for workload in chosen {
        if workload.ask == Ask::Connect && place.network.is_err() {
            missing.push((
                workload.name.into(),
                "half a million connections need a namespace".into(),
            ));
            continue;
        }
        let (outcome, troubles) = measure_all(&bench, workload);
        println!("{}\n", outcome.table());
        for (what, trouble) in troubles {
            missing.push(match trouble {
                Trouble::Skipped(why) => (what, why),
                Trouble::Failed(why) => {
                    failures += 1;
                    (what, format!("FAILED: {why}"))
                }
            });
        }
        outcomes.push(outcome);
    }
    tail(&outcomes, &missing);
    let file = arguments.json.clone().unwrap_or_else(default_file);
    save(
        &file,
        &report::document(&machine, effort, &outcomes, &missing),
    )?;
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn choose(arguments: &Arguments) -> io::Result<Vec<Workload>> {
    let mut all = workload::all();
    let unknown = |kind: &str, name: &str| {
        Err(io::Error::other(format!(
            "no {kind} is called {name:?}; see --list"
        )))
    };
    for name in &arguments.only {
        if !all.iter().any(|w| w.name == name) {
            return unknown("workload", name);
        }
    }
    for name in &arguments.contenders {
        if !all.iter().flat_map(|w| &w.rows).any(|r| r.name == name) {
            return unknown("contender", name);
        }
    }
    if !arguments.only.is_empty() {
        all.retain(|w| arguments.only.iter().any(|n| n == w.name));
    }
    if !arguments.contenders.is_empty() {
        for workload in &mut all {
            workload
                .rows
                .retain(|r| arguments.contenders.iter().any(|n| n == r.name));
        }
        all.retain(|w| !w.rows.is_empty());
    }
    Ok(all)
}

fn effort(arguments: &Arguments) -> Effort {
    let mut effort = if arguments.quick {
        Effort {
            pairs: 1,
            rounds: 1,
            section: Duration::from_millis(80),
            warm_up: Duration::from_millis(40),
            starts: 3,
        }
    } else {
        Effort {
            pairs: 6,
            rounds: 2,
            section: Duration::from_millis(250),
            warm_up: Duration::from_millis(150),
            starts: 9,
        }
    };
    effort.pairs = arguments.rounds.unwrap_or(effort.pairs).max(1);
    effort
}

/// Memory hardly differs from one process to the next.
const MOST_IDLE: usize = 3;

/// One workload: in each round every row gets a new pair of processes, so the weather of an hour hits all of them.
fn measure_all(bench: &Bench, workload: Workload) -> (Outcome, Vec<(String, Trouble)>) {
    let same = Row {
        name: SAME,
        party: workload.floor,
        base: Base::Floor,
        goals: vec![],
    };
    let alone = matches!(workload.ask, Ask::Idle(_));
    let rows: Vec<&Row> = (!alone)
        .then_some(&same)
        .into_iter()
        .chain(&workload.rows)
        .collect();
    let against = |row: &Row| match row.base {
        Base::Other(name, _) => name,
        Base::Floor if alone => "nothing",
        Base::Floor => "the floor",
    };
    let measured = |row: &&Row| Measured {
        name: row.name,
        against: against(row),
        command: bench.command(row.party),
        rounds: vec![],
    };
    let pairs = if alone {
        bench.effort.pairs.min(MOST_IDLE)
    } else {
        bench.effort.pairs
    };
    let mut results: Vec<Measured> = rows.iter().map(measured).collect();
    let mut troubles: Vec<(String, Trouble)> = vec![];
    for pair in 0..pairs {
        for (row, result) in rows.iter().zip(&mut results) {
            let what = format!("{}: {}", workload.name, row.name);
            if troubles.iter().any(|(w, _)| *w == what) {
                continue;
            }
            let begin = Instant::now();
            match measure::pair(bench, &workload, row, pair) {
                Ok(rounds) => result.rounds.extend(rounds),
                Err(trouble) => troubles.push((what.clone(), trouble)),
            }
            let took = begin.elapsed().as_secs_f64();
            eprintln!("echo: round {} of {}, {what}, {took:.1} s", pair + 1, pairs);
        }
    }
    let outcome = Outcome {
        rows: results,
        workload,
    };
    (outcome, troubles)
}

fn head(notes: &[String], machine: &[(&str, String)], effort: Effort) {
    for (key, value) in machine {
        println!("{key:20} {value}");
    }
    println!(
        "{:20} {} pairs of processes × {} rounds of floor, contender, contender, floor, {} ms each",
        "effort",
        effort.pairs,
        effort.rounds,
        effort.section.as_millis()
    );
    for note in notes {
        println!("{:20} {note}", "note");
    }
    println!(
        "{:20} server / load, share of their cores: near 100 % is what sets the rate\n",
        "busy"
    );
}

fn tail(outcomes: &[Outcome], missing: &[(String, String)]) {
    let mut count = [0; 4];
    for outcome in outcomes {
        for (sum, n) in count.iter_mut().zip(outcome.count()) {
            *sum += n;
        }
    }
    let [met, within, unknown, missed] = count;
    println!(
        "goals: {met} met, {within} met within the A/A spread, {missed} missed, {unknown} not judged"
    );
    if missing.is_empty() {
        println!("nothing was skipped");
    } else {
        println!("skipped:");
        for (what, why) in missing {
            println!("  {what}: {why}");
        }
    }
}

fn default_file() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    target
        .unwrap_or(Path::new("target"))
        .join("bench/echo.json")
}

fn save(file: &Path, document: &serde_json::Value) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    std::fs::write(file, text)?;
    println!("every reading: {}", file.display());
    Ok(())
}
