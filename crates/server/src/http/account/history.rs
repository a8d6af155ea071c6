use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_audit::HistoryEntry;
use sekisho_mail::{Device, when};
use sekisho_model::ClientId;
use sekisho_provider::Failure;
use sekisho_provider::endpoints::account::{HistoryFilter, HistoryWish};
use sekisho_provider::rules::parameters::Parameters;

use super::Owner;
use crate::http::answer::begin;
use crate::http::app::App;
use crate::http::headers::Answer;
use crate::http::pages::{
    Area, HistoryFile, HistoryPage, Reader, ShownFilter, Source, read_before,
};
use crate::http::text::clean_name;

/// What happened to the account, a page at a time (ux 7.3; S11).
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    match page(&owner).await {
        Ok(view) => owner.frame.html(StatusCode::OK, &Answer::Page, &view),
        Err(failure) => owner.frame.failure(&failure),
    }
}

/// The same as a file, all pages of it; a filter that cannot be read leads back to the page, which says so.
pub(super) async fn file(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let file = match whole(&owner).await {
        Ok(Some(file)) => file,
        Ok(None) => return show(app.clone(), request.clone()).await,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let mut answer = begin(StatusCode::OK, &Answer::Api, app.https);
    answer.insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"));
    let name = "attachment; filename=\"sign-in-history.csv\"";
    answer.insert_header((CONTENT_DISPOSITION, name));
    answer.body(file)
}

fn filter(owner: &Owner<'_>) -> ShownFilter {
    let query = Parameters::decode(owner.frame.request.query_string().as_bytes());
    ShownFilter::read(&query, owner.zone())
}

fn wish(owner: &Owner<'_>, shown: &ShownFilter) -> HistoryWish {
    let query = Parameters::decode(owner.frame.request.query_string().as_bytes());
    let (from, to) = shown.range(owner.frame.app.provider.now(), owner.zone());
    let (ip, network) = match shown.source() {
        Some(Source::Address(ip)) => (Some(ip.to_string()), None),
        Some(Source::Network(network)) => (None, Some(network)),
        None => (None, None),
    };
    HistoryWish {
        filter: HistoryFilter {
            from,
            to,
            outcomes: shown.result.outcomes().to_vec(),
            ip,
            client: (!shown.app.is_empty()).then(|| ClientId::new(shown.app.as_str())),
            ..HistoryFilter::default()
        },
        network,
        before: query.first("before").and_then(read_before),
    }
}

fn reader<'o>(owner: &'o Owner<'_>) -> Reader<'o> {
    Reader {
        locale: owner.frame.locale,
        zone: owner.zone(),
        now: owner.frame.app.provider.now(),
        session: Some(owner.live.session.id),
        device: Device::of(&owner.visit.origin.user_agent),
        ip: &owner.visit.origin.ip,
    }
}

async fn page(owner: &Owner<'_>) -> Result<HistoryPage, Failure> {
    let (provider, user) = (&owner.frame.app.provider, owner.live.user.id);
    let (shown, reader) = (filter(owner), reader(owner));
    let mut rows = Vec::new();
    let mut older = None;
    if shown.fault.is_none() {
        let page = provider.history(user, wish(owner, &shown)).await?;
        let names = names(owner, &page.entries).await?;
        let row = |entry| reader.row(entry, name_in(&names, entry), owner.place(&entry.ip));
        rows = page.entries.iter().map(row).collect();
        older = page.next.map(|next| shown.older(next));
    }
    let apps = provider.apps_in_history(user, owner.frame.locale).await?;
    let named = |(id, name): (ClientId, String)| (id.as_str().to_owned(), clean_name(&name));
    Ok(HistoryPage {
        page: owner.frame.page(String::new()),
        account: owner.account_frame(Area::History),
        zone: when::zone_words(reader.now, owner.zone(), owner.frame.locale),
        filter: shown,
        apps: apps.into_iter().map(named).collect(),
        days: reader.days(rows),
        older,
    })
}

async fn whole(owner: &Owner<'_>) -> Result<Option<String>, Failure> {
    let shown = filter(owner);
    if shown.fault.is_some() {
        return Ok(None);
    }
    let (provider, user) = (&owner.frame.app.provider, owner.live.user.id);
    let wish = HistoryWish {
        before: None,
        ..wish(owner, &shown)
    };
    let found = provider.history_for_file(user, wish).await?;
    let names = names(owner, &found.entries).await?;
    let mut file = HistoryFile::new(reader(owner));
    for entry in &found.entries {
        file.add(entry, name_in(&names, entry), owner.place(&entry.ip));
    }
    Ok(Some(file.written(found.is_cut)))
}

/// The names of the apps in these rows, each looked up once.
async fn names(
    owner: &Owner<'_>,
    entries: &[HistoryEntry],
) -> Result<HashMap<ClientId, Option<String>>, Failure> {
    let mut names = HashMap::new();
    for id in entries.iter().filter_map(|entry| entry.client_id.as_ref()) {
        if !names.contains_key(id) {
            let provider = &owner.frame.app.provider;
            let name = provider.client_name(id, owner.frame.locale).await?;
            names.insert(id.clone(), name);
        }
    }
    Ok(names)
}

fn name_in<'n>(
    names: &'n HashMap<ClientId, Option<String>>,
    entry: &HistoryEntry,
) -> Option<&'n str> {
    names.get(entry.client_id.as_ref()?)?.as_deref()
}
