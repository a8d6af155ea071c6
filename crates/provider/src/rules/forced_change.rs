//! Why a sign-in leads to a new password before anything is issued (PW-29, PW-30, INC-08).

use sekisho_model::User;
use serde::{Deserialize, Serialize};

use super::password_policy::PasswordRefusal;

/// Why a new password is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeReason {
    /// The account, its cohort or everybody was marked.
    Marked,
    /// The password came with an import and is weaker than what is asked here (PW-29).
    BelowPolicy,
    /// The password is on a list of leaked or common ones (PW-30).
    Known,
}

impl ChangeReason {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Marked => "marked",
            Self::BelowPolicy => "below_policy",
            Self::Known => "known",
        }
    }
}

/// What the typed, right password asks for: a mark before the policy, the policy only for what was imported.
pub fn reason(user: &User, marked: bool, judged: &[PasswordRefusal]) -> Option<ChangeReason> {
    let known = |reason: &PasswordRefusal| {
        matches!(reason, PasswordRefusal::Common | PasswordRefusal::Breached)
    };
    if marked {
        Some(ChangeReason::Marked)
    } else if judged.iter().any(known) {
        Some(ChangeReason::Known)
    } else {
        (user.password_imported && !judged.is_empty()).then_some(ChangeReason::BelowPolicy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::standing::tests::user;

    #[test]
    fn pw_29_only_what_was_imported_is_held_to_the_policy() {
        let short = &[PasswordRefusal::Short { min: 8, length: 4 }];
        let imported = User {
            password_imported: true,
            leaves_at: None,
            ..user()
        };
        let asked = reason(&imported, false, short);
        assert_eq!(asked, Some(ChangeReason::BelowPolicy));
        assert_eq!(reason(&imported, false, &[]), None);
        let asked = reason(&user(), false, short);
        assert_eq!(asked, None, "chosen here under an older policy");
    }

    #[test]
    fn pw_30_marks_and_lists_ask_everybody() {
        assert_eq!(reason(&user(), true, &[]), Some(ChangeReason::Marked));
        for known in [PasswordRefusal::Common, PasswordRefusal::Breached] {
            let judged = [PasswordRefusal::Weak, known];
            assert_eq!(reason(&user(), false, &judged), Some(ChangeReason::Known));
        }
    }
}
