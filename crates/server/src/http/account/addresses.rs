use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::{AddressKind, EmailAddress, ProofPurpose, Timestamp};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::address_change::{AddressAsked, AddressOutcome};
use sekisho_provider::rules::parameters::Parameters;

use super::Owner;
use crate::http::address_proof::{self, Place};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::headers::Answer;
use crate::http::pages::{AddressNews, AddressProblem, Area, ChangeAddressPage, Moment};
use crate::http::typed_address::typed_address;

const PURPOSE: &str = "address";

const LOGIN: Place<'static> = Place {
    purpose: ProofPurpose::LoginAddress,
    here: "/account/security/address/confirm",
    restart: "/account/security/address",
    form: "login-address-proof",
};
const CODE: Place<'static> = Place {
    purpose: ProofPurpose::CodeAddress,
    here: "/account/security/code-address/confirm",
    restart: "/account/security/code-address",
    form: "code-address-proof",
};

/// Which of the two a request is about.
fn place_of(request: &HttpRequest) -> (AddressKind, Place<'static>) {
    if request.path().starts_with(CODE.restart) {
        (AddressKind::Code, CODE)
    } else {
        (AddressKind::Login, LOGIN)
    }
}

/// Asks for another address, after a fresh sign-in (REC-07).
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let (kind, place) = place_of(&request);
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    if let Err(response) = owner.must_be_fresh(place.restart).await {
        return response;
    }
    let held = app.provider.addresses_held_until(owner.live.user.id).await;
    let said = owner.frame.said(Look::Once);
    let problem = match held {
        Ok(Some(until)) => Some(held_problem(&owner, until)),
        Ok(None) => said.first("late").map(|_| AddressProblem::Late),
        Err(failure) => return owner.frame.failure(&failure),
    };
    page(&owner, kind, String::new(), problem)
}

/// Mails a code to the address that was typed.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (kind, place) = place_of(&request);
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, place.restart)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let (typed, address) = typed_address(&form, "email");
    match address {
        Ok(new) => begin(&owner, (kind, place), &new, typed).await,
        Err(refusal) => page(&owner, kind, typed, Some(refusal.into())),
    }
}

async fn begin(
    owner: &Owner<'_>,
    (kind, place): (AddressKind, Place<'_>),
    new: &EmailAddress,
    typed: String,
) -> HttpResponse {
    let (app, whose) = (owner.frame.app, (&owner.live, &owner.account));
    let asked = app
        .provider
        .begin_address_change(place.purpose, whose, new, &owner.visit);
    let problem = match asked.await {
        Ok(AddressAsked::Sent) => return see_other(place.here, app.https),
        Ok(AddressAsked::Stale) => return owner.confirm_first(place.restart).await,
        Ok(AddressAsked::Held(until)) => held_problem(owner, until),
        Ok(AddressAsked::Refused(refusal)) => AddressProblem::Refused(refusal),
        Ok(AddressAsked::NoMoreCodes(until)) => {
            let until = Moment::clock_and_zone(until, owner.zone(), owner.frame.locale);
            AddressProblem::NoMoreCodes(until)
        }
        Err(failure) => return owner.frame.failure(&failure),
    };
    page(owner, kind, typed, Some(problem))
}

fn held_problem(owner: &Owner<'_>, until: Timestamp) -> AddressProblem {
    AddressProblem::Held(Moment::date_time(until, owner.zone(), owner.frame.locale))
}

/// The page where the code is typed.
pub(super) async fn confirm(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let (_, place) = place_of(&request);
    match Owner::of(&app, &request).await {
        Ok(owner) => address_proof::show(&owner.frame, &owner.visit, place).await,
        Err(response) => response,
    }
}

/// The code was typed: from now on the address counts.
pub(super) async fn proved(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (kind, place) = place_of(&request);
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let form = Parameters::decode(&body);
    let proved = match address_proof::posted(&owner.frame, &owner.visit, place, &form).await {
        Ok(proved) => proved,
        Err(response) => return response,
    };
    let whose = (&owner.live, &owner.account);
    let changed = app
        .provider
        .finish_address_change(place.purpose, whose, proved, &owner.visit);
    let (word, cookies) = match changed.await {
        Ok(AddressOutcome::Changed(cookies)) => (kind_word(kind), cookies),
        Ok(AddressOutcome::Late) => {
            return owner.frame.see_saying(&format!("{}?late=1", place.restart));
        }
        Err(failure) => return owner.frame.failure(&failure),
    };
    let there = format!("/account/security?changed={word}");
    let done = owner.frame.see_saying(&there);
    owner.frame.set(done, cookies)
}

const fn kind_word(kind: AddressKind) -> &'static str {
    match kind {
        AddressKind::Login => "address",
        AddressKind::Code => "code-address",
    }
}

fn page(
    owner: &Owner<'_>,
    kind: AddressKind,
    typed: String,
    problem: Option<AddressProblem>,
) -> HttpResponse {
    let csrf = owner.frame.app.form_token(&owner.visit, "", PURPOSE);
    let present = match kind {
        AddressKind::Login => Some(owner.account.login_address.to_string()),
        AddressKind::Code => owner.code_address(),
    };
    let view = ChangeAddressPage {
        page: owner.frame.page(csrf),
        account: owner.account_frame(Area::Security),
        kind,
        present,
        typed,
        problem,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// What the security page says about addresses that are on their way.
pub(super) async fn news(owner: &Owner<'_>, changed: Option<&str>) -> Result<AddressNews, Failure> {
    let provider = &owner.frame.app.provider;
    let waits = async |purpose| {
        let view = provider.proof_view(purpose, &owner.visit).await?;
        Ok::<bool, Failure>(view.is_some())
    };
    let until = |at| Moment::date_time(at, owner.zone(), owner.frame.locale);
    let undo = provider.undoable_changes(owner.live.user.id).await?;
    let kinds = [AddressKind::Login, AddressKind::Code];
    Ok(AddressNews {
        login_waits: waits(ProofPurpose::LoginAddress).await?,
        code_waits: waits(ProofPurpose::CodeAddress).await?,
        undo: undo
            .into_iter()
            .map(|change| (change.kind, until(change.undo_until)))
            .collect(),
        changed: kinds
            .into_iter()
            .find(|kind| changed == Some(kind_word(*kind))),
    })
}
