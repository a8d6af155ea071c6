//! Style sheets and pictures of brands (WEB-12, `ux.md` 5.10): that of the service and those of apps. They
//! change three colours and a picture; the gate, the plaque and the seal are ours.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_model::{Brand, BrandColours, ClientId, Digest, Locale};
use sekisho_provider::rules::brand::style_sheet;
use sekisho_provider::rules::parameters::Parameters;

use super::answer::begin;
use super::app::App;
use super::frame::Frame;
use super::headers::Answer;
use super::texts::not_found;

/// How the service itself looks, beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HouseLook {
    css: Option<String>,
    logo: Option<Vec<u8>>,
    edition: String,
    links: Vec<FooterLink>,
}

/// A link at the foot of every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FooterLink {
    /// An https address.
    pub href: String,
    /// What it is called in Japanese.
    pub ja: String,
    /// What it is called in English.
    pub en: String,
}

impl FooterLink {
    /// What it is called.
    pub fn name(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ja => &self.ja,
            Locale::En => &self.en,
        }
    }
}

const HOUSE_STYLE: &str = "/theme/server.css";
const HOUSE_LOGO: &str = "/theme/server/logo";

impl HouseLook {
    /// A service with these colours, this picture (one that shows through, because its shape alone is
    /// drawn) and these links.
    pub fn new(
        colours: Option<&BrandColours>,
        logo: Option<Vec<u8>>,
        links: Vec<FooterLink>,
    ) -> Self {
        let mut css = colours.map(style_sheet).unwrap_or_default();
        let edition = Digest::of_parts(&[css.as_bytes(), logo.as_deref().unwrap_or_default()]);
        let edition: String = edition.to_base64url().chars().take(16).collect();
        if logo.is_some() {
            let line = format!(":root {{ --house: url(\"{HOUSE_LOGO}?v={edition}\"); }}\n");
            css.push_str(&line);
        }
        Self {
            css: Some(css).filter(|css| !css.is_empty()),
            logo,
            edition,
            links,
        }
    }

    /// Address of its style sheet, if it has one.
    pub fn style(&self) -> Option<String> {
        let href = || format!("{HOUSE_STYLE}?v={}", self.edition);
        self.css.as_ref().map(|_some| href())
    }

    /// Whether there is a picture.
    pub const fn has_logo(&self) -> bool {
        self.logo.is_some()
    }

    /// The links at the foot.
    pub fn links(&self) -> &[FooterLink] {
        &self.links
    }
}

/// What of a `client_id` may stand in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Addresses of an app's style sheet and of its picture, if it has them.
pub fn addresses(client: &ClientId, brand: Option<Brand>) -> (Option<String>, Option<String>) {
    let Some(brand) = brand else {
        return (None, None);
    };
    let id = utf8_percent_encode(client.as_str(), PLAIN);
    let version = brand.version;
    let style = brand
        .colours
        .map(|_some| format!("/theme/{id}.css?v={version}"));
    let logo = brand.logo.then(|| format!("/theme/{id}/logo?v={version}"));
    (style, logo)
}

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route(HOUSE_STYLE, web::get().to(house_style))
        .route(HOUSE_LOGO, web::get().to(house_logo))
        .route("/theme/{client}.css", web::get().to(style))
        .route("/theme/{client}/logo", web::get().to(logo));
}

async fn house_style(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match app.house.css.clone() {
        Some(css) => sheet(&app, css, is_this(&request, &app.house.edition)),
        None => not_found(app, request).await,
    }
}

async fn house_logo(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match app.house.logo.clone() {
        Some(png) => picture(&app, png, is_this(&request, &app.house.edition)),
        None => not_found(app, request).await,
    }
}

/// An app that is not known is one without a brand.
async fn style(
    app: web::Data<App>,
    request: HttpRequest,
    client: web::Path<String>,
) -> HttpResponse {
    let brand = match app.provider.brand(&client).await {
        Ok(brand) => brand,
        Err(failure) => return failed(&app, &request, &failure),
    };
    let colours = brand.and_then(|brand| Some((brand.colours?, brand.version)));
    match colours {
        Some((colours, version)) => {
            let kept = is_this(&request, &version.to_string());
            sheet(&app, style_sheet(&colours), kept)
        }
        None => not_found(app, request).await,
    }
}

async fn logo(
    app: web::Data<App>,
    request: HttpRequest,
    client: web::Path<String>,
) -> HttpResponse {
    match app.provider.brand_logo(&client).await {
        Ok(Some((png, version))) => picture(&app, png, is_this(&request, &version.to_string())),
        Ok(None) => not_found(app, request).await,
        Err(failure) => failed(&app, &request, &failure),
    }
}

fn failed(app: &App, request: &HttpRequest, failure: &sekisho_provider::Failure) -> HttpResponse {
    let frame = Frame::new(app, request, app.locale(request, None));
    frame.failure(failure)
}

/// Whether the address names what is served, so that it may be kept for ever.
fn is_this(request: &HttpRequest, version: &str) -> bool {
    let query = Parameters::decode(request.query_string().as_bytes());
    query.first("v") == Some(version)
}

const fn caching(kept: bool) -> &'static str {
    if kept {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    }
}

fn sheet(app: &App, css: String, kept: bool) -> HttpResponse {
    begin(StatusCode::OK, &Answer::PublicJson(0), app.https)
        .insert_header((CACHE_CONTROL, caching(kept)))
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .body(css)
}

/// WEB-12: opened by itself, a picture is saved and not shown.
fn picture(app: &App, png: Vec<u8>, kept: bool) -> HttpResponse {
    begin(StatusCode::OK, &Answer::PublicJson(0), app.https)
        .insert_header((CACHE_CONTROL, caching(kept)))
        .insert_header((CONTENT_TYPE, "image/png"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"logo.png\""))
        .body(png)
}
