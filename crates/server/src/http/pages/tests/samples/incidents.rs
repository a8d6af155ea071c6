use sekisho_model::IncidentFacts;

use super::*;

/// `/notice` with nothing to tell, and with something.
pub(super) fn pages(album: &mut Album) {
    let locale = album.locale;
    let view = |notices| IncidentNoticesPage {
        page: page(locale),
        host: "id.sekisho.example".to_owned(),
        notices,
    };
    let said = |ja: &str, en: &str| match locale {
        Locale::Ja => ja.to_owned(),
        Locale::En => en.to_owned(),
    };
    let told = ToldIncident {
        day: said("2026年11月20日（金）", "20 Nov 2026"),
        told_on: said("2026年11月22日（日）", "22 Nov 2026"),
        facts: IncidentFacts {
            summary: said("ログイン情報の盗難", "a theft of sign-in data"),
            what: said(
                "データベースの控えが写し取られました",
                "A backup of the database was copied",
            ),
            items: said(
                "アドレス（封をしたもの）と、パスワードから計算した値（封をしたもの）",
                "Addresses and values computed from passwords, both sealed",
            ),
            cause: said("委託先の鍵が盗まれました", "A key of a supplier was stolen"),
            harm: said("確かめられていません", "None that we know of"),
            done: said(
                "すべての端末をログアウトし、パスワードの再設定を必須にしました",
                "Signed out every device and asked for new passwords",
            ),
            contact: "03-0000-0000".to_owned(),
            hours: said("9時から18時", "9 to 18"),
        },
    };
    album.put("incidents-none", view(Vec::new()));
    album.put("incidents", view(vec![told]));
}
