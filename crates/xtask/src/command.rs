use std::path::{Path, PathBuf};
use std::process::Command;

use crate::keeper::{Ending, Kept, Output, Whom};

const WITH_ITS_CHILDREN: Ending<'_> = Ending {
    signal: "TERM",
    whom: Whom::Group,
    folder: "",
};

/// `cargo` with `arguments` in `root`, free of what `cargo run` added to our own environment: build
/// scripts that watch those variables would run again each time one calls cargo without us.
pub fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy();
        let added = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "AWS_LC_SYS_",
            "LD_LIBRARY_PATH",
        ];
        if added.iter().any(|prefix| ours.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs `command` to its end, with its output as ours.
pub fn run(command: &Command) -> Result<(), String> {
    println!("$ {}", shown(command));
    let mut kept = start(command, Output::Inherit)?;
    finish(command, &mut kept)
}

/// Starts `command` so that all it starts ends with us.
pub fn start(command: &Command, output: Output) -> Result<Kept, String> {
    Kept::start(command, &WITH_ITS_CHILDREN, output)
}

/// Waits for `kept` and turns a bad exit into an error that names the command.
pub fn finish(command: &Command, kept: &mut Kept) -> Result<(), String> {
    let status = kept.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed: {status}", shown(command)))
    }
}

/// What `command` prints.
pub fn output(mut command: Command) -> Result<String, String> {
    let name = shown(&command);
    let output = command.output().map_err(|e| format!("{name}: {e}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{name}` failed: {}", why.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program called `name` on the path.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether cargo knows the subcommand `name`.
pub fn has_cargo(name: &str) -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|h| h.join(".cargo")));
    let program = format!("cargo-{name}");
    find(&program).is_some() || home.is_some_and(|h| h.join("bin").join(program).is_file())
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_exit_names_the_command() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        let why = run(&command).unwrap_err();
        assert!(why.contains("sh -c exit 3"), "{why}");
    }

    #[test]
    fn what_cargo_run_added_is_taken_away() {
        let command = cargo(Path::new("."), &["--version"]);
        let removed = |name: &str| command.get_envs().any(|(n, v)| n == name && v.is_none());
        assert!(removed("CARGO_PKG_NAME") && removed("CARGO_MANIFEST_DIR"));
    }
}
