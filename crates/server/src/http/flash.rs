//! What a page says once after a redirect of ours: "saved", "signed out". A cookie vouches for it, so that no link can
//! make a page say what did not happen; it holds for one address, for two minutes, for one look.

use std::time::Duration;

use actix_web::{HttpMessage as _, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_model::{Digest, Timestamp};
use sekisho_provider::rules::parameters::Parameters;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::see_other;
use super::cookies::Use;
use super::frame::Frame;

/// How long a browser has to follow the redirect, or to load a page again that has nothing else to show.
const LIFE: Duration = Duration::from_mins(2);
/// With its name and attributes a cookie has to stay below what browsers keep.
const LONGEST: usize = 3_600;

/// A page was shown that says what happened: the next look says nothing.
struct Shown;

/// How often a page may say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A notice above a page that is there anyway.
    Once,
    /// The page has nothing else to show, so loading it again shows it again.
    Again,
}

impl Frame<'_> {
    /// On to a page of ours, which may then say what its address names.
    pub fn see_saying(&self, location: &str) -> HttpResponse {
        let response = see_other(location, self.app.https);
        self.vouching(response, location, b"").0
    }

    /// On to a page of ours with facts to show; `None` if they are too long for a cookie.
    pub fn see_telling(&self, location: &str, facts: &impl Serialize) -> Option<HttpResponse> {
        let facts = serde_json::to_vec(facts).ok()?;
        let response = see_other(location, self.app.https);
        let (response, fits) = self.vouching(response, location, &facts);
        fits.then_some(response)
    }

    fn vouching(
        &self,
        mut response: HttpResponse,
        location: &str,
        facts: &[u8],
    ) -> (HttpResponse, bool) {
        let until = self.app.provider.now() + LIFE;
        let value = seal(&self.app.csrf_key, location, facts, until);
        let fits = value.len() <= LONGEST;
        if fits && let Err(error) = response.add_cookie(&self.app.cookies.set(Use::Flash, value)) {
            tracing::warn!(%error, "a cookie could not be set");
        }
        (response, fits)
    }

    /// The query of the address, if a redirect of ours led here just now; otherwise nothing.
    pub fn said(&self, look: Look) -> Parameters {
        let query = match self.vouched(look) {
            Some(_) => self.request.query_string(),
            None => "",
        };
        Parameters::decode(query.as_bytes())
    }

    /// The facts that a redirect of ours brought here.
    pub fn told<T: DeserializeOwned>(&self, look: Look) -> Option<T> {
        serde_json::from_slice(&self.vouched(look)?).ok()
    }

    fn vouched(&self, look: Look) -> Option<Vec<u8>> {
        let (app, request) = (self.app, self.request);
        let value = app.cookies.read(Use::Flash, request.headers()).value()?;
        let here = request.uri().path_and_query()?.as_str();
        let facts = open(&app.csrf_key, &value, here, app.provider.now())?;
        if look == Look::Once {
            request.extensions_mut().insert(Shown);
        }
        Some(facts)
    }

    /// Takes the cookie away once its page is shown.
    pub(super) fn forgetting(&self, mut response: HttpResponse) -> HttpResponse {
        let shown = self.request.extensions().contains::<Shown>();
        if shown && let Err(error) = response.add_cookie(&self.app.cookies.clear(Use::Flash)) {
            tracing::warn!(%error, "a cookie could not be removed");
        }
        response
    }
}

/// `<facts>.<until>.<mac>`
fn seal(key: &Digest, location: &str, facts: &[u8], until: Timestamp) -> String {
    let (facts, until) = (URL_SAFE_NO_PAD.encode(facts), until.seconds().to_string());
    let mac = mac(key, location, &facts, &until).to_base64url();
    format!("{facts}.{until}.{mac}")
}

fn open(key: &Digest, value: &str, location: &str, now: Timestamp) -> Option<Vec<u8>> {
    let (rest, presented) = value.rsplit_once('.')?;
    let (facts, until) = rest.split_once('.')?;
    let genuine = Digest::from_base64url(presented)? == mac(key, location, facts, until);
    let in_time = now.seconds() <= until.parse().ok()?;
    let facts = URL_SAFE_NO_PAD.decode(facts).ok()?;
    (genuine && in_time).then_some(facts)
}

fn mac(key: &Digest, location: &str, facts: &str, until: &str) -> Digest {
    let parts = ["flash", location, facts, until].map(str::as_bytes);
    Digest::keyed(key.as_bytes(), &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "/account/security?changed=password";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn what_is_said_holds_for_one_address_and_a_short_while() {
        let key = Digest::of(b"key");
        let value = seal(&key, HERE, b"facts", at(100));
        assert_eq!(open(&key, &value, HERE, at(100)).unwrap(), b"facts");
        assert_eq!(open(&key, &value, HERE, at(101)), None);
        let there = "/account/security?changed=address";
        assert_eq!(open(&key, &value, there, at(50)), None);
        assert_eq!(open(&Digest::of(b"other"), &value, HERE, at(50)), None);
    }

    #[test]
    fn nothing_in_it_can_be_exchanged() {
        let key = Digest::of(b"key");
        let value = seal(&key, HERE, b"", at(100));
        assert_eq!(open(&key, &value, HERE, at(50)).unwrap(), b"");
        let later = value.replace(".100.", ".900.");
        let other = format!("{}{value}", URL_SAFE_NO_PAD.encode("x"));
        for forged in [&*later, &other, "", ".", "..", "a.b.c", "日.本.語"] {
            assert_eq!(open(&key, forged, HERE, at(50)), None, "{forged}");
        }
    }

    #[test]
    fn the_cookie_is_one_that_the_reader_of_cookies_takes() {
        let value = seal(&Digest::of(b"key"), HERE, "事実".as_bytes(), at(100));
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        assert!(value.bytes().all(plain), "{value}");
    }
}
