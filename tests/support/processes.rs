//! Parts that can be taken away: a proxy before a real server, and `sekisho` as a process of its own.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Stands before a server; stopping it looks like the server going away.
pub struct Proxy {
    pub port: u16,
    accepting: AbortHandle,
}

impl Proxy {
    pub async fn before(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(async move {
            // Dropped with the task: every connection ends.
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self {
            port,
            accepting: accepting.abort_handle(),
        }
    }

    pub fn stop(&self) {
        self.accepting.abort();
    }
}

/// A `sekisho` process; killed when dropped.
pub struct Process(Child);

impl Process {
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(super::house::variable("TEST_SEKISHO"));
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        Self(command.spawn().expect("the sekisho program"))
    }

    /// Starts with standard output into a file.
    pub fn start_printing(arguments: &[&str], file: &std::path::Path) -> Self {
        let mut command = Command::new(super::house::variable("TEST_SEKISHO"));
        let out = std::fs::File::create(file).unwrap();
        command
            .args(arguments)
            .stdout(out)
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        Self(command.spawn().expect("the sekisho program"))
    }

    /// Starts with what it tells people, on standard error, into a file.
    pub fn start_telling(arguments: &[&str], file: &std::path::Path) -> Self {
        let mut command = Command::new(super::house::variable("TEST_SEKISHO"));
        let told = std::fs::File::create(file).unwrap();
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(told)
            .stdin(Stdio::null());
        Self(command.spawn().expect("the sekisho program"))
    }

    /// Starts a program of `examples/`, with standard output into a file.
    pub fn example(
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
        file: &std::path::Path,
    ) -> Self {
        let server = std::path::PathBuf::from(super::house::variable("TEST_SEKISHO"));
        let program = server.with_file_name("examples").join(name);
        let mut command = Command::new(program);
        let out = std::fs::File::create(file).unwrap();
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(out)
            .stdin(Stdio::null());
        Self(
            command
                .spawn()
                .expect("the example, built beside the server"),
        )
    }

    /// Runs a command to its end and returns what it printed.
    pub fn run(arguments: &[&str], input: &str) -> String {
        let done = Self::ran(arguments, input);
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success(),
            "{arguments:?}: {}: {told}",
            done.status
        );
        String::from_utf8(done.stdout).unwrap()
    }

    /// Runs a command to its end; what it said if it refused.
    pub fn refused(arguments: &[&str], input: &str) -> Option<String> {
        let done = Self::ran(arguments, input);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        (!done.status.success()).then_some(told)
    }

    fn ran(arguments: &[&str], input: &str) -> std::process::Output {
        use std::io::Write as _;
        let mut command = Command::new(super::house::variable("TEST_SEKISHO"));
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the sekisho program");
        let mut stdin = child.stdin.take().unwrap();
        // A command that refuses before it reads has closed its end.
        let _sent = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    /// Waits until it ends by itself; whether it succeeded.
    pub fn finish(mut self) -> bool {
        self.0.wait().unwrap().success()
    }

    /// Runs a command that must fail, and returns all it said.
    pub fn run_failing(arguments: &[&str]) -> String {
        let mut command = Command::new(super::house::variable("TEST_SEKISHO"));
        let done = command.args(arguments).stdin(Stdio::null()).output();
        let done = done.expect("the sekisho program");
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(!done.status.success(), "{arguments:?} was done: {said}");
        said
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks the process to end, and waits.
    pub fn stop(mut self) -> bool {
        let id = self.0.id().to_string();
        let asked = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success();
        asked && self.0.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// A `sekisho` process that survives a limit of the size of its files; killed when dropped.
pub struct Limited(Process);

impl Limited {
    /// What it logs is added to a file.
    pub fn start(arguments: &[&str], log: &std::path::Path) -> Self {
        let mut command = Command::new("sh");
        let log = std::fs::File::options().create(true).append(true).open(log);
        let begin = "trap '' XFSZ; exec \"$0\" \"$@\"";
        command
            .args(["-c", begin, &super::house::variable("TEST_SEKISHO")])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .stdin(Stdio::null());
        Self(Process(command.spawn().expect("sh")))
    }

    /// From now on it writes no file beyond that many bytes: to it the disk is full.
    pub fn largest_file(&self, bytes: &str) {
        let id = self.0.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let done = Command::new("prlimit")
            .args(["--pid", &id, &limit])
            .status();
        assert!(done.expect("prlimit").success());
    }
}

/// Stands before a database and kills a process in the middle of what it does there.
pub struct Cutter {
    pub port: u16,
    state: Arc<Mutex<Cut>>,
    accepting: AbortHandle,
}

/// Who is killed, and before which message to the database.
#[derive(Default)]
struct Cut {
    victim: Option<u32>,
    left: u32,
}

impl Cutter {
    pub async fn before(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(Cut::default()));
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let (target, state) = (target.clone(), Arc::clone(&shared));
                connections.spawn(async move {
                    if let Ok(far) = TcpStream::connect(target).await {
                        forward(near, far, &state).await;
                    }
                });
            }
        });
        Self {
            port,
            state,
            accepting: accepting.abort_handle(),
        }
    }

    /// Kills `victim` instead of handing on its message after `left` more.
    pub fn arm(&self, victim: &Process, left: u32) {
        *self.state.lock().unwrap() = Cut {
            victim: Some(victim.id()),
            left,
        };
    }

    /// Kills nobody any more; whether it did.
    pub fn disarm(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        state.victim.take().is_none()
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(near: TcpStream, far: TcpStream, state: &Mutex<Cut>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let back = tokio::spawn(async move {
        let _ended = tokio::io::copy(&mut from_far, &mut to_near).await;
    });
    let mut message = vec![0; 65_536];
    while let Ok(length @ 1..) = from_near.read(&mut message).await {
        if cuts(state) || to_far.write_all(&message[..length]).await.is_err() {
            break;
        }
    }
    back.abort();
}

/// Whether this message is the one before which the process dies.
fn cuts(state: &Mutex<Cut>) -> bool {
    let mut state = state.lock().unwrap();
    let Some(victim) = state.victim else {
        return false;
    };
    if let Some(left) = state.left.checked_sub(1) {
        state.left = left;
        return false;
    }
    state.victim = None;
    let mut kill = Command::new("kill");
    let killed = kill.args(["-KILL", &victim.to_string()]).status();
    killed.expect("kill").success()
}
