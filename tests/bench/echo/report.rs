//! What came out: tables for people, JSON for programs with every reading in it.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use serde_json::{Value, json};

use super::compare::{Round, Summary};
use super::goal::{Metric, Verdict};
use super::measure::Effort;
use super::statistics::Interval;
use super::workload::{Ask, Base, Unit, Workload};

/// The name of the row in which the floor meets itself.
pub const SAME: &str = "A/A: the floor";

/// The rounds of one row.
pub struct Measured {
    pub name: &'static str,
    pub against: &'static str,
    /// Its command line, where it can be had.
    pub command: Option<String>,
    pub rounds: Vec<Round>,
}

/// One workload with all its rows, A/A first.
pub struct Outcome {
    pub workload: Workload,
    pub rows: Vec<Measured>,
}

/// A goal of a row, judged.
pub struct Judged {
    pub goal: String,
    pub verdict: Verdict,
}

impl Outcome {
    fn summaries(&self) -> Vec<(&'static str, Summary)> {
        let rows = self.rows.iter();
        rows.filter_map(|r| Some((r.name, Summary::of(&r.rounds)?)))
            .collect()
    }

    /// The goals of the row `name`. Rows against something else than the floor have ratios of another kind, so they are
    /// kept out of comparisons between rows.
    fn judged(&self, name: &str, summaries: &[(&'static str, Summary)]) -> Vec<Judged> {
        let Some(row) = self.workload.rows.iter().find(|r| r.name == name) else {
            return vec![];
        };
        let same = summaries.iter().find(|(n, _)| *n == SAME).map(|(_, s)| s);
        let other_base = |n: &str| {
            let row = self.workload.rows.iter().find(|r| r.name == n);
            n == SAME || row.is_some_and(|r| r.base != Base::Floor)
        };
        let comparable = summaries
            .iter()
            .filter(|(n, _)| *n == name || !other_base(n));
        let comparable: Vec<_> = comparable.cloned().collect();
        let judge = |goal: &super::goal::Goal| Judged {
            goal: goal.text(),
            verdict: goal.judge(name, &comparable, same, self.workload.unit.better()),
        };
        row.goals.iter().map(judge).collect()
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
        table.remove_style(TableComponent::HorizontalLines);
        table.remove_style(TableComponent::MiddleIntersections);
        table.set_content_arrangement(ContentArrangement::Disabled);
        let unit = self.workload.unit;
        let header = [
            "",
            unit.text(),
            "ratio",
            "95 %",
            "CPU",
            "CPU ratio",
            "95 %",
            "busy",
            "lost",
            "goal",
            "verdict",
        ];
        table.set_header(header);
        let summaries = self.summaries();
        for (name, summary) in &summaries {
            let judged = self.judged(name, &summaries);
            let lines =
                |f: &dyn Fn(&Judged) -> String| judged.iter().map(f).collect::<Vec<_>>().join("\n");
            let (ratio, spread) = ratio_cells(summary.ratio(Metric::Value));
            let (cpu_ratio, cpu_spread) = ratio_cells(summary.ratio(Metric::Cpu));
            let busy = summary
                .server_busy
                .map_or("-".into(), |b| format!("{:.0}", b * 100.0));
            table.add_row([
                (*name).to_owned(),
                number(summary.value, unit),
                ratio,
                spread,
                cpu_cell(summary.cpu_ns, self.workload.ask),
                cpu_ratio,
                cpu_spread,
                format!("{busy} / {:.0} %", summary.load_busy * 100.0),
                summary.lost.to_string(),
                lines(&|j| j.goal.clone()),
                lines(&|j| j.verdict.text()),
            ]);
        }
        for column in 1..9 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{} ({})\n{table}", self.workload.title, self.workload.name)
    }

    /// Everything, as JSON.
    pub fn json(&self) -> Value {
        let summaries = self.summaries();
        let row = |r: &Measured| {
            let summary = summaries.iter().find(|(n, _)| *n == r.name).map(|(_, s)| s);
            let goals = self.judged(r.name, &summaries);
            let goals = goals
                .iter()
                .map(|j| json!({"goal": j.goal, "verdict": j.verdict.text()}));
            json!({
                "name": r.name,
                "against": r.against,
                "command": r.command,
                "summary": summary,
                "goals": goals.collect::<Vec<_>>(),
                "rounds": r.rounds,
            })
        };
        json!({
            "name": self.workload.name,
            "title": self.workload.title,
            "unit": self.workload.unit.text(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }

    /// How many goals have each verdict: met, within, missed, not judged.
    pub fn count(&self) -> [usize; 4] {
        let summaries = self.summaries();
        let mut count = [0; 4];
        for row in &self.workload.rows {
            for judged in self.judged(row.name, &summaries) {
                count[usize::from(judged.verdict.kind())] += 1;
            }
        }
        count
    }
}

/// One round has no spread to show.
fn ratio_cells(interval: Option<Interval>) -> (String, String) {
    let Some(Interval { median, low, high }) = interval else {
        return ("-".into(), "-".into());
    };
    let spread = if low < high {
        format!("{low:.3} … {high:.3}")
    } else {
        "-".into()
    };
    (format!("{median:.3}"), spread)
}

fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond | Unit::MegabytesPerSecond | Unit::Bytes => format!("{value:.0}"),
        Unit::Micros => format!("{value:.2}"),
        Unit::Milliseconds => format!("{value:.3}"),
    }
}

/// Microseconds for each unit of work.
fn cpu_cell(ns: Option<f64>, ask: Ask) -> String {
    let each = match ask {
        Ask::Bulk => "64 KiB",
        Ask::Connect | Ask::Idle(_) => "connection",
        Ask::Start => "start",
        Ask::One(_) | Ask::Many(_) => "echo",
    };
    ns.map_or("-".into(), |ns| format!("{:.2} µs/{each}", ns / 1e3))
}

/// The whole run, for the file.
pub fn document(
    machine: &[(&str, String)],
    effort: Effort,
    outcomes: &[Outcome],
    missing: &[(String, String)],
) -> Value {
    let machine: serde_json::Map<_, _> = machine
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Value::from(v.as_str())))
        .collect();
    let missing = missing
        .iter()
        .map(|(what, why)| json!({"what": what, "why": why}));
    json!({
        "schema": "sockplay.bench.echo",
        "version": 1,
        "machine": machine,
        "effort": {
            "pairs": effort.pairs,
            "rounds_per_pair": effort.rounds,
            "section_ms": effort.section.as_millis() as u64,
            "warm_up_ms": effort.warm_up.as_millis() as u64,
            "starts_per_section": effort.starts,
        },
        "workloads": outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
        "skipped": missing.collect::<Vec<_>>(),
    })
}
