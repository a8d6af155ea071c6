//! Plausible records.

use std::time::Duration;

use sekisho_model::{
    AlertSetting, AuthenticationMethod, BrowserId, BrowserSession, Client, ClientId, CodeRecord,
    Confirmation, Digest, Entropy, Epoch, Event, EventId, EventKind, Grant, GrantId, GrantTerms,
    InvitationId, KnownBrowser, LetterId, LetterKind, Locale, Origin, Outcome, RefreshRecord,
    ScopeSet, Sealed, SeededEntropy, SessionId, Subject, Timestamp, User, UserEpochs, UserId,
    UserState,
};
use sekisho_store::{Invitation, LetterState, OutboxLetter, Store};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// The moment at which tests begin: 2026-11-23T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_392_000);

pub(crate) struct Maker(SeededEntropy);

impl Maker {
    pub(crate) const fn new() -> Self {
        Self(SeededEntropy::new(2013))
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &self.0
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.entropy().bytes::<32>())
    }

    pub(crate) fn user(&self) -> User {
        User {
            id: UserId::new(NOW, self.entropy()),
            subject: Subject::generate(self.entropy()),
            state: UserState::Active,
            locale: Locale::Ja,
            locale_chosen: true,
            zone: "Asia/Tokyo".to_owned(),
            alert: AlertSetting::NewDevice,
            second_step: true,
            created_at: NOW,
            epochs: UserEpochs::default(),
            cohort_tag: String::new(),
            password_at: None,
            password_epoch: Epoch::default(),
            password_imported: false,
            leaves_at: None,
        }
    }

    /// One that works for any address, for an hour.
    pub(crate) fn invitation(&self) -> Invitation {
        Invitation {
            id: InvitationId::new(NOW, self.entropy()),
            digest: self.digest(),
            address: None,
            made_by: "command line".to_owned(),
            created_at: NOW,
            expires_at: NOW + HOUR,
            used_at: None,
            used_by: None,
        }
    }

    /// A user who is in the store.
    pub(crate) async fn kept_user(&self, store: &Store) -> User {
        let user = self.user();
        let kept = user.clone();
        store
            .write(move |tx| tx.insert_user(&kept, &sealed("data key"), &sealed("claims")))
            .await
            .unwrap();
        user
    }

    pub(crate) fn client(&self) -> Client {
        let id = ClientId::generate(self.entropy());
        serde_json::from_value(serde_json::json!({
            "client_id": id, "client_name": "App", "redirect_uris": ["https://app.example/cb"],
        }))
        .unwrap()
    }

    pub(crate) fn session(&self, user: UserId) -> BrowserSession {
        BrowserSession {
            id: SessionId::new(NOW, self.entropy()),
            digest: self.digest(),
            user_id: user,
            browser_id: BrowserId::new(NOW, self.entropy()),
            created_at: NOW,
            last_seen_at: NOW,
            expires_at: NOW + 24 * HOUR,
            auth_time: NOW,
            methods: vec![AuthenticationMethod::Pwd, AuthenticationMethod::Otp],
            epoch: Epoch(3),
            ip: "192.0.2.7".to_owned(),
            user_agent: "Firefox 150 / 日本語".to_owned(),
        }
    }

    pub(crate) fn browser(&self, user: UserId) -> KnownBrowser {
        KnownBrowser {
            id: BrowserId::new(NOW, self.entropy()),
            user_id: user,
            digest: self.digest(),
            first_seen_at: NOW,
            last_seen_at: NOW,
            trusted_until: Some(NOW + 720 * HOUR),
            epoch: Epoch(3),
            user_agent: "Firefox 150".to_owned(),
        }
    }

    pub(crate) fn grant(&self, user: UserId, scope: &str) -> Grant {
        Grant {
            terms: GrantTerms {
                acr: Some("urn:example:acr".to_owned()),
                resources: vec!["https://api.example/".to_owned()],
                claims: serde_json::json!({"userinfo": {"name": null}}),
                authorization_details: vec![serde_json::json!({"type": "payment"})],
            },
            id: GrantId::new(NOW, self.entropy()),
            client_id: ClientId::new("app"),
            user_id: user,
            session_id: SessionId::new(NOW, self.entropy()),
            scope: ScopeSet::parse(scope).unwrap(),
            auth_time: NOW,
            methods: vec![AuthenticationMethod::Pwd],
            epoch: Epoch(3),
            created_at: NOW,
            revoked_at: None,
        }
    }

    pub(crate) fn code(&self, grant: &Grant) -> CodeRecord {
        CodeRecord {
            dpop_jkt: Some("thumbprint".to_owned()),
            digest: self.digest(),
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            redirect_uri: "https://app.example/cb?x=%20".to_owned(),
            code_challenge: Some("challenge".to_owned()),
            nonce: None,
            auth_time_required: true,
            locale: Locale::En,
            expires_at: NOW + Duration::from_mins(1),
            used_at: None,
        }
    }

    pub(crate) fn refresh(&self, grant: &Grant) -> RefreshRecord {
        RefreshRecord {
            bound_to: Some(Confirmation::Key("thumbprint".to_owned())),
            digest: self.digest(),
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            issued_at: NOW,
            idle_until: NOW + 24 * HOUR,
            expires_at: NOW + 48 * HOUR,
            used_at: None,
            successor: None,
        }
    }

    pub(crate) fn event(&self, user: Option<UserId>, at: Timestamp) -> Event {
        Event {
            id: EventId::new(at, self.entropy()),
            at,
            kind: EventKind::SignIn,
            outcome: Outcome::Passed,
            user_id: user,
            client_id: Some(ClientId::new("app")),
            session_id: None,
            origin: Origin {
                ip: "192.0.2.7".to_owned(),
                user_agent: "Firefox".to_owned(),
                request_id: "r1".to_owned(),
            },
            detail: serde_json::json!({"step": "password"}),
        }
    }

    pub(crate) fn letter(&self, at: Timestamp) -> OutboxLetter {
        OutboxLetter {
            id: LetterId::new(at, self.entropy()),
            kind: LetterKind::SignInCode,
            sealed: sealed("letter"),
            created_at: at,
            not_after: Some(at + HOUR),
            attempts: 0,
            next_attempt_at: at,
            state: LetterState::Waiting,
            last_error: None,
            lane: String::new(),
        }
    }
}

pub(crate) fn sealed(text: &str) -> Sealed {
    Sealed::from_bytes(text.as_bytes().to_vec())
}
