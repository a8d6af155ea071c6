//! Key-encryption keys that a command prints: the hook for a key management service (KEY-01, PW-15).

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

/// A command may take so long, and no longer.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// Keys of years; and what of an error message is worth reading.
const MOST_OUTPUT: usize = 64 * 1024;
const MOST_COMPLAINT: usize = 2 * 1024;
/// Between two looks at whether it has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// What the command printed. It gets none of our settings, which may be secret, and nothing to read.
pub(crate) fn output(command: &[String]) -> Result<Zeroizing<String>, String> {
    output_within(command, TIME_LIMIT)
}

fn output_within(command: &[String], limit: Duration) -> Result<Zeroizing<String>, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("is empty".to_owned());
    };
    let mut starting = Command::new(program);
    starting
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in crate::config::settings_of_environment() {
        starting.env_remove(name);
    }
    let mut child = starting
        .spawn()
        .map_err(|error| format!("cannot be started: {program}: {error}"))?;
    let printed = reader(child.stdout.take(), MOST_OUTPUT);
    let complained = reader(child.stderr.take(), MOST_COMPLAINT);
    let Ok((printed, whole)) = printed.recv_timeout(limit) else {
        end(&mut child);
        return Err(format!(
            "took longer than {} s and was ended",
            limit.as_secs_f32()
        ));
    };
    let ended = if whole {
        ended(&mut child, limit)
    } else {
        None
    };
    let Some(ended) = ended else {
        end(&mut child);
        let why = if whole {
            "printed its keys and did not end"
        } else {
            "printed too much"
        };
        return Err(why.to_owned());
    };
    if !ended.success() {
        let complained = complained.recv_timeout(PAUSE).unwrap_or_default();
        return Err(format!("failed ({ended}){}", told(&complained.0)));
    }
    let text = std::str::from_utf8(&printed).map_err(|_quotes_bytes| "did not print text")?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    drop(child.kill());
    drop(child.wait());
}

/// How it ended: a command that has closed its output may still run.
fn ended(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let mut waited = Duration::ZERO;
    loop {
        match child.try_wait() {
            Ok(Some(ended)) => return Some(ended),
            Ok(None) if waited < limit => thread::park_timeout(PAUSE),
            Ok(None) | Err(_) => return None,
        }
        waited = waited.saturating_add(PAUSE);
    }
}

type Bytes = Zeroizing<Vec<u8>>;

/// Reads to the end on a thread of its own, and says whether `most` was enough.
fn reader(stream: Option<impl Read + Send + 'static>, most: usize) -> Receiver<(Bytes, bool)> {
    let (tell, told) = channel();
    let reading = move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(most.saturating_add(1)));
        let allowed = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let read = stream.map(|stream| stream.take(allowed).read_to_end(&mut bytes));
        let whole = bytes.len() <= most && matches!(read, Some(Ok(_)));
        drop(tell.send((bytes, whole)));
    };
    // Without the thread nothing is told, which reads like a command that never ends.
    drop(
        thread::Builder::new()
            .name("keys-command".to_owned())
            .spawn(reading),
    );
    told
}

/// The last words of the command, harmless to a terminal.
fn told(complained: &[u8]) -> String {
    let text = String::from_utf8_lossy(complained);
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match text.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;
    use crate::keys_file::{self, KeysFileError};
    use crate::keys_source;

    fn shell(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn key_01_a_command_that_prints_the_keys_takes_the_place_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let id = keys_file::create(&path, &SeededEntropy::new(1)).unwrap();
        let keys = crate::config::Keys {
            command: ["/bin/cat".to_owned(), path.display().to_string()].to_vec(),
            ..crate::config::Keys::default()
        };
        assert_eq!(keys_source::read(&keys).unwrap().current(), id);
    }

    #[test]
    fn key_01_a_command_that_fails_is_shown_with_its_complaint_and_without_what_it_printed() {
        let script = "echo geheim; printf 'no \\033[31mpermission\\n' >&2; exit 3";
        let told = output(&shell(script)).unwrap_err();
        assert!(told.contains("permission") && told.contains('3'), "{told}");
        assert!(
            !told.contains("geheim") && !told.contains('\u{1b}'),
            "{told}"
        );
        let missing = output(&["/does/not/exist".to_owned()]).unwrap_err();
        assert!(missing.contains("/does/not/exist"), "{missing}");
        assert!(output(&[]).is_err());
    }

    #[test]
    fn key_01_a_command_that_never_ends_or_never_stops_printing_is_ended() {
        let limit = Duration::from_millis(100);
        let late = output_within(&shell("exec sleep 60"), limit).unwrap_err();
        assert!(late.contains("took longer"), "{late}");
        let endless = output(&shell("exec yes geheim")).unwrap_err();
        assert!(
            endless.contains("printed too much") && !endless.contains("geheim"),
            "{endless}"
        );
        let closed = output_within(&shell("exec >&- 2>&-; exec sleep 60"), limit).unwrap_err();
        assert!(closed.contains("did not end"), "{closed}");
        let loud = output(&shell("yes complaint | head -c 100000 >&2; exit 1")).unwrap_err();
        assert!(
            loud.contains("complaint") && loud.len() < 4096,
            "{}",
            loud.len()
        );
    }

    #[test]
    fn pw_25_what_is_printed_and_is_no_key_file_is_not_repeated() {
        let keys = crate::config::Keys {
            command: shell("echo 'keys = \"geheim\"'"),
            ..crate::config::Keys::default()
        };
        let told = keys_source::read(&keys).unwrap_err();
        assert!(matches!(told, KeysFileError::Shape(..)));
        assert!(!told.to_string().contains("geheim"), "{told}");
    }
}
