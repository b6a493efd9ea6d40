//! The actors: a thread each, or a process each where descriptors, credentials or limits are the subject.
//!
//! All take orders one at a time and answer into one channel, so that the runner can go on while one of them is blocked. A
//! process is forked before the first thread starts; a thread of ours carries its orders and answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::act::{self, Act};
use super::outcome::Outcome;
use super::recorder::Recorder;
use super::stage::Stage;
use super::values::Values;
use crate::error::Error;
use crate::event::Record;
use crate::lab::file::step::Step;
use crate::lab::file::verbs::Verb;
use crate::sys::Sys;
use crate::sys::process::{Channel, Ended, Fork, fork_actor};

/// One step for an actor, with what it needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    /// Which step.
    pub(super) index: usize,
    /// What earlier steps have saved.
    pub(super) values: Values,
    /// How long the step may try.
    pub(super) within: Duration,
}

/// What an actor says of a step.
#[derive(Debug)]
pub(super) struct Answer {
    /// Who.
    pub(super) actor: String,
    /// What came of it.
    pub(super) outcome: Outcome,
    /// When.
    pub(super) at: Instant,
}

/// An answer as it comes from another process.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reply {
    outcome: Outcome,
    records: Vec<Record>,
}

/// What all actors of one process share.
#[derive(Debug)]
pub(super) struct Scene {
    /// The steps of the experiment.
    pub(super) steps: Vec<Step>,
    /// Who keeps the calls.
    pub(super) recorder: Recorder,
    /// The sockets.
    pub(super) stage: Stage,
    /// When time began.
    pub(super) start: Instant,
}

impl Scene {
    fn perform(&self, actor: &str, order: &Order) -> Outcome {
        act::perform(&Act {
            sys: Sys::since(&self.recorder, actor, self.start),
            stage: &self.stage,
            step: &self.steps[order.index],
            values: &order.values,
            deadline: Instant::now() + order.within,
        })
    }
}

/// All actors of an experiment.
#[derive(Debug)]
pub(super) struct Troupe {
    orders: BTreeMap<String, Sender<Order>>,
    answers: Receiver<Answer>,
    /// Answers that came while another actor was asked.
    early: BTreeMap<String, Answer>,
}

impl Troupe {
    /// Starts them. The processes come first: a process with threads must not fork.
    pub(super) fn start(
        scene: &Arc<Scene>,
        actors: &[String],
        processes: &[String],
    ) -> Result<Troupe, Error> {
        let cannot = |what: &str, error| Error::failed(format!("cannot start {what}: {error}"));
        let mut forks: Vec<(String, Fork)> = Vec::new();
        for name in actors.iter().filter(|a| processes.contains(a)) {
            let fork = fork_actor(|channel| elsewhere(scene, name, channel));
            forks.push((name.clone(), fork.map_err(|e| cannot(name, e))?));
        }
        let (answer, answers) = mpsc::channel();
        let mut orders = BTreeMap::new();
        for name in actors {
            let (order, inbox) = mpsc::channel::<Order>();
            let fork = forks.iter().position(|(n, _)| n == name);
            let fork = fork.map(|at| forks.swap_remove(at).1);
            let (scene, answer, actor) = (Arc::clone(scene), answer.clone(), name.clone());
            let body = move || match fork {
                Some(fork) => carry(&scene, &actor, fork, &inbox, &answer),
                None => here(&scene, &actor, &inbox, &answer),
            };
            thread::Builder::new()
                .name(name.clone())
                .spawn(body)
                .map_err(|e| cannot(name, e))?;
            orders.insert(name.clone(), order);
        }
        Ok(Troupe {
            orders,
            answers,
            early: BTreeMap::new(),
        })
    }

    /// Tells an actor what to do.
    pub(super) fn order(&self, actor: &str, order: Order) {
        // An actor whose thread has ended gives no answer, and that is noticed.
        if let Some(to) = self.orders.get(actor) {
            let _ = to.send(order);
        }
    }

    /// Waits for the answer of that actor. `None`: there is none yet.
    pub(super) fn answer(&mut self, actor: &str, within: Duration) -> Option<Answer> {
        let until = Instant::now() + within;
        loop {
            if let Some(answer) = self.early.remove(actor) {
                return Some(answer);
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(answer) => self.early.insert(answer.actor.clone(), answer),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            };
        }
    }
}

/// Says what came of a step, now; whether anybody still listens.
fn tell(answer: &Sender<Answer>, actor: &str, outcome: Outcome) -> bool {
    let answered = Answer {
        actor: actor.to_owned(),
        outcome,
        at: Instant::now(),
    };
    answer.send(answered).is_ok()
}

/// An actor that is a thread of this process.
fn here(scene: &Scene, actor: &str, inbox: &Receiver<Order>, answer: &Sender<Answer>) {
    for order in inbox {
        let outcome = match scene.steps[order.index].verb {
            Verb::Exit => Outcome {
                trouble: Some(format!("`{actor}` is no process; name it in `processes`")),
                ..Outcome::of(-1)
            },
            _ => scene.perform(actor, &order),
        };
        if !tell(answer, actor, outcome) {
            return;
        }
    }
}

/// The life of an actor in a process of its own.
fn elsewhere(scene: &Scene, actor: &str, channel: &Channel) -> i32 {
    while let Some(message) = channel.recv() {
        let Ok(order) = serde_json::from_str::<Order>(&message) else {
            return 1;
        };
        if scene.steps[order.index].verb == Verb::Exit {
            return 0;
        }
        let outcome = scene.perform(actor, &order);
        let reply = Reply {
            outcome,
            records: scene.recorder.take(actor),
        };
        let text = serde_json::to_string(&reply).expect("plain data becomes JSON");
        if channel.send(&text).is_err() {
            return 1;
        }
    }
    0
}

/// Carries orders to the process and answers back.
fn carry(
    scene: &Scene,
    actor: &str,
    mut fork: Fork,
    inbox: &Receiver<Order>,
    answer: &Sender<Answer>,
) {
    let mut buried = false;
    for order in inbox {
        let text = serde_json::to_string(&order).expect("plain data becomes JSON");
        // A process that is gone says so by its silence, right below.
        let _ = fork.channel.send(&text);
        let reply = fork.channel.recv();
        let reply = reply.and_then(|text| serde_json::from_str::<Reply>(&text).ok());
        let leaves = scene.steps[order.index].verb == Verb::Exit;
        let outcome = match reply {
            Some(reply) => {
                scene.recorder.add(reply.records);
                reply.outcome
            }
            None if buried => Outcome {
                trouble: Some("its process has ended already".into()),
                ..Outcome::of(-1)
            },
            None => {
                buried = true;
                gone(&mut fork, leaves)
            }
        };
        if !tell(answer, actor, outcome) {
            return;
        }
    }
}

/// How a process ended that gives no answer any more.
fn gone(fork: &mut Fork, leaves: bool) -> Outcome {
    match fork.wait() {
        Ok(Ended::Signal(signal)) => Outcome {
            aside: Some(format!("the process is killed by {signal}")),
            killed: Some(signal),
            ..Outcome::of(-1)
        },
        Ok(Ended::Code(code)) if leaves => Outcome::of(code.into()).aside("the process ends"),
        Ok(Ended::Code(code)) => Outcome {
            trouble: Some(format!("its process has ended with exit code {code}")),
            ..Outcome::of(-1)
        },
        Err(error) => Outcome {
            trouble: Some(format!("its process cannot be waited for: {error}")),
            ..Outcome::of(-1)
        },
    }
}

/// A stage of their own, for the actors of this process.
pub(super) fn scene(steps: Vec<Step>, directory: &Path) -> Arc<Scene> {
    Arc::new(Scene {
        steps,
        recorder: Recorder::default(),
        stage: Stage::new(directory.to_owned()),
        start: Instant::now(),
    })
}
