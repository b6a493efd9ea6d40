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

mod arguments;
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
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;

use arguments::Arguments;
use measure::{Bench, Effort};
use place::Place;
use report::{Measured, Outcome, SAME};
use server::Trouble;
use workload::{Ask, Base, Row, Workload};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.serve_tokio {
        Some(port) => tokio_server::serve(port, arguments.buffer).map(|()| ExitCode::SUCCESS),
        None if !arguments.bench => {
            println!("a measurement, no test: cargo bench --bench echo");
            Ok(ExitCode::SUCCESS)
        }
        None if arguments.list => {
            arguments::list();
            Ok(ExitCode::SUCCESS)
        }
        None => run(&arguments),
    };
    result.unwrap_or_else(|e| {
        eprintln!("echo: {e}");
        ExitCode::FAILURE
    })
}

/// Everything, in order; fails when a server or the load did.
fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let chosen = arguments.chosen()?;
    let effort = arguments.effort();
    let place = Place::enter();
    let folder = tempfile::tempdir()?;
    server::end_all_on_signal(folder.path().into())?;
    let mut machine = place::machine();
    machine.extend(place.words());
    head(&place.notes, &machine, effort);
    let bench = Bench {
        tools: tools::Tools::new(arguments.sockplay.clone())?,
        cores: place.cores,
        effort,
        folder,
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
            failures += usize::from(matches!(trouble, Trouble::Failed(_)));
            missing.push((what, trouble.text()));
        }
        outcomes.push(outcome);
    }
    tail(&outcomes, &missing);
    save(
        &arguments.file(),
        &report::document(&machine, effort, &outcomes, &missing),
    )?;
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
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
            let took = match measure::pair(bench, &workload, row, pair) {
                Ok(rounds) => {
                    result.rounds.extend(rounds);
                    format!("{:.1} s", begin.elapsed().as_secs_f64())
                }
                Err(trouble) => {
                    let why = trouble.text();
                    troubles.push((what.clone(), trouble));
                    why
                }
            };
            eprintln!("echo: round {} of {pairs}, {what}: {took}", pair + 1);
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
