//! Programs built or found when they are first needed, and the reason where one is not to be had.
//!
//! Separate because a missing compiler, header or package is no failure: what needs it is skipped, and it is said.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::contender::Program;
use super::server::Trouble;

/// Where the sources are, where what is built goes, and what is known so far.
pub struct Tools {
    sockplay: PathBuf,
    sources: PathBuf,
    built: PathBuf,
    known: RefCell<Vec<(String, Result<PathBuf, String>)>>,
}

impl Tools {
    pub fn new(sockplay: PathBuf) -> std::io::Result<Tools> {
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("echo-bench");
        std::fs::create_dir_all(&built)?;
        Ok(Tools {
            sockplay,
            sources: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench"),
            built,
            known: RefCell::default(),
        })
    }

    /// A file of `tests/bench`.
    pub fn source(&self, name: &str) -> PathBuf {
        self.sources.join(name)
    }

    /// The executable of a program.
    pub fn find(&self, program: Program) -> Result<PathBuf, Trouble> {
        let name = match program {
            Program::Epoll => "epoll",
            Program::EpollStatic => "epoll-static",
            Program::Datagram => "datagram",
            Program::Uring(_) => "uring",
            Program::Sockplay(..) => return Ok(self.sockplay.clone()),
            Program::Tokio(_) => return Ok(std::env::current_exe()?),
            Program::Python(event_loop) => event_loop,
            Program::Asio => "asio",
            Program::Socat => "socat",
            Program::Ncat => "ncat",
        };
        let mut known = self.known.borrow_mut();
        if !known.iter().any(|(n, _)| n == name) {
            known.push((name.to_owned(), self.make(name)));
        }
        let found = known
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, found)| found.clone());
        found.expect("it was put there").map_err(Trouble::Skipped)
    }

    fn make(&self, name: &str) -> Result<PathBuf, String> {
        let c = ["cc", "-O2"];
        match name {
            "epoll" | "datagram" => self.build(&c, &format!("floors/{name}.c"), name, &[]),
            "epoll-static" => self.build(&c, "floors/epoll.c", name, &["-static"]),
            "uring" => {
                let built = self.build(&c, "floors/uring.c", name, &["-luring"]);
                built.map_err(|e| format!("{e} (liburing-dev 2.3 or newer?)"))
            }
            "asio" => {
                let cpp = ["c++", "-O2", "-std=c++17"];
                let built = self.build(&cpp, "peers/asio.cpp", name, &["-pthread"]);
                built.map_err(|e| format!("{e} (libasio-dev?)"))
            }
            "asyncio" | "uvloop" => python_with(name),
            _ => in_path(name),
        }
    }

    fn build(
        &self,
        compiler: &[&str],
        source: &str,
        name: &str,
        libraries: &[&str],
    ) -> Result<PathBuf, String> {
        let output = self.built.join(name);
        let mut command = Command::new(compiler[0]);
        command.args(&compiler[1..]).arg("-o").arg(&output);
        command.arg(self.source(source)).args(libraries);
        let done = command
            .output()
            .map_err(|e| format!("{}: {e}", compiler[0]))?;
        if done.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let error = said
            .lines()
            .find(|l| l.contains("error"))
            .unwrap_or("no reason given");
        Err(format!("{} {source} failed: {error}", compiler[0]))
    }
}

/// The interpreter itself: what is called `python3` may be a script that looks for it.
fn python_with(module: &str) -> Result<PathBuf, String> {
    let program = format!("import sys, {module}; print(sys.executable)");
    let done = Command::new("python3")
        .args(["-c", &program])
        .stderr(Stdio::null())
        .output();
    let done = done.map_err(|e| format!("python3: {e}"))?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).trim().into())
    } else {
        Err(format!("python3 has no module {module}"))
    }
}

fn in_path(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|d| d.join(name))
        .find(|f| f.is_file());
    found.ok_or_else(|| format!("{name} is not installed"))
}
