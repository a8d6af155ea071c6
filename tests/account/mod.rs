//! The person's own pages: devices, connected apps, "this was not me", the second step.

mod apps;
mod devices;
mod history;
mod not_me;
mod profile;

use crate::support::browser::{Browser, Page};

/// A browser with another name than the usual one.
pub(super) const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";

/// The token of the forms of a page; the first form signs out.
pub(super) fn csrf(page: &Page) -> String {
    let main = page.text.split("<main").nth(1).expect("a page");
    let rest = main.split("name=\"csrf\" value=\"").nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no form in {}", page.words()));
    rest.split('"').next().unwrap().to_owned()
}

/// The values of the hidden fields with this name.
pub(super) fn all_hidden(page: &Page, name: &str) -> Vec<String> {
    let marker = format!("name=\"{name}\" value=\"");
    let rests = page.text.split(&marker).skip(1);
    rests
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// Opens `path` and sends its form with these fields.
pub(super) async fn press(
    browser: &Browser,
    (page, action): (&str, &str),
    fields: &[(&str, &str)],
) -> Page {
    let token = csrf(&browser.get(page).await);
    let mut form = vec![("csrf", &*token)];
    form.extend_from_slice(fields);
    browser.post(action, &form).await
}
