//! Whole logins: the app's link, the pages, password, mailed code, and the code exchanged for tokens.
//! Each person's browser is known from the first time on, so nobody is alarmed.

use super::Bed;
use crate::report::{Goal, Line, line};

/// Enough to keep the hash thread at work without waiting too long for it.
const SIGNING_IN: usize = 6;
/// People with a code also wait for their mail.
const READING_MAIL: usize = 12;

pub(super) async fn with_the_real_hash(bed: &Bed<'_>) -> Result<Vec<Line>, String> {
    let goal = Goal::OfCeiling {
        floor: 0.85,
        target: 0.92,
    };
    let plain = one(bed, "login, ceiling the hash alone", Kind::Password, goal).await?;
    let coded = one(bed, "login with a mailed code", Kind::Code, Goal::None).await?;
    Ok(vec![plain, coded])
}

pub(super) async fn without_the_hash(bed: &Bed<'_>) -> Result<Vec<Line>, String> {
    let goal = Goal::Micros {
        floor: 2_100.0,
        target: 1_200.0,
    };
    let plain = one(bed, "login, nearly free hash", Kind::Password, goal).await?;
    let goal = Goal::Micros {
        floor: 2_000.0,
        target: 2_000.0,
    };
    let coded = one(bed, "the same with a mailed code", Kind::Code, goal).await?;
    Ok(vec![plain, coded])
}

enum Kind {
    Password,
    Code,
}

async fn one(bed: &Bed<'_>, name: &str, kind: Kind, goal: Goal) -> Result<Line, String> {
    let (names, count) = match kind {
        Kind::Password => (&bed.people.without_code, SIGNING_IN),
        Kind::Code => (&bed.people.with_code, READING_MAIL),
    };
    let mut crowd = bed.crowd(names, &bed.people.app, count).await?;
    // So that every browser is known before anything is measured.
    for people in &mut crowd {
        for _ in 0..names.len() / count {
            people.sign_in().await?;
        }
    }
    let bare = bed.bare("/hash", Some(""), 1).await?;
    let (ours, bare) = bed.duel(name, crowd, bare).await;
    Ok(line(name, &ours, &bare, goal))
}
