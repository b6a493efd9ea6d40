//! Tests that need a process with one thread, to fork it or to move it elsewhere. The harness has several.
//!
//! The test binary is started anew for that one test, and there a child of a fork runs it: it has the thread that forked
//! and no other, and what it does to itself nobody else sees.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::thread;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

const MARK: &str = "SOCKPLAY_TEST_ALONE";

/// Runs the calling test's `body` there, and fails as it does. Returns why it was skipped there, if it was: its lines
/// that begin with `skip: `.
pub(super) fn alone(body: impl FnOnce()) -> String {
    if env::var_os(MARK).is_none() {
        return elsewhere();
    }
    // SAFETY: the only other thread is the harness's, which waits for this one.
    #[allow(unsafe_code, reason = "fork(2) with busy threads would be undefined")]
    match unsafe { fork() }.expect("fork") {
        ForkResult::Child => {
            let outcome = catch_unwind(AssertUnwindSafe(body));
            // SAFETY: it ends the process, which needs nothing.
            #[allow(unsafe_code, reason = "exit(3) would run what the parent runs too")]
            unsafe {
                libc::_exit(i32::from(outcome.is_err()))
            }
        }
        ForkResult::Parent { child } => {
            let ended = waitpid(child, None).expect("it is our child");
            assert_eq!(ended, WaitStatus::Exited(child, 0));
            String::new()
        }
    }
}

fn elsewhere() -> String {
    let this = thread::current();
    // The harness names each thread after its test.
    let test = this.name().expect("a test's thread has a name");
    let output = Command::new(env::current_exe().expect("/proc is there"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .output()
        .expect("the test binary runs");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let passed = output.status.success() && out.contains("1 passed");
    assert!(passed, "{}\n{out}\n{err}", output.status);
    let skips = err.lines().filter(|line| line.starts_with("skip: "));
    skips.flat_map(|line| [line, "\n"]).collect()
}
