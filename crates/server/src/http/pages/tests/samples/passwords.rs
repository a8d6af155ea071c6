use sekisho_provider::rules::password_policy::PasswordRefusal;

use super::*;

/// `/account/password` in every state.
pub(super) fn pages(album: &mut Album) {
    let locale = album.locale;
    let view = |problem| OwnPasswordPage {
        page: page(locale),
        account: account(Area::Security),
        changed: Some(clock(locale, 0)),
        min: 8,
        others_stay: false,
        problem,
    };
    album.put("own-password", view(None));
    let short = PasswordRefusal::Short { min: 8, length: 5 };
    for (name, problem) in [
        ("empty", PasswordProblem::Empty),
        ("present-missing", PasswordProblem::PresentMissing),
        ("present-wrong", PasswordProblem::PresentWrong),
        ("same", PasswordProblem::Same),
        ("late", PasswordProblem::Late),
        ("wait", PasswordProblem::Wait(clock(locale, 60))),
        (
            "refused",
            PasswordProblem::Refused(vec![short, PasswordRefusal::Common]),
        ),
    ] {
        album.put_error(format!("own-password-{name}"), view(Some(problem)));
    }
}
