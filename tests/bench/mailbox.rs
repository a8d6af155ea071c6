//! Where mailed codes arrive: the folder that the server's `file:` transport writes into.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// All mailboxes of a house.
#[derive(Clone)]
pub struct Mailbox {
    folder: PathBuf,
    codes: Arc<Mutex<HashMap<String, String>>>,
}

impl Mailbox {
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            codes: Arc::default(),
        }
    }

    /// Waits for the code that is mailed to `address`.
    pub async fn code(&self, address: &str) -> Result<String, String> {
        let patience = Instant::now() + Duration::from_secs(10);
        let mut beat = tokio::time::interval(Duration::from_millis(2));
        while Instant::now() < patience {
            if let Some(code) = self.known(address) {
                return Ok(code);
            }
            self.collect();
            beat.tick().await;
        }
        Err(format!("no code was mailed to {address}"))
    }

    fn known(&self, address: &str) -> Option<String> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.remove(address)
    }

    /// Reads and removes what has arrived.
    fn collect(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "eml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            drop(fs::remove_file(path));
            if let (Some(to), Some(code)) = (recipient(&text), code(&text)) {
                let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
                codes.insert(to, code);
            }
        }
    }
}

fn recipient(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("To: "))?;
    Some(line.trim_matches(['<', '>', ' ']).to_owned())
}

fn code(text: &str) -> Option<String> {
    let rest = text.split("Your code: ").nth(1)?;
    rest.get(..8).map(str::to_owned)
}
