use sekisho_model::{Brand, ClientId};

use crate::http::brand::addresses;
use crate::http::text::{clean, clean_name};

/// An app as a page names it: everything from outside is cleaned (WEB-18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    name: String,
    host: String,
    policy: Option<String>,
    terms: Option<String>,
    style: Option<String>,
    logo: Option<String>,
}

impl App {
    /// `name` as registered, `host` of the verified redirect URI. A name of which nothing is left
    /// becomes the host.
    pub fn new(name: &str, host: &str) -> Self {
        let host = clean(host, 253);
        let name = Some(clean_name(name)).filter(|name| !name.is_empty());
        Self {
            name: name.unwrap_or_else(|| host.clone()),
            host,
            policy: None,
            terms: None,
            style: None,
            logo: None,
        }
    }

    /// With the links the app registered: what it does with data, and its terms of use (Registration
    /// §2). Only https addresses become links.
    #[must_use]
    pub fn with_links(mut self, policy: Option<&str>, terms: Option<&str>) -> Self {
        let safe = |uri: &str| uri.starts_with("https://").then(|| uri.to_owned());
        self.policy = policy.and_then(safe);
        self.terms = terms.and_then(safe);
        self
    }

    /// With its own colours and picture, if an operator gave it some.
    #[must_use]
    pub fn with_brand(mut self, client: &ClientId, brand: Option<Brand>) -> Self {
        (self.style, self.logo) = addresses(client, brand);
        self
    }

    pub(super) fn style(&self) -> Option<&str> {
        self.style.as_deref()
    }

    pub(super) fn logo(&self) -> Option<&str> {
        self.logo.as_deref()
    }

    pub(super) fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    pub(super) fn terms(&self) -> Option<&str> {
        self.terms.as_deref()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Host of its return address.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn initial(&self) -> String {
        initial(&self.name)
    }
}

/// The person a consent page speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    name: String,
    /// The address they sign in with.
    pub(super) email: String,
}

impl Person {
    /// A person with this address, and this name if they gave one.
    pub fn new(name: Option<&str>, email: &str) -> Self {
        Self {
            name: clean_name(name.unwrap_or_default()),
            email: email.to_owned(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn initial(&self) -> String {
        initial(if self.name.is_empty() {
            &self.email
        } else {
            &self.name
        })
    }
}

/// The first character, for the frame that stands where a picture would.
fn initial(name: &str) -> String {
    let first = name.chars().find(|c| c.is_alphanumeric());
    first
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default()
}
