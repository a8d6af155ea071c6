//! Saying which accounts are meant, however many they are.

use clap::Args;
use sekisho_mail::when;
use sekisho_model::{Cohort, Timestamp, Wave};
use sekisho_provider::Provider;

use super::CliError;
use crate::incident_overview::unknown_tag;

/// Which accounts.
#[derive(Debug, Clone, Args)]
pub(crate) struct Who {
    /// Everyone.
    #[arg(long, conflicts_with_all = ["made_before", "chosen_before", "tag"])]
    all: bool,
    /// Accounts made before: a date, or a moment as in 2026-11-23T09:00:00+09:00.
    #[arg(long, value_parser = moment)]
    made_before: Option<Timestamp>,
    /// Accounts whose password was chosen before.
    #[arg(long, value_parser = moment)]
    chosen_before: Option<Timestamp>,
    /// Accounts imported with this tag.
    #[arg(long)]
    tag: Option<String>,
    /// One of several equal shares of them, as in 1/4.
    #[arg(long, value_parser = wave)]
    wave: Option<Wave>,
}

impl Who {
    /// The accounts meant; nobody is meant by saying nothing.
    pub(super) fn cohort(&self) -> Result<Cohort, CliError> {
        let cohort = Cohort {
            made_before: self.made_before,
            password_before: self.chosen_before,
            tag: self.tag.clone(),
            wave: self.wave,
        };
        let narrowed = Cohort {
            wave: None,
            ..cohort.clone()
        } != Cohort::default();
        if narrowed || self.all {
            Ok(cohort)
        } else {
            Err(CliError::usage(
                "say who: an address, --all, --made-before, --chosen-before or --tag",
            ))
        }
    }
}

/// Refuses a tag that no account has: an order for nobody would look like success.
pub(super) async fn must_be_tagged(provider: &Provider, cohort: &Cohort) -> Result<(), CliError> {
    match unknown_tag(provider, cohort).await? {
        Some(why) => Err(CliError::refused(why)),
        None => Ok(()),
    }
}

pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    when::parse(text).ok_or_else(|| {
        "write a date, 2026-11-23, or a moment, 2026-11-23T09:00:00+09:00".to_owned()
    })
}

fn wave(text: &str) -> Result<Wave, String> {
    let parts = text.split_once('/');
    parts
        .and_then(|(number, of)| Wave::new(number.parse().ok()?, of.parse().ok()?))
        .ok_or_else(|| "write which share of how many, as in 1/4 (at most 255)".to_owned())
}

/// The accounts in words.
pub(crate) fn in_words(cohort: &Cohort) -> String {
    let at = |moment| when::rfc3339(moment, "UTC");
    let conditions = [
        cohort.tag.as_ref().map(|tag| format!("imported as {tag}")),
        cohort
            .made_before
            .map(|border| format!("made before {}", at(border))),
        cohort
            .password_before
            .map(|border| format!("password from before {}", at(border))),
    ];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    let who = if conditions.is_empty() {
        "everyone".to_owned()
    } else {
        format!("accounts {}", conditions.join(", "))
    };
    match cohort.wave {
        Some(wave) => format!("{who}, share {wave}"),
        None => who,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inc_08_a_cohort_is_told_in_words() {
        let cohort = Cohort {
            made_before: moment("2026-11-23").ok(),
            tag: Some("old-portal".to_owned()),
            wave: wave("2/4").ok(),
            ..Cohort::default()
        };
        assert_eq!(
            in_words(&cohort),
            "accounts imported as old-portal, made before 2026-11-23T00:00:00Z, share 2/4"
        );
        assert_eq!(in_words(&Cohort::default()), "everyone");
    }

    #[test]
    fn waves_and_moments_that_are_none_are_refused() {
        for text in ["", "1", "0/4", "5/4", "1/256", "a/b", "1/2/3"] {
            assert!(wave(text).is_err(), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-11-23T09:00:00"] {
            assert!(moment(text).is_err(), "{text}");
        }
        assert_eq!(moment("2026-11-23T09:00:00+09:00"), moment("2026-11-23"));
    }
}
