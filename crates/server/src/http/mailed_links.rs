//! Links of letters that stop or undo something (OTP-26, REC-07). GET shows, only POST acts: scanners of mail open
//! every link (WEB-17).

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::{FactorToken, KeepAddressToken, UndoToken};
use sekisho_provider::endpoints::address_change::{UndoOutcome, UndoView};
use sekisho_provider::endpoints::second_steps::KeepOutcome;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::{Failure, Provider};

use super::app::App;
use super::flash::Look;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, LinkState, LinkUse, MailedLinkPage};
use super::passwords::bound;

/// Routes of this module.
pub(super) fn routes(config: &mut ServiceConfig) {
    at::<KeepFactor>(config);
    at::<KeepAddress>(config);
    at::<UndoAddress>(config);
}

fn at<L: MailedLink + 'static>(config: &mut ServiceConfig) {
    let path = L::USE.path();
    config
        .service(
            web::resource(path)
                .route(web::get().to(done::<L>))
                .route(web::post().to(act::<L>)),
        )
        .service(
            web::resource(format!("{path}/{{token}}"))
                .route(web::get().to(show::<L>))
                .route(web::head().to(show::<L>)),
        );
}

/// What such a link carries and does.
trait MailedLink: Sized {
    /// What it is for.
    const USE: LinkUse;
    /// The token in a path or form, if it can be one.
    fn presented(text: &str) -> Option<Self>;
    /// The token, for the form.
    fn reveal(&self) -> &str;
    /// Where it stands. Looking uses nothing up.
    async fn look(&self, provider: &Provider) -> Result<LinkState, Failure>;
    /// Does it.
    async fn act(&self, provider: &Provider, visit: &Visit) -> Result<LinkState, Failure>;
}

/// The page of a link.
async fn show<L: MailedLink>(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> HttpResponse {
    let mut visit = app.visit(&request);
    let cookies = bound(&app, &mut visit);
    let frame = Frame::new(&app, &request, visit.locale);
    let Some(link) = L::presented(&token) else {
        return over::<L>(&frame);
    };
    match link.look(&app.provider).await {
        Ok(state) => {
            let csrf = app.form_token(&visit, "", L::USE.form());
            frame.set(page(&frame, csrf, &link, state), cookies)
        }
        Err(failure) => frame.failure(&failure),
    }
}

/// Its button.
async fn act<L: MailedLink>(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app
        .checked(&request, &visit, &form, L::USE.form())
        .is_none()
    {
        return frame.error_again(Cause::Csrf, "/account");
    }
    let Some(link) = form.first("token").and_then(L::presented) else {
        return over::<L>(&frame);
    };
    match link.act(&app.provider, &visit).await {
        // Sending it again would say that there is nothing to stop.
        Ok(LinkState::Done) => frame.see_saying(&format!("{}?said=done", L::USE.path())),
        Ok(state) => page(&frame, String::new(), &link, state),
        Err(failure) => frame.failure(&failure),
    }
}

/// What the button did just now.
async fn done<L: MailedLink>(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.visit(&request).locale);
    if frame.said(Look::Again).first("said").is_none() {
        return over::<L>(&frame);
    }
    bare::<L>(&frame, LinkState::Done)
}

/// For what cannot be a token.
fn over<L: MailedLink>(frame: &Frame<'_>) -> HttpResponse {
    bare::<L>(frame, LinkState::Over)
}

/// A page without a button.
fn bare<L: MailedLink>(frame: &Frame<'_>, state: LinkState) -> HttpResponse {
    let view = MailedLinkPage {
        page: frame.page(String::new()),
        token: String::new(),
        link: L::USE,
        state,
    };
    answer(frame, view, "/account".to_owned())
}

fn page<L: MailedLink>(
    frame: &Frame<'_>,
    csrf: String,
    link: &L,
    state: LinkState,
) -> HttpResponse {
    let token = link.reveal();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let here = if state.can_act() && token.bytes().all(plain) {
        format!("{}/{token}", L::USE.path())
    } else {
        "/account".to_owned()
    };
    let view = MailedLinkPage {
        page: frame.page(csrf),
        token: token.to_owned(),
        link: L::USE,
        state,
    };
    answer(frame, view, here)
}

fn answer(frame: &Frame<'_>, mut view: MailedLinkPage, here: String) -> HttpResponse {
    let status = match view.state {
        LinkState::Asked | LinkState::AskedBack(..) | LinkState::Done => StatusCode::OK,
        LinkState::Used | LinkState::Over => StatusCode::GONE,
    };
    view.page.path = here;
    frame.html(status, &Answer::Page, &view)
}

/// A stronger second step that was reported lost is kept.
struct KeepFactor(FactorToken);

impl MailedLink for KeepFactor {
    const USE: LinkUse = LinkUse::KeepFactor;

    fn presented(text: &str) -> Option<Self> {
        FactorToken::presented(text).map(Self)
    }

    fn reveal(&self) -> &str {
        self.0.reveal()
    }

    async fn look(&self, provider: &Provider) -> Result<LinkState, Failure> {
        provider.keep_view(&self.0).await.map(can_be_stopped)
    }

    async fn act(&self, provider: &Provider, visit: &Visit) -> Result<LinkState, Failure> {
        provider.keep_factors(&self.0, visit).await.map(was_stopped)
    }
}

/// A code address that was reported lost is kept.
struct KeepAddress(KeepAddressToken);

impl MailedLink for KeepAddress {
    const USE: LinkUse = LinkUse::KeepAddress;

    fn presented(text: &str) -> Option<Self> {
        KeepAddressToken::presented(text).map(Self)
    }

    fn reveal(&self) -> &str {
        self.0.reveal()
    }

    async fn look(&self, provider: &Provider) -> Result<LinkState, Failure> {
        provider
            .keep_address_view(&self.0)
            .await
            .map(can_be_stopped)
    }

    async fn act(&self, provider: &Provider, visit: &Visit) -> Result<LinkState, Failure> {
        provider.keep_address(&self.0, visit).await.map(was_stopped)
    }
}

const fn can_be_stopped(outcome: KeepOutcome) -> LinkState {
    match outcome {
        KeepOutcome::Kept => LinkState::Asked,
        KeepOutcome::Over => LinkState::Over,
    }
}

const fn was_stopped(outcome: KeepOutcome) -> LinkState {
    match outcome {
        KeepOutcome::Kept => LinkState::Done,
        KeepOutcome::Over => LinkState::Over,
    }
}

/// An address that was changed is what it was before.
struct UndoAddress(UndoToken);

impl MailedLink for UndoAddress {
    const USE: LinkUse = LinkUse::UndoAddress;

    fn presented(text: &str) -> Option<Self> {
        UndoToken::presented(text).map(Self)
    }

    fn reveal(&self) -> &str {
        self.0.reveal()
    }

    async fn look(&self, provider: &Provider) -> Result<LinkState, Failure> {
        Ok(match provider.undo_view(&self.0).await? {
            UndoView::Form { kind, former } => LinkState::AskedBack(kind, former),
            UndoView::Used => LinkState::Used,
            UndoView::Over => LinkState::Over,
        })
    }

    async fn act(&self, provider: &Provider, visit: &Visit) -> Result<LinkState, Failure> {
        Ok(match provider.undo_address_change(&self.0, visit).await? {
            UndoOutcome::Done => LinkState::Done,
            UndoOutcome::Used => LinkState::Used,
            UndoOutcome::Over => LinkState::Over,
        })
    }
}
