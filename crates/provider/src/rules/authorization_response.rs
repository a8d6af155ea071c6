//! How an authorization answer travels: by redirect, in a posted form, plain or as a signed JWT
//! (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode §2, JARM §2).

use sekisho_model::{Client, ResponseMode, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::discovery::offers_mode;
use super::redirect_uri::Callback;
use crate::Features;

/// Where an answer goes, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Where.
    pub callback: Callback,
    /// How.
    pub mode: ResponseMode,
}

/// What goes to the app: by redirect, or in a form that the browser posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// This URI.
    Redirect(String),
    /// These fields, to the redirect URI.
    Post(Vec<(String, String)>),
}

/// A `response_mode` that is not offered, or not to this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModeRefused;

/// AZ-07: the mode of a request.
pub fn mode(
    asked: Option<&str>,
    client: &Client,
    features: &Features,
) -> Result<ResponseMode, ModeRefused> {
    let mode = match asked {
        None => ResponseMode::Query,
        Some(name) => ResponseMode::from_name(name).ok_or(ModeRefused)?,
    };
    let registered = client.response_modes.is_empty() || client.response_modes.contains(&mode);
    if registered && offers_mode(features, mode) {
        Ok(mode)
    } else {
        Err(ModeRefused)
    }
}

/// JARM §2.1: the claims of a signed answer. It works for as long as a code does.
pub fn signed_claims(
    fields: &[(String, String)],
    client: &Client,
    now: Timestamp,
    until: Timestamp,
) -> Map<String, Value> {
    let mut claims: Map<String, Value> = fields
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    claims.insert("aud".to_owned(), Value::from(client.client_id.as_str()));
    claims.insert("iat".to_owned(), Value::from(now.seconds()));
    claims.insert("exp".to_owned(), Value::from(until.seconds()));
    claims
}

impl ReplyTo {
    /// The delivery of `fields`, which are all that goes: signed ones are one `response`.
    pub fn deliver(&self, fields: Vec<(String, String)>) -> Delivery {
        if self.mode.is_posted() {
            Delivery::Post(fields)
        } else {
            Delivery::Redirect(self.callback.with_query(&fields))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::web;

    #[test]
    fn az_07_only_offered_and_registered_modes_are_taken() {
        let client = web("https://app.example/cb");
        let features = Features::default();
        let ask = |name| mode(name, &client, &features);
        assert_eq!(ask(None), Ok(ResponseMode::Query));
        assert_eq!(ask(Some("form_post")), Ok(ResponseMode::FormPost));
        for bad in ["fragment", "fragment.jwt", "QUERY", "web_message"] {
            assert_eq!(ask(Some(bad)), Err(ModeRefused), "{bad}");
        }
        let off = Features {
            signed_answers: false,
            ..features
        };
        assert_eq!(mode(Some("jwt"), &client, &off), Err(ModeRefused));
        let signed_only = Client {
            response_modes: vec![ResponseMode::Jwt],
            ..client
        };
        assert_eq!(mode(None, &signed_only, &features), Err(ModeRefused));
        assert_eq!(
            mode(Some("jwt"), &signed_only, &features),
            Ok(ResponseMode::Jwt)
        );
    }
}
