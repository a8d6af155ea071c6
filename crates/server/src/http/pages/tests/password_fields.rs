//! What password managers and people who paste need of every password field (PW-24).

use sekisho_model::Locale;

use super::samples::all;

/// The attributes of each element of this name, as they stand in the page.
fn elements<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name} ");
    html.split(open.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect()
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("{name}=\"");
    // At the start or after a blank, so that `data-id` is no `id`.
    let at = element
        .match_indices(start.as_str())
        .find(|(at, _)| element[..*at].ends_with([' ', '\n']) || *at == 0)?;
    element[at.0 + start.len()..].split('"').next()
}

#[test]
fn pw_24_every_password_field_is_known_to_managers_can_be_pasted_into_and_shown() {
    let (mut present, mut new) = (0, 0);
    for locale in Locale::ALL {
        for sample in all(locale) {
            let at = format!("{} {}", sample.name, locale.tag());
            let buttons = elements(&sample.html, "button");
            for field in elements(&sample.html, "input") {
                if attribute(field, "type") != Some("password") {
                    continue;
                }
                let id = attribute(field, "id").unwrap();
                match (
                    attribute(field, "name").unwrap(),
                    attribute(field, "autocomplete"),
                ) {
                    ("password", Some("new-password")) => new += 1,
                    ("password" | "present", Some("current-password")) => present += 1,
                    odd => panic!("{at}: {odd:?}"),
                }
                for wrong in ["maxlength", "readonly", "onpaste", "oncopy", "pattern"] {
                    assert!(!field.contains(wrong), "{at}: {wrong}");
                }
                let shows = buttons
                    .iter()
                    .find(|button| attribute(button, "data-reveal") == Some(id))
                    .unwrap_or_else(|| panic!("{at}: {id} cannot be shown"));
                assert_eq!(attribute(shows, "type"), Some("button"), "{at}");
                assert_eq!(attribute(shows, "aria-controls"), Some(id), "{at}");
            }
            // A new password is saved with the address it is for.
            let saves = sample.html.contains("action=\"/register/details\"");
            assert!(
                !saves || sample.html.contains("autocomplete=\"username\""),
                "{at}"
            );
        }
    }
    assert!(present > 0 && new > 0, "{present} {new}");
}

#[test]
fn pw_24_no_script_of_ours_listens_to_pasting_or_copying() {
    let scripts = [
        include_str!("../../../../assets/enhance.js"),
        include_str!("../../../../assets/check_session.js"),
        include_str!("../../../../assets/signed_out.js"),
    ];
    for script in scripts {
        for event in ["paste", "copy", "cut", "drop", "beforeinput"] {
            for listens in [format!("Listener(\"{event}\""), format!(".on{event}")] {
                assert!(!script.contains(&listens), "{listens}");
            }
        }
    }
}
