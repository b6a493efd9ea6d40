//! probe
use crate::cli::Probe;
use crate::error::Error;
pub(super) fn run(_args: &Probe) -> Result<(), Error> {
    Err(Error::failed("not yet"))
}
