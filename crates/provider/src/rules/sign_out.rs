//! Signing out: what a request of an app may cause, and the addresses that follow (RP-Initiated Logout
//! 1.0 §2, §3; Front-Channel Logout 1.0 §2, §3; LO-01, LO-02, LO-05).

use sekisho_model::Client;
use url::Url;
use url::form_urlencoded::Serializer;

/// What a sign-out request proved and asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The registered app the request is from, by its hint or its `client_id`.
    pub client: Option<&'a Client>,
    /// What its `id_token_hint` proved.
    pub hint: Hint,
    /// `post_logout_redirect_uri`.
    pub post_logout_redirect_uri: Option<&'a str>,
    /// `state`.
    pub state: Option<&'a str>,
    /// Whether a parameter stood twice, or two contradict each other.
    pub mistaken: bool,
}

/// What an `id_token_hint` proved. An expired one is as good as any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// There was none.
    Absent,
    /// It is not one of ours.
    Forged,
    /// Ours, of the session this browser has, or this browser has none.
    OfThisSession,
    /// Ours, of some other session.
    OfAnother,
}

/// What a sign-out request may cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Whether the person must be asked before anything ends (LO-02).
    pub ask: bool,
    /// Where to go once it has ended, or once the person said yes.
    pub return_to: Option<String>,
    /// Whether to go there without anybody's yes: a hint vouches for the request (§3).
    pub vouched: bool,
}

/// Decides. Only an address that the app registered, byte for byte, is ever gone to (LO-01); anything
/// wrong in the request means a question and no way away from here.
pub fn allowed(asked: Asked<'_>) -> Allowed {
    let genuine = matches!(asked.hint, Hint::OfThisSession | Hint::OfAnother);
    let registered = |uri: &&str| {
        let list = asked.client.map(|client| &client.post_logout_redirect_uris);
        list.is_some_and(|list| list.iter().any(|known| known == uri))
    };
    let target = asked
        .post_logout_redirect_uri
        .filter(registered)
        .filter(|_| asked.hint != Hint::Forged && !asked.mistaken);
    let wrong = asked.post_logout_redirect_uri.is_some() && target.is_none();
    Allowed {
        ask: asked.hint != Hint::OfThisSession || wrong || asked.mistaken,
        return_to: target.map(|uri| match asked.state {
            Some(state) => with(uri, &[("state", state)]),
            None => uri.to_owned(),
        }),
        vouched: genuine,
    }
}

/// The address of a front-channel frame: the registered one with `iss` and `sid`, nothing else (§3).
/// `None` for what no frame of ours may show.
pub fn frame(registered: &str, issuer: &str, session: &str) -> Option<String> {
    let url = Url::parse(registered).ok()?;
    let plain = matches!(url.scheme(), "https" | "http") && url.fragment().is_none();
    plain.then(|| with(registered, &[("iss", issuer), ("sid", session)]))
}

/// A URI with further query parameters; what it has stays as it is.
fn with(uri: &str, pairs: &[(&str, &str)]) -> String {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BYE: &str = "https://app.example/bye";

    fn client() -> Client {
        serde_json::from_value(json!({
            "client_id": "app", "client_name": "App",
            "post_logout_redirect_uris": [BYE, "https://app.example/bye?lang=ja"],
        }))
        .unwrap()
    }

    const PLAIN: Asked<'static> = Asked {
        client: None,
        hint: Hint::Absent,
        post_logout_redirect_uri: None,
        state: None,
        mistaken: false,
    };

    fn decide<'a>(
        hint: Hint,
        uri: Option<&'a str>,
        change: impl FnOnce(&mut Asked<'a>),
    ) -> Allowed {
        let client = client();
        let mut asked = Asked {
            hint,
            post_logout_redirect_uri: uri,
            ..PLAIN
        };
        change(&mut asked);
        allowed(Asked {
            client: Some(&client),
            ..asked
        })
    }

    #[test]
    fn lo_01_a_hint_of_this_session_and_a_registered_address_need_no_question() {
        let decided = decide(Hint::OfThisSession, Some(BYE), |_| {});
        assert_eq!(
            decided,
            Allowed {
                ask: false,
                return_to: Some(BYE.to_owned()),
                vouched: true
            }
        );
        let none = decide(Hint::OfThisSession, None, |_| {});
        assert_eq!((none.ask, none.return_to), (false, None));
    }

    #[test]
    fn lo_01_only_the_exact_address_is_gone_to() {
        for uri in [
            "https://app.example/bye?foo=bar",
            "https://app.example/bye/",
            "https://app.example/BYE",
            "https://app.example/bye#x",
            "https://evil.example/",
            "",
        ] {
            let decided = decide(Hint::OfThisSession, Some(uri), |_| {});
            assert_eq!((decided.ask, decided.return_to), (true, None), "{uri}");
        }
        let nobody = allowed(Asked {
            post_logout_redirect_uri: Some(BYE),
            ..PLAIN
        });
        assert_eq!((nobody.ask, nobody.return_to), (true, None));
    }

    #[test]
    fn lo_01_a_forged_hint_leads_nowhere() {
        let decided = decide(Hint::Forged, Some(BYE), |_| {});
        assert_eq!((decided.ask, decided.return_to), (true, None));
        let mistaken = decide(Hint::OfThisSession, Some(BYE), |asked| {
            asked.mistaken = true;
        });
        assert_eq!((mistaken.ask, mistaken.return_to), (true, None));
    }

    #[test]
    fn lo_02_without_a_hint_of_this_session_the_person_decides() {
        let other = decide(Hint::OfAnother, Some(BYE), |_| {});
        assert_eq!((other.ask, other.vouched), (true, true));
        assert_eq!(other.return_to.as_deref(), Some(BYE), "after the yes");
        let named = decide(Hint::Absent, Some(BYE), |_| {});
        assert_eq!((named.ask, named.vouched), (true, false));
        assert_eq!(named.return_to.as_deref(), Some(BYE), "after the yes");
        assert!(decide(Hint::Absent, None, |_| {}).ask);
    }

    #[test]
    fn state_comes_back_as_it_was_whatever_it_is_made_of() {
        let state: String = ('!'..='~').collect();
        for uri in [BYE, "https://app.example/bye?lang=ja"] {
            let decided = decide(Hint::OfThisSession, Some(uri), |asked| {
                asked.state = Some(&state);
            });
            let url = Url::parse(&decided.return_to.unwrap()).unwrap();
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            assert_eq!(pairs.last().unwrap(), &("state".to_owned(), state.clone()));
            assert_eq!(pairs.len(), if uri == BYE { 1 } else { 2 });
        }
    }

    #[test]
    fn lo_05_a_frame_gets_issuer_and_session_and_nothing_else() {
        let of = |uri| frame(uri, "https://id.example", "sid-1");
        assert_eq!(
            of("https://app.example/out").as_deref(),
            Some("https://app.example/out?iss=https%3A%2F%2Fid.example&sid=sid-1")
        );
        assert_eq!(
            of("https://app.example/out?a=1").as_deref(),
            Some("https://app.example/out?a=1&iss=https%3A%2F%2Fid.example&sid=sid-1")
        );
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/out",
            "",
            "https://a/#b",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
