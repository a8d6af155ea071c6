use std::fmt;

/// What one mix came to.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub mix: &'static str,
    /// Attempts of the attacker.
    pub attempts: u64,
    /// Attempts before the first one that was not answered.
    pub until_stopped: Option<u64>,
    /// Guesses that were compared with a password, or mails that were sent.
    pub verified: u64,
    /// Sign-ins of owners with the right password.
    pub owners: u64,
    /// Owners who were stopped at browsers their accounts know.
    pub hindered_known: u64,
    /// Owners who were stopped at new devices; they get in by the mailed path.
    pub hindered_new: u64,
    /// Firings against sources that only honest people came from.
    pub false_positives: u64,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until_stopped.map_or("-".to_owned(), |n| n.to_string());
        write!(
            f,
            "{:<46} {:>8} {:>10} {:>9} {:>8} {:>7} {:>5} {:>6}",
            self.mix,
            self.attempts,
            until,
            self.verified,
            self.owners,
            self.hindered_known,
            self.hindered_new,
            self.false_positives
        )
    }
}

/// What the columns are.
pub fn heads() -> String {
    format!(
        "{:<46} {:>8} {:>10} {:>9} {:>8} {:>7} {:>5} {:>6}",
        "mix", "attempts", "until stop", "verified", "owners", "at home", "new", "false"
    )
}
