//! Changing an address, and undoing the change (REC-06, REC-07, OTP-24).

use std::time::Duration;

use sekisho_model::{AddressKind, EmailAddress, EventId, ProofPurpose, Timestamp};

use super::password_reset::may_be_mailed;

/// How long a change can be undone (REC-07).
pub const UNDO_FOR: Duration = Duration::from_hours(7 * 24);

/// How long no address can be changed after somebody came in with a recovery code in the place of a mailed
/// one: the owner reads of it meanwhile at every address (`ux.md` 6.4).
pub const HOLD_FOR: Duration = Duration::from_hours(72);

/// Until when addresses stay as they are, after a recovery code was used.
pub fn held_until(used_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    used_at
        .map(|used_at| used_at + HOLD_FOR)
        .filter(|until| now < *until)
}

/// Whether a password was set with a mailed link and nothing beside it, told by the detail of the event; `None` where
/// no link was used.
pub fn set_by_mailbox_alone(detail: &serde_json::Value) -> Option<bool> {
    let is = |member: &str| detail.get(member).and_then(serde_json::Value::as_bool) == Some(true);
    let by_link = detail.get("how").and_then(serde_json::Value::as_str) == Some("link");
    by_link.then(|| !is("recovery_code") && !is("vouched"))
}

/// Why an address cannot be used, as its owner may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressRefusal {
    /// It is the present one.
    Present,
    /// Codes would go where the sign-in begins.
    SameAsLogin,
    /// The sign-in would begin where the codes go.
    SameAsCode,
    /// Its mailbox opens with this same account (OTP-24).
    BehindGate,
    /// Nobody reads mail there (REC-12).
    NoMailbox,
}

/// What is known of an account and of this server.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// The address typed at sign-in.
    pub login: &'a EmailAddress,
    /// Where codes go.
    pub code: Option<&'a EmailAddress>,
    /// Domains whose mailboxes open with this same account.
    pub self_hosted: &'a [String],
    /// Domains of machines.
    pub internal: &'a [String],
}

/// Which address a proof is for.
pub const fn kind(purpose: ProofPurpose) -> Option<AddressKind> {
    match purpose {
        ProofPurpose::Register | ProofPurpose::FirstCodeAddress | ProofPurpose::LoginMailbox => {
            None
        }
        ProofPurpose::CodeAddress | ProofPurpose::OtherCodeAddress => Some(AddressKind::Code),
        ProofPurpose::LoginAddress => Some(AddressKind::Login),
    }
}

/// Whether `new` may become an address of an account.
pub fn refusal(
    kind: AddressKind,
    new: &EmailAddress,
    present: Present<'_>,
) -> Option<AddressRefusal> {
    let same = |other: Option<&EmailAddress>| {
        other.is_some_and(|other| other.canonical() == new.canonical())
    };
    let own = |own: &String| own.eq_ignore_ascii_case(new.domain());
    match kind {
        _ if !may_be_mailed(new, present.internal) => Some(AddressRefusal::NoMailbox),
        AddressKind::Login if same(Some(present.login)) => Some(AddressRefusal::Present),
        AddressKind::Login if same(present.code) => Some(AddressRefusal::SameAsCode),
        AddressKind::Code if same(Some(present.login)) => Some(AddressRefusal::SameAsLogin),
        AddressKind::Code if same(present.code) => Some(AddressRefusal::Present),
        AddressKind::Code if present.self_hosted.iter().any(own) => {
            Some(AddressRefusal::BehindGate)
        }
        AddressKind::Login | AddressKind::Code => None,
    }
}

/// Where a link that undoes a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may be used.
    Open,
    /// The change was undone, or one before it.
    Used,
    /// Its time is over.
    Over,
}

/// REC-07: single use, in time.
pub fn standing(ended_at: Option<Timestamp>, undo_until: Timestamp, now: Timestamp) -> Standing {
    match ended_at {
        Some(_) => Standing::Used,
        None if now < undo_until => Standing::Open,
        None => Standing::Over,
    }
}

/// The moment of a change that comes after all of `before`, whatever the clocks of the nodes say.
pub fn after_all(before: impl Iterator<Item = Timestamp>, now: Timestamp) -> Timestamp {
    let tick = Duration::from_micros(1);
    before.map(|made_at| made_at + tick).fold(now, Ord::max)
}

/// A change that was not undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub id: EventId,
    /// Of which address.
    pub kind: AddressKind,
}

/// What undoing a change comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// Changes that end.
    pub ended: Vec<EventId>,
    /// Those of them whose former address comes back: the first of each kind.
    pub restored: Vec<EventId>,
}

/// Undoes `id` and everything after it, of both addresses: whoever made that change made the later ones too.
/// Earlier ones can still be undone. `open` is oldest first; `None` if the change is not among them.
pub fn undone(open: &[Change], id: EventId) -> Option<Undone> {
    let from = open.iter().position(|change| change.id == id)?;
    let since = open.get(from..)?;
    let first_of = |kind| since.iter().find(|change| change.kind == kind);
    let kinds = [AddressKind::Login, AddressKind::Code];
    Some(Undone {
        ended: since.iter().map(|change| change.id).collect(),
        restored: kinds
            .into_iter()
            .filter_map(first_of)
            .map(|change| change.id)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn refused(kind: AddressKind, new: &str) -> Option<AddressRefusal> {
        let (login, code) = (address("haruka@mail.example"), address("h@mobile.example"));
        let present = Present {
            login: &login,
            code: Some(&code),
            self_hosted: &["mail.example".to_owned()],
            internal: &["robots.example".to_owned()],
        };
        refusal(kind, &address(new), present)
    }

    #[test]
    fn otp_24_codes_go_neither_behind_this_sign_in_nor_where_it_begins() {
        let code = |new| refused(AddressKind::Code, new);
        assert_eq!(code("x@Mail.Example"), Some(AddressRefusal::BehindGate));
        assert_eq!(
            code("Haruka@mail.example"),
            Some(AddressRefusal::SameAsLogin)
        );
        assert_eq!(code("H@mobile.example"), Some(AddressRefusal::Present));
        assert_eq!(code("new@mobile.example"), None);
        assert_eq!(code("x@sub.mail.example"), None);
    }

    #[test]
    fn a_sign_in_address_may_lie_behind_the_gate_but_not_where_codes_go() {
        let login = |new| refused(AddressKind::Login, new);
        assert_eq!(login("new@mail.example"), None);
        assert_eq!(login("HARUKA@mail.example"), Some(AddressRefusal::Present));
        assert_eq!(login("h@mobile.example"), Some(AddressRefusal::SameAsCode));
    }

    #[test]
    fn rec_12_no_address_of_a_machine_becomes_a_person_s() {
        for kind in [AddressKind::Login, AddressKind::Code] {
            for new in ["a@robots.example", "a@host.local", "a@x.invalid"] {
                assert_eq!(refused(kind, new), Some(AddressRefusal::NoMailbox), "{new}");
            }
        }
    }

    #[test]
    fn rec_07_a_change_can_be_undone_for_seven_days_and_once() {
        let until = NOW + UNDO_FOR;
        assert!(UNDO_FOR >= Duration::from_hours(7 * 24));
        let last = NOW + Duration::from_hours(7 * 24) - Duration::from_secs(1);
        assert_eq!(standing(None, until, last), Standing::Open);
        assert_eq!(standing(None, until, until), Standing::Over);
        assert_eq!(standing(Some(NOW), until, NOW), Standing::Used);
        assert_eq!(standing(Some(NOW), until, until), Standing::Used);
    }

    #[test]
    fn rec_07_changes_keep_their_order_whatever_the_clock_says() {
        let (early, tick) = (NOW - Duration::from_secs(9), Duration::from_micros(1));
        assert_eq!(after_all([].into_iter(), NOW), NOW);
        assert_eq!(after_all([early].into_iter(), NOW), NOW);
        assert_eq!(after_all([early, NOW].into_iter(), NOW), NOW + tick);
        assert_eq!(after_all([NOW].into_iter(), early), NOW + tick);
    }

    #[test]
    fn rec_07_undoing_a_change_undoes_what_came_after_and_nothing_before() {
        use AddressKind::{Code, Login};
        let entropy = SeededEntropy::new(1);
        let change = |kind| Change {
            id: EventId::new(NOW, &entropy),
            kind,
        };
        let open = [change(Login), change(Code), change(Login), change(Code)];
        let [a, b, c, d] = open.map(|change| change.id);
        let plan = |id| undone(&open, id).unwrap();
        assert_eq!(
            (plan(a).ended, plan(a).restored),
            (vec![a, b, c, d], vec![a, b])
        );
        assert_eq!(
            (plan(b).ended, plan(b).restored),
            (vec![b, c, d], vec![c, b])
        );
        assert_eq!((plan(d).ended, plan(d).restored), (vec![d], vec![d]));
        let stranger = EventId::new(NOW, &entropy);
        assert_eq!(undone(&open, stranger), None);
        assert_eq!(undone(&[], a), None);
    }
}
