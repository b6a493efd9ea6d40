//! The server's half of a candidate, where this process runs it: its plan, its accounts, its thread.

use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use crate::engine::{self, Books};
use crate::error::Error;
use crate::event::Observer;
use crate::plan::Plan;
use crate::profile::{ReplyKey, RequestsKey};
use crate::session::Rules;
use crate::sys::stop::{Level, Stop};
use crate::sys::{Server, Sys};

/// The server's half.
pub(super) struct Ours {
    plan: Plan,
    rules: Rules,
    books: Books,
    stop: Stop,
}

impl Ours {
    pub(super) fn new(plan: Plan) -> Ours {
        Ours {
            rules: engine::rules::rules(&plan),
            books: Books::new(engine::workers::count(&plan)),
            stop: Stop::default(),
            plan,
        }
    }

    /// Tells it that it is over.
    pub(super) fn stop(&self) {
        self.stop.raise(Level::Closing, Some(Duration::ZERO));
        self.stop.raise(Level::Now, None);
    }

    /// How it runs.
    pub(super) fn run<'a, O: Observer>(&'a self, sys: Sys<'a, O>) -> engine::Run<'a, O> {
        engine::Run {
            sys: sys.task("server"),
            plan: &self.plan,
            rules: &self.rules,
            books: &self.books,
            stop: &self.stop,
        }
    }
}

/// Why there is no echo to measure, if that is so.
pub(super) fn no_echo(plan: &Plan) -> Option<&'static str> {
    match (plan.serve.reply, plan.serve.requests) {
        (ReplyKey::Discard | ReplyKey::Chargen, _) => Some("reply is not \"echo\""),
        (_, RequestsKey::Count(0)) => Some("requests = 0"),
        _ => None,
    }
}

/// A server of ours in a thread of its own.
pub(super) struct Serving<'scope>(ScopedJoinHandle<'scope, Result<(), Error>>);

impl<'scope> Serving<'scope> {
    pub(super) fn start<'env: 'scope, O: Observer>(
        scope: &'scope Scope<'scope, 'env>,
        run: engine::Run<'env, O>,
        servers: Vec<Server>,
    ) -> Serving<'scope> {
        Serving(scope.spawn(move || engine::serve(run, servers)))
    }

    /// Waits until it has stopped.
    pub(super) fn end(self) -> Result<(), Error> {
        let ended = self.0.join();
        ended.unwrap_or_else(|_| Err(Error::failed("the server's thread ended early")))
    }
}
