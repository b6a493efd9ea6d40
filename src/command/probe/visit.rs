//! A server of somebody else's, examined around the load.
//!
//! Whoever asks for a load gets that and nothing else: what the server sees is then what was asked for, which is what
//! makes it a measurement, and the server may be there for one connection only. Otherwise the first contact tells whether a
//! load makes sense, and what needs further connections comes after it.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::error::Error;
use crate::event::Observer;
use crate::measure::remote::Examination;
use crate::measure::{Echo, Run};
use crate::sys::Sys;

use super::blocks::Entrant;
use super::candidates::Asked;
use super::stand::Stand;

/// How long each part of an examination may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// The same after a load that has already waited in vain.
const AFTER_TROUBLE: Duration = Duration::from_secs(3);

/// An examination under way.
pub(super) struct Visit<'a, O: Observer> {
    examination: Examination<'a, O>,
}

impl<'a, O: Observer> Visit<'a, O> {
    /// Looks at the connection that is there, and talks over it unless a load comes first. `None`: there is nothing to examine.
    pub(super) fn begin(
        sys: Sys<'a, O>,
        entrant: &mut Entrant<'a>,
        run: &mut Run,
        halt: &'a AtomicBool,
    ) -> Option<Visit<'a, O>> {
        let stand: &'a Stand = entrant.stand;
        let name = stand.theirs.as_ref()?;
        if stand.asked == Asked::Yes {
            let why = "a load was asked for, and is all that the server has seen; without one its behaviour is examined";
            run.notes.push(why.into());
            return None;
        }
        let client = entrant.first.take()?;
        let size = stand.size();
        let mut examination =
            Examination::new(sys, &stand.client, (&client, name), size, DEADLINE, halt);
        run.tcp = examination.tcp(&client);
        entrant.first = examination.contact(Some(client));
        entrant.per_connection = examination.per_connection();
        if !examination.is_worth_a_load() {
            entrant.wanted = Asked::No;
            let why = "the server does not just echo (--count runs one all the same)";
            run.notes.push(no_load(why));
        }
        Some(Visit { examination })
    }

    /// The rest, when no other connection to the server is open. A load that was not asked for and could not be run is
    /// no failure.
    pub(super) fn end(mut self, load: Result<(), Error>, run: &mut Run) {
        let is_well = |echo: &Echo| echo.received == echo.sent && echo.ended.is_none();
        let well = load.is_ok() && run.echo.as_ref().is_none_or(is_well);
        self.examination
            .resume(if well { DEADLINE } else { AFTER_TROUBLE });
        run.remote.get_or_insert_default().findings = self.examination.rest();
        if let Err(error) = load {
            run.notes.push(no_load(&error.to_string()));
        }
    }
}

fn no_load(why: &str) -> String {
    let why = why.lines().next().unwrap_or_default();
    format!("no load was run: {why}")
}
