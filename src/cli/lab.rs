//! `sockplay lab`: which experiments to run, and where the results go.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `sockplay lab`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Lab {
    /// Experiments to run: names, paths of your own, or - for standard input; without any, all are listed
    #[arg(value_name = "NAME|FILE|-")]
    pub names: Vec<String>,
    /// Run every shipped experiment
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// How many may run at the same time (each in a network of its own)
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Results as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Write the results to this file as one HTML page, with every ladder as a picture
    #[arg(long, value_name = "FILE")]
    pub export_html: Option<PathBuf>,
    /// Show the files of experiments, or make one
    #[command(subcommand)]
    pub action: Option<LabAction>,
}

/// What else can be done with experiments.
#[derive(Debug, Subcommand)]
pub enum LabAction {
    /// Print the file of an experiment
    Show {
        /// NAME or FILE
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make an experiment of your own: a copy of another one, to edit
    New {
        /// What it is called; the file is NAME.toml, or NAME itself if that is a path
        #[arg(value_name = "NAME")]
        name: String,
        /// Which one to copy
        #[arg(long, value_name = "NAME|FILE", default_value = "time-wait")]
        from: String,
    },
    /// The reference of the steps: every verb, what it takes, what can be expected
    Verbs,
    /// Run one experiment that standard input describes, for the process that has started this one
    #[command(hide = true)]
    Worker,
}
