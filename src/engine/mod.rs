//! The engines: how a server waits for many clients.
//!
//! An engine owns buffers and descriptors and decides nothing: [`turn`] is the one loop of recv and send that asks the
//! session what to do, [`connection`] begins and ends a connection and keeps its accounts, [`datagram`] answers messages
//! that have no connection, behind the guards of [`guard`], [`arrival`] wakes those who wait when the server stops. [`sequential`] is the first way to wait: one peer at a time.

pub mod arrival;
pub mod connection;
pub mod datagram;
pub mod guard;
pub mod ledger;
pub mod rules;
pub mod sequential;
pub mod throttle;
pub mod turn;

use crate::error::Error;
use crate::event::Observer;
use crate::plan::Plan;
use crate::session::Rules;
use crate::sys::stop::Stop;
use crate::sys::{Server, Sys};

pub use ledger::Ledger;

/// What every engine is given.
#[derive(Debug)]
pub struct Context<'a, O: Observer> {
    /// The gate.
    pub sys: Sys<'a, O>,
    /// The server's plan.
    pub plan: &'a Plan,
    /// The session's rules, made from the plan.
    pub rules: &'a Rules,
    /// The accounts.
    pub ledger: &'a Ledger,
    /// The order to stop.
    pub stop: &'a Stop,
}

impl<O: Observer> Clone for Context<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Observer> Copy for Context<'_, O> {}

/// Serves until the order to stop has been carried out; takes the server's socket and gives its path back.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    if context.plan.triple.ty.has_connections() {
        sequential::serve(context, server)
    } else {
        datagram::serve(context, server)
    }
}
