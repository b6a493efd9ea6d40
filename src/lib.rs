//! sockplay: a socket laboratory in one binary.
#[cfg(not(target_os = "linux"))]
compile_error!("sockplay speaks to the Linux socket API and builds on Linux only, for now");

pub mod escape;
pub mod option;
pub mod profile;
pub mod socket;

/// Runs the command line.
pub fn run(_args: impl IntoIterator<Item = std::ffi::OsString>) -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
