//! From moments to rows: who said what, in whose column, and who was waiting meanwhile.

use std::collections::BTreeMap;

use super::span::{Span, Tone};
use super::wire::{Act, Change, Moved, Order, Wire};
use super::{Body, Row, compact, is_stranger};
use crate::event::{Arg, Moment, Record, Seen};

/// A call that lasts so long was waiting for something.
const NOTICEABLE_NS: u64 = 1_000_000;

/// What has happened so far.
#[derive(Debug)]
pub(super) struct Story {
    actors: Vec<String>,
    own: Vec<String>,
    wire: Wire,
    order: Order,
    /// The time of the first moment.
    start: Option<u64>,
    now: u64,
    /// Calls that have not returned, by their number.
    open: BTreeMap<u32, Open>,
}

#[derive(Debug)]
struct Open {
    column: usize,
    t_ns: u64,
    name: String,
}

/// What one moment adds.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) rows: Vec<Row>,
    /// What is known now of arrows of earlier rows.
    pub(super) changes: Vec<(usize, Change)>,
}

impl Story {
    pub(super) fn new(
        actors: &[String],
        own: &[String],
        stranger: Option<usize>,
        order: Order,
    ) -> Story {
        Story {
            actors: actors.to_vec(),
            own: own.to_vec(),
            wire: Wire::new(actors.len(), stranger, order),
            order,
            start: None,
            now: 0,
            open: BTreeMap::new(),
        }
    }

    pub(super) fn moment(&mut self, moment: &Moment) -> Told {
        let mut told = Told::default();
        match moment {
            Moment::Call(record) => self.call(record, &mut told),
            Moment::Began {
                id,
                t_ns,
                task,
                name,
                args,
            } => self.began(*id, *t_ns, (task, name, args), &mut told),
            Moment::Returned { id, record } => self.returned(*id, record, &mut told),
            Moment::Note(text) => {
                let caption = Body::Caption(vec![Span::new(Tone::Caption, text)]);
                told.rows.push(self.row(None, caption));
            }
            Moment::Aside {
                t_ns,
                task,
                text,
                seen,
            } => told.rows.push(self.aside(*t_ns, task, text, *seen)),
            Moment::Unmet {
                task,
                expected,
                came,
            } => {
                let text = format!("{task}: expected {expected}, but {came} came");
                let unmet = Body::Unmet(vec![Span::new(Tone::Unmet, &text)]);
                told.rows.push(self.row(None, unmet));
            }
        }
        told
    }

    /// What is left to say: calls that never returned.
    pub(super) fn end(&mut self) -> Told {
        let mut rows = Vec::new();
        for id in self.open.keys().copied().collect::<Vec<_>>() {
            let Some(open) = self.open.get(&id) else {
                continue;
            };
            let spans = vec![
                Span::whole(Tone::Wait, "… "),
                Span::new(Tone::Name, &open.name),
                Span::new(Tone::Wait, " has not returned"),
            ];
            let cell = Body::Cell {
                actor: open.column,
                spans,
            };
            rows.push(self.row(None, cell));
            self.open.remove(&id);
        }
        let changes = self.wire.end();
        Told { rows, changes }
    }

    fn call(&mut self, record: &Record, told: &mut Told) {
        let column = self.column(&record.task);
        let moved = self.wire.returned(self.act(column, record));
        let mut spans = self.prefix(&record.task);
        spans.extend(compact::call(record));
        if record.elapsed_ns >= NOTICEABLE_NS {
            spans.push(waited(record.elapsed_ns));
        }
        let like = like(column, record, self.order);
        let end = record.t_ns.saturating_add(record.elapsed_ns);
        self.tell(column, end, spans, moved, told);
        if let Some(row) = told.rows.last_mut() {
            row.like = Some(like);
        }
    }

    fn began(&mut self, id: u32, t_ns: u64, call: (&String, &String, &Vec<Arg>), told: &mut Told) {
        let (task, name, args) = call;
        let column = self.column(task);
        let record = Record {
            t_ns,
            task: task.clone(),
            name: name.clone(),
            args: args.clone(),
            result: 0,
            errno: None,
            elapsed_ns: 0,
        };
        let moved = self.wire.began(self.act(column, &record));
        let mut spans = self.prefix(task);
        spans.extend(compact::begun(name, args));
        let open = Open {
            column,
            t_ns,
            name: name.clone(),
        };
        self.open.insert(id, open);
        self.tell(column, t_ns, spans, moved, told);
    }

    fn returned(&mut self, id: u32, record: &Record, told: &mut Told) {
        let column = self.column(&record.task);
        let end = record.t_ns.saturating_add(record.elapsed_ns);
        let began = self.open.get(&id).map_or(record.t_ns, |open| open.t_ns);
        let whole = Record {
            t_ns: began,
            elapsed_ns: end.saturating_sub(began),
            ..record.clone()
        };
        let moved = self.wire.returned(self.act(column, &whole));
        let mut spans = vec![Span::whole(Tone::Wait, "… ")];
        spans.extend(self.prefix(&record.task));
        spans.extend(compact::call(record));
        spans.push(waited(whole.elapsed_ns));
        // Its bar reaches this row.
        self.tell(column, end, spans, moved, told);
        self.open.remove(&id);
    }

    fn aside(&mut self, t_ns: u64, task: &str, text: &str, seen: Seen) -> Row {
        let actor = self.column(task);
        if Moment::is_more_calls(text) {
            self.wire.gap(actor);
        }
        let mut spans = self.prefix(task);
        spans.push(match seen {
            Seen::Observed => Span::new(Tone::Dim, &format!("[{text}]")),
            Seen::Inferred => Span::new(Tone::Dim, &format!("~ {text}")),
        });
        let t = self.since(t_ns);
        self.row(Some(t), Body::Cell { actor, spans })
    }

    fn tell(&mut self, actor: usize, t_ns: u64, spans: Vec<Span>, moved: Moved, told: &mut Told) {
        let t = self.since(t_ns);
        let mut row = self.row(Some(t), Body::Cell { actor, spans });
        row.arrows = moved.arrows;
        told.rows.push(row);
        told.changes.extend(moved.changes);
    }

    fn row(&self, t_ns: Option<u64>, body: Body) -> Row {
        let waits = |column| self.open.values().any(|open| open.column == column);
        Row {
            t_ns,
            body,
            arrows: Vec::new(),
            waiting: (0..self.actors.len()).map(waits).collect(),
            like: None,
        }
    }

    /// Time counts from the first moment, and does not run backwards: threads tell of their calls a little out of order.
    fn since(&mut self, t_ns: u64) -> u64 {
        let start = *self.start.get_or_insert(t_ns);
        self.now = self.now.max(t_ns.saturating_sub(start));
        self.now
    }

    fn act<'a>(&self, column: usize, record: &'a Record) -> Act<'a> {
        let own = self.own.iter().position(|task| *task == record.task);
        Act {
            column,
            space: own.map_or(0, |at| at + 1),
            record,
        }
    }

    fn column(&self, task: &str) -> usize {
        let exact = self.actors.iter().position(|a| a == task);
        let near = || {
            self.actors
                .iter()
                .position(|a| task.starts_with(a.as_str()))
        };
        let seen = || self.actors.iter().position(|a| !is_stranger(a));
        exact.or_else(near).or_else(seen).unwrap_or(0)
    }

    /// Says whose call it is where the column does not.
    fn prefix(&self, task: &str) -> Vec<Span> {
        if self.actors.iter().any(|a| a == task) {
            return Vec::new();
        }
        vec![Span::whole(Tone::Dim, &format!("{task}: "))]
    }
}

fn waited(ns: u64) -> Span {
    // The space before it may end a line.
    let mut span = Span::whole(Tone::Wait, &format!("(waited {})", time(ns)));
    span.text.insert(0, ' ');
    span
}

/// Three digits and a unit: `12 µs`, `1.23 ms`, `44.0 ms`, `5.00 s`.
pub(super) fn time(ns: u64) -> String {
    let (value, unit) = match ns {
        0..1_000_000 => return format!("{} µs", ns / 1_000),
        1_000_000..1_000_000_000 => (ns / 10_000, "ms"),
        _ => (ns / 10_000_000, "s"),
    };
    match value {
        0..1_000 => format!("{}.{:02} {unit}", value / 100, value % 100),
        1_000..10_000 => format!("{}.{} {unit}", value / 100, value % 100 / 10),
        _ => format!("{} {unit}", value / 100),
    }
}

/// Calls that differ only in the bytes that they move and in the port of a peer are alike; in a trace of threads, which
/// get whatever descriptor is free, in its number too.
fn like(column: usize, record: &Record, order: Order) -> String {
    let arg = |arg: &Arg| match arg {
        Arg::Data { len, .. } => len.to_string(),
        Arg::Fd(_) if order == Order::AsReturned => "fd".to_owned(),
        Arg::Address { brief, .. } => {
            let host = brief.rsplit_once(':').map(|(host, _)| host);
            host.unwrap_or(brief).to_owned()
        }
        Arg::Symbol(text) if text.starts_with(['{', '[']) => "{}".to_owned(),
        other => other.to_string(),
    };
    let args: Vec<String> = record.args.iter().map(arg).collect();
    let errno = record.errno.as_deref().unwrap_or("");
    let (task, name) = (&record.task, &record.name);
    let result = match name.as_str() {
        "socket" | "accept4" if order == Order::AsReturned => record.result.signum(),
        _ => record.result,
    };
    format!("{column} {task} {name} {} {result} {errno}", args.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let shown = [
            0,
            999_999,
            1_234_567,
            44_000_000,
            152_000_000,
            5_000_000_000,
        ];
        let shown = shown.map(time).join(", ");
        assert_eq!(shown, "0 µs, 999 µs, 1.23 ms, 44.0 ms, 152 ms, 5.00 s");
        assert!(time(u64::MAX).ends_with(" s"));
    }
}
