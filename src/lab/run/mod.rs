//! Running an experiment: one step after the other, whoever the actor, each with a deadline.
//!
//! [`actor`] starts the actors and carries orders and answers, [`act`] does what a verb says, [`judge`] holds the outcome
//! against the expectations, [`story`] tells it for the ladder; `values` is what steps save, `stage` what they share. The
//! first step that does not do what is expected ends the run: what follows would only be noise. A run may leave threads
//! blocked in a call; it belongs into a process of its own, which ends with it.

mod act;
mod actor;
mod judge;
mod outcome;
mod recorder;
mod server;
mod stage;
mod story;
mod told;
mod values;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::file::step::{Experiment, Step};
use super::file::verbs::Verb;
use super::report::{Report, StepReport, Verdict};
use crate::error::Error;
use actor::{Answer, Order, Scene, Troupe};
use judge::Weighed;
use outcome::Outcome;
use story::Story;
use told::{pending, told};
use values::Values;

/// How long a step may take that says nothing else.
const WITHIN: Duration = Duration::from_secs(5);
/// How long all steps together may take: the process that waits for a run gives it 30 s.
const WHOLE: Duration = Duration::from_secs(28);
/// How much longer than its time an actor may need to say that it is over.
const GRACE: Duration = Duration::from_secs(1);

pub use told::not_run;

/// Runs an experiment; unix paths lie in `directory`. `notes` is what to know about this run.
///
/// # Errors
/// When the actors cannot be started.
pub fn run(experiment: &Experiment, directory: &Path, notes: Vec<String>) -> Result<Report, Error> {
    let steps = with_names(&experiment.steps);
    let scene = actor::scene(steps, directory);
    let troupe = Troupe::start(&scene, &experiment.actors, &experiment.processes)?;
    let mut values = Values::default();
    values.put("tmp", directory.display().to_string());
    let mut run = Run {
        scene,
        troupe,
        values,
        story: Story::default(),
        blocked: BTreeMap::new(),
        steps: Vec::new(),
    };
    let verdict = run.all();
    run.scene.stage.servers().clear();
    Ok(run.report(experiment, verdict, notes))
}

/// A socket that a blocked call makes gets its name when it returns; but who calls must know it before.
fn with_names(steps: &[Step]) -> Vec<Step> {
    let mut steps = steps.to_vec();
    for at in 0..steps.len() {
        if steps[at].get("blocks").is_none() {
            continue;
        }
        let actor = steps[at].actor.clone();
        let returns = steps[at..]
            .iter()
            .find(|s| s.verb == Verb::Returns && s.actor == actor);
        let name = returns.and_then(|s| s.keys.iter().find(|(key, _)| *key == "as").cloned());
        steps[at].keys.extend(name);
    }
    steps
}

/// A call that has not returned yet.
#[derive(Clone, Copy, Debug)]
struct Blocked {
    /// The step that made it.
    index: usize,
    /// Its moment in the story.
    id: u32,
    /// When it was told to.
    since: Instant,
}

struct Run {
    scene: Arc<Scene>,
    troupe: Troupe,
    values: Values,
    story: Story,
    blocked: BTreeMap<String, Blocked>,
    steps: Vec<StepReport>,
}

/// Why a step ends the run.
struct Unmet {
    expected: String,
    came: String,
}

impl Run {
    fn all(&mut self) -> Verdict {
        let scene = Arc::clone(&self.scene);
        for (index, step) in scene.steps.iter().enumerate() {
            let begun = self.now();
            let mut told = pending(step);
            told.t_ns = begun;
            let outcome = self.one(index, step, &mut told);
            told.elapsed_ns = self.now() - begun;
            self.steps.push(told);
            if let Err(unmet) = outcome {
                self.story.unmet(&step.actor, &unmet.expected, &unmet.came);
                self.steps
                    .extend(scene.steps[index + 1..].iter().map(pending));
                return Verdict::Failed {
                    step: index + 1,
                    expected: unmet.expected,
                    came: unmet.came,
                };
            }
        }
        Verdict::Passed
    }

    fn now(&self) -> u64 {
        u64::try_from(self.scene.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn one(&mut self, index: usize, step: &Step, told: &mut StepReport) -> Result<(), Unmet> {
        match (step.verb, step.time("blocks")) {
            (Verb::Note, _) => {
                self.story.note(step.text("note").unwrap_or_default());
                Ok(())
            }
            (Verb::Returns, _) => self.returns(step, told),
            (_, Some(time)) => self.blocks(index, step, time, told),
            _ => self.plain(index, step, told),
        }
    }

    fn order(&self, index: usize, step: &Step) {
        let order = Order {
            index,
            values: self.values.clone(),
            within: self.within(step),
        };
        self.troupe.order(&step.actor, order);
    }

    fn plain(&mut self, index: usize, step: &Step, told: &mut StepReport) -> Result<(), Unmet> {
        self.is_free(step, told)?;
        let (begun, within) = (self.now(), self.within(step));
        self.order(index, step);
        let Some(Answer { outcome, .. }) = self.troupe.answer(&step.actor, within + GRACE) else {
            self.waits(step, begun);
            return Err(silence(within, told));
        };
        let records = self.scene.recorder.take(&step.actor);
        let now = self.now();
        self.story.done(step, records, &outcome, now);
        self.weigh(step, &outcome, told)
    }

    /// Tells of a call that has not returned.
    fn waits(&mut self, step: &Step, begun: u64) -> u32 {
        let records = self.scene.recorder.take(&step.actor);
        let args = story::known_args(step, &self.scene.stage, &self.values);
        self.story.began(step, records, args, begun)
    }

    /// How long a step may take: as long as it says, as long as there is time for all.
    fn within(&self, step: &Step) -> Duration {
        let left = WHOLE.saturating_sub(self.scene.start.elapsed());
        step.time("within").unwrap_or(WITHIN).min(left)
    }

    /// Nobody can do two things at once.
    fn is_free(&self, step: &Step, told: &mut StepReport) -> Result<(), Unmet> {
        match self.blocked.get(&step.actor) {
            None => Ok(()),
            Some(_) => Err(refuse(
                told,
                "an actor that is free",
                "it still waits in its last call",
            )),
        }
    }

    fn blocks(
        &mut self,
        index: usize,
        step: &Step,
        time: Duration,
        told: &mut StepReport,
    ) -> Result<(), Unmet> {
        self.is_free(step, told)?;
        let (begun, since) = (self.now(), Instant::now());
        self.order(index, step);
        let expected = format!("still waiting after {}", humantime::format_duration(time));
        told.expected.push(expected.clone());
        let left = WHOLE.saturating_sub(self.scene.start.elapsed());
        match self.troupe.answer(&step.actor, time.min(left)) {
            None if time > left => {
                self.waits(step, begun);
                Err(silence(left, told))
            }
            None => {
                let id = self.waits(step, begun);
                self.blocked
                    .insert(step.actor.clone(), Blocked { index, id, since });
                told.met = Some(true);
                told.came = Some("waiting".into());
                Ok(())
            }
            Some(Answer { outcome, .. }) => {
                let records = self.scene.recorder.take(&step.actor);
                let now = self.now();
                self.story.done(step, records, &outcome, now);
                let came = match &outcome.trouble {
                    Some(trouble) => trouble.clone(),
                    None => format!("{} at once", judge::result(&outcome)),
                };
                Err(refuse(told, &expected, &came))
            }
        }
    }

    fn returns(&mut self, step: &Step, told: &mut StepReport) -> Result<(), Unmet> {
        let Some(blocked) = self.blocked.remove(&step.actor) else {
            return Err(refuse(
                told,
                "a call that waits",
                "this actor waits in none",
            ));
        };
        let within = self.within(step);
        let Some(answer) = self.troupe.answer(&step.actor, within + GRACE) else {
            return Err(silence(within, told));
        };
        let mut outcome = answer.outcome;
        // It waits since it was told to: an actor that got the processor a little later did not wait less.
        let waited = answer.at.saturating_duration_since(blocked.since);
        outcome.elapsed_ns = outcome.elapsed_ns.max(waited.as_nanos() as u64);
        let records = self.scene.recorder.take(&step.actor);
        let scene = Arc::clone(&self.scene);
        let began = &scene.steps[blocked.index];
        let now = self.now();
        self.story
            .returned(blocked.id, began, records, &outcome, now);
        if let Some(save) = began.text("save") {
            self.values.save(save, &outcome);
        }
        self.weigh(step, &outcome, told)
    }

    fn weigh(
        &mut self,
        step: &Step,
        outcome: &Outcome,
        told: &mut StepReport,
    ) -> Result<(), Unmet> {
        if let Some(save) = step.text("save") {
            self.values.save(save, outcome);
        }
        let weighed = judge::judge(step, outcome, &self.values);
        told.came = Some(judge::came_to(outcome));
        told.expected
            .extend(weighed.iter().map(|w| w.expected.clone()));
        told.met = Some(weighed.iter().all(|w| w.met));
        let unmet: Vec<&Weighed> = weighed.iter().filter(|w| !w.met).collect();
        if unmet.is_empty() {
            return Ok(());
        }
        let joined = |of: fn(&Weighed) -> &str| -> String {
            unmet.iter().map(|w| of(w)).collect::<Vec<_>>().join(", ")
        };
        Err(Unmet {
            expected: joined(|w| &w.expected),
            came: joined(|w| &w.came),
        })
    }

    fn report(self, experiment: &Experiment, verdict: Verdict, notes: Vec<String>) -> Report {
        let elapsed = self.now();
        let answer = self.values.fill(&experiment.answer);
        let moments = self.story.without(&self.scene.stage.directory);
        let mut report = told(experiment, verdict, notes, self.steps, moments, elapsed);
        let fill = |text: &str| self.values.fill(text).unwrap_or_else(|_| text.to_owned());
        report.answer = answer.unwrap_or_default();
        report.explanation = fill(&experiment.explanation);
        report
    }
}

/// Notes an expectation that was not met.
fn refuse(told: &mut StepReport, expected: &str, came: &str) -> Unmet {
    told.met = Some(false);
    told.came = Some(came.to_owned());
    Unmet {
        expected: expected.to_owned(),
        came: came.to_owned(),
    }
}

/// A call that nobody expected to block.
fn silence(within: Duration, told: &mut StepReport) -> Unmet {
    // To the millisecond: what was left of the time for all is no round number.
    let within = Duration::from_millis(within.as_millis() as u64);
    let expected = format!("an end within {}", humantime::format_duration(within));
    refuse(told, &expected, "still waiting")
}
