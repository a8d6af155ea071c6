use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// Runs "$@" and stops it when standard input closes, which happens however this process ends:
/// normally, by a panic, by ctrl-c or by SIGKILL. Afterwards removes a folder, if one was named.
const SCRIPT: &str = r#"
signal=$1 whom=$2 folder=$3
shift 3
exec 3<&0
trap : TERM PIPE
"$@" </dev/null 3<&- &
child=$!
if [ "$whom" = group ]; then target=-$$; else target=$child; fi
{ trap - TERM; read -r _ <&3; kill -s "$signal" -- "$target"; } 2>/dev/null &
watcher=$!
while :; do
  wait "$child" 2>/dev/null
  status=$?
  kill -0 "$child" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
[ -z "$folder" ] || rm -rf -- "$folder"
exit "$status"
"#;

/// A process that does not outlive us. Dropping it stops it and waits until it is gone.
pub struct Kept {
    child: Child,
    line: Option<ChildStdin>,
}

/// How a kept process is stopped.
pub struct Ending<'a> {
    /// Name of the signal, without `SIG`.
    pub signal: &'a str,
    /// Whether the signal goes to all it started or to it alone.
    pub whom: Whom,
    /// What is removed afterwards; empty for nothing.
    pub folder: &'a str,
}

/// Who gets the signal.
#[derive(Clone, Copy)]
pub enum Whom {
    /// The process, which ends its own children.
    Child,
    /// The whole process group.
    Group,
}

impl Kept {
    /// Starts `command` (program, arguments, environment, folder, output) in a process group of its own.
    pub fn start(command: &Command, ending: &Ending<'_>, output: Output) -> Result<Self, String> {
        let whom = match ending.whom {
            Whom::Child => "child",
            Whom::Group => "group",
        };
        let mut keeper = Command::new("sh");
        keeper.args(["-c", SCRIPT, "keeper", ending.signal, whom, ending.folder]);
        keeper.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(name, value),
                None => keeper.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            keeper.current_dir(folder);
        }
        let (out, err) = output.pair()?;
        let mut child = keeper
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .map_err(|e| format!("sh: {e}"))?;
        let line = child.stdin.take();
        Ok(Self { child, line })
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus, String> {
        self.child.wait().map_err(|e| format!("wait: {e}"))
    }

    /// What it prints, when it was started with [`Output::Pipe`].
    pub fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.line.take());
        if let Err(e) = self.child.wait() {
            eprintln!("xtask: wait: {e}");
        }
    }
}

/// Where the output of a kept process goes.
pub enum Output {
    /// To ours.
    Inherit,
    /// Through [`Kept::take_output`].
    Pipe,
    /// To a file.
    File(std::fs::File),
}

impl Output {
    fn pair(self) -> Result<(Stdio, Stdio), String> {
        Ok(match self {
            Self::Inherit => (Stdio::inherit(), Stdio::inherit()),
            Self::Pipe => (Stdio::piped(), Stdio::piped()),
            Self::File(file) => {
                let again = file.try_clone().map_err(|e| format!("log file: {e}"))?;
                (file.into(), again.into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};

    use super::*;

    fn start(script: &str, whom: Whom, folder: &str) -> Kept {
        let ending = Ending {
            signal: "TERM",
            whom,
            folder,
        };
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Kept::start(&command, &ending, Output::Pipe).unwrap()
    }

    #[test]
    fn the_exit_code_comes_through() {
        for whom in [Whom::Child, Whom::Group] {
            assert_eq!(start("exit 7", whom, "").wait().unwrap().code(), Some(7));
        }
    }

    #[test]
    fn dropping_stops_the_process_and_removes_its_folder() {
        let folder = std::env::temp_dir().join(format!("sekisho-kept-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut kept = start(
            "echo up; exec tail -f /dev/null",
            Whom::Child,
            &folder.to_string_lossy(),
        );
        let mut first = String::new();
        BufReader::new(kept.take_output().0.unwrap())
            .read_line(&mut first)
            .unwrap();
        assert_eq!(first, "up\n");
        drop(kept);
        assert!(!folder.exists());
    }

    #[test]
    fn dropping_stops_the_whole_group() {
        let mut kept = start("tail -f /dev/null & echo up; wait", Whom::Group, "");
        let mut output = BufReader::new(kept.take_output().0.unwrap());
        output.read_line(&mut String::new()).unwrap();
        drop(kept);
        // The pipe ends only when the last process holding it is gone.
        assert_eq!(output.read_to_string(&mut String::new()).unwrap(), 0);
    }
}
