use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use crate::command::output;

/// Servers refuse to run as root, or should: the account they run under instead.
pub struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// `None` when we are not root and simply stay who we are.
    pub fn unprivileged() -> Result<Option<Self>, String> {
        if !is_root()? {
            return Ok(None);
        }
        let list = fs::read_to_string("/etc/passwd").map_err(|e| format!("/etc/passwd: {e}"))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| find(&list, name))
            .map(Some)
            .ok_or_else(|| "neither postgres nor nobody has an account here".to_owned())
    }
}

/// Whether we may do everything.
pub fn is_root() -> Result<bool, String> {
    let mut id = Command::new("id");
    id.arg("-u");
    Ok(output(id)?.trim() == "0")
}

/// `program`, to be run under `account`.
pub fn command(program: &Path, account: Option<&Account>) -> Command {
    let Some(account) = account else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={}", account.user))
        .arg(format!("--regid={}", account.group))
        .args(["--clear-groups", "--"])
        .arg(program);
    command
}

/// Gives `path` to `account`.
pub fn give(path: &Path, account: Option<&Account>) -> Result<(), String> {
    match account {
        Some(a) => {
            chown(path, Some(a.user), Some(a.group)).map_err(|e| format!("{}: {e}", path.display()))
        }
        None => Ok(()),
    }
}

fn find(list: &str, name: &str) -> Option<Account> {
    let row = list
        .lines()
        .find(|row| row.split(':').next() == Some(name))?;
    let mut numbers = row.split(':').skip(2).map(str::parse::<u32>);
    Some(Account {
        user: numbers.next()?.ok()?,
        group: numbers.next()?.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let list = "root:x:0:0::/root:/bin/sh\nnobody2:x:7:7::/:/x\nnobody:x:65534:65533:n:/:/x\n";
        let account = find(list, "nobody").unwrap();
        assert_eq!((account.user, account.group), (65534, 65533));
        assert!(find(list, "postgres").is_none());
    }
}
