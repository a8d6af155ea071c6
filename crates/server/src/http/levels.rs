//! What each route is for, and the gate every request passes before its handler (INC-02, INC-04, INC-06).

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_guard::{Concerned, EndpointClass};
use sekisho_model::{Feature, User};
use sekisho_provider::Failure;

use super::app::App;
use super::failure::json_failure;
use super::frame::Frame;

/// Who reads the answers of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// An app: JSON.
    App,
    /// A person: a page.
    Person,
}

/// What a route is for.
#[derive(Debug, Clone, Copy)]
struct Purpose {
    reads: Reads,
    /// Looking at it.
    looking: EndpointClass,
    /// Everything else.
    acting: EndpointClass,
    feature: Option<Feature>,
}

const fn app(class: EndpointClass) -> Purpose {
    Purpose {
        reads: Reads::App,
        looking: class,
        acting: class,
        feature: None,
    }
}

const fn person(looking: EndpointClass, acting: EndpointClass) -> Purpose {
    Purpose {
        reads: Reads::Person,
        looking,
        acting,
        feature: None,
    }
}

const fn both(class: EndpointClass) -> Purpose {
    person(class, class)
}

impl Purpose {
    fn class(self, request: &HttpRequest) -> EndpointClass {
        match *request.method() {
            Method::GET | Method::HEAD => self.looking,
            _ => self.acting,
        }
    }

    const fn switched_by(self, feature: Feature) -> Self {
        Self {
            feature: Some(feature),
            ..self
        }
    }
}

/// Every route of this server. A test goes through all that are registered and fails for one that is
/// not here; what is missing nevertheless is stopped from the first level on.
fn purpose(pattern: &str) -> Option<Purpose> {
    use EndpointClass as Class;
    Some(match pattern {
        "/status"
        | "/metrics"
        | "/favicon.ico"
        | "/assets/{edition}/{name}"
        | "/theme/server.css"
        | "/theme/server/logo"
        | "/theme/{client}.css"
        | "/theme/{client}/logo"
        | "/.well-known/security.txt" => both(Class::Status),
        "/health/live" | "/health/ready" => app(Class::Status),
        path if path.starts_with("/_dev") => both(Class::Status),
        "/.well-known/openid-configuration"
        | "/.well-known/oauth-authorization-server"
        | "/oauth2/jwks" => app(Class::PublicFacts),
        "/" | "/help" | "/privacy" | "/theme" | "/language" | "/help/code-address" | "/notice"
        | "/csp-report" | "/leaving" => both(Class::PublicFacts),
        "/oauth2/check_session" => both(Class::PublicFacts).switched_by(Feature::SessionManagement),
        "/oauth2/introspect" | "/oauth2/revoke" => app(Class::Withdrawal),
        "/logout" | "/oauth2/end_session" => both(Class::Withdrawal),
        "/oauth2/userinfo" => app(Class::UserInfo),
        "/oauth2/authorize" => both(Class::Authorize),
        "/oauth2/par" => app(Class::Authorize).switched_by(Feature::PushedRequests),
        "/oauth2/token" => app(Class::Token),
        "/oauth2/device_authorization" => app(Class::Consent).switched_by(Feature::DeviceFlow),
        "/device" => both(Class::Consent).switched_by(Feature::DeviceFlow),
        "/oauth2/register" => {
            app(Class::ClientRegistration).switched_by(Feature::DynamicRegistration)
        }
        "/oauth2/register/{client_id}" => {
            app(Class::ClientChange).switched_by(Feature::DynamicRegistration)
        }
        "/register/done" => both(Class::SignIn),
        path if path.starts_with("/login") => sign_in(path)?,
        "/password/check" => both(Class::Credentials),
        "/consent" => both(Class::Consent),
        "/password/forgot" | "/password/reset" | "/password/reset/{token}" => {
            both(Class::Credentials).switched_by(Feature::PasswordReset)
        }
        path if path.starts_with("/register") => {
            both(Class::PersonRegistration).switched_by(Feature::PersonRegistration)
        }
        path if path.starts_with("/account") => account(path)?,
        "/address/undo" | "/address/undo/{token}" => both(Class::Credentials),
        "/not-me"
        | "/not-me/{token}"
        | "/second-step/keep"
        | "/second-step/keep/{token}"
        | "/code-address/keep"
        | "/code-address/keep/{token}" => both(Class::Withdrawal),
        _ => return None,
    })
}

/// The pages of a sign-in.
fn sign_in(pattern: &str) -> Option<Purpose> {
    use EndpointClass as Class;
    Some(match pattern {
        "/login" | "/login/code" => both(Class::SignIn),
        "/login/recovery" | "/login/recovery/used" => {
            both(Class::SignIn).switched_by(Feature::RecoveryCodes)
        }
        "/login/by-mail" | "/login/by-mail/{token}" => {
            both(Class::SignIn).switched_by(Feature::LetIn)
        }
        "/login/new-password" | "/login/lost-factor" => both(Class::Credentials),
        "/login/code-address/{flow}"
        | "/login/code-address/{flow}/mailbox"
        | "/login/code-address/{flow}/confirm" => {
            both(Class::Credentials).switched_by(Feature::AddressChange)
        }
        _ => return None,
    })
}

/// The person's own pages.
fn account(pattern: &str) -> Option<Purpose> {
    use EndpointClass as Class;
    Some(match pattern {
        "/account"
        | "/account/history"
        | "/account/history.csv"
        | "/account/profile"
        | "/account/data"
        | "/account/keep" => both(Class::AccountView),
        "/account/security"
        | "/account/security/recovery-codes"
        | "/account/security/networks"
        | "/account/security/second-step" => person(Class::AccountView, Class::Credentials),
        "/account/sessions"
        | "/account/sessions/others"
        | "/account/apps"
        | "/account/apps/remove" => person(Class::AccountView, Class::Withdrawal),
        "/account/password"
        | "/account/data/delete"
        | "/account/security/second-step/app"
        | "/account/security/second-step/passkey" => both(Class::Credentials),
        "/account/security/address"
        | "/account/security/address/confirm"
        | "/account/security/code-address"
        | "/account/security/code-address/confirm" => {
            both(Class::Credentials).switched_by(Feature::AddressChange)
        }
        _ => return None,
    })
}

/// What an unknown route is taken for: what the first level stops.
const UNSORTED: Purpose = both(EndpointClass::PersonRegistration);

/// Who reads the answer to this request.
pub(super) fn reads(request: &HttpRequest) -> Reads {
    request
        .match_pattern()
        .map_or(Reads::Person, |pattern| reads_of(&pattern))
}

/// Who reads the answers of this route.
pub(super) fn reads_of(pattern: &str) -> Reads {
    purpose(pattern).map_or(Reads::Person, |purpose| purpose.reads)
}

/// The answer to a request that a level or a switch stops; `None` lets it through. Addresses that are no
/// route of ours are told so, except by a sealed server.
pub fn stopped(app: &App, request: &HttpRequest) -> Option<HttpResponse> {
    let purpose = match request.match_pattern() {
        Some(pattern) => purpose(&pattern).unwrap_or(UNSORTED),
        None => both(EndpointClass::PublicFacts),
    };
    let passed = app
        .provider
        .pass(purpose.class(request), Concerned::default());
    let works = || match purpose.feature {
        Some(feature) => app.provider.works(feature),
        None => Ok(()),
    };
    let failure = passed.and_then(|()| works()).err()?;
    Some(answer(app, request, purpose.reads, &failure))
}

/// INC-03: the same question once it is known whose page it is. Asked wherever a page loads its owner.
pub(super) fn pass_owner(app: &App, request: &HttpRequest, owner: &User) -> Result<(), Failure> {
    let purpose = request.match_pattern().and_then(|path| purpose(&path));
    let class = purpose.unwrap_or(UNSORTED).class(request);
    app.provider.pass_person(class, owner)
}

fn answer(app: &App, request: &HttpRequest, reads: Reads, failure: &Failure) -> HttpResponse {
    match reads {
        Reads::App => json_failure(app, request, failure),
        Reads::Person => {
            let mut response = Frame::new(app, request, app.locale(request, None)).failure(failure);
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::dev::Service as _;
    use actix_web::{App as ActixApp, test};

    use std::collections::BTreeSet;

    use super::*;
    use crate::http::routes;

    /// Written down apart from the code; the end-to-end suite asks a running server by the same list.
    const ROUTES: &str = include_str!("../../../../tests/incident_levels/routes.txt");

    /// The patterns that the framework itself knows.
    async fn registered() -> Vec<String> {
        let service = test::init_service(
            ActixApp::new()
                .wrap_fn(|request, service| {
                    let map = format!("{:?}", request.resource_map());
                    let answer = service.call(request);
                    async move {
                        let mut answer = answer.await?;
                        let name = actix_web::http::header::HeaderName::from_static("x-map");
                        let map = percent_encoding::utf8_percent_encode(
                            &map,
                            percent_encoding::NON_ALPHANUMERIC,
                        )
                        .to_string();
                        answer.headers_mut().insert(name, map.parse().unwrap());
                        Ok(answer)
                    }
                })
                .configure(|config| routes::all(config, true, true)),
        )
        .await;
        let request = test::TestRequest::with_uri("/health/live").to_request();
        let answer = test::call_service(&service, request).await;
        let map = answer.headers().get("x-map").unwrap().to_str().unwrap();
        let map = percent_encoding::percent_decode_str(map)
            .decode_utf8()
            .unwrap();
        // Whole patterns stand in `Single("…")`; parts of those with places in them stand elsewhere.
        let parts: Vec<&str> = map.split('"').collect();
        let mut patterns: Vec<String> = parts
            .windows(2)
            .filter(|pair| pair[0].ends_with("Single(") && pair[1].starts_with('/'))
            .map(|pair| pair[1].to_owned())
            .collect();
        patterns.sort();
        patterns.dedup();
        patterns
    }

    #[actix_web::test]
    async fn inc_02_every_registered_route_has_a_class() {
        let patterns = registered().await;
        assert!(patterns.len() > 30, "{patterns:?}");
        assert!(patterns.iter().any(|pattern| pattern == "/oauth2/token"));
        let listed: Vec<&str> = ROUTES
            .lines()
            .filter(|line| line.starts_with('/'))
            .map(|line| line.split_whitespace().next().unwrap())
            .collect();
        assert_eq!(
            patterns.iter().map(String::as_str).collect::<BTreeSet<_>>(),
            listed.iter().copied().collect::<BTreeSet<_>>(),
            "what is registered, and what the table lists"
        );
        for line in ROUTES.lines().filter(|line| line.starts_with('/')) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let purpose = purpose(columns[0]).unwrap_or_else(|| panic!("{line} has no class"));
            for (class, written) in [(purpose.looking, columns[1]), (purpose.acting, columns[2])] {
                let from = class.stopped_from().map(|level| level.number().to_string());
                assert_eq!(from.as_deref().unwrap_or("-"), written, "{line}");
            }
        }
    }
}
