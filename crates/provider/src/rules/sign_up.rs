//! Making an account oneself: who may begin, and the steps of one registration at one browser.
//!
//! ```text
//!   begin ─► Address ── code typed in this browser ─► Details ── password fits ─► CodeAddress ─► account
//!               the address is only claimed              the cookie changes        proved, or later
//! ```
//!
//! Nothing but the last step writes an account: until then an address, a name and a password lie sealed in the
//! session store under the digest of one browser's cookie, so that whoever began a registration of somebody
//! else's address leaves nothing behind (REC-11).

use std::time::Duration;

use sekisho_model::{AddressKind, Digest, EmailAddress, Epoch, FlowId, Sealed, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::address_change::{AddressRefusal, Present, refusal};
use super::sign_in::FLOW_LIFE;

/// How long somebody may take from the first page to the last: as long as a sign-in.
pub const SIGN_UP_LIFE: Duration = FLOW_LIFE;

/// Most characters of a name.
const LONGEST_NAME: usize = 100;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUpMode {
    /// Operators only.
    #[default]
    Off,
    /// Everybody with an address.
    Open,
    /// Who was invited.
    Invite,
}

/// The invitation that was presented, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented<'a> {
    /// None.
    None,
    /// One that is not known here.
    Unknown,
    /// This one.
    Known(InvitationFacts<'a>),
}

/// What is known of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationFacts<'a> {
    /// Whether an account was made with it.
    pub used: bool,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// The index of the only address it works for.
    pub bound_to: Option<&'a Digest>,
}

/// Why nobody can make an account here and now; about the invitation, never about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpRefusal {
    /// The operator makes accounts.
    Closed,
    /// An invitation is needed.
    InvitationNeeded,
    /// The invitation was used, is over, or was never made: told alike.
    InvitationOver,
    /// The invitation is for another address.
    InvitationElsewhere,
}

/// REC-13: whether a registration may begin or go on; `Ok(true)` if the invitation is used up by it. `address` is
/// the index of the address once one was typed. Where everybody may come, an invitation that is of no use is
/// not looked at.
pub fn admission(
    mode: SignUpMode,
    presented: Presented<'_>,
    address: Option<&Digest>,
    now: Timestamp,
) -> Result<bool, SignUpRefusal> {
    let invited = invited(presented, address, now);
    match mode {
        SignUpMode::Off => Err(SignUpRefusal::Closed),
        SignUpMode::Open => Ok(invited.is_ok()),
        SignUpMode::Invite => invited.map(|()| true),
    }
}

fn invited(
    presented: Presented<'_>,
    address: Option<&Digest>,
    now: Timestamp,
) -> Result<(), SignUpRefusal> {
    let facts = match presented {
        Presented::None => return Err(SignUpRefusal::InvitationNeeded),
        Presented::Unknown => return Err(SignUpRefusal::InvitationOver),
        Presented::Known(facts) => facts,
    };
    if facts.used || now >= facts.expires_at {
        return Err(SignUpRefusal::InvitationOver);
    }
    match (facts.bound_to, address) {
        (Some(bound), Some(typed)) if bound != typed => Err(SignUpRefusal::InvitationElsewhere),
        _ => Ok(()),
    }
}

/// One registration at one browser; parked, sealed, under the digest of its cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignUp {
    /// Digest of the pre-auth cookie of the browser.
    pub binding: Digest,
    /// The pending sign-in it goes on with at the end.
    pub flow: Option<FlowId>,
    /// Digest of the invitation.
    pub invitation: Option<Digest>,
    /// How far it got.
    pub stage: SignUpStage,
    /// When it began.
    pub began_at: Timestamp,
    /// The epoch it began under (SES-09).
    pub epoch: Epoch,
}

/// How far a registration got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignUpStage {
    /// The code is awaited that proves the address.
    Address,
    /// The address is proved; name and password are awaited.
    Details(String),
    /// The code address is awaited, and the account is made.
    CodeAddress(Chosen),
}

/// Everything about an account that is as good as made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// The proved address.
    pub address: String,
    /// The id the account will have; the password is sealed for it.
    pub user_id: UserId,
    /// The name.
    pub name: Option<String>,
    /// The password record, sealed (PW-15).
    pub record: Vec<u8>,
    /// When the password was chosen.
    pub chosen_at: Timestamp,
}

impl Chosen {
    /// The password record as it is sealed.
    pub fn sealed(&self) -> Sealed {
        Sealed::from_bytes(self.record.clone())
    }
}

impl PendingSignUp {
    /// Whether the browser whose cookie has this digest may go on with it, now.
    pub fn belongs_to(&self, binding: &Digest, now: Timestamp) -> bool {
        self.binding == *binding && now < self.began_at + SIGN_UP_LIFE
    }

    /// The address, once it is proved.
    pub fn address(&self) -> Option<EmailAddress> {
        let text = match &self.stage {
            SignUpStage::Address => return None,
            SignUpStage::Details(address) => address,
            SignUpStage::CodeAddress(chosen) => &chosen.address,
        };
        EmailAddress::parse(text).ok()
    }

    /// The address was proved here; the cookie changes with it, so that who planted the former one is left
    /// behind (SES-03, REC-11). `false`, and nothing changes, if it was proved before.
    pub fn address_proved(&mut self, address: &EmailAddress, new_binding: Digest) -> bool {
        if self.stage != SignUpStage::Address {
            return false;
        }
        self.stage = SignUpStage::Details(address.to_string());
        self.binding = new_binding;
        true
    }

    /// What was chosen, if only the code address is awaited.
    pub const fn chosen(&self) -> Option<&Chosen> {
        match &self.stage {
            SignUpStage::CodeAddress(chosen) => Some(chosen),
            SignUpStage::Address | SignUpStage::Details(_) => None,
        }
    }
}

/// Under which id a registration is parked: a browser has one, a new one takes the place of the former.
pub fn place(key: &Digest, binding: &Digest) -> String {
    let parts = [b"sign-up".as_slice(), binding.as_bytes()];
    Digest::keyed(key.as_bytes(), &parts).to_base64url()
}

/// Whether codes may go to `new` in an account that signs in with `login` (OTP-24).
pub fn code_address_refusal(
    new: &EmailAddress,
    login: &EmailAddress,
    self_hosted: &[String],
    internal: &[String],
) -> Option<AddressRefusal> {
    let present = Present {
        login,
        code: None,
        self_hosted,
        internal,
    };
    refusal(AddressKind::Code, new, present)
}

/// Whether the code address can be given later: until then codes go where the sign-in begins, which is of no
/// use behind the gate (OTP-24).
pub fn may_give_later(login: &EmailAddress, self_hosted: &[String]) -> bool {
    let behind = |own: &String| own.eq_ignore_ascii_case(login.domain());
    !self_hosted.iter().any(behind)
}

/// Why a name cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRefusal {
    /// Too many characters.
    Long,
    /// Characters that are not seen.
    Character,
}

/// A typed name; `None` if there is none.
pub fn name(typed: &str) -> Result<Option<String>, NameRefusal> {
    let typed = typed.trim();
    if typed.chars().count() > LONGEST_NAME {
        return Err(NameRefusal::Long);
    }
    if typed.chars().any(is_unseen) {
        return Err(NameRefusal::Character);
    }
    Ok((!typed.is_empty()).then(|| typed.to_owned()))
}

/// Control characters, and those that turn the direction of what follows (WEB-18).
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn pending() -> PendingSignUp {
        PendingSignUp {
            binding: Digest::of(b"cookie"),
            flow: None,
            invitation: None,
            stage: SignUpStage::Address,
            began_at: NOW,
            epoch: Epoch(0),
        }
    }

    fn facts(bound_to: Option<&Digest>) -> InvitationFacts<'_> {
        InvitationFacts {
            used: false,
            expires_at: NOW + Duration::from_mins(1),
            bound_to,
        }
    }

    #[test]
    fn rec_13_an_invitation_is_looked_at_for_its_time_its_use_and_its_address() {
        use SignUpRefusal::{InvitationElsewhere, InvitationNeeded, InvitationOver};
        let (here, there) = (Digest::of(b"here"), Digest::of(b"there"));
        let late = NOW + Duration::from_mins(1);
        let known = |bound_to| Presented::Known(facts(bound_to));
        let used = Presented::Known(InvitationFacts {
            used: true,
            ..facts(None)
        });
        for (presented, typed, now, expected) in [
            (Presented::None, None, NOW, Err(InvitationNeeded)),
            (Presented::Unknown, None, NOW, Err(InvitationOver)),
            (used, None, NOW, Err(InvitationOver)),
            (known(None), None, NOW, Ok(true)),
            (known(None), Some(&here), NOW, Ok(true)),
            (known(None), Some(&here), late, Err(InvitationOver)),
            (known(Some(&here)), None, NOW, Ok(true)),
            (known(Some(&here)), Some(&here), NOW, Ok(true)),
            (
                known(Some(&here)),
                Some(&there),
                NOW,
                Err(InvitationElsewhere),
            ),
            (known(Some(&here)), Some(&there), late, Err(InvitationOver)),
        ] {
            let decided = admission(SignUpMode::Invite, presented, typed, now);
            assert_eq!(decided, expected, "{presented:?} {typed:?}");
            let open = admission(SignUpMode::Open, presented, typed, now);
            assert_eq!(open, Ok(expected.is_ok()), "{presented:?} {typed:?}");
            let off = admission(SignUpMode::Off, presented, typed, now);
            assert_eq!(off, Err(SignUpRefusal::Closed));
        }
    }

    #[test]
    fn rec_11_a_registration_belongs_to_one_browser_and_leaves_its_first_cookie_behind() {
        let (mut one, cookie, next) = (pending(), Digest::of(b"cookie"), Digest::of(b"next"));
        let late = NOW + SIGN_UP_LIFE;
        assert!(one.belongs_to(&cookie, NOW) && !one.belongs_to(&next, NOW));
        assert!(!one.belongs_to(&cookie, late));
        assert_eq!(one.address(), None, "nothing is believed before the code");
        assert!(one.address_proved(&address("a@b.example"), next));
        assert!(one.belongs_to(&next, NOW) && !one.belongs_to(&cookie, NOW));
        assert_eq!(one.address(), Some(address("a@b.example")));
        assert_eq!(one.chosen(), None, "no account without a password");
        let before = one.clone();
        assert!(!one.address_proved(&address("c@d.example"), cookie));
        assert_eq!(one, before, "an address is proved once");
    }

    #[test]
    fn rec_11_registrations_of_two_browsers_never_lie_in_one_place() {
        let (key, one, other) = (Digest::of(b"key"), Digest::of(b"1"), Digest::of(b"2"));
        assert_ne!(place(&key, &one), place(&key, &other));
        assert_ne!(place(&key, &one), place(&other, &one));
    }

    #[test]
    fn otp_24_the_first_code_address_lies_neither_behind_the_gate_nor_where_the_sign_in_begins() {
        let (login, own) = (address("h@mail.example"), ["mail.example".to_owned()]);
        let refusal = |new: &str| code_address_refusal(&address(new), &login, &own, &[]);
        assert_eq!(refusal("H@mail.example"), Some(AddressRefusal::SameAsLogin));
        assert_eq!(refusal("x@Mail.Example"), Some(AddressRefusal::BehindGate));
        assert_eq!(refusal("x@host.local"), Some(AddressRefusal::NoMailbox));
        assert_eq!(refusal("h@mobile.example"), None);
        assert!(!may_give_later(&login, &own), "no code would arrive");
        assert!(may_give_later(&address("h@mobile.example"), &own));
    }

    #[test]
    fn web_18_a_name_is_trimmed_short_and_without_hidden_characters() {
        assert_eq!(name("  三浦 晴香 "), Ok(Some("三浦 晴香".to_owned())));
        assert_eq!(name(" \u{3000} "), Ok(None));
        assert_eq!(
            name(&"あ".repeat(100)).unwrap().unwrap().chars().count(),
            100
        );
        assert_eq!(name(&"あ".repeat(101)), Err(NameRefusal::Long));
        for hidden in ["a\nb", "a\u{0}", "a\u{202e}b", "\u{2066}a", "a\u{feff}b"] {
            assert_eq!(name(hidden), Err(NameRefusal::Character), "{hidden:?}");
        }
    }

    #[test]
    fn what_is_parked_reads_back() {
        let entropy = SeededEntropy::new(1);
        let mut one = pending();
        one.stage = SignUpStage::CodeAddress(Chosen {
            address: "a@b.example".to_owned(),
            user_id: UserId::new(NOW, &entropy),
            name: Some("はる".to_owned()),
            record: vec![1, 2, 3],
            chosen_at: NOW,
        });
        let text = serde_json::to_vec(&one).unwrap();
        assert_eq!(serde_json::from_slice::<PendingSignUp>(&text).unwrap(), one);
    }
}
