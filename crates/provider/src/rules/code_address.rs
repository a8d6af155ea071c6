//! Setting a code address where no code can be typed: it is lost, or there is none yet (REC-04, OTP-23, `ux.md` 6.4
//! and 6.6). The password alone sets none: the sign-in mailbox is proved as well, and where an address is to be
//! replaced its owner is told for three days before.

use std::time::Duration;

use sekisho_model::{CodeAddressLoss, EmailAddress, Timestamp};

use super::password_reset::may_be_mailed;

/// How long a reported loss waits before another address can be set: the owner is told meanwhile.
pub const WAIT: Duration = Duration::from_hours(72);
/// How long another address can be set then.
pub const OPEN_FOR: Duration = Duration::from_hours(24 * 7);
/// When every address is told again, after the report.
pub const TOLD_AGAIN: [Duration; 3] = [
    Duration::from_hours(24),
    Duration::from_hours(48),
    Duration::from_hours(72),
];

/// Why no code can be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no address a code could go to.
    Missing,
    /// Nobody reads the present one any more.
    Lost,
}

/// What is known of an account whose password was proved.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Why no code can be typed.
    pub reason: Reason,
    /// Whether this server offers the wait for lost addresses.
    pub offers_wait: bool,
    /// The address typed at sign-in.
    pub login: &'a EmailAddress,
    /// Where codes go.
    pub code: Option<&'a EmailAddress>,
    /// Domains whose mailboxes open with this same account.
    pub self_hosted: &'a [String],
    /// Domains of machines.
    pub internal: &'a [String],
    /// The loss that was reported.
    pub loss: Option<&'a CodeAddressLoss>,
    /// When the present password was chosen.
    pub password_at: Option<Timestamp>,
    /// Whether this sign-in proved the sign-in mailbox.
    pub mailbox_proved: bool,
    /// Until when no address can be changed.
    pub held_until: Option<Timestamp>,
}

/// How far somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// The sign-in mailbox is to be proved.
    Mailbox,
    /// Every address is being told; not before then.
    Waits(Timestamp),
    /// Another address can be given.
    NewAddress,
    /// A recovery code was used lately, or the sign-in mailbox alone set the password: not before then.
    Held(Timestamp),
    /// Only an operator can help.
    Closed,
}

/// How far somebody is, now.
pub fn stand(facts: &Facts<'_>, now: Timestamp) -> Stand {
    if !is_open(facts) {
        return Stand::Closed;
    }
    if let Some(until) = facts.held_until {
        return Stand::Held(until);
    }
    let loss = facts
        .loss
        .filter(|loss| counts(loss, facts.password_at, now));
    match (facts.reason, loss) {
        (Reason::Lost, Some(loss)) if now < loss.due_at => Stand::Waits(loss.due_at),
        (Reason::Lost, Some(_)) | (Reason::Missing, _) if facts.mailbox_proved => Stand::NewAddress,
        _ => Stand::Mailbox,
    }
}

/// Whether a reported loss still leads anywhere: in time, and under the password that was proved when it was reported.
pub fn counts(loss: &CodeAddressLoss, password_at: Option<Timestamp>, now: Timestamp) -> bool {
    now < loss.ends_at && loss.password_at == password_at
}

/// Whether the sign-in mailbox says anything beside the password, and the server offers this way.
fn is_open(facts: &Facts<'_>) -> bool {
    let domain = facts.login.domain();
    let behind = |own: &String| own.eq_ignore_ascii_case(domain);
    let apart = |code: &EmailAddress| code.canonical() != facts.login.canonical();
    let offered = match facts.reason {
        Reason::Missing => facts.code.is_none(),
        // One mailbox must not be both proofs (REC-04).
        Reason::Lost => facts.offers_wait && facts.code.is_some_and(apart),
    };
    offered && !facts.self_hosted.iter().any(behind) && may_be_mailed(facts.login, facts.internal)
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Digest, SeededEntropy, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn loss(asked_at: Timestamp) -> CodeAddressLoss {
        CodeAddressLoss {
            user_id: UserId::new(NOW, &SeededEntropy::new(1)),
            digest: Digest::of(b"link"),
            asked_at,
            due_at: asked_at + WAIT,
            ends_at: asked_at + WAIT + OPEN_FOR,
            password_at: Some(NOW),
        }
    }

    struct Case {
        login: EmailAddress,
        code: Option<EmailAddress>,
        own: Vec<String>,
        loss: Option<CodeAddressLoss>,
    }

    impl Case {
        fn lost() -> Self {
            Self {
                login: address("a@example.jp"),
                code: Some(address("a@mobile.example")),
                own: vec!["isp.example".to_owned()],
                loss: None,
            }
        }

        fn facts(&self) -> Facts<'_> {
            Facts {
                reason: match self.code {
                    Some(_) => Reason::Lost,
                    None => Reason::Missing,
                },
                offers_wait: true,
                login: &self.login,
                code: self.code.as_ref(),
                self_hosted: &self.own,
                internal: &[],
                loss: self.loss.as_ref(),
                password_at: Some(NOW),
                mailbox_proved: true,
                held_until: None,
            }
        }
    }

    #[test]
    fn rec_04_another_address_takes_mailbox_and_wait() {
        let mut case = Case::lost();
        assert_eq!(stand(&case.facts(), NOW), Stand::Mailbox);
        case.loss = Some(loss(NOW));
        let due = NOW + WAIT;
        let just_before = due - Duration::from_micros(1);
        assert_eq!(stand(&case.facts(), just_before), Stand::Waits(due));
        assert_eq!(stand(&case.facts(), due), Stand::NewAddress);
        let unproved = Facts {
            mailbox_proved: false,
            ..case.facts()
        };
        assert_eq!(stand(&unproved, due), Stand::Mailbox);
        let held = Facts {
            held_until: Some(due),
            ..case.facts()
        };
        assert_eq!(stand(&held, due), Stand::Held(due));
        assert_eq!(stand(&case.facts(), due + OPEN_FOR), Stand::Mailbox);
        let other_password = Facts {
            password_at: Some(due),
            ..case.facts()
        };
        assert_eq!(stand(&other_password, due), Stand::Mailbox);
    }

    #[test]
    fn rec_04_one_mailbox_is_never_both_proofs() {
        let mut case = Case::lost();
        case.loss = Some(loss(NOW));
        let off = Facts {
            offers_wait: false,
            ..case.facts()
        };
        assert_eq!(stand(&off, NOW), Stand::Closed);
        case.login = address("a@ISP.example");
        assert_eq!(
            stand(&case.facts(), NOW),
            Stand::Closed,
            "behind this sign-in"
        );
        case.login = address("A@mobile.example");
        assert_eq!(stand(&case.facts(), NOW), Stand::Closed, "the same mailbox");
    }

    #[test]
    fn otp_23_a_first_address_takes_the_mailbox_beside_the_password() {
        let mut case = Case::lost();
        case.code = None;
        assert_eq!(stand(&case.facts(), NOW), Stand::NewAddress);
        let unproved = Facts {
            mailbox_proved: false,
            offers_wait: false,
            ..case.facts()
        };
        assert_eq!(stand(&unproved, NOW), Stand::Mailbox);
        case.login = address("a@isp.example");
        assert_eq!(stand(&case.facts(), NOW), Stand::Closed);
    }
}
