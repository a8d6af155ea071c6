//! Incident levels and switches: what an operator decided, when, for whom (INC-01, INC-06).

use serde::{Deserialize, Serialize};

use crate::{ClientId, Cohort, Locale, Timestamp, User};

/// How far the house is closed (decisions: incident levels).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub enum Level {
    /// 0: as configured.
    #[default]
    Normal,
    /// 1: code for everyone, trusted browsers off, registration off.
    Watch,
    /// 2: credentials are frozen; signing in works.
    Frozen,
    /// 3: no new sign-ins.
    Closed,
    /// 4: nothing is issued.
    Silent,
    /// 5: status page and command line only.
    Sealed,
}

impl Level {
    /// Every level, in order.
    pub const ALL: [Self; 6] = [
        Self::Normal,
        Self::Watch,
        Self::Frozen,
        Self::Closed,
        Self::Silent,
        Self::Sealed,
    ];

    /// From here on it takes two operators to lower it (INC-05).
    pub const TWO_OPERATORS: Self = Self::Closed;

    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Watch => 1,
            Self::Frozen => 2,
            Self::Closed => 3,
            Self::Silent => 4,
            Self::Sealed => 5,
        }
    }

    /// The level of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }

    /// Its name in commands and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Watch => "watch",
            Self::Frozen => "frozen",
            Self::Closed => "closed",
            Self::Silent => "silent",
            Self::Sealed => "sealed",
        }
    }
}

impl TryFrom<u8> for Level {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::from_number(number).ok_or("a level is a number from 0 to 5")
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.number()
    }
}

/// For whom a level is in force (INC-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelScope {
    /// Everyone.
    Server,
    /// Whoever comes through one app.
    Client(ClientId),
    /// Some accounts.
    Cohort(Cohort),
}

impl LevelScope {
    /// Whether it is about this app and this person, as far as they are known.
    pub fn covers(&self, client: Option<&ClientId>, user: Option<&User>) -> bool {
        match self {
            Self::Server => true,
            Self::Client(id) => Some(id) == client,
            Self::Cohort(cohort) => user.is_some_and(|user| cohort.contains(user)),
        }
    }
}

/// What the operator tells people, in both languages; empty if nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperatorText {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl OperatorText {
    /// The text in this language, or in the other one if only that was written.
    pub fn of(&self, locale: Locale) -> Option<&str> {
        let (first, second) = match locale {
            Locale::Ja => (&self.ja, &self.en),
            Locale::En => (&self.en, &self.ja),
        };
        [first, second]
            .into_iter()
            .map(String::as_str)
            .find(|text| !text.is_empty())
    }
}

/// What a row of the record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It counts.
    InForce,
    /// One operator wants it; it counts once another one confirms it.
    Asked,
}

/// One decision about a level. Rows are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelDecision {
    /// Its number; later ones come before earlier ones.
    pub number: i64,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub operator: String,
    /// For whom.
    pub scope: LevelScope,
    /// Which level.
    pub level: Level,
    /// Why, for the record.
    pub reason: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when; afterwards what was decided before counts again.
    pub until: Option<Timestamp>,
    /// What people are told.
    pub text: OperatorText,
    /// Whether it counts.
    pub standing: Standing,
    /// Which asked one it confirms.
    pub confirms: Option<i64>,
}

impl LevelDecision {
    /// Whether it begins as soon as a node hears of it. A node whose clock is behind the operator's does
    /// not wait for its own clock.
    pub fn begins_at_once(&self) -> bool {
        self.from <= self.at
    }

    /// Whether it is in force at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.standing == Standing::InForce
            && (self.begins_at_once() || self.from <= now)
            && self.until.is_none_or(|until| now < until)
    }
}

macro_rules! features {
    ($($(#[doc = $doc:literal])* $feature:ident = $name:literal),+ $(,)?) => {
        /// What can be switched off while the server runs (INC-06). Names are stored: add, never rename.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Feature {
            $($(#[doc = $doc])* $feature,)+
        }

        impl Feature {
            /// Every feature.
            pub const ALL: &'static [Self] = &[$(Self::$feature),+];

            /// Its name in commands and in the database.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$feature => $name,)+
                }
            }

            /// The feature of a name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|feature| feature.name() == name)
            }
        }
    };
}

features! {
    /// Requests for authorization codes, and tokens for them.
    AuthorizationCode = "authorization_code",
    /// Tokens for refresh tokens.
    RefreshToken = "refresh_token",
    /// Tokens for machines.
    ClientCredentials = "client_credentials",
    /// Devices without a browser (RFC 8628).
    DeviceFlow = "device_flow",
    /// Exchanging tokens (RFC 8693).
    TokenExchange = "token_exchange",
    /// Pushed authorization requests (RFC 9126).
    PushedRequests = "pushed_requests",
    /// Signed request objects (RFC 9101).
    RequestObjects = "request_objects",
    /// Answers in a form that the browser posts.
    FormPost = "form_post",
    /// Answers as signed JWTs (JARM).
    SignedAnswers = "signed_answers",
    /// Introspection answers as signed JWTs (RFC 9701).
    SignedIntrospection = "signed_introspection",
    /// Tokens bound to a key (RFC 9449). Without it nobody gets a plain one instead, and none that is bound counts here.
    Dpop = "dpop",
    /// Certificates of apps, and tokens bound to them (RFC 8705); the same holds.
    MutualTls = "mutual_tls",
    /// Keys that apps keep at an address of theirs, read over the network.
    RemoteKeys = "remote_keys",
    /// Telling apps of a sign-out, server to server; what is to be told waits.
    BackchannelLogout = "backchannel_logout",
    /// Telling apps of a sign-out by frames in the browser.
    FrontchannelLogout = "frontchannel_logout",
    /// The frame by which apps watch the session.
    SessionManagement = "session_management",
    /// Apps that register themselves (RFC 7591).
    DynamicRegistration = "dynamic_registration",
    /// Apps known by a document alone; none is fetched.
    ClientDocuments = "client_documents",
    /// People who make their own account.
    PersonRegistration = "person_registration",
    /// Forgotten passwords.
    PasswordReset = "password_reset",
    /// New addresses.
    AddressChange = "address_change",
    /// Recovery codes, at a sign-in and for a forgotten password.
    RecoveryCodes = "recovery_codes",
    /// Passkeys, to add and to sign in with.
    Passkeys = "passkeys",
    /// Authenticator apps, to add and to sign in with.
    AuthenticatorApp = "authenticator_app",
    /// The way back for whoever lost the second step.
    LostFactor = "lost_factor",
    /// The mailed link that lets the owner of a throttled account in.
    LetIn = "let_in",
    /// New passwords of people who are signed in.
    OwnPassword = "own_password",
    /// Choosing from which networks one signs in. What was chosen stays in force.
    AllowedNetworks = "allowed_networks",
    /// The file with everything kept about a person, for that person.
    DataExport = "data_export",
    /// People who delete their own account.
    AccountDeletion = "account_deletion",
    /// Browsers that skip the code.
    TrustedBrowsers = "trusted_browsers",
}

/// One decision about a feature. Rows are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchDecision {
    /// Its number; later ones come before earlier ones.
    pub number: i64,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub operator: String,
    /// What.
    pub feature: Feature,
    /// Whether it works.
    pub on: bool,
    /// Why, for the record.
    pub reason: String,
    /// Until when; afterwards what was decided before counts again.
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inc_02_levels_have_their_numbers_and_an_order() {
        for (number, level) in (0u8..).zip(Level::ALL) {
            assert_eq!(level.number(), number);
            assert_eq!(Level::from_number(number), Some(level));
            assert_eq!(serde_json::to_string(&level).unwrap(), number.to_string());
        }
        assert_eq!(Level::from_number(6), None);
        assert!(serde_json::from_str::<Level>("6").is_err());
        assert!(Level::ALL.is_sorted());
    }

    #[test]
    fn inc_06_features_are_found_by_their_names() {
        for feature in Feature::ALL {
            assert_eq!(Feature::from_name(feature.name()), Some(*feature));
        }
        assert_eq!(Feature::from_name("everything"), None);
    }

    #[test]
    fn inc_04_the_operators_text_is_shown_in_the_other_language_rather_than_not_at_all() {
        let text = OperatorText {
            ja: String::new(),
            en: "Back at noon.".to_owned(),
        };
        assert_eq!(text.of(Locale::Ja), Some("Back at noon."));
        assert_eq!(OperatorText::default().of(Locale::Ja), None);
    }

    #[test]
    fn inc_03_a_client_s_level_is_about_that_client_only() {
        let scope = LevelScope::Client(ClientId::new("a"));
        assert!(scope.covers(Some(&ClientId::new("a")), None));
        assert!(!scope.covers(Some(&ClientId::new("b")), None));
        assert!(!scope.covers(None, None));
        let cohort = LevelScope::Cohort(Cohort::default());
        assert!(!cohort.covers(None, None), "nobody is known yet");
    }
}
