//! What is asked for after the password: on and off, authenticator apps, passkeys, and the way back when one is
//! lost.

mod app;
mod loss;
mod passkeys;
mod switch;

use std::time::Duration;

use aws_lc_rs::hmac;
use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;

pub const PAGE: &str = "/account/security/second-step";
pub const APP: &str = "/account/security/second-step/app";

pub async fn app_of(house: &TestHouse) -> String {
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    client.client_id.to_string()
}

pub async fn signed_in(house: &TestHouse, app: &str) -> Browser {
    let browser = Browser::new(house);
    browser.sign_in(house, &request(app, &[])).await;
    browser
}

/// The token of the page's own forms; the first form of an account page signs out.
pub fn csrf(page: &Page) -> String {
    let main = page.text.split("<main").nth(1).unwrap();
    let main = main.split("</main>").next().unwrap();
    let rest = main.split("name=\"csrf\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Presses a button of the page of second steps.
pub async fn act(browser: &Browser, form: &[(&str, &str)]) -> Page {
    let page = browser.get(PAGE).await;
    let main = page.text.split("<main").nth(1).unwrap();
    let main = main.split("</main>").next().unwrap();
    let token = if main.contains("name=\"csrf\"") {
        csrf(&page)
    } else {
        // There is nothing to press; the token of the page beside it is as good.
        csrf(&browser.get(APP).await)
    };
    let mut whole = vec![("csrf", &*token)];
    whole.extend_from_slice(form);
    browser.post(PAGE, &whole).await
}

/// The code an authenticator app with this secret shows (RFC 6238), written anew.
pub fn code_of(secret: &[u8], house: &TestHouse) -> String {
    let step = house.now().micros().div_euclid(1_000_000) / 30;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    let at = usize::from(mac[19] & 15);
    let four = [mac[at] & 127, mac[at + 1], mac[at + 2], mac[at + 3]];
    format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
}

/// Some code that the app does not show about now.
pub fn wrong_code(secret: &[u8], house: &TestHouse) -> String {
    let right = code_of(secret, house);
    let number: u32 = right.parse().unwrap();
    format!("{:06}", (number + 500_000) % 1_000_000)
}

pub fn secret_on(page: &Page) -> Vec<u8> {
    let text = page.text.split("secret\">").nth(1).unwrap();
    let text = text.split('<').next().unwrap();
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.chars().filter(|c| !c.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits = (bits << 5) | u32::try_from(value).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 255).unwrap());
        }
    }
    bytes
}

/// Adds an authenticator app; the next code is not used yet.
pub async fn add_app(house: &TestHouse, owner: &Browser) -> Vec<u8> {
    let page = owner.get(APP).await;
    assert_eq!(page.status, StatusCode::OK, "{:?}", page.location);
    let secret = secret_on(&page);
    let code = code_of(&secret, house);
    let form = [("csrf", &*csrf(&page)), ("code", &*code)];
    let done = owner.post(APP, &form).await;
    assert!(done.location().ends_with("done=app"), "{}", done.words());
    house.advance(Duration::from_secs(31)).await;
    secret
}

pub async fn enter(browser: &Browser, page: &Page, code: &str) -> Page {
    let form = [("csrf", &*page.hidden("csrf")), ("code", code)];
    browser.post("/login/code", &form).await
}

/// A link on the page that begins with `path`.
pub fn link(page: &Page, path: &str) -> String {
    let rest = page.text.split(&format!("href=\"{path}")).nth(1).unwrap();
    format!("{path}{}", rest.split('"').next().unwrap())
}
