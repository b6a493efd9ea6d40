//! What the gate costs in time: nothing when nobody looks.
//!
//! Three loops of send and recv over a socket pair take turns, so that whatever else the machine does hits all three:
//! bare calls, the gate with `Off`, the gate observed. Printed at the end: the ratio of the medians.

use std::hint::black_box;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use criterion::Criterion;
use nix::sys::socket::{MsgFlags, recv, send};
use sockplay::event::{Call, Event, Observer, Off};
use sockplay::render::call_line;
use sockplay::sys::Sys;

/// Renders each call, as `--trace` does, and throws the line away.
struct Rendered;

impl Observer for Rendered {
    const ON: bool = true;
    fn call(&self, call: &Call<'_>) {
        black_box(call_line::line(call));
    }
    fn event(&self, _: &Event<'_>) {}
}

const BYTES: usize = 64;

struct Pair {
    a: UnixStream,
    b: UnixStream,
    buffer: [u8; BYTES],
}

impl Pair {
    fn new() -> Pair {
        let (a, b) = UnixStream::pair().expect("socketpair(2)");
        Pair {
            a,
            b,
            buffer: [0; BYTES],
        }
    }

    fn bare(&mut self) {
        let sent = send(self.a.as_raw_fd(), &[7; BYTES], MsgFlags::MSG_NOSIGNAL);
        let received = recv(self.b.as_raw_fd(), &mut self.buffer, MsgFlags::empty());
        assert_eq!((sent, received), (Ok(BYTES), Ok(BYTES)));
    }

    fn gate<O: Observer>(&mut self, sys: Sys<'_, O>) {
        let sent = sys.send(self.a.as_fd(), &[7; BYTES]).expect("room for it");
        let received = sys
            .recv(self.b.as_fd(), &mut self.buffer, MsgFlags::empty())
            .expect("it was sent");
        assert_eq!((sent, received), (BYTES, BYTES));
    }
}

fn main() {
    let mut pair = Pair::new();
    let off = Sys::new(&Off, "bench");
    let on = Sys::new(&Rendered, "bench");
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("gate");
    group.bench_function("bare", |b| b.iter(|| pair.bare()));
    group.bench_function("off", |b| b.iter(|| pair.gate(off)));
    group.bench_function("traced", |b| b.iter(|| pair.gate(on)));
    group.finish();
    criterion.final_summary();
    ratios(&mut pair, off, on);
}

/// Alternating rounds: three columns of times that saw the same weather.
fn ratios(pair: &mut Pair, off: Sys<'_, Off>, on: Sys<'_, Rendered>) {
    const ROUNDS: usize = 301;
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(time(|| pair.bare()));
        times[1].push(time(|| pair.gate(off)));
        times[2].push(time(|| pair.gate(on)));
    }
    let [bare, off, traced] = times.map(|mut column| {
        column.sort_unstable();
        column[ROUNDS / 2].as_secs_f64()
    });
    println!("medians of {ROUNDS} alternating rounds, bare = 1:");
    println!("  gate, nobody looks  {:.3}", off / bare);
    println!("  gate, traced        {:.3}", traced / bare);
}

fn time(mut one: impl FnMut()) -> Duration {
    const CALLS: u32 = 1000;
    let start = Instant::now();
    for _ in 0..CALLS {
        one();
    }
    start.elapsed() / CALLS
}
