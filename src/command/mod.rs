//! The commands: the only place that knows everything, and the only one that prints.
//!
//! Each command reads its arguments into a profile and a plan ([`setup`]), opens what the plan says, lets an engine or a
//! conversation run under an observer ([`observer`]), and prints what came of it ([`output`]).

mod connect;
mod dry_run;
mod interrupt;
mod lab;
mod ladder;
mod observer;
mod options;
mod output;
mod pipe;
mod probe;
mod profile;
mod schema;
mod serve;
mod setup;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, Color, Command};
use crate::error::Error;
use crate::escape;

/// Runs the command line and gives the exit code of the contract.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return refused_arguments(&error),
    };
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(&error)
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Error> {
    match cli.command {
        None => output::text(GREETING),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::Connect(args)) => connect::run(&args),
        Some(Command::Probe(args)) => probe::run(&args),
        Some(Command::Lab(args)) => lab::run(&args),
        Some(Command::Options(args)) => options::run(&args),
        Some(Command::Profile(args)) => profile::run(&args.action),
        Some(Command::Schema(args)) => schema::run(&args),
        Some(Command::Completions(args)) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "sockplay", &mut script);
            output::bytes(&script)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .expect("a Vec takes whatever is written to it");
            output::bytes(&page)
        }
    }
}

const GREETING: &str = "\
sockplay opens the socket that a profile describes, shows every system call, and says what the kernel made of it.
Every parameter of the socket API is a key of the profile, and every key can be set on the command line.

  sockplay serve                                         the article's TCP echo server on 127.0.0.1:35555
  sockplay connect 127.0.0.1:35555                       talk to it (telnet 127.0.0.1 35555 does too)
  sockplay probe -c udp4 --set options.SO_RCVBUF=64KiB   what the kernel makes of a value
  sockplay options tcp_nodelay                           one option's page; without a name, all of them
";

/// clap quotes what it was given; no control byte of it may reach the terminal.
fn refused_arguments(error: &clap::Error) -> ExitCode {
    let styled = error.render();
    if error.use_stderr() {
        output::problem(&escape::lines(&styled.to_string()));
        return ExitCode::from(2);
    }
    match output::text(&styled.ansi().to_string()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(&error)
        }
    }
}

fn report(error: &Error) {
    let text = error.to_string();
    match error {
        Error::Said | Error::Interrupted => {}
        // Rendered by the profile's own reporter, escaped and coloured already.
        Error::Profile(_) => output::problem(&text),
        _ => output::problem(&format!("{}error:{:#} {text}", output::RED, output::RED)),
    }
}
