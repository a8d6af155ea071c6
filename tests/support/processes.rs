//! Parts that can be taken away: a proxy before a real server, and `sekisho` as a process of its own.

use std::process::{Child, Command, Stdio};

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
