//! The binary: arguments in, exit code out. Everything else is in the library; start reading at `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sockplay::run(std::env::args_os())
}
