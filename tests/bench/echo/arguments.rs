//! What can be asked of the bench, and how much work that is.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;

use super::measure::Effort;
use super::workload::{self, Workload};

/// sockplay's engines against C floors and other people's echo servers
#[derive(Parser)]
pub struct Arguments {
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
    /// This sockplay instead of the one that cargo has built
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_sockplay"), hide_default_value = true)]
    pub sockplay: PathBuf,
    /// Show workloads and contenders, and measure nothing
    #[arg(long)]
    pub list: bool,
    /// `cargo bench` says it, `cargo test --benches` does not
    #[arg(long, hide = true)]
    pub bench: bool,
    /// Be tokio's echo server on this port
    #[arg(long, hide = true)]
    pub serve_tokio: Option<u16>,
    /// with this many bytes per connection
    #[arg(long, hide = true, default_value_t = 65536)]
    pub buffer: usize,
}

impl Arguments {
    /// What was asked for, of all workloads and rows; an unknown name is an error.
    pub fn chosen(&self) -> io::Result<Vec<Workload>> {
        let mut all = workload::all();
        let unknown = |kind: &str, name: &str| {
            Err(io::Error::other(format!(
                "no {kind} is called {name:?}; see --list"
            )))
        };
        for name in &self.only {
            if !all.iter().any(|w| w.name == name) {
                return unknown("workload", name);
            }
        }
        for name in &self.contenders {
            if !all.iter().flat_map(|w| &w.rows).any(|r| r.name == name) {
                return unknown("contender", name);
            }
        }
        if !self.only.is_empty() {
            all.retain(|w| self.only.iter().any(|n| n == w.name));
        }
        if !self.contenders.is_empty() {
            for workload in &mut all {
                workload
                    .rows
                    .retain(|r| self.contenders.iter().any(|n| n == r.name));
            }
            all.retain(|w| !w.rows.is_empty());
        }
        Ok(all)
    }

    /// How much of it.
    pub fn effort(&self) -> Effort {
        let mut effort = if self.quick {
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
        effort.pairs = self.rounds.unwrap_or(effort.pairs).max(1);
        effort
    }

    /// Where the readings go.
    pub fn file(&self) -> PathBuf {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let default = target.map(|t| t.join("bench/echo.json"));
        let given = self.json.clone().or(default);
        given.unwrap_or_else(|| "echo.json".into())
    }
}

/// What `--list` prints.
pub fn list() {
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
