//! Where an app may be told of sign-outs (Back-Channel Logout 1.0 §2.2, Front-Channel Logout 1.0 §2).

use sekisho_model::Client;

use super::redirect_uri::registrable;
use super::session_state::origin_of;

/// The member that is wrong and what is allowed.
pub type LogoutUriRefusal = (&'static str, &'static str);

/// Checks both addresses. A frame shows the app's own pages only, so its address is on the origin of
/// one of the app's redirect URIs.
pub fn check(client: &Client) -> Result<(), LogoutUriRefusal> {
    let usable = |uri: &String| {
        let web = uri.starts_with("https://") || uri.starts_with("http://");
        web && registrable(uri, client.application_type).is_ok()
    };
    if client
        .backchannel_logout_uri
        .as_ref()
        .is_some_and(|uri| !usable(uri))
    {
        return Err(("backchannel_logout_uri", "use https and no fragment"));
    }
    let Some(front) = &client.frontchannel_logout_uri else {
        return Ok(());
    };
    if !usable(front) {
        return Err(("frontchannel_logout_uri", "use https and no fragment"));
    }
    let origin = origin_of(front);
    let known = |uri: &String| origin_of(uri) == origin;
    if origin.is_none() || !client.redirect_uris.iter().any(known) {
        return Err((
            "frontchannel_logout_uri",
            "use scheme, host and port of one of redirect_uris",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(members: &serde_json::Value) -> Option<&'static str> {
        let mut value = json!({
            "client_id": "app", "client_name": "App", "redirect_uris": ["https://app.example/cb"],
        });
        for (name, member) in members.as_object().unwrap() {
            value[name] = member.clone();
        }
        let client = serde_json::from_value(value).unwrap();
        check(&client).err().map(|(member, _)| member)
    }

    #[test]
    fn both_addresses_are_on_the_web_and_secure() {
        assert_eq!(wrong(&json!({})), None);
        for member in ["backchannel_logout_uri", "frontchannel_logout_uri"] {
            assert_eq!(wrong(&json!({member: "https://app.example/out?a=1"})), None);
            for bad in [
                "http://app.example/out",
                "https://app.example/out#x",
                "javascript:alert(1)",
                "https://user@app.example/out",
                "app.example",
                "",
            ] {
                assert_eq!(wrong(&json!({member: bad})), Some(member), "{bad}");
            }
        }
    }

    #[test]
    fn reg_15_an_address_has_no_places_to_fill_in() {
        for member in ["backchannel_logout_uri", "frontchannel_logout_uri"] {
            for bad in [
                "https://app.example/{sub}",
                "https://app.example/out?sid={sid}",
                "https://{tenant}.app.example/out",
                "https://app.example/${jndi:ldap://x}",
            ] {
                assert_eq!(wrong(&json!({member: bad})), Some(member), "{bad}");
            }
        }
    }

    #[test]
    fn lo_05_a_frame_shows_the_origin_of_a_redirect_uri_only() {
        for bad in ["https://other.example/out", "https://app.example:8443/out"] {
            let found = wrong(&json!({"frontchannel_logout_uri": bad}));
            assert_eq!(found, Some("frontchannel_logout_uri"), "{bad}");
        }
        let elsewhere = json!({"backchannel_logout_uri": "https://other.example/out"});
        assert_eq!(wrong(&elsewhere), None, "no browser goes there");
    }
}
