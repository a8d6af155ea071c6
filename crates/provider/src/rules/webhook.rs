//! How what is posted to operators' webhooks is signed, so that any library for Standard Webhooks can
//! check it (<https://www.standardwebhooks.com>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_model::{Digest, Timestamp};

/// How keys are written down, before their base64 form.
const KEY_MARK: &str = "whsec_";
/// The shortest key, in bytes.
const SHORTEST_KEY: usize = 24;

/// What a webhook's key signs with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookKey(Vec<u8>);

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookKey(hidden)")
    }
}

impl WebhookKey {
    /// Reads `whsec_` and base64; at least 24 bytes of key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.trim().strip_prefix(KEY_MARK);
        let encoded = encoded.ok_or("the key does not begin with whsec_")?;
        let key = STANDARD.decode(encoded);
        let key = key.map_err(|_malformed| "the key after whsec_ is not base64")?;
        if key.len() < SHORTEST_KEY {
            return Err("the key is shorter than 24 bytes");
        }
        Ok(Self(key))
    }

    /// The headers that prove where a message comes from, and when it was sent.
    pub fn headers(&self, id: &str, body: &str, now: Timestamp) -> [(&'static str, String); 3] {
        let sent = now.seconds();
        let signed = format!("{id}.{sent}.{body}");
        let mac = Digest::hmac(&self.0, signed.as_bytes());
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", sent.to_string()),
            (
                "webhook-signature",
                format!("v1,{}", STANDARD.encode(mac.as_bytes())),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn au_10_a_message_is_signed_as_standard_webhooks_says() {
        let key = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let headers = key.headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            r#"{"test": 2432232314}"#,
            Timestamp::from_seconds(1_614_265_330),
        );
        assert_eq!(
            headers[2].1,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(headers[1].1, "1614265330");
    }

    #[test]
    fn au_10_a_weak_or_malformed_key_is_refused_and_no_key_is_shown() {
        for text in ["", "secret", "whsec_", "whsec_%%%", "whsec_c2hvcnQ="] {
            assert!(WebhookKey::parse(text).is_err(), "{text}");
        }
        let key = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        assert!(!format!("{key:?}").contains("MfKQ"));
    }
}
