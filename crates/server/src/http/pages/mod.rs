//! What people see: one typed view for each page. Handlers fill a view, [`Template::render`] makes
//! the HTML; every word comes from `locales/`.
//!
//! Start at [`Page`], which every view carries. Nothing here decides anything: views choose words
//! for states that were decided elsewhere.

mod address_change;
mod address_proof;
mod app;
mod code_state;
mod connected_apps;
mod consent;
mod data;
mod data_file;
mod dev;
mod device;
mod devices;
mod error;
mod form_post;
mod history;
mod history_file;
mod history_filter;
mod history_words;
mod incident_notices;
mod mailed_link;
mod moment;
mod networks;
mod not_me;
mod notice;
mod overview;
mod password;
mod playground;
mod profile;
mod recovery;
mod return_to_app;
mod second_steps;
mod security;
mod set_up;
mod sign_in;
mod sign_in_code;
mod sign_out;
mod sign_up;
mod status;
mod stronger_step;
mod texts;
mod theme;

#[cfg(any(test, feature = "gallery"))]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::assigning_clones,
    reason = "only tests use it"
)]
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        clippy::wildcard_imports,
        reason = "unit tests use the rest"
    )
)]
#[path = "tests/samples.rs"]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use address_change::{AddressNews, AddressProblem, ChangeAddressPage};
pub use address_proof::AddressProofPage;
pub use app::{App, Person};
pub use askama::Template;
pub use code_state::{CodeState, Resend};
pub use connected_apps::{ConnectedAppView, ConnectedAppsPage, DisconnectPage};
pub use consent::{ClaimItem, ConsentPage, DetailItem, NameDoubt, ScopeItem, Vouched};
pub use data::{DataPage, DeletePage, KeepPage, LeftPage};
pub use data_file::DataFile;
pub use dev::{DevClient, DevHomePage, DevPlace, DevUser, LetterPage, LetterRow, MailPage};
pub use device::{DeviceConfirmPage, DeviceDonePage, DevicePage, DeviceProblem};
pub use devices::{DevicesPage, EndedNotice, OtherDevicesPage, SessionView, TrustedView};
pub use error::{Cause, ErrorPage};
pub use form_post::FormPostPage;
pub use history::{Day, HistoryPage, HistoryRow, Reader};
pub use history_file::HistoryFile;
pub use history_filter::{FilterFault, Period, ResultFilter, ShownFilter, Source, read_before};
pub use incident_notices::{IncidentNoticesPage, ToldIncident};
pub use mailed_link::{LinkState, LinkUse, MailedLinkPage};
pub use moment::Moment;
pub use networks::NetworksPage;
pub use not_me::{NotMePage, NotMeSaidPage, SeenEvent};
pub use notice::{Fault, Notice, Stamp};
pub use overview::{LastVisit, OverviewPage, Unexplained};
pub use password::{
    ForgotPage, ForgotState, LetInPage, MailedWay, Missing, NewPasswordPage, OwnPasswordPage,
    PasswordProblem, ResetPage, ResetSaid, ResetSaidPage, in_words,
};
pub use playground::{
    Check, CheckKind, PlaygroundPage, PlaygroundResultPage, ShownToken, TokenKind,
};
pub use profile::{ProfilePage, ProfileProblem};
pub use recovery::{
    CodeAddressHelpPage, QueuePage, RecoveredPage, RecoveryCodesPage, RecoveryPage, RecoveryProblem,
};
pub use return_to_app::ReturnPage;
pub use second_steps::{
    AddAppPage, AddPasskeyPage, FactorItem, FirstCodeProblem, PasskeyProblem, SecondStepNews,
    SecondStepsPage,
};
pub use security::{SecondStep, SecurityPage};
pub use set_up::{SetUpPage, SetUpState};
pub use sign_in::{SignInLinks, SignInPage, SignInProblem};
pub use sign_in_code::CodePage;
pub use sign_out::{
    BackLink, CheckSessionPage, SignOutAction, SignOutPage, SignOutTarget, SignedOutPage,
    UnreachedApp,
};
pub use sign_up::{
    DetailsProblem, FirstCodeAddressPage, SignUpDetailsPage, SignUpDonePage, SignUpPage,
    SignUpProblem, SignUpSaid, SignUpSaidPage,
};
pub use status::StatusPage;
pub use stronger_step::{LostFactorPage, LostState, StrongerProblem, StrongerStepPage};
pub use texts::{HelpPage, PrivacyPage, Topic};
pub use theme::{Theme, ThemePage};

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_model::Locale;

use super::assets;
use super::brand::{FooterLink, HouseLook};
use super::text::Translator;

/// What every page carries.
#[derive(Debug, Clone)]
pub struct Page {
    /// The language.
    pub locale: Locale,
    /// The chosen brightness.
    pub theme: Theme,
    /// Whose gate it is: the operator's name for the service.
    pub service: String,
    /// How it looks.
    pub house: Arc<HouseLook>,
    /// Whether some acts are paused; neither the level nor its cause is told.
    pub paused: bool,
    /// Path and query of this page, so that the language switch comes back to it.
    pub path: String,
    /// The token of this page's form (see [`super::csrf`]).
    pub csrf: String,
    /// The token of the language switch, which saves the choice of whoever is signed in; for others it is a link.
    pub language_csrf: Option<String>,
}

impl Page {
    /// The text of `key`.
    pub fn t(&self, key: &str) -> String {
        self.words().t(key)
    }

    /// The text of `key` with texts in its places.
    pub fn with<'v>(&self, key: &str, values: impl AsRef<[(&'static str, &'v str)]>) -> String {
        self.words().with(key, values.as_ref())
    }

    /// The text of `key` for a number.
    pub fn count(&self, key: &str, n: u64) -> String {
        self.words().count(key, n)
    }

    /// The texts of the page's language.
    pub const fn words(&self) -> Translator {
        Translator::new(self.locale)
    }

    fn lang(&self) -> &'static str {
        self.locale.tag()
    }

    fn other_lang(&self) -> &'static str {
        match self.locale {
            Locale::Ja => Locale::En.tag(),
            Locale::En => Locale::Ja.tag(),
        }
    }

    /// This page in the other language.
    fn switch_href(&self) -> String {
        in_language(&self.path, self.other_lang())
    }

    /// This page, for coming back to it from a form.
    fn here(&self) -> &str {
        local_path(&self.path).unwrap_or("/")
    }

    /// What a link of the operator's is called.
    fn link_name<'l>(&self, link: &'l FooterLink) -> &'l str {
        link.name(self.locale)
    }

    fn theme_href(&self) -> String {
        let here = local_path(&self.path).unwrap_or("/");
        format!(
            "/theme?back={}",
            utf8_percent_encode(here, NON_ALPHANUMERIC)
        )
    }

    #[expect(
        clippy::unused_self,
        reason = "templates reach it through the page they have"
    )]
    fn asset(&self, name: &str) -> String {
        assets::href(name)
    }
}

/// A page of this host in the language of `tag`.
pub fn in_language(path: &str, tag: &str) -> String {
    let here = without_language(path);
    let mark = if here.contains('?') { '&' } else { '?' };
    format!("{here}{mark}ui_locales={tag}")
}

/// A page of this host, its address asking for no language.
pub fn without_language(path: &str) -> String {
    let here = local_path(path).unwrap_or("/");
    let (path, query) = here.split_once('?').unwrap_or((here, ""));
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("ui_locales"));
    match kept.collect::<Vec<_>>().join("&") {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// `path` if it leads to a page of this host and nowhere else; for links back.
pub fn local_path(path: &str) -> Option<&str> {
    let plain = path.len() <= 2048 && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    (plain && path.starts_with('/') && !path.starts_with("//")).then_some(path)
}

/// Where in the account pages somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// `/account`
    Overview,
    /// `/account/security`
    Security,
    /// `/account/history`
    History,
    /// `/account/sessions`
    Devices,
    /// `/account/apps`
    Apps,
    /// `/account/data`
    Data,
}

impl Area {
    const ALL: [Self; 6] = [
        Self::Overview,
        Self::Security,
        Self::History,
        Self::Devices,
        Self::Apps,
        Self::Data,
    ];

    const fn href(self) -> &'static str {
        match self {
            Self::Overview => "/account",
            Self::Security => "/account/security",
            Self::History => "/account/history",
            Self::Devices => "/account/sessions",
            Self::Apps => "/account/apps",
            Self::Data => "/account/data",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Overview => "area-overview",
            Self::Security => "area-security",
            Self::History => "area-history",
            Self::Devices => "area-devices",
            Self::Apps => "area-apps",
            Self::Data => "area-data",
        }
    }
}

/// The frame around account pages.
#[derive(Debug, Clone)]
pub struct AccountFrame {
    /// The address the person signs in with.
    pub address: String,
    /// The token of the sign-out button (`POST /logout`).
    pub sign_out_csrf: String,
    /// Where we are.
    pub area: Area,
}

impl AccountFrame {
    #[expect(
        clippy::unused_self,
        reason = "templates reach it through the frame they have"
    )]
    const fn areas(&self) -> &'static [Area] {
        &Area::ALL
    }
}
