use std::time::Duration;

use sekisho_model::{AddressKind, ProofPurpose};

use super::*;
use crate::{Proof, Sender, SignIn, Taken};

// 2026-11-22T14:33:10+09:00
const AT: Timestamp = Timestamp::from_seconds(1_795_325_590);
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

fn letter(locale: Locale, body: LetterBody) -> Letter {
    Letter {
        to: "haruka@mobile.example".to_owned(),
        locale,
        zone: "Asia/Tokyo".to_owned(),
        sender: Sender {
            service: "Sekisho".to_owned(),
            host: "id.sekisho.example".to_owned(),
            code_in_subject: false,
        },
        place: None,
        body,
    }
}

fn code(app: Option<&str>) -> LetterBody {
    LetterBody::SignInCode {
        code: "48291537".to_owned(),
        tally_word: 0,
        tally_number: 47,
        app: app.map(str::to_owned),
        expires_at: AT + Duration::from_mins(9),
        device: Device::of(CHROME),
        ip: "203.0.113.24".to_owned(),
        account_mask: "h•••@e•••.jp".to_owned(),
    }
}

fn sign_in() -> SignIn {
    SignIn {
        at: AT,
        proof: Proof::PasswordAndCode,
        device: Device::of(CHROME),
        ip: "203.0.113.24".to_owned(),
        app: Some("青空メール".to_owned()),
        name: Some("三浦 晴香".to_owned()),
        failures_before: 0,
        not_me: None,
        more: Vec::new(),
        and_others: false,
    }
}

/// A sign-in with others after it, each a minute later from another address.
fn several(more: u8) -> SignIn {
    let also = |n: u8| crate::AlsoSignedIn {
        at: AT + Duration::from_mins(u64::from(n)),
        device: Device::of(CHROME),
        ip: format!("203.0.113.{n}"),
        place: (n == 2).then(|| "Osaka, Japan".to_owned()),
        app: None,
    };
    SignIn {
        not_me: Some("https://id.sekisho.example/not-me/9c2f".to_owned()),
        more: (1..=more).map(also).collect(),
        and_others: more > 20,
        ..sign_in()
    }
}

fn known() -> LetterBody {
    LetterBody::PasswordKnown {
        at: AT,
        device: Device::of(CHROME),
        ip: "2001:0db8:0:0::1".to_owned(),
    }
}

const TAKEN: [Taken; 8] = [
    Taken::Factors,
    Taken::FactorsStay,
    Taken::Codes,
    Taken::Networks,
    Taken::NetworksStay,
    Taken::SecondStep,
    Taken::Alerts,
    Taken::Deletion,
];

const NEWS: [RecoveryNews; 38] = [
    RecoveryNews::CodeUsed { left: 9 },
    RecoveryNews::CodesMade,
    RecoveryNews::Waiting { until: AT },
    RecoveryNews::ResetStarted,
    RecoveryNews::CodeAddressSet,
    RecoveryNews::AddressUndone,
    RecoveryNews::SignInDenied,
    RecoveryNews::SignInDeniedOnly,
    RecoveryNews::FactorDenied { until: AT },
    RecoveryNews::BrowserStolen,
    RecoveryNews::SecondStepOn,
    RecoveryNews::SecondStepOff,
    RecoveryNews::AppAdded,
    RecoveryNews::AppRemoved,
    RecoveryNews::PasskeyAdded,
    RecoveryNews::PasskeyRemoved,
    RecoveryNews::FactorLost { until: AT },
    RecoveryNews::FactorKept,
    RecoveryNews::FactorsGivenUp,
    RecoveryNews::CodeAddressLost { until: AT },
    RecoveryNews::CodeAddressKept,
    RecoveryNews::DeletionAsked { at: AT },
    RecoveryNews::DeletionSoon { at: AT },
    RecoveryNews::DeletionStopped,
    RecoveryNews::DeletionDone,
    RecoveryNews::AddressReleased,
    RecoveryNews::AddressGiven,
    RecoveryNews::NetworksSet { count: 2 },
    RecoveryNews::NetworksCleared,
    RecoveryNews::OutsideNetworks,
    RecoveryNews::AlertsOfNewDevices,
    RecoveryNews::AlertsOff,
    RecoveryNews::DataTaken,
    RecoveryNews::AppAllowed,
    RecoveryNews::AccountStopped,
    RecoveryNews::AccountOpened,
    RecoveryNews::OperatorLooked,
    RecoveryNews::OperatorTook,
];

fn let_in() -> LetterBody {
    LetterBody::LetInLink {
        link: "https://id.sekisho.example/login/by-mail/abc".to_owned(),
        minutes: 60,
        expires_at: AT + Duration::from_hours(1),
        at: AT,
        ip: "203.0.113.24".to_owned(),
    }
}

fn recovery_letters() -> Vec<LetterBody> {
    let (ip, device) = ("203.0.113.24".to_owned(), || Device::of(CHROME));
    let link = |by_operator| LetterBody::ResetLink {
        link: "https://id.sekisho.example/password/reset/abc".to_owned(),
        by_operator,
        minutes: 30,
        expires_at: AT + Duration::from_mins(30),
        at: AT,
        ip: ip.clone(),
    };
    let not_me = || Some("https://id.sekisho.example/not-me/abc".to_owned());
    let changed = |how| LetterBody::PasswordChanged {
        how,
        at: AT,
        device: device(),
        ip: ip.clone(),
        not_me: (how != ChangedHow::Forced).then(not_me).flatten(),
        name: (how != ChangedHow::Forced).then(|| "三浦 晴香".to_owned()),
    };
    let news = |what| LetterBody::RecoveryNotice {
        what,
        at: AT,
        device: device(),
        ip: ip.clone(),
        link: matches!(
            what,
            RecoveryNews::FactorLost { .. }
                | RecoveryNews::FactorDenied { .. }
                | RecoveryNews::CodeAddressLost { .. }
        )
        .then(|| "https://id.example/second-step/keep/0123".to_owned()),
        not_me: matches!(
            what,
            RecoveryNews::CodesMade | RecoveryNews::BrowserStolen | RecoveryNews::AppAllowed
        )
        .then(not_me)
        .flatten(),
        apps: match what {
            RecoveryNews::AppAllowed => vec!["青空メール".to_owned(), "地図".to_owned()],
            _ => Vec::new(),
        },
        again: u32::from(what == RecoveryNews::OperatorLooked),
        taken: match what {
            RecoveryNews::SignInDenied => TAKEN.to_vec(),
            _ => Vec::new(),
        },
    };
    let mut all = vec![
        link(false),
        link(true),
        let_in(),
        changed(ChangedHow::ResetLink),
        changed(ChangedHow::Forced),
        changed(ChangedHow::Own { others_stay: false }),
        changed(ChangedHow::Own { others_stay: true }),
    ];
    all.extend(NEWS.map(news));
    all
}

fn address_letters() -> Vec<LetterBody> {
    let both = |purpose| {
        let code = LetterBody::AddressCode {
            purpose,
            code: "48291537".to_owned(),
            tally_word: 0,
            tally_number: 47,
            expires_at: AT + Duration::from_mins(9),
        };
        let taken = LetterBody::AddressTaken {
            purpose,
            at: AT,
            device: Device::of(CHROME),
            ip: "203.0.113.24".to_owned(),
        };
        [code, taken]
    };
    ProofPurpose::ALL.into_iter().flat_map(both).collect()
}

fn changed_letters() -> Vec<LetterBody> {
    let link = "https://id.sekisho.example/address/undo/abc";
    let changed = |kind, link: Option<&str>| LetterBody::AddressChanged {
        kind,
        mask: "n•••@n•••.example".to_owned(),
        link: link.map(str::to_owned),
        until: AT + Duration::from_hours(168),
        at: AT,
        device: Device::of(CHROME),
        ip: "203.0.113.24".to_owned(),
    };
    let (login, code) = (AddressKind::Login, AddressKind::Code);
    vec![
        changed(login, Some(link)),
        changed(login, None),
        changed(code, Some(link)),
        changed(code, None),
    ]
}

fn incident(name: Option<&str>) -> LetterBody {
    LetterBody::IncidentNotice {
        happened_at: AT,
        facts: sekisho_model::IncidentFacts {
            summary: "a theft of sign-in data".to_owned(),
            what: "Somebody copied a backup".to_owned(),
            items: "Addresses, sealed; passwords, hashed and sealed".to_owned(),
            cause: "A stolen key of a supplier".to_owned(),
            harm: "None that we know of".to_owned(),
            done: "Signed out every device, required new passwords".to_owned(),
            contact: "03-0000-0000".to_owned(),
            hours: "9:00-18:00".to_owned(),
        },
        name: name.map(str::to_owned),
    }
}

fn operator_alerts() -> Vec<LetterBody> {
    let alert = |topic| LetterBody::OperatorAlert {
        topic,
        count: 12,
        lines: vec![crate::AlertLine {
            at: AT,
            text: "level_changed level=3 operator=haruka".to_owned(),
        }],
    };
    sekisho_model::AlertTopic::ALL
        .into_iter()
        .map(alert)
        .collect()
}

fn every_letter() -> Vec<Letter> {
    let bodies = || {
        [
            code(Some("青空メール")),
            LetterBody::SignInAlert(sign_in()),
            LetterBody::NewDevice(sign_in()),
            LetterBody::SignInAlert(several(2)),
            LetterBody::NewDevice(several(30)),
            known(),
            incident(Some("山田 遥")),
            incident(None),
            LetterBody::Test,
        ]
    };
    Locale::ALL
        .into_iter()
        .flat_map(|locale| {
            let bodies = bodies()
                .into_iter()
                .chain(recovery_letters())
                .chain(address_letters())
                .chain(changed_letters())
                .chain(operator_alerts());
            bodies.map(move |body| letter(locale, body))
        })
        .collect()
}

#[test]
fn every_letter_can_be_written_in_every_language() {
    for letter in every_letter() {
        let Rendered {
            subject,
            text,
            html,
        } = render(&letter).unwrap();
        let name = format!("{} {:?}", letter.body.kind().name(), letter.locale);
        assert!(subject.contains("Sekisho"), "{name}");
        for part in [&subject, &text, &html] {
            for hole in ["{ $", "{{", "\u{2068}", "\u{2069}"] {
                assert!(!part.contains(hole), "{name}: {part}");
            }
        }
        assert!(
            text.lines()
                .last()
                .unwrap()
                .contains("haruka@mobile.example"),
            "{name}"
        );
        assert!(
            html.contains(&format!("lang=\"{}\"", letter.locale.tag())),
            "{name}"
        );
        assert!(html.contains("haruka@mobile.example"), "{name}");
        assert!(
            !html.contains("<img") && !html.contains("url("),
            "{name}: no remote parts"
        );
        assert!(!text.contains("\n\n\n"), "{name}: {text}");
    }
}

#[test]
fn each_notice_stands_under_a_heading_of_its_own_that_says_what_its_subject_says() {
    for locale in Locale::ALL {
        let mut seen = std::collections::BTreeMap::new();
        for body in recovery_letters() {
            let LetterBody::RecoveryNotice { what, .. } = body else {
                continue;
            };
            let rendered = render(&letter(locale, body)).unwrap();
            let heading = rendered.html.split("<h1").nth(1).unwrap();
            let heading = heading.split(['>', '<']).nth(1).unwrap().to_owned();
            assert!(rendered.html.contains(&format!("<title>{heading}</title>")));
            let other = seen.insert(heading.clone(), rendered.subject.clone());
            let same = other.is_none_or(|other| other == rendered.subject);
            assert!(same, "{heading} stands over several kinds");
            // Two-step sign-in has one subject, so that a locked screen does not tell which way it went.
            let says = rendered
                .subject
                .to_lowercase()
                .contains(&heading.to_lowercase());
            let both_ways = matches!(
                what,
                RecoveryNews::SecondStepOn | RecoveryNews::SecondStepOff
            );
            assert!(says || both_ways, "{heading}: {}", rendered.subject);
        }
        assert!(seen.len() > 30, "{}", seen.len());
    }
}

#[test]
fn otp_19_a_locked_screen_shows_the_purpose_and_neither_code_nor_link() {
    for letter in every_letter() {
        let subject = render(&letter).unwrap().subject;
        let name = format!(
            "{} {:?}: {subject}",
            letter.body.kind().name(),
            letter.locale
        );
        assert!(!subject.contains("://"), "{name}");
        if let Some(code) = letter.body.code() {
            assert!(!subject.contains(code), "{name}");
            assert!(subject.len() > "Sekisho".len() + 10, "{name}");
        }
    }
}

#[test]
fn otp_18_a_letter_that_confirms_an_address_names_its_purpose_and_no_account() {
    let bodies = address_letters();
    let mut leads = Vec::new();
    for body in bodies {
        let is_code = body.code().is_some();
        let rendered = render(&letter(Locale::En, body)).unwrap();
        let all = format!("{}{}{}", rendered.subject, rendered.text, rendered.html);
        for link in ["http", "://", "<a ", "href", "www."] {
            assert!(!all.contains(link), "{link} in {all}");
        }
        if is_code {
            assert_eq!(rendered.subject, "Sekisho: confirm this address");
            assert!(rendered.text.starts_with("Your code: 48291537\n"));
            assert!(rendered.text.contains("Pine 47"), "{}", rendered.text);
            assert!(!all.contains("203.0.113"), "{all}");
            leads.push(rendered.text.lines().nth(2).unwrap().to_owned());
        }
    }
    leads.sort();
    leads.dedup();
    assert_eq!(leads.len(), 4, "{leads:?}");
}

#[test]
fn rec_07_the_notice_to_a_former_address_carries_the_link_that_undoes_the_change() {
    for locale in Locale::ALL {
        let bodies = changed_letters();
        let links = bodies.iter().map(|body| match body {
            LetterBody::AddressChanged { link, .. } => link.clone(),
            _ => None,
        });
        let links: Vec<_> = links.collect();
        for (body, link) in bodies.into_iter().zip(links) {
            let rendered = render(&letter(locale, body)).unwrap();
            let expected = usize::from(link.is_some());
            assert_eq!(rendered.text.matches("/address/undo/abc").count(), expected);
            assert_eq!(rendered.html.matches("href=").count(), expected);
            assert!(rendered.text.contains("n•••@n•••.example"));
        }
    }
}

#[test]
fn the_guide_names_every_kind_of_letter() {
    let guide = include_str!("../../../../docs/guides/mail.md");
    for kind in sekisho_model::LetterKind::ALL {
        let row = format!("\n| `{}` |", kind.name());
        assert!(
            guide.contains(&row),
            "docs/guides/mail.md lacks {}",
            kind.name()
        );
    }
}

#[test]
fn otp_19_an_operator_may_have_the_code_in_the_subject() {
    for mut letter in every_letter() {
        letter.sender.code_in_subject = true;
        let subject = render(&letter).unwrap().subject;
        let code = letter.body.code().unwrap_or("Sekisho");
        assert!(subject.contains(code), "{subject}");
        assert!(!subject.contains("://"), "{subject}");
    }
}

#[test]
fn otp_18_the_code_mail_says_what_the_person_needs() {
    let Rendered { subject, text, .. } =
        render(&letter(Locale::Ja, code(Some("青空メール")))).unwrap();
    assert_eq!(subject, "【Sekisho】ログインの確認コード");
    assert_eq!(
        text,
        "確認コード：48291537

青空メールへのログインに使います。14:42（日本時間）まで、1回だけ有効です。
合札：松 47（画面の合札と同じか確かめてください）

端末　：Windows の Chrome
接続元：203.0.113.24

身に覚えがないとき
コードは誰にも教えないでください。あなたのパスワードが知られています。
ブラウザーで id.sekisho.example を開き、「セキュリティ」からパスワードを変えてください。

コードを入力するのは、id.sekisho.example の画面だけです。
Sekisho が電話やメッセージでこのコードを尋ねることはありません。
このメールには返信できません。
宛先 haruka@mobile.example　アカウント h•••@e•••.jp"
    );
    let english = render(&letter(Locale::En, code(None))).unwrap();
    assert_eq!(english.subject, "Sekisho: your sign-in code");
    assert!(english.text.starts_with("Your code: 48291537\n"));
    let use_line = "Use it to sign in to Sekisho. It works once, until 14:42 (JST).";
    assert!(english.text.contains(use_line), "{}", english.text);
    assert!(
        english
            .text
            .contains("\nDevice: Chrome on Windows\nFrom:   203.0.113.24\n")
    );
}

#[test]
fn otp_18_otp_19_a_code_mail_has_no_link_and_no_code_in_the_subject() {
    for locale in Locale::ALL {
        for app in [
            None,
            Some("https://evil.example/"),
            Some("evil.example <b>"),
        ] {
            let rendered = render(&letter(locale, code(app))).unwrap();
            assert!(!rendered.subject.contains("48291537"));
            let all = format!("{}{}{}", rendered.subject, rendered.text, rendered.html);
            for link in ["http", "://", "<a ", "href", "www.", "evil.example"] {
                assert!(!all.to_lowercase().contains(link), "{link} in {all}");
            }
            assert!(
                rendered.html.contains(">48291537<"),
                "the digits stand together"
            );
        }
    }
}

#[test]
fn s12_an_alert_tells_time_result_device_source_and_app() {
    let rendered = render(&letter(Locale::Ja, LetterBody::SignInAlert(sign_in()))).unwrap();
    assert_eq!(rendered.subject, "【Sekisho】ログインのお知らせ");
    assert!(
        rendered.text.starts_with(
            "三浦 晴香 さん

ログインがありました。

日時　：2026年11月22日（日）14:33（日本時間、UTC+9）
結果　：ログインしました（パスワードと確認コード）
端末　：Windows の Chrome
接続元：203.0.113.24
アプリ：青空メール

あなたのログインなら、何もしなくてかまいません。

身に覚えがないときは、ブラウザーで id.sekisho.example を開いて"
        ),
        "{}",
        rendered.text
    );
    let english = render(&letter(Locale::En, LetterBody::SignInAlert(sign_in()))).unwrap();
    assert!(english.text.contains(
        "When:   22 Nov 2026, 14:33 JST (UTC+9)\nResult: Signed in (password and code)\n"
    ));
}

#[test]
fn a_new_device_mail_says_that_it_cannot_be_turned_off() {
    let rendered = render(&letter(Locale::En, LetterBody::NewDevice(sign_in()))).unwrap();
    assert_eq!(rendered.subject, "Sekisho: sign-in from a new device");
    assert!(rendered.text.contains("from a new device."));
    assert!(
        rendered
            .text
            .contains("Mails about new devices cannot be turned off.")
    );
    assert!(!rendered.text.contains("You can change this mail"));
}

#[test]
fn td_07_failures_before_a_sign_in_are_told_from_three_on() {
    let text = |failures_before| {
        let sign_in = SignIn {
            failures_before,
            ..sign_in()
        };
        render(&letter(Locale::En, LetterBody::SignInAlert(sign_in)))
            .unwrap()
            .text
    };
    assert!(text(12).contains("Before this sign-in, 12 wrong passwords were entered."));
    assert!(!text(2).contains("wrong passwords"));
}

#[test]
fn only_a_link_of_ours_becomes_a_button() {
    let with = |link: &str| {
        let sign_in = SignIn {
            not_me: Some(link.to_owned()),
            ..sign_in()
        };
        render(&letter(Locale::Ja, LetterBody::NewDevice(sign_in))).unwrap()
    };
    let good = with("https://id.sekisho.example/not-me/9c2f");
    assert!(
        good.text
            .contains("\nhttps://id.sekisho.example/not-me/9c2f\n")
    );
    assert_eq!(good.html.matches("href=").count(), 1);
    for bad in [
        "javascript:alert(1)",
        "https://x\"onclick=\"y",
        "https://x\r\ny",
    ] {
        let rendered = with(bad);
        assert!(
            !rendered.html.contains("href") && !rendered.text.contains(bad),
            "{bad}"
        );
    }
}

#[test]
fn the_password_known_mail_asks_to_change_it() {
    let rendered = render(&letter(Locale::En, known())).unwrap();
    assert_eq!(rendered.subject, "Sekisho: somebody knows your password");
    assert!(
        rendered.text.contains("From:   2001:db8::1\n"),
        "{}",
        rendered.text
    );
    assert!(
        rendered
            .text
            .contains("Open id.sekisho.example in your browser and change it now.")
    );
}

#[test]
fn web_18_names_of_apps_and_people_cannot_write_in_the_letter() {
    let sign_in = SignIn {
        app: Some("<script>alert(1)</script>\u{202e} http://evil.example".to_owned()),
        name: Some("Win a prize\r\n\r\nhttps://evil.example".to_owned()),
        ip: "203.0.113.24 <b>".to_owned(),
        ..sign_in()
    };
    let rendered = render(&letter(Locale::En, LetterBody::SignInAlert(sign_in))).unwrap();
    assert!(!rendered.html.contains("<script") && !rendered.html.contains("evil.example"));
    assert!(!rendered.text.contains("evil.example") && !rendered.text.contains('\u{202e}'));
    assert!(
        !rendered.text.contains("From:"),
        "a source that is no address is left out"
    );
    assert!(rendered.text.starts_with("Hello Win a prize "));
}

#[test]
fn both_languages_have_the_same_keys() {
    let keys = |text: &'static str| -> Vec<&'static str> {
        let mut keys: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with([' ', '#', '}']))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
            .collect();
        keys.sort_unstable();
        keys
    };
    let ja = keys(include_str!("../../locales/ja.ftl"));
    let en = keys(include_str!("../../locales/en.ftl"));
    assert_eq!(ja, en);
    assert!(
        ja.windows(2).all(|pair| pair[0] != pair[1]),
        "a key stands twice"
    );
}

#[test]
fn td_07_several_sign_ins_stand_in_one_letter_with_their_number() {
    let written =
        |locale, sign_in| render(&letter(locale, LetterBody::SignInAlert(sign_in))).unwrap();
    let english = written(Locale::En, several(2));
    assert_eq!(english.subject, "Sekisho: 3 new sign-ins");
    assert!(
        english.text.contains("2 more sign-ins followed:"),
        "{}",
        english.text
    );
    for (time, ip) in [
        ("14:34", "203.0.113.1"),
        ("14:35", "203.0.113.2 (approximately Osaka, Japan)"),
    ] {
        let line = english.text.lines().find(|line| line.contains(time));
        assert!(
            line.is_some_and(|line| line.contains(ip)),
            "{time} {ip}: {}",
            english.text
        );
        assert!(english.html.contains(ip), "{ip}");
    }
    assert_eq!(english.html.matches("href=").count(), 1, "one link for all");
    // A long list is cut; the number is not.
    let many = written(Locale::Ja, several(30));
    assert!(many.text.contains("30件より多く"), "{}", many.text);
    assert_eq!(
        many.text.matches("203.0.113.").count(),
        1 + 10,
        "{}",
        many.text
    );
    assert!(many.text.contains("203.0.113.30") && !many.text.contains("203.0.113.20"));
    let one = written(Locale::En, sign_in());
    assert!(!one.text.contains("more sign-in"), "{}", one.text);
}

#[test]
fn td_07_a_place_is_told_as_an_estimate_and_only_if_one_is_known() {
    let at = |locale, place: Option<&str>| {
        let letter = Letter {
            place: place.map(str::to_owned),
            ..letter(locale, known())
        };
        render(&letter).unwrap()
    };
    let english = at(Locale::En, Some("Tokyo, Japan"));
    assert!(
        english
            .text
            .contains("From:   2001:db8::1 (approximately Tokyo, Japan)\n"),
        "{}",
        english.text
    );
    assert!(english.html.contains("(approximately Tokyo, Japan)"));
    let japanese = at(Locale::Ja, Some("日本・東京都"));
    assert!(
        japanese
            .text
            .contains("2001:db8::1（日本・東京都あたり、推定）"),
        "{}",
        japanese.text
    );
    let nowhere = at(Locale::En, None);
    assert!(
        nowhere.text.contains("From:   2001:db8::1\n"),
        "{}",
        nowhere.text
    );
    let odd = at(Locale::En, Some("<b>https://evil.example</b>"));
    assert!(!odd.html.contains("<b>https") && !odd.text.contains("https://evil"));
}

#[test]
fn td_08_the_letter_of_a_denial_lists_what_was_taken_back_and_says_what_becomes_of_the_password() {
    let written = |locale, what| {
        let all = recovery_letters().into_iter();
        let mut found = all.filter(
            |body| matches!(body, LetterBody::RecoveryNotice { what: one, .. } if *one == what),
        );
        render(&letter(locale, found.next().unwrap())).unwrap()
    };
    let locked = written(Locale::En, RecoveryNews::SignInDenied);
    for told in [
        "Choose a new password",
        "passkeys that were added there: removed",
        "asked for three days more",
        "Recovery codes: none works",
        "from: as they were before",
        "they stay",
        "Two-step sign-in: on again",
        "Mails about sign-ins: as they were",
        "deletion of the account: stopped",
    ] {
        assert!(locked.text.contains(told), "{told}: {}", locked.text);
        assert!(locked.html.contains(told), "{told}");
    }
    let open = written(Locale::En, RecoveryNews::SignInDeniedOnly);
    assert!(open.text.contains("Your password stays as it is"));
    assert!(!open.text.contains("Choose a new password"));
    assert!(!open.text.contains("Taken back"));
    let japanese = written(Locale::Ja, RecoveryNews::SignInDenied);
    assert_eq!(japanese.text.matches("元に戻したもの").count(), TAKEN.len());
}

#[test]
fn td_07_letters_of_operators_and_apps_say_what_can_be_done() {
    let written = |what| {
        let all = recovery_letters().into_iter();
        let mut found = all.filter(
            |body| matches!(body, LetterBody::RecoveryNotice { what: one, .. } if *one == what),
        );
        render(&letter(Locale::En, found.next().unwrap())).unwrap()
    };
    let app = written(RecoveryNews::AppAllowed);
    assert_eq!(app.subject, "Sekisho: you allowed an app");
    assert!(
        app.text.contains("青空メール") && app.text.contains("地図"),
        "{}",
        app.text
    );
    assert!(app.text.contains("/not-me/abc"), "{}", app.text);
    for what in [
        RecoveryNews::AccountStopped,
        RecoveryNews::AccountOpened,
        RecoveryNews::OperatorLooked,
        RecoveryNews::OperatorTook,
    ] {
        let told = written(what);
        // Nobody undoes with a link or a password what an operator does.
        assert!(told.text.contains("operator of Sekisho"), "{}", told.text);
        assert!(
            !told.html.contains("href=") && !told.text.contains("If this was not you"),
            "{}",
            told.text
        );
    }
    let looked = written(RecoveryNews::OperatorLooked);
    assert!(looked.text.contains("2 times"), "{}", looked.text);
}
