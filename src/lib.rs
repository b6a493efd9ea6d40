//! sockplay: a socket laboratory in one binary.
#[cfg(not(target_os = "linux"))]
compile_error!("sockplay speaks to the Linux socket API and builds on Linux only, for now");

pub mod cli;
mod command;
pub mod engine;
pub mod error;
pub mod escape;
pub mod event;
pub mod handler;
pub mod logger;
pub mod measure;
pub mod option;
pub mod plan;
pub mod profile;
pub mod render;
pub mod session;
pub mod socket;
pub mod sys;

pub use command::run;
