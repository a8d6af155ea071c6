//! Resource indicators (RFC 8707; TK-14).

use sekisho_model::Client;

/// A `resource` that is not an absolute URI, or not one the client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATarget;

const MAX_RESOURCES: usize = 10;

/// The resources a request names, each once, if the client may ask for all of them. `offered` may be
/// asked for by every client.
pub fn asked<'a>(
    named: impl Iterator<Item = &'a str>,
    client: &Client,
    offered: &[String],
) -> Result<Vec<String>, NotATarget> {
    let mut resources: Vec<String> = Vec::new();
    for name in named.filter(|name| !name.is_empty()) {
        let known = client
            .resources
            .iter()
            .chain(&client.default_resource)
            .chain(offered)
            .any(|known| known == name);
        if !known || !is_resource(name) {
            return Err(NotATarget);
        }
        if !resources.iter().any(|earlier| earlier == name) {
            resources.push(name.to_owned());
        }
    }
    if resources.len() > MAX_RESOURCES {
        return Err(NotATarget);
    }
    Ok(resources)
}

/// RFC 8707 §2: an absolute URI without a fragment (RFC 3986 §4.3).
pub fn is_resource(text: &str) -> bool {
    let of_uri = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&b);
    text.len() <= 512 && text.bytes().all(of_uri) && url::Url::parse(text).is_ok()
}

/// The resources of one access token: those the token request names, which must be among the granted
/// ones; else all granted ones.
pub fn of_token<'a>(
    named: impl Iterator<Item = &'a str>,
    granted: &[String],
    default: Option<&String>,
) -> Result<Vec<String>, NotATarget> {
    let named: Vec<&str> = named.filter(|name| !name.is_empty()).collect();
    if named.is_empty() {
        return Ok(if granted.is_empty() {
            default.into_iter().cloned().collect()
        } else {
            granted.to_vec()
        });
    }
    let allowed = |name: &str| {
        granted.iter().any(|one| one == name)
            || (granted.is_empty() && default.is_some_and(|one| one == name))
    };
    if named.iter().all(|name| allowed(name)) {
        Ok(named.into_iter().map(str::to_owned).collect())
    } else {
        Err(NotATarget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::web;

    fn client() -> Client {
        Client {
            resources: vec![
                "https://a.example/".to_owned(),
                "https://b.example/x#y".to_owned(),
            ],
            default_resource: Some("https://d.example/".to_owned()),
            ..web("https://app.example/cb")
        }
    }

    #[test]
    fn tk_14_only_registered_resources_can_be_asked_for() {
        let ask = |names: &[&str]| asked(names.iter().copied(), &client(), &[]);
        assert_eq!(
            ask(&["https://a.example/"]).unwrap(),
            ["https://a.example/"]
        );
        assert_eq!(
            ask(&["https://a.example/", "https://a.example/"])
                .unwrap()
                .len(),
            1
        );
        assert_eq!(ask(&["https://d.example/"]).unwrap().len(), 1);
        assert_eq!(ask(&[""]), Ok(vec![]));
        for bad in [
            "https://a.example",
            "https://b.example/x#y",
            "https://b.example/<x>",
            "a",
            "https://evil.example/",
        ] {
            assert_eq!(ask(&[bad]), Err(NotATarget), "{bad}");
        }
        let mcp = "https://mcp.example/".to_owned();
        assert!(
            asked(
                [mcp.as_str()].into_iter(),
                &client(),
                std::slice::from_ref(&mcp)
            )
            .is_ok()
        );
    }

    #[test]
    fn tk_14_a_token_request_can_only_narrow() {
        let granted = [
            "https://a.example/".to_owned(),
            "https://b.example/".to_owned(),
        ];
        let one = |names: &[&str]| of_token(names.iter().copied(), &granted, None);
        assert_eq!(
            one(&["https://b.example/"]).unwrap(),
            ["https://b.example/"]
        );
        assert_eq!(one(&[]).unwrap().len(), 2);
        assert_eq!(one(&["https://c.example/"]), Err(NotATarget));
        let default = "https://d.example/".to_owned();
        let plain = of_token(std::iter::empty(), &[], Some(&default));
        assert_eq!(plain.unwrap(), ["https://d.example/"]);
    }
}
