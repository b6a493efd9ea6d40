//! A server of somebody else's, examined around the load.
//!
//! Whoever asks for a load gets it first, because the server may be there for one connection only; otherwise it is the
//! first contact that tells whether a load makes sense. What needs further connections comes last.

use std::time::Duration;

use crate::error::Error;
use crate::event::Observer;
use crate::measure::remote::Examination;
use crate::measure::{Echo, Run};
use crate::sys::{Client, Linger, Sys};

use super::blocks::Entrant;
use super::candidates::Asked;
use super::stand::Stand;

/// How long each part of an examination may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// The same after a load that has already waited in vain.
const AFTER_TROUBLE: Duration = Duration::from_secs(3);

/// An examination under way.
pub(super) struct Visit<'a, O: Observer> {
    sys: Sys<'a, O>,
    examination: Examination<'a, O>,
    load: Asked,
}

impl<'a, O: Observer> Visit<'a, O> {
    /// Looks at the connection that is there, and talks over it unless a load comes first. `None`: there is nothing to examine.
    pub(super) fn begin(
        sys: Sys<'a, O>,
        entrant: &mut Entrant<'a>,
        run: &mut Run,
    ) -> Option<Visit<'a, O>> {
        let stand: &'a Stand = entrant.stand;
        if stand.speaks_sockperf() {
            // Its server answers nothing else, and whoever knows that has come to measure.
            return None;
        }
        let (name, client) = (stand.theirs.as_ref()?, entrant.first.take()?);
        let size = stand.size();
        let mut examination = Examination::new(sys, &stand.client, (&client, name), size, DEADLINE);
        run.tcp = examination.tcp(&client);
        match stand.asked {
            Asked::Yes => entrant.first = Some(client),
            Asked::No => {
                entrant.first = examination.contact(Some(client));
                entrant.per_connection = examination.per_connection();
                if !examination.is_worth_a_load() {
                    entrant.wanted = Asked::No;
                    let why = "the server does not just echo (--count runs one all the same)";
                    run.notes.push(no_load(why));
                }
            }
        }
        Some(Visit {
            sys,
            examination,
            load: stand.asked,
        })
    }

    /// The rest, when no other connection to the server is open. A load that was not asked for and could not be run is
    /// no failure.
    pub(super) fn end(mut self, load: Result<(), Error>, run: &mut Run) -> Result<(), Error> {
        let is_well = |echo: &Echo| echo.received == echo.sent && echo.ended.is_none();
        let well = load.is_ok() && run.echo.as_ref().is_none_or(is_well);
        self.examination
            .resume(if well { DEADLINE } else { AFTER_TROUBLE });
        if self.load == Asked::Yes {
            let client: Option<Client> = self.examination.contact(None);
            if let Some(client) = client {
                self.sys.close(client.fd, Linger::AsSet);
            }
        }
        run.remote.get_or_insert_default().findings = self.examination.rest();
        match load {
            Err(error) if self.load == Asked::No => {
                run.notes.push(no_load(&error.to_string()));
                Ok(())
            }
            outcome => outcome,
        }
    }
}

fn no_load(why: &str) -> String {
    let why = why.lines().next().unwrap_or_default();
    format!("no load was run: {why}")
}
