//! Signing in: the state machine of one pending sign-in, and when which step is needed.
//!
//! ```text
//!                 wrong password             wrong code
//!                    ┌────┐                    ┌────┐
//!                    ▼    │                    ▼    │
//!   begin ───────► Password ── right ──► Code ─────────── right ──► signed in ─► consent ─► answer
//!                    │      second step needed   │ tries used, time over
//!                    │                           └────────► back to Password
//!                    └── right, trusted browser or second step off ──► signed in
//! ```
//!
//! A code without the password before it in the same flow and browser is impossible (OTP-22): the
//! code stage is reached only by [`PendingSignIn::password_proved`].

use std::time::Duration;

use sekisho_guard::Ticket;
use sekisho_model::{
    AuthenticationMethod, BrowserId, ChallengeId, Digest, Epoch, SessionId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use super::authorization_request::AuthorizationRequest;
use super::forced_change::ChangeReason;
use super::fresh_sign_in::Wanted;

/// How long a person may take from the first page to the last.
pub const FLOW_LIFE: Duration = Duration::from_hours(1);

/// Why somebody is signing in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Destination {
    /// To answer an app.
    App(Box<AuthorizationRequest>),
    /// To open a page of ours; a path that begins with one slash (LO-04).
    Page(String),
    /// To open a page of ours that asks for the mailed code whatever the person chose.
    StrongPage(String),
    /// To change something on a page of ours: whoever is signed in proves once more who they are (`ux.md` 5.7).
    ChangePage(String, Wanted),
}

/// One pending sign-in at one browser; parked in the session store under its flow id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingSignIn {
    /// Digest of the pre-auth cookie of the browser that began it (SES-04).
    pub binding: Digest,
    /// Why.
    pub destination: Destination,
    /// How far it got.
    pub stage: Stage,
    /// When it began.
    pub began_at: Timestamp,
    /// The epoch it began under (SES-09).
    pub epoch: Epoch,
    /// Whose mailed link opened it (THR-04).
    #[serde(default)]
    pub let_in: Option<LetIn>,
    /// Whether a recovery code was used up for it, and the person is still to be told (ux 6.3).
    #[serde(default)]
    pub recovery_used: bool,
    /// The right password that was typed where no page tells it from a wrong one.
    #[serde(default)]
    pub unproved: Option<UnprovedPassword>,
}

/// A right password that counts like a wrong one until everything is proved: tries that were given back at once
/// would tell that it was right (OTP-07, ENU-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnprovedPassword {
    /// What its try counts in.
    pub ticket: Ticket,
    /// The typed name.
    pub account: Digest,
    /// The run of wrong ones it is in.
    pub run: Digest,
    /// Whether its owner came by a mailed link, which opens the other ways again.
    pub by_mail: bool,
}

/// A sign-in whose owner opened a mailed link: what strangers try does not stop it. It proves nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetIn {
    /// Whose link it was.
    pub user_id: UserId,
}

impl LetIn {
    /// What its tries are counted under, in the place of a browser the account knows: one budget an account,
    /// however many links somebody has mailed (THR-02). No browser has the id of an account.
    pub fn counted_as(self) -> Option<BrowserId> {
        BrowserId::parse(&self.user_id.to_string())
    }
}

/// How far a sign-in got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The password is awaited.
    Password,
    /// The password was right, or seems to have been ([`Disguise`]); the mailed code is awaited.
    Code(CodeStage),
    /// Everything was proved; a new password is awaited before anything is issued (PW-29).
    Change(ChangeStage),
    /// Signed in; the person's decision about the app is awaited.
    Consent(SignedIn),
}

/// What is known while the code is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeStage {
    /// Whose password was right. Of a decoy: whose address was typed; perhaps nobody's.
    pub user_id: UserId,
    /// The present challenge.
    pub challenge: ChallengeId,
    /// Where the code went, masked (OTP-21).
    pub masked_address: String,
    /// The tally's word.
    pub tally_word: u8,
    /// The tally's number.
    pub tally_number: u8,
    /// When the code was last sent.
    pub sent_at: Timestamp,
    /// Until when the code works.
    pub expires_at: Timestamp,
    /// From when it may be sent again.
    pub resend_after: Timestamp,
    /// Until when this sign-in can be finished at all.
    pub closes_at: Timestamp,
    /// The browser, if the account knows it: it has throttles of its own (THR-03).
    pub known_browser: Option<BrowserId>,
    /// Given back when the code turns out right: only mails nobody wanted count.
    pub mails: Vec<Ticket>,
    /// Whether the password that was typed leads to a new one.
    #[serde(default)]
    pub change: Option<ChangeReason>,
    /// What is asked for in the place of a mailed code; then none is mailed (OTP-26).
    #[serde(default)]
    pub stronger: Option<Stronger>,
    /// Whether the mailed code stands in for a stronger second step that was reported lost long ago.
    #[serde(default)]
    pub for_lost: bool,
    /// Whether the pages keep to themselves what the password was.
    #[serde(default)]
    pub disguise: Disguise,
    /// What the tries of a decoy are counted under, in the place of the account (THR-03).
    #[serde(default)]
    pub decoy_budget: Option<Digest>,
    /// How far the setting of a code address got, where no code can be typed.
    #[serde(default)]
    pub set_up: SetUp,
}

/// How far the setting of a code address got at a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SetUp {
    /// Whether there is no code address: one is set in the place of typing a code.
    pub missing: bool,
    /// Whether the sign-in mailbox was proved.
    pub mailbox_proved: bool,
}

impl CodeStage {
    /// Whether the pages show what they show everybody (`otp.uniform_challenge`).
    pub const fn is_uniform(&self) -> bool {
        !matches!(self.disguise, Disguise::None)
    }

    /// Whether a page of its own asks for something stronger than a mailed code.
    pub const fn asks_stronger(&self) -> bool {
        self.stronger.is_some() && !self.is_uniform()
    }
}

/// What a code page hides. It must not be told apart by anything that is answered (OTP-07, ENU-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Disguise {
    /// Nothing: whoever sees it typed the right password.
    #[default]
    None,
    /// That the password was right, and what the account has.
    Right,
    /// That the password was wrong, or that there is no account that could sign in. Nothing fits.
    Decoy,
}

/// The stronger second steps of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stronger {
    /// A code of an authenticator app.
    pub app: bool,
    /// A passkey.
    pub passkey: bool,
}

impl Stronger {
    /// Outside of the networks of the account nothing but a recovery code is taken (S14).
    pub const NOTHING: Self = Self {
        app: false,
        passkey: false,
    };

    /// Whether nothing but a recovery code is taken.
    pub fn is_nothing(self) -> bool {
        self == Self::NOTHING
    }
}

/// What is known while a new password is awaited: everything was proved, nothing is issued yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeStage {
    /// Who signed in.
    pub user_id: UserId,
    /// How.
    pub methods: Vec<AuthenticationMethod>,
    /// Whether the browser is to be trusted.
    pub trust: bool,
    /// Why a new password is asked for.
    pub reason: ChangeReason,
    /// Fewest characters of the new one.
    pub least_length: usize,
}

/// Who signed in, in which session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub user_id: UserId,
    /// In which session.
    pub session_id: SessionId,
}

impl Destination {
    /// The app's request, if an app asked.
    pub fn request(&self) -> Option<&AuthorizationRequest> {
        match self {
            Self::App(request) => Some(request),
            Self::Page(_) | Self::StrongPage(_) | Self::ChangePage(..) => None,
        }
    }
}

impl PendingSignIn {
    /// A sign-in that begins now.
    pub const fn begin(
        destination: Destination,
        binding: Digest,
        epoch: Epoch,
        now: Timestamp,
    ) -> Self {
        Self {
            binding,
            destination,
            stage: Stage::Password,
            began_at: now,
            epoch,
            let_in: None,
            recovery_used: false,
            unproved: None,
        }
    }

    /// What its tries for this account are counted under, if its owner opened a mailed link.
    pub fn let_in_for(&self, user: UserId) -> Option<BrowserId> {
        let let_in = self.let_in.filter(|let_in| let_in.user_id == user);
        let_in.and_then(LetIn::counted_as)
    }

    /// Whether the browser that holds a cookie with this digest may go on with it, now.
    pub fn belongs_to(&self, binding: &Digest, now: Timestamp) -> bool {
        self.binding == *binding && now < self.began_at + FLOW_LIFE
    }

    /// The sign-in mailbox was proved, beside the password; `false` if the sign-in is no longer there.
    pub const fn mailbox_proved(&mut self) -> bool {
        match &mut self.stage {
            Stage::Code(stage) => {
                stage.set_up.mailbox_proved = true;
                true
            }
            Stage::Password | Stage::Change(_) | Stage::Consent(_) => false,
        }
    }

    /// The password was right and the code is sent; the cookie changes with it (SES-03).
    pub fn password_proved(&mut self, code: CodeStage, new_binding: Digest) {
        self.stage = Stage::Code(code);
        self.binding = new_binding;
    }

    /// A new code replaced the former one.
    pub fn code_sent_again(&mut self, code: CodeStage) {
        if matches!(self.stage, Stage::Code(_)) {
            self.stage = Stage::Code(code);
        }
    }

    /// The code cannot be entered any more: from the start.
    pub fn back_to_password(&mut self) {
        self.stage = Stage::Password;
    }

    /// Everything was proved; the cookie changes with it (SES-03).
    pub fn proved_but_must_change(&mut self, change: ChangeStage, new_binding: Digest) {
        self.stage = Stage::Change(change);
        self.binding = new_binding;
    }

    /// The browser has a new cookie: an account is being made there before the sign-in goes on. `false`, and
    /// nothing changes, if the sign-in got further meanwhile.
    pub const fn bound_anew(&mut self, new_binding: Digest) -> bool {
        let waits = self.awaits_password();
        if waits {
            self.binding = new_binding;
        }
        waits
    }

    /// Whether nothing was proved yet.
    pub const fn awaits_password(&self) -> bool {
        matches!(self.stage, Stage::Password)
    }

    /// The stage of choosing a new password.
    pub const fn change_stage(&self) -> Option<&ChangeStage> {
        match &self.stage {
            Stage::Change(stage) => Some(stage),
            Stage::Password | Stage::Code(_) | Stage::Consent(_) => None,
        }
    }

    /// Signed in; consent is awaited.
    pub fn signed_in(&mut self, who: SignedIn) {
        self.stage = Stage::Consent(who);
    }

    /// The code stage, if the password was proved.
    pub const fn code_stage(&self) -> Option<&CodeStage> {
        match &self.stage {
            Stage::Code(stage) => Some(stage),
            Stage::Password | Stage::Change(_) | Stage::Consent(_) => None,
        }
    }

    /// Whether the page it leads to asks for the mailed code each time.
    pub const fn insists_on_code(&self) -> bool {
        matches!(
            self.destination,
            Destination::StrongPage(_) | Destination::ChangePage(_, Wanted::BothSteps)
        )
    }

    /// Whether it comes before a change, by somebody who is signed in already.
    pub const fn comes_before_change(&self) -> bool {
        matches!(self.destination, Destination::ChangePage(..))
    }

    /// The app's request, if an app asked.
    pub fn request(&self) -> Option<&AuthorizationRequest> {
        self.destination.request()
    }
}

/// Who wants the mailed code after the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent sources of one decision"
)]
pub struct SecondStepWishes {
    /// The user (on by default).
    pub user: bool,
    /// The client (`require_second_step`).
    pub client: bool,
    /// The server, for everyone.
    pub server: bool,
    /// Whether the password was voided (INC-08): it only leads to a new one, and whoever stole it must not be the one
    /// who chooses that.
    pub password_void: bool,
    /// Whether the browser is trusted and its trust still counts.
    pub browser_trusted: bool,
}

/// Whether the code is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondStep {
    /// Yes.
    Ask,
    /// No: this browser was trusted earlier (TD-01).
    SkippedByTrust,
    /// No: switched off by the user and required by nobody.
    Off,
}

/// Decides about the code. A client that requires it gets it each time, and so does whoever comes with a voided
/// password; a trusted browser skips it only for the user's own wish and the server's.
pub const fn second_step(wishes: SecondStepWishes) -> SecondStep {
    match wishes {
        SecondStepWishes { client: true, .. }
        | SecondStepWishes {
            password_void: true,
            ..
        } => SecondStep::Ask,
        SecondStepWishes {
            user: false,
            server: false,
            ..
        } => SecondStep::Off,
        SecondStepWishes {
            browser_trusted: true,
            ..
        } => SecondStep::SkippedByTrust,
        SecondStepWishes { .. } => SecondStep::Ask,
    }
}

/// Whether nothing but the voided password asks for a code: where none can be mailed, nobody is to set a first code
/// address for it.
pub const fn asked_by_void_alone(wishes: SecondStepWishes) -> bool {
    let otherwise = SecondStepWishes {
        password_void: false,
        browser_trusted: false,
        ..wishes
    };
    wishes.password_void && !matches!(second_step(otherwise), SecondStep::Ask)
}

/// What is known of the browser's session.
#[derive(Debug, Clone, Copy)]
pub struct SessionFacts<'a> {
    /// When the person last proved who they are.
    pub auth_time: Timestamp,
    /// How.
    pub methods: &'a [AuthenticationMethod],
}

/// Whether an app's request can be answered from the existing session (Core §3.1.2.3, SES-12).
pub fn session_answers(
    session: Option<SessionFacts<'_>>,
    request: &AuthorizationRequest,
    client_requires_code: bool,
    now: Timestamp,
) -> bool {
    let Some(session) = session else { return false };
    let fresh = request
        .max_age
        .is_none_or(|limit| now.since(session.auth_time) <= Duration::from_secs(limit));
    let strong = !client_requires_code || AuthenticationMethod::prove_second_step(session.methods);
    fresh && strong && !request.prompt.login
}

/// LO-04: a path of ours to return to, or the account page.
pub fn safe_return(path: Option<&str>) -> String {
    let fallback = "/account";
    let path = path.unwrap_or(fallback);
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let local = path.starts_with('/') && !path.starts_with("//") && path.len() <= 512;
    let known = ["/account", "/developer", "/ops", "/device", "/not-me"]
        .iter()
        .any(|root| {
            path.strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        });
    if plain && local && known {
        path.to_owned()
    } else {
        fallback.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::rules::authorization_request::{Arrival, check};
    use crate::rules::client_metadata::sample::web;
    use crate::rules::parameters::Parameters;

    const NOW: Timestamp = Timestamp::from_seconds(10_000);

    fn request(extra: &str) -> AuthorizationRequest {
        let query = format!(
            "client_id=web&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code&scope=openid\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256{extra}"
        );
        let parameters = Parameters::decode(query.as_bytes());
        let settings = Settings::sample("https://id.example");
        let client = web("https://a.example/");
        check(&client, &parameters, Arrival::default(), &settings).unwrap()
    }

    fn answers(extra: &str, age: u64, methods: &[AuthenticationMethod], strong: bool) -> bool {
        let facts = SessionFacts {
            auth_time: NOW - Duration::from_secs(age),
            methods,
        };
        session_answers(Some(facts), &request(extra), strong, NOW)
    }

    #[test]
    fn ses_12_prompt_login_and_max_age_need_a_real_authentication() {
        use AuthenticationMethod::{Otp, Pwd};
        assert!(answers("", 3000, &[Pwd], false));
        assert!(!answers("&prompt=login", 1, &[Pwd], false));
        assert!(!answers("&max_age=1", 2, &[Pwd], false));
        assert!(answers("&max_age=10000", 2, &[Pwd], false));
        assert!(!answers("&max_age=0", 1, &[Pwd], false));
        assert!(!answers("", 1, &[Pwd], true));
        assert!(answers("", 1, &[Pwd, Otp], true));
        assert!(!session_answers(None, &request(""), false, NOW));
    }

    #[test]
    fn td_01_trust_skips_the_code_but_not_for_a_client_that_requires_it() {
        let wishes = |user, client, server, browser_trusted| {
            second_step(SecondStepWishes {
                user,
                client,
                server,
                password_void: false,
                browser_trusted,
            })
        };
        assert_eq!(wishes(true, false, false, false), SecondStep::Ask);
        assert_eq!(wishes(true, false, false, true), SecondStep::SkippedByTrust);
        assert_eq!(wishes(true, true, false, true), SecondStep::Ask);
        assert_eq!(wishes(false, true, false, true), SecondStep::Ask);
        assert_eq!(wishes(false, false, true, false), SecondStep::Ask);
        assert_eq!(wishes(false, false, false, false), SecondStep::Off);
    }

    #[test]
    fn inc_08_a_voided_password_never_leads_on_alone() {
        for (wanted, browser_trusted) in [(false, false), (false, true), (true, true)] {
            let step = second_step(SecondStepWishes {
                user: wanted,
                client: false,
                server: wanted,
                password_void: true,
                browser_trusted,
            });
            assert_eq!(step, SecondStep::Ask);
        }
        let wishes = |user, password_void| SecondStepWishes {
            user,
            client: false,
            server: false,
            password_void,
            browser_trusted: true,
        };
        assert!(asked_by_void_alone(wishes(false, true)));
        assert!(!asked_by_void_alone(wishes(true, true)));
        assert!(!asked_by_void_alone(wishes(false, false)));
    }

    #[test]
    fn ses_04_another_browser_s_cookie_does_not_continue_a_flow() {
        let binding = Digest::of(b"cookie");
        let flow =
            PendingSignIn::begin(Destination::Page("/account".into()), binding, Epoch(0), NOW);
        assert!(flow.belongs_to(&binding, NOW));
        assert!(!flow.belongs_to(&Digest::of(b"other"), NOW));
        assert!(!flow.belongs_to(&binding, NOW + FLOW_LIFE));
        assert!(
            flow.code_stage().is_none(),
            "OTP-22: no code before the password"
        );
    }

    #[test]
    fn lo_04_only_our_own_pages_are_returned_to() {
        for bad in [
            "//evil.example",
            "/\\evil",
            "https://evil.example",
            "/%09/evil",
            "/account\t",
            "/accounts",
            "/not-mean",
            "",
            "/oauth2/authorize?x",
        ] {
            assert_eq!(safe_return(Some(bad)), "/account", "{bad}");
        }
        for own in ["/account/history?range=7", "/not-me?event=1795392000.a_b-c"] {
            assert_eq!(safe_return(Some(own)), own);
        }
    }
}
