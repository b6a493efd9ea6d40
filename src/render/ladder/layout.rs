//! Where everything stands, in columns and lines: for a terminal as for a picture.
//!
//! Where there is room each actor has a lane and the gaps between lanes belong to the arrows. Where there is not, each
//! actor has one line of its own, a rail, and its calls run from there to the right over the rails of others; arrows then
//! stand below what they would cross.

use super::span::{Span, columns, columns_of, wrapped};
use super::story::time;
use super::{Arrow, Body, Ladder, Row, is_stranger};

/// A lane narrower than this breaks most calls in pieces.
const LANE: usize = 26;
/// `socket(AF_INET, SOCK_STREAM, 0) = 3`
const USUAL: usize = 35;
/// A lane wider than this is not needed by any call.
const WIDEST: usize = 72;
/// `◄╌ ~ SYN+ACK ╌`
const NARROW_GAP: usize = 14;
/// `╌╌ ~ "Ciao!" 5 B ╌╌►`
const WIDE_GAP: usize = 22;
/// `9.99 ms `
const TIME: usize = 8;
/// Nothing can be said on less.
pub(super) const LEAST: usize = 20;

/// The columns of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// All of it.
    pub(super) width: usize,
    /// Room for the time, at the left; none where it is narrow.
    pub(super) time: usize,
    /// One per actor.
    pub(super) lanes: Vec<Lane>,
    /// What stands where payload was left out.
    pub(super) more: &'static str,
}

/// An actor's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    /// Where its rail is.
    pub(super) rail: usize,
    /// Where the gap to the right begins: another rail, or the same.
    pub(super) end: usize,
    /// Room for text, from two columns right of the rail.
    pub(super) room: usize,
}

/// Where the parts of a row stand; lines count from the row's first.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) height: usize,
    pub(super) time: Option<String>,
    /// The column where the text begins, and its lines.
    pub(super) text: (usize, Vec<Vec<Span>>),
    pub(super) arrows: Vec<PlacedArrow<'a>>,
}

/// An arrow's place: columns `from` to `to`, both included, in either direction.
#[derive(Debug)]
pub(super) struct PlacedArrow<'a> {
    pub(super) line: usize,
    /// The leftmost column.
    pub(super) left: usize,
    /// The rightmost column.
    pub(super) right: usize,
    /// Where the label is centred: the gap next to who sends.
    pub(super) gap: (usize, usize),
    pub(super) arrow: &'a Arrow,
}

impl Grid {
    /// For all rows of a ladder.
    pub(super) fn fit(ladder: &Ladder, width: usize, more: &'static str) -> Grid {
        let need = |actor: usize| {
            let cells = ladder.rows.iter().filter_map(|row| match &row.body {
                Body::Cell { actor: a, spans } if *a == actor => Some(columns_of(spans)),
                _ => None,
            });
            cells.max().unwrap_or(0)
        };
        let needs: Vec<usize> = (0..ladder.actors.len()).map(need).collect();
        Grid::new(&ladder.actors, &needs, width, more)
    }

    /// For rows that are still to come: as wide as most calls are, and wider where there is room.
    pub(super) fn ahead(actors: &[String], width: usize, more: &'static str) -> Grid {
        let seen = actors.iter().filter(|a| !is_stranger(a)).count();
        let usual = if seen > 1 { 38 } else { 52 };
        let of = |columns: usize| -> Vec<usize> {
            let need = |a: &String| if is_stranger(a) { 0 } else { columns };
            actors.iter().map(need).collect()
        };
        let mut grid = Grid::new(actors, &of(usual), width, more);
        if let [first, second, ..] = grid.lanes[..]
            && first.end > first.rail
        {
            let gap = second.rail - first.end - 1;
            let needs = at_least_names(actors, &of(WIDEST));
            grid.lanes = lanes(&needs, grid.width, gap).unwrap_or(grid.lanes);
        }
        grid
    }

    fn new(actors: &[String], needs: &[usize], width: usize, more: &'static str) -> Grid {
        let width = width.max(LEAST);
        let needs = at_least_names(actors, needs);
        let all_fit = |lanes: &Vec<Lane>| lanes.iter().zip(&needs).all(|(l, n)| l.room >= *n);
        // Long calls wrap anyway; the usual ones should not.
        let usual = |(lane, need): (&Lane, &usize)| lane.room >= (*need).min(USUAL);
        let lanes = [WIDE_GAP, 20, 18, 16, NARROW_GAP]
            .into_iter()
            .find_map(|gap| lanes(&needs, width, gap).filter(all_fit))
            .or_else(|| lanes(&needs, width, 16).filter(|l| l.iter().zip(&needs).all(usual)))
            .or_else(|| lanes(&needs, width, NARROW_GAP));
        match lanes {
            Some(lanes) => Grid {
                width,
                time: TIME,
                lanes,
                more,
            },
            None => rails(&needs, width, more),
        }
    }

    /// Places a row.
    pub(super) fn place<'a>(&self, row: &'a Row) -> Placed<'a> {
        let (x, room, spans) = match &row.body {
            Body::Cell { actor, spans } => {
                let lane = self.lanes.get(*actor);
                let x = lane.map_or(0, |l| l.rail + 2);
                (x, lane.map_or(self.width, |l| l.room), spans)
            }
            Body::Caption(spans) | Body::Unmet(spans) => (3, self.width.saturating_sub(6), spans),
        };
        let lines = wrapped(spans, room, 2, self.more);
        let used = lines.iter().map(|l| columns_of(l)).max().unwrap_or(0);
        let mut arrows = Vec::new();
        let mut next = 0;
        for arrow in &row.arrows {
            let Some(mut placed) = self.place_arrow(arrow) else {
                continue;
            };
            // Where text stands there is no room for an arrow.
            if placed.left < x + used && placed.right + 1 >= x {
                next = next.max(lines.len());
            }
            placed.line = next;
            next += 1;
            arrows.push(placed);
        }
        Placed {
            height: lines.len().max(next),
            time: row.t_ns.filter(|_| self.time > 0).map(time),
            text: (x, lines),
            arrows,
        }
    }

    fn place_arrow<'a>(&self, arrow: &'a Arrow) -> Option<PlacedArrow<'a>> {
        let (a, b) = (arrow.from.min(arrow.to), arrow.from.max(arrow.to));
        let (first, last) = (self.lanes.get(a)?, self.lanes.get(b)?);
        let near = if arrow.from < arrow.to {
            (first.end, self.lanes.get(a + 1)?.rail)
        } else {
            (self.lanes.get(b.checked_sub(1)?)?.end, last.rail)
        };
        Some(PlacedArrow {
            line: 0,
            left: first.end + 1,
            right: last.rail.checked_sub(1)?,
            gap: (near.0 + 1, near.1.saturating_sub(1)),
            arrow,
        })
    }
}

fn at_least_names(actors: &[String], needs: &[usize]) -> Vec<usize> {
    let pairs = actors.iter().zip(needs);
    pairs
        .map(|(name, &need)| need.max(columns(name)).min(WIDEST))
        .collect()
}

/// A lane each and gaps between them, if no lane becomes too narrow for what it holds.
fn lanes(needs: &[usize], width: usize, gap: usize) -> Option<Vec<Lane>> {
    let n = needs.len();
    // Two columns before the text, and two behind it but for the last.
    let fixed = TIME + n * 2 + n.saturating_sub(1) * (2 + gap);
    let rooms = shares(needs, width.checked_sub(fixed)?);
    if rooms
        .iter()
        .zip(needs)
        .any(|(room, need)| room < need && *room < LANE)
    {
        return None;
    }
    let mut x = TIME;
    let mut all = Vec::new();
    for room in rooms {
        let end = x + 2 + room + 1;
        all.push(Lane { rail: x, end, room });
        x = end + 1 + gap;
    }
    Some(all)
}

/// Divides `room`: those who need less than an equal share leave the rest to the others.
fn shares(needs: &[usize], room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|&i| needs[i]);
    let mut left = room;
    let mut shares = vec![0; needs.len()];
    for (done, &i) in order.iter().enumerate() {
        shares[i] = needs[i].min(left / (needs.len() - done));
        left -= shares[i];
    }
    shares
}

/// A rail each; text runs over the rails to the right of its own.
fn rails(needs: &[usize], width: usize, more: &'static str) -> Grid {
    let between = needs.len().saturating_sub(1).max(1);
    let last = needs.last().copied().unwrap_or(0).clamp(8, LANE + 8);
    let step = |time: usize| width.saturating_sub(time + last + 2) / between;
    // The time is the first to go.
    let time = if step(TIME) >= NARROW_GAP { TIME } else { 0 };
    let most = width.saturating_sub(time + LEAST / 2) / between;
    let step = step(time).clamp(NARROW_GAP.min(most), WIDE_GAP).max(1);
    let lane = |i: usize| {
        let rail = (time + i * step).min(width.saturating_sub(3));
        Lane {
            rail,
            end: rail,
            room: width.saturating_sub(rail + 2).max(1),
        }
    };
    Grid {
        width,
        time,
        lanes: (0..needs.len()).map(lane).collect(),
        more,
    }
}
