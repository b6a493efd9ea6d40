//! One connection, one message under way: a blocking loop of send and recv, and nothing else between two clock readings.

use nix::sys::socket::MsgFlags;

use super::GLANCE;
use super::generator::{Generator, Run};
use super::phase::nanos;
use super::wrong::{self, Step};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::clock::now_ns;
use crate::sys::{Client, errno};

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Generator<'_, O, R> {
    pub(super) fn one(&mut self, run: &mut Run<'_>) -> Step {
        while run.phase.goes_on(run.clock) {
            self.goes_on()?;
            self.ready(0, run)?;
            if let Some(pace) = run.phase.pace {
                self.wait_until(pace.due(self.number(0)), run)?;
            }
            self.say(0, run)?;
            while !self.peers[0].waits.is_empty() {
                self.listen(0, MsgFlags::empty(), run)?;
                if !self.peers[0].waits.is_empty() {
                    self.goes_on()?;
                    run.clock = now_ns();
                    self.look_after(0, run)?;
                }
            }
        }
        Ok(())
    }

    /// Sleeps until a message's time has come, and looks up from time to time.
    fn wait_until(&mut self, due: u64, run: &mut Run<'_>) -> Step {
        while run.clock < due {
            self.goes_on()?;
            let glance = run.clock.saturating_add(nanos(GLANCE));
            match self.sys.sleep_until(due.min(glance)) {
                Err(e) if !errno::interrupted(&e) => {
                    return Err(wrong::failed(None, "clock_nanosleep", &e, run.echo));
                }
                _ => run.clock = now_ns(),
            }
        }
        Ok(())
    }
}
