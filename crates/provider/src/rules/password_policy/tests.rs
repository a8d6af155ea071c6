use super::*;

const STANDARD: PasswordPolicy = PasswordPolicy::STANDARD;

/// With a second step, and nothing known about the account.
fn judged(policy: &PasswordPolicy, password: &str) -> Vec<PasswordRefusal> {
    let about = Circumstances {
        second_step: true,
        ..Circumstances::default()
    };
    judge(policy, password, &about)
}

fn any_strength() -> PasswordPolicy {
    PasswordPolicy {
        min_score: 0,
        common_list: false,
        ..STANDARD
    }
}

#[test]
fn pw_01_the_minimum_is_8_with_a_second_step_and_15_without() {
    let with = |second_step, password| {
        let about = Circumstances {
            second_step,
            ..Circumstances::default()
        };
        judge(&any_strength(), password, &about)
    };
    assert_eq!(with(true, "12345678"), []);
    assert_eq!(
        with(true, "1234567"),
        [PasswordRefusal::Short { min: 8, length: 7 }]
    );
    assert_eq!(with(false, "123456789012345"), []);
    assert_eq!(
        with(false, "12345678901234"),
        [PasswordRefusal::Short {
            min: 15,
            length: 14
        }]
    );
}

#[test]
fn pw_02_64_code_points_are_taken_and_128_are_the_most() {
    for length in [64, 128] {
        assert_eq!(judged(&any_strength(), &"鍵".repeat(length)), []);
    }
    let long = judged(&any_strength(), &"鍵".repeat(129));
    assert_eq!(long, [PasswordRefusal::Long { max: 128 }]);
}

#[test]
fn pw_04_longer_than_the_maximum_is_refused_and_looked_at_no_further() {
    let long = "password".repeat(100_000);
    assert_eq!(
        judged(&STANDARD, &long),
        [PasswordRefusal::Long { max: 128 }]
    );
}

#[test]
fn pw_05_pw_06_canonically_equal_passwords_are_one_and_others_differ() {
    assert_eq!(normalised("が"), normalised("か\u{3099}"));
    assert_eq!(normalised("é"), normalised("e\u{301}"));
    assert_ne!(normalised("A"), normalised("Ａ"));
    assert_ne!(normalised("a"), normalised("a "));
    assert_eq!(
        normalised(&normalised("か\u{3099}")),
        normalised("か\u{3099}")
    );
}

#[test]
fn pw_03_length_counts_code_points() {
    assert_eq!(
        judged(&any_strength(), "あいうえおかき"),
        [PasswordRefusal::Short { min: 8, length: 7 }]
    );
    assert_eq!(judged(&any_strength(), "あいうえおかきく"), []);
    // Seven after NFC, eight before.
    let composed = judged(&any_strength(), "か\u{3099}いうえおかき");
    assert_eq!(composed, [PasswordRefusal::Short { min: 8, length: 7 }]);
}

#[test]
fn pw_07_what_cannot_be_seen_or_is_not_assigned_is_refused() {
    for bad in [
        '\0', '\n', '\u{200b}', '\u{e000}', '\u{378}', '\u{2028}', '\u{85}', '\u{feff}', '\u{fdd0}',
    ] {
        let password = format!("abcdefgh{bad}");
        assert_eq!(
            judged(&any_strength(), &password),
            [PasswordRefusal::Character],
            "{bad:?}"
        );
    }
    for good in [' ', '　', '鍵', 'ß', '🗝', '~', '\u{301}'] {
        assert_eq!(
            judged(&any_strength(), &format!("abcdefgh{good}")),
            [],
            "{good:?}"
        );
    }
}

#[test]
fn pw_08_no_kind_of_character_is_asked_for() {
    for good in [
        "nine pelicans ate the moon",
        "七羽の鴎が夜明けの港で紅茶を淹れた",
        "84719204865139",
    ] {
        assert_eq!(judged(&STANDARD, good), [], "{good}");
    }
}

#[test]
fn pw_09_common_passwords_are_refused_by_name_however_they_are_written() {
    for common in [
        "password1",
        "PassWord1",
        "ｐａｓｓｗｏｒｄ1",
        "Sakura2020",
        "1qaz2wsx",
        "11111111",
    ] {
        let reasons = judged(&STANDARD, common);
        assert!(
            reasons.contains(&PasswordRefusal::Common),
            "{common}: {reasons:?}"
        );
    }
}

#[test]
fn pw_09_words_of_the_account_are_refused_within_a_password() {
    let words = words(&About {
        service: "Sekisho",
        addresses: &["haruka.m@tanpopo.jp"],
        ..About::default()
    });
    let about = Circumstances {
        words: &words,
        second_step: true,
        breached: false,
    };
    for bad in [
        "xx-Haruka.M-9931-kq",
        "ＳＥＫＩＳＨＯ-kumquat-42",
        "42!tanpopo!kumquat",
    ] {
        assert_eq!(
            judge(&STANDARD, bad, &about),
            [PasswordRefusal::Context],
            "{bad}"
        );
    }
    assert_eq!(judge(&STANDARD, "correct-horse-battery-7", &about), []);
}

#[test]
fn pw_09_japanese_words_are_no_strength() {
    for weak in [
        "harukatakahashi",
        "konnichiwatokyo",
        "ありがとうさくら",
        "suzukihokkaido",
        "すずきほっかいどう",
        "スズキホッカイドウ",
    ] {
        assert_eq!(judged(&STANDARD, weak), [PasswordRefusal::Weak], "{weak}");
    }
}

#[test]
fn pw_10_pw_11_a_leaked_password_is_refused_as_such() {
    let about = Circumstances {
        second_step: true,
        breached: true,
        ..Circumstances::default()
    };
    let reasons = judge(&STANDARD, "correct-horse-battery-7", &about);
    assert_eq!(reasons, [PasswordRefusal::Breached]);
    assert_eq!(
        reasons[0].to_string(),
        "it has appeared in a leak of passwords"
    );
}

/// S9: 8 to 32 characters is "about 200 x 10^44 times harder": 85^24.
#[test]
fn the_notice_s_figure_is_85_to_the_24th() {
    let allowed = (0_u8..128)
        .filter(|b| is_allowed(AllowedCharacters::Notice2013, char::from(*b)))
        .count();
    assert_eq!(allowed, 85);
    let harder = 85_f64.powi(32 - 8);
    assert!((harder / 1e44 - 200.0).abs() < 5.0, "{harder:e}");
    let notice = PasswordPolicy::NOTICE_2013;
    assert_eq!(judged(&notice, "abc12!"), []);
    assert_eq!(
        judged(&notice, "abc1!"),
        [PasswordRefusal::Short { min: 6, length: 5 }]
    );
    assert_eq!(
        judged(&notice, &"a".repeat(33)),
        [PasswordRefusal::Long { max: 32 }]
    );
    assert_eq!(judged(&notice, "abc 12!"), [PasswordRefusal::Character]);
}
