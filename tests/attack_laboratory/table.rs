use std::fmt;

use super::house::Owners;

/// What one mix came to.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub mix: &'static str,
    /// Attempts of the attacker.
    pub attempts: u64,
    /// Attempts before the first one that was not answered.
    pub until_stopped: Option<u64>,
    /// Guesses that were compared, or mails that were sent.
    pub verified: u64,
    /// How owners fared.
    pub owners: Owners,
    /// Firings that did something to sources or accounts of honest people.
    pub false_positives: Vec<String>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until_stopped.map_or("-".to_owned(), |n| n.to_string());
        let owners = &self.owners;
        write!(
            f,
            "| {:<55} | {:>8} | {:>10} | {:>8} | {:>7} | {:>7} | {:>7} | {:>6} | {:>5} |",
            self.mix,
            self.attempts,
            until,
            self.verified,
            owners.came,
            owners.hindered_known,
            owners.by_mail,
            owners.locked_out,
            self.false_positives.len()
        )
    }
}

/// What the columns are.
pub fn heads() -> String {
    format!(
        "| {:<55} | {:>8} | {:>10} | {:>8} | {:>7} | {:>7} | {:>7} | {:>6} | {:>5} |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|",
        "mix",
        "attempts",
        "until stop",
        "verified",
        "owners",
        "at home",
        "by mail",
        "locked",
        "false"
    )
}

/// The most a mix may come to: attempts until the first is stopped, what is verified, and how many owners at new
/// devices go by the mailed link.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub until: u64,
    pub verified: u64,
    pub by_mail: u64,
}

impl Line {
    /// Prints itself, and fails if anybody was hindered who should not be, or an attacker got too far.
    pub fn keeps_within(&self, most: Bounds) {
        println!("{}\n{self}", heads());
        let owners = &self.owners;
        assert_eq!(owners.hindered_known, 0, "owners at home go on");
        assert_eq!(owners.locked_out, 0, "owners at new devices get in by mail");
        let harmed = &self.false_positives;
        assert!(harmed.is_empty(), "rules act on honest people: {harmed:?}");
        assert!(owners.by_mail <= most.by_mail, "{} by mail", owners.by_mail);
        let until = self.until_stopped.unwrap_or(0);
        assert!(until <= most.until, "stopped after {until} attempts");
        assert!(self.verified <= most.verified, "{} verified", self.verified);
    }
}
