//! Token exchange (RFC 8693): who may exchange what for what.
//!
//! An exchange never widens: scope and life only shrink, the target must be in the client's policy,
//! the grant behind the token stays the same, so that ending it ends every token in the chain.

use std::collections::BTreeSet;

use sekisho_model::{Client, GrantType, ScopeSet, TokenExchangePolicy};
use serde_json::{Map, Value};

use super::oauth_error::TokenError;
use super::parameters::Parameters;

/// The only type that is issued, and taken (RFC 8693 §3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Another name for an access token that is a JWT (RFC 8693 §3).
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// How many parties may have acted one after the other; each stays in the token.
const LONGEST_CHAIN: usize = 5;

/// What is asked, as far as it stands in the request alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Wish<'a> {
    /// The token to be exchanged.
    pub subject_token: &'a str,
    /// Who acts, if that is not the client itself.
    pub actor_token: Option<&'a str>,
    /// What the new token is for; sorted.
    pub targets: Vec<String>,
    /// What it should allow; everything the old one does if absent.
    pub scope: Option<ScopeSet>,
}

/// The policy of a client that may exchange at all (TK-12).
pub fn policy(client: &Client) -> Result<&TokenExchangePolicy, TokenError> {
    client
        .token_exchange
        .as_ref()
        .filter(|_| client.may_use(GrantType::TokenExchange) && !client.is_public())
        .ok_or(TokenError::UnauthorizedClient)
}

/// RFC 8693 §2.1.
pub fn read<'a>(
    form: &'a Parameters,
    policy: &TokenExchangePolicy,
) -> Result<Wish<'a>, TokenError> {
    use TokenError::InvalidRequest;
    let subject_token = token(form, "subject_token", "subject_token_type")?
        .ok_or(InvalidRequest("subject_token is missing"))?;
    let actor_token = token(form, "actor_token", "actor_token_type")?;
    if form
        .first("requested_token_type")
        .is_some_and(|wanted| wanted != ACCESS_TOKEN)
    {
        return Err(InvalidRequest("only access tokens are issued"));
    }
    let scope = form
        .first("scope")
        .map(ScopeSet::parse)
        .transpose()
        .map_err(|_malformed| TokenError::InvalidScope)?;
    Ok(Wish {
        subject_token,
        actor_token,
        targets: targets(form, policy)?,
        scope,
    })
}

fn token<'a>(
    form: &'a Parameters,
    name: &'static str,
    type_name: &'static str,
) -> Result<Option<&'a str>, TokenError> {
    match (form.first(name), form.first(type_name)) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(TokenError::InvalidRequest("the type of a token is missing")),
        (None, Some(_)) => Err(TokenError::InvalidRequest("a token is missing")),
        (Some(token), Some(ACCESS_TOKEN)) => Ok(Some(token)),
        (Some(token), Some(JWT)) if token.contains('.') => Ok(Some(token)),
        (Some(_), Some(_)) => Err(TokenError::InvalidRequest("only access tokens are taken")),
    }
}

/// What the policy lists, and the only one it lists if nothing is asked.
fn targets(form: &Parameters, policy: &TokenExchangePolicy) -> Result<Vec<String>, TokenError> {
    let asked: BTreeSet<String> = form
        .all("resource")
        .chain(form.all("audience"))
        .filter(|target| !target.is_empty())
        .map(str::to_owned)
        .collect();
    if asked.is_empty() {
        return match policy.audiences.as_slice() {
            [only] => Ok(vec![only.clone()]),
            _ => Err(TokenError::InvalidTarget),
        };
    }
    if asked.iter().all(|target| policy.audiences.contains(target)) {
        Ok(asked.into_iter().collect())
    } else {
        Err(TokenError::InvalidTarget)
    }
}

/// Whether the client may present a token that `owner` got.
pub fn may_present(client: &Client, policy: &TokenExchangePolicy, owner: &str) -> bool {
    owner == client.client_id.as_str() || policy.subject_clients.iter().any(|id| id == owner)
}

/// What the new token allows: no more than the old one, no more than the client is registered for.
pub fn narrowed(
    client: &Client,
    held: &ScopeSet,
    asked: Option<&ScopeSet>,
) -> Result<ScopeSet, TokenError> {
    let most = held.common(&client.scope);
    let scope = match asked {
        None => most,
        Some(asked) if asked.is_within(&most) => asked.clone(),
        Some(_) => return Err(TokenError::InvalidScope),
    };
    if scope.is_empty() {
        Err(TokenError::InvalidScope)
    } else {
        Ok(scope)
    }
}

/// RFC 8693 §4.1: who acts now, around who acted before. With impersonation nobody is added, and
/// nobody is left out.
pub fn act(
    actor: &str,
    before: Option<Value>,
    impersonation: bool,
) -> Result<Option<Value>, TokenError> {
    if impersonation {
        return Ok(before);
    }
    if depth(before.as_ref()) >= LONGEST_CHAIN {
        return Err(TokenError::InvalidRequest(
            "the chain of actors is too long",
        ));
    }
    let mut act = Map::new();
    act.insert("sub".to_owned(), Value::from(actor));
    if let Some(before) = before {
        act.insert("act".to_owned(), before);
    }
    Ok(Some(Value::Object(act)))
}

fn depth(act: Option<&Value>) -> usize {
    let mut depth = 0;
    let mut next = act;
    while let Some(value) = next {
        depth += 1;
        next = value.get("act");
    }
    depth
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::client_metadata::sample::{public, web};

    fn policy_of(audiences: &[&str]) -> TokenExchangePolicy {
        TokenExchangePolicy {
            subject_clients: vec!["front".to_owned()],
            audiences: audiences.iter().map(|a| (*a).to_owned()).collect(),
            impersonation: false,
        }
    }

    fn gateway() -> Client {
        let mut client = web("https://a.example/");
        client.grant_types = vec![GrantType::TokenExchange];
        client.token_exchange = Some(policy_of(&["https://api.example"]));
        client
    }

    fn wish(extra: &str, audiences: &[&str]) -> Result<(Vec<String>, Option<String>), TokenError> {
        let text = format!(
            "subject_token=a.b.c&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token{extra}"
        );
        let form = Parameters::decode(text.as_bytes());
        read(&form, &policy_of(audiences))
            .map(|wish| (wish.targets, wish.scope.map(|scope| scope.to_string())))
    }

    #[test]
    fn tk_12_only_a_confidential_client_with_grant_and_policy_exchanges() {
        assert!(policy(&gateway()).is_ok());
        let no_policy = Client {
            token_exchange: None,
            ..gateway()
        };
        let no_grant = Client {
            grant_types: vec![],
            ..gateway()
        };
        let open = Client {
            grant_types: gateway().grant_types,
            token_exchange: gateway().token_exchange,
            ..public("https://a.example/")
        };
        for client in [no_policy, no_grant, open] {
            assert_eq!(policy(&client), Err(TokenError::UnauthorizedClient));
        }
    }

    #[test]
    fn rfc_8693_2_1_tokens_need_their_type_and_only_access_tokens_are_taken() {
        let one = ["https://api.example"];
        assert!(wish("", &one).is_ok());
        for extra in [
            "&actor_token=x",
            "&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
            "&actor_token=x&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt",
            "&actor_token=x&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token",
            "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Arefresh_token",
        ] {
            let refused = wish(extra, &one);
            assert!(
                matches!(refused, Err(TokenError::InvalidRequest(_))),
                "{extra}"
            );
        }
        let nothing = Parameters::decode(b"subject_token=&subject_token_type=");
        assert!(read(&nothing, &policy_of(&one)).is_err());
        assert_eq!(wish("&scope=%22", &one), Err(TokenError::InvalidScope));
    }

    #[test]
    fn rfc_8693_2_2_2_only_targets_of_the_policy() {
        let two = ["https://api.example", "billing"];
        let asked = wish("&resource=https%3A%2F%2Fapi.example&audience=billing", &two);
        let both = vec!["billing".to_owned(), "https://api.example".to_owned()];
        assert_eq!(asked, Ok((both, None)));
        assert_eq!(wish("", &two), Err(TokenError::InvalidTarget), "which one?");
        assert_eq!(wish("", &[]), Err(TokenError::InvalidTarget));
        let mixed = wish("&audience=billing&audience=payroll", &two);
        assert_eq!(mixed, Err(TokenError::InvalidTarget));
    }

    #[test]
    fn only_tokens_of_allowed_clients_are_presented() {
        let client = gateway();
        let policy = policy_of(&[]);
        assert!(may_present(&client, &policy, "front"));
        assert!(may_present(&client, &policy, client.client_id.as_str()));
        assert!(!may_present(&client, &policy, "other"));
    }

    #[test]
    fn rt_10_scope_only_shrinks() {
        let scope = |text| ScopeSet::parse(text).unwrap();
        let held = scope("openid email orders");
        let client = gateway();
        let all = narrowed(&client, &held, None).unwrap();
        assert_eq!(
            all,
            scope("openid email"),
            "no more than the client is registered for"
        );
        let less = narrowed(&client, &held, Some(&scope("email"))).unwrap();
        assert_eq!(less, scope("email"));
        for more in ["profile", "orders", "email profile"] {
            let refused = narrowed(&client, &held, Some(&scope(more)));
            assert_eq!(refused, Err(TokenError::InvalidScope), "{more}");
        }
        assert!(narrowed(&client, &scope("orders"), None).is_err());
    }

    #[test]
    fn rfc_8693_4_1_actors_are_nested_five_deep_and_no_deeper() {
        let first = act("a", None, false).unwrap();
        assert_eq!(first, Some(json!({"sub": "a"})));
        let second = act("b", first.clone(), false).unwrap();
        assert_eq!(second, Some(json!({"sub": "b", "act": {"sub": "a"}})));
        assert_eq!(act("c", second.clone(), true), Ok(second.clone()));
        let mut chain = second;
        for actor in ["c", "d", "e"] {
            chain = act(actor, chain, false).unwrap();
        }
        assert!(act("f", chain, false).is_err());
    }
}
