use askama::Template;

use super::{App, Notice, Page, Person, Stamp};
use crate::http::text::clean;

/// `/consent`: what an app would get, with the values it would get (ux 6.10; CON-01).
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// Frame.
    pub page: Page,
    /// The app; its host is the return host.
    pub app: App,
    /// The app's id, for developers.
    pub client_id: String,
    /// Who vouches for the app's maker.
    pub vouched: Vouched,
    /// Whether the decision came too soon after the page, and is asked for again (CON-06).
    pub too_soon: bool,
    /// Why its name deserves a second look.
    pub doubt: Option<NameDoubt>,
    /// Whose data it is.
    pub person: Person,
    /// What the app cannot do without.
    pub required: Vec<ScopeItem>,
    /// What may be left out: boxes, never ticked before.
    pub optional: Vec<ScopeItem>,
    /// What was allowed before.
    pub already: Vec<ScopeItem>,
    /// Claims asked for one by one, beside those of the scopes.
    pub claims: Vec<ClaimItem>,
    /// What is asked in detail (RFC 9396).
    pub details: Vec<DetailItem>,
    /// What the tokens are for, if the app asked for a resource.
    pub resource: Option<String>,
    /// Path that lets another account be used.
    pub other_account: Option<String>,
}

/// What is known of who makes an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vouched {
    /// An operator looked, and this is who.
    Publisher(String),
    /// An operator added the app, and says no more.
    Operator,
    /// It registered itself.
    Nobody,
}

/// Why the name of an app deserves a second look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameDoubt {
    /// It mixes letters of scripts that look alike.
    MixedScripts,
    /// It looks like this name.
    LooksLike(String),
}

/// One claim and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimItem {
    /// The claim's name.
    pub name: String,
    /// The person's own value; empty if there is none.
    pub value: String,
}

/// One detail: a title, and names with values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailItem {
    title: String,
    lines: Vec<String>,
}

impl From<(String, Vec<(String, String)>)> for DetailItem {
    fn from((title, members): (String, Vec<(String, String)>)) -> Self {
        let line = |(name, value): &(String, String)| {
            format!("{}: {}", clean(name, 60), clean(value, 200))
        };
        Self {
            title: clean(&title, 120),
            lines: members.iter().map(line).collect(),
        }
    }
}

/// One scope and the values it would give away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeItem {
    /// The scope token.
    pub scope: String,
    /// The person's own values for it.
    pub values: Vec<String>,
}

impl ScopeItem {
    /// The sentence for the scope; a scope of the app's own is quoted.
    pub(super) fn label(&self, page: &Page) -> String {
        match self.known() {
            Some(name) => page.t(&format!("scope-{name}")),
            None => page
                .words()
                .with("scope-other", &[("scope", &clean(&self.scope, 60))]),
        }
    }

    /// The values, or what the scope means where it has none.
    pub(super) fn lines(&self, page: &Page) -> Vec<String> {
        if !self.values.is_empty() {
            return self.values.iter().map(|value| clean(value, 200)).collect();
        }
        let key = match self.known() {
            Some("openid") => "scope-hint-openid",
            Some("offline_access") => "scope-hint-offline",
            Some(_) => "scope-hint-empty",
            None => "scope-hint-other",
        };
        vec![page.t(key)]
    }

    fn known(&self) -> Option<&str> {
        let name = self.scope.as_str();
        let known = [
            "openid",
            "profile",
            "email",
            "phone",
            "address",
            "offline_access",
        ];
        known.contains(&name).then_some(name)
    }
}

impl ConsentPage {
    fn heading(&self) -> String {
        let words = self.page.words();
        words.with("consent-title", &[("app", self.app.name())])
    }

    /// At most one warning: more would not be read.
    fn notice(&self) -> Option<Notice> {
        let words = self.page.words();
        let hint = || words.with("consent-unverified-hint", &[("host", self.app.host())]);
        let ask = |heading: String| Some(Notice::new(Stamp::Ask, heading).saying(hint()));
        if self.too_soon {
            return Some(Notice::new(Stamp::Ask, words.t("decision-too-soon")));
        }
        match (&self.doubt, &self.vouched) {
            (Some(NameDoubt::LooksLike(other)), _) => {
                ask(words.with("consent-looks-like", &[("other", other)]))
            }
            (Some(NameDoubt::MixedScripts), _) => ask(words.t("consent-mixed-name")),
            (None, Vouched::Nobody) => ask(words.t("consent-unverified-title")),
            (None, Vouched::Publisher(_) | Vouched::Operator) => None,
        }
    }

    fn claim_label(&self, item: &ClaimItem) -> String {
        let words = self.page.words();
        words.with("consent-claim", &[("claim", &clean(&item.name, 60))])
    }

    fn already_count(&self) -> u64 {
        u64::try_from(self.already.len()).unwrap_or_default()
    }

    fn scopes(&self) -> String {
        let all = self.required.iter().chain(&self.optional);
        let scopes: Vec<&str> = all.map(|item| item.scope.as_str()).collect();
        scopes.join(" ")
    }
}
