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
    // After a blank, so that `data-id` is no `id`.
    let (_, rest) = element.split_once(&format!(" {start}")).or_else(|| {
        let rest = element.strip_prefix(start.as_str())?;
        Some(("", rest))
    })?;
    rest.split('"').next()
}

/// Whether the field takes the present password or a new one; what is wrong with it ends the test.
fn is_new(at: &str, field: &str, buttons: &[&str]) -> bool {
    for wrong in ["maxlength", "readonly", "onpaste", "oncopy", "pattern"] {
        assert!(!field.contains(wrong), "{at}: {wrong}");
    }
    let id = attribute(field, "id").unwrap();
    let shows = buttons
        .iter()
        .find(|button| attribute(button, "data-reveal") == Some(id))
        .unwrap_or_else(|| panic!("{at}: {id} cannot be shown"));
    assert_eq!(attribute(shows, "type"), Some("button"), "{at}");
    assert_eq!(attribute(shows, "aria-controls"), Some(id), "{at}");
    let is_called = attribute(field, "name").unwrap();
    match (is_called, attribute(field, "autocomplete")) {
        ("password", Some("new-password")) => true,
        ("password" | "present", Some("current-password")) => false,
        odd => panic!("{at}: {odd:?}"),
    }
}

#[test]
fn pw_24_every_password_field_is_known_to_managers_can_be_pasted_into_and_shown() {
    let mut seen = std::collections::BTreeSet::new();
    for sample in Locale::ALL.into_iter().flat_map(all) {
        let buttons = elements(&sample.html, "button");
        let fields = elements(&sample.html, "input").into_iter();
        for field in fields.filter(|field| attribute(field, "type") == Some("password")) {
            seen.insert(is_new(&sample.name, field, &buttons));
        }
        // A first password is saved with the address it is for.
        let saves = sample.html.contains("action=\"/register/details\"");
        let username = sample.html.contains("autocomplete=\"username\"");
        assert!(!saves || username, "{}", sample.name);
    }
    assert_eq!(seen.len(), 2, "pages with both kinds were looked at");
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
