//! io_uring(7): operations are queued, one call hands them over and waits, and what became of them is read from memory.
//!
//! The gate's part: [`Ring`] is made by the thread that uses it, queues operations ([`ops`]), and makes the one observed
//! call, io_uring_enter(2), whose line in a trace shows what went in and what came out ([`show`]). The kernel receives
//! into [`buffers`] that it was given beforehand and picks itself. [`refused`] explains a kernel that will not.

pub mod buffers;
pub mod ops;
pub mod refused;
mod show;

use std::io;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use io_uring::types::{CancelBuilder, SubmitArgs, Timespec};
use io_uring::{EnterFlags, IoUring, cqueue, squeue};

use super::Sys;
use crate::event::{Arg, Observer};
use buffers::{Chunk, Group, Pool, Taken};
use show::Shown;

pub use ops::{Key, Op};

/// How long to wait for completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: only those that are there.
    No,
    /// Until there is one.
    One,
    /// The same, but at most so long.
    AtMost(Duration),
}

/// Whether an operation goes on after this completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// IORING_CQE_F_MORE: more completions of the same operation follow.
    GoesOn,
    /// It was the last one.
    Over,
}

/// What became of an operation, or of one round of it.
#[derive(Debug)]
pub struct Completion {
    /// Which operation.
    pub op: Op,
    /// Whose.
    pub key: Key,
    res: i32,
    /// Whether more follow.
    pub life: Life,
    /// Where the bytes are, if the kernel took a provided buffer. Must be given back.
    pub chunk: Option<Chunk>,
}

impl Completion {
    /// What the system call of the same name would have returned; an errno is negative.
    #[inline]
    pub fn res(&self) -> i32 {
        self.res
    }

    /// The errno, if it failed.
    pub fn error(&self) -> Option<io::Error> {
        (self.res < 0).then(|| io::Error::from_raw_os_error(-self.res))
    }
}

/// A ring of one thread, its buffers, and the observer of its calls.
pub struct Ring<'a, O: Observer> {
    sys: Sys<'a, O>,
    uring: IoUring,
    pool: Pool,
    /// Operations that were ever queued; wraps.
    queued: u32,
    /// What the timeout operation points to until it is handed over.
    timeout: Box<Timespec>,
    shown: Shown,
}

impl<O: Observer> std::fmt::Debug for Ring<'_, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

impl<'a, O: Observer> Ring<'a, O> {
    /// io_uring_setup(2): a ring for this thread alone, which does the kernel's part of the work only inside of
    /// [`Ring::enter`]. Needs Linux 6.1.
    pub fn new(sys: Sys<'a, O>, entries: u32) -> io::Result<Ring<'a, O>> {
        let entries = entries.max(2);
        let completions = completions(entries);
        let open = || {
            IoUring::builder()
                .setup_single_issuer()
                .setup_defer_taskrun()
                .setup_coop_taskrun()
                .setup_submit_all()
                .setup_clamp()
                .setup_cqsize(completions)
                .dontfork()
                .build(entries)
        };
        let args = |_: &_| {
            vec![
                Arg::Int(entries.into()),
                Arg::symbol(format!(
                    "{{flags=IORING_SETUP_CQSIZE|IORING_SETUP_CLAMP|IORING_SETUP_SUBMIT_ALL|\
                     IORING_SETUP_COOP_TASKRUN|IORING_SETUP_SINGLE_ISSUER|IORING_SETUP_DEFER_TASKRUN, \
                     cq_entries={completions}}}"
                )),
            ]
        };
        let uring = sys.observed("io_uring_setup", open, args, |r| r.as_raw_fd().into())?;
        Ok(Ring {
            sys,
            uring,
            pool: Pool::default(),
            queued: 0,
            timeout: Box::default(),
            shown: Shown::default(),
        })
    }

    /// The gate that it goes through.
    pub fn sys(&self) -> Sys<'a, O> {
        self.sys
    }

    /// How many operations were ever queued, and of these how many the kernel has taken; both wrap.
    pub fn taken(&mut self) -> u32 {
        let waiting = self.uring.submission().len();
        self.queued.wrapping_sub(waiting as u32)
    }

    /// The number of the operation that will be queued next.
    pub fn next_number(&self) -> u32 {
        self.queued
    }

    /// io_uring_enter(2): hands over what is queued, waits, and appends all completions to `batch`. Operations that need
    /// not wait are over when it returns. A signal or the end of the wait is no error.
    pub fn enter(&mut self, wait: Wait, batch: &mut Vec<Completion>) -> io::Result<()> {
        self.pool.refill();
        let outcome = self.observed_enter(wait, EnterFlags::GETEVENTS, batch);
        match outcome.as_ref().map_err(io::Error::raw_os_error) {
            // EBUSY, EAGAIN: more completions wait than the queue has room for; those in it must be taken first.
            Ok(_) | Err(Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN)) => {}
            Err(_) => return outcome.map(drop),
        }
        // Completions beyond the room of the queue stay in the kernel until they are asked for (IORING_FEAT_NODROP).
        while self.uring.submission().cq_overflow() {
            self.observed_enter(Wait::No, EnterFlags::GETEVENTS, batch)?;
        }
        Ok(())
    }

    /// The call and its line in the trace.
    fn observed_enter(
        &mut self,
        wait: Wait,
        flags: EnterFlags,
        batch: &mut Vec<Completion>,
    ) -> io::Result<usize> {
        let first = batch.len();
        if !O::ON {
            let outcome = self.bare_enter(wait, flags);
            self.reap(batch);
            return outcome;
        }
        let queued = self.uring.submission().len() as u32;
        let before = Instant::now();
        let outcome = self.bare_enter(wait, flags);
        let elapsed = before.elapsed();
        self.reap(batch);
        let fd = self.uring.as_raw_fd();
        let args = self
            .shown
            .enter(fd, queued, wait, &batch[first..], &self.pool);
        self.sys.tell(
            "io_uring_enter",
            args,
            outcome.as_ref().map(|&n| n as i64),
            before,
            elapsed,
        );
        outcome
    }

    fn bare_enter(&mut self, wait: Wait, flags: EnterFlags) -> io::Result<usize> {
        let queued = self.uring.submission().len() as u32;
        let least = match wait {
            Wait::No => 0,
            Wait::One => 1,
            Wait::AtMost(time) => {
                let time = Timespec::from(time);
                let args = SubmitArgs::new().timespec(&time);
                return self.uring.submitter().submit_with_args(1, &args);
            }
        };
        // SAFETY: no argument follows; whoever queued the operations has promised that what they point to lives on.
        #[allow(
            unsafe_code,
            reason = "the safe call leaves GETEVENTS away when it does not wait"
        )]
        unsafe {
            self.uring
                .submitter()
                .enter::<libc::sigset_t>(queued, least, flags.bits(), None)
        }
    }

    fn reap(&mut self, batch: &mut Vec<Completion>) {
        for entry in self.uring.completion() {
            let (op, key) = ops::unpack(entry.user_data());
            let flags = entry.flags();
            let res = entry.result();
            let chunk = match (op.group(), cqueue::buffer_select(flags)) {
                (Some(group), Some(buffer)) => {
                    let taken = if cqueue::buffer_more(flags) {
                        Taken::Part
                    } else {
                        Taken::Last
                    };
                    self.pool.taken(group, buffer, res, taken)
                }
                _ => None,
            };
            batch.push(Completion {
                op,
                key,
                res,
                life: if cqueue::more(flags) {
                    Life::GoesOn
                } else {
                    Life::Over
                },
                chunk,
            });
        }
    }

    /// Queues an operation; a full queue is handed over first.
    fn push(&mut self, entry: &squeue::Entry) {
        loop {
            // SAFETY: the methods of `ops` promise for each operation that what it points to outlives it.
            #[allow(
                unsafe_code,
                reason = "the queue takes pointers that the kernel follows later"
            )]
            let pushed = unsafe { self.uring.submission().push(entry) };
            if pushed.is_ok() {
                self.queued = self.queued.wrapping_add(1);
                return;
            }
            // What this completes is read at the next `enter`. The kernel takes at least one or says why not, and an
            // error that lasts comes back from there.
            let _ = self.bare_enter(Wait::No, EnterFlags::empty());
        }
    }

    /// Registers a group of provided buffers.
    pub fn provide(&mut self, group: Group, plan: buffers::Buffers) -> io::Result<()> {
        let made = buffers::Set::new(plan)?;
        let fd = self.uring.as_raw_fd();
        let run = || made.register(&self.uring.submitter(), group);
        let args = |_: &_| {
            vec![
                Arg::Fd(fd),
                Arg::symbol("IORING_REGISTER_PBUF_RING"),
                Arg::symbol(made.shown(group)),
                Arg::Int(1),
            ]
        };
        self.sys.observed("io_uring_register", run, args, |()| 0)?;
        self.pool.add(group, made);
        Ok(())
    }

    /// Takes note that a receive found no buffer of this group (ENOBUFS).
    pub fn want_more(&mut self, group: Group) {
        self.pool.want_more(group);
    }

    /// Whether the kernel has buffers of this group, or will have at the next `enter`.
    pub fn has_buffers(&self, group: Group) -> bool {
        self.pool.available(group) > 0
    }

    /// About so many receives into this group will find a buffer.
    pub fn receives(&self, group: Group) -> usize {
        self.pool.receives(group)
    }

    /// The bytes of a chunk.
    #[inline]
    pub fn bytes(&self, chunk: &Chunk) -> &[u8] {
        self.pool.bytes(chunk)
    }

    /// The same, to be answered in place.
    #[inline]
    pub fn bytes_mut(&mut self, chunk: &mut Chunk) -> &mut [u8] {
        self.pool.bytes_mut(chunk)
    }

    /// Gives a chunk back: its buffer is used again when nothing of it is lent any more.
    #[inline]
    pub fn give_back(&mut self, chunk: Chunk) {
        self.pool.give_back(chunk);
    }
}

/// Completions that fit into their queue: several of each operation may come at once.
const fn completions(entries: u32) -> u32 {
    let four = entries * 4;
    if four < 4096 { 4096 } else { four }
}

/// No operation may outlive what it points to: all are cancelled, and the kernel has let go of them when this returns.
impl<O: Observer> Drop for Ring<'_, O> {
    fn drop(&mut self) {
        let submitter = self.uring.submitter();
        // ENOENT: nothing was under way.
        let _ = submitter.register_sync_cancel(None, CancelBuilder::any());
        let _ = self.bare_enter(Wait::No, EnterFlags::GETEVENTS);
    }
}
