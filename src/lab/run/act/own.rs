//! What an actor does to itself or its surroundings: waiting, capabilities, limits, permissions of a path.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::Duration;

use super::{Act, Acted, Stop};
use crate::lab::file::wanted::time;
use crate::lab::run::outcome::Outcome;
use crate::sys::{limits, privilege};

pub(super) fn pause(act: &Act<'_>) -> Acted {
    let pause = act.step.time("time").unwrap_or(Duration::ZERO);
    thread::sleep(pause);
    let shown = time(pause.as_nanos() as u64);
    Ok(Outcome::of(0).aside(format!("pause {shown}")))
}

pub(super) fn drop_capability(act: &Act<'_>) -> Acted {
    let name = act.step.text("capability").unwrap_or_default();
    privilege::drop(name)?;
    Ok(Outcome::of(0).aside(format!("gives up {name}")))
}

pub(super) fn limit(act: &Act<'_>) -> Acted {
    let n = act.number("value")?;
    let n = u64::try_from(n).map_err(|_| Stop::Script(format!("a limit cannot be {n}")))?;
    limits::set_descriptor_limit(n)?;
    Ok(Outcome::of(0).aside(format!("RLIMIT_NOFILE := {n}")))
}

/// Only below the directory of the run: an experiment has no business elsewhere.
pub(super) fn chmod(act: &Act<'_>) -> Acted {
    let path = act.text("path")?.unwrap_or_default();
    let mode = act.step.text("mode").unwrap_or_default();
    let bits = u32::from_str_radix(mode, 8)
        .ok()
        .filter(|&m| m <= 0o777)
        .ok_or_else(|| Stop::Script(format!("`mode` is octal, 000 to 777, not {mode}")))?;
    let inside = fs::canonicalize(&path)?.starts_with(fs::canonicalize(&act.stage.directory)?);
    if !inside {
        return Err(Stop::Script(format!("{path} is not below $tmp")));
    }
    fs::set_permissions(&path, Permissions::from_mode(bits))?;
    Ok(Outcome::of(0).aside(format!("chmod {mode} {path}")))
}
