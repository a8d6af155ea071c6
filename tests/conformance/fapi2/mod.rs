//! FAPI 2.0 Security Profile and Message Signing, with `private_key_jwt` and `DPoP`.

mod assertions;
mod bank;
mod codes;
mod happy;
mod proofs;
mod pushed;
mod signed;

/// Makes each module a test of its own, for OpenID Connect and for plain OAuth.
macro_rules! modules {
    ($($name:ident;)+) => {
        mod openid_connect {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Kind::OpenId).await;
            })+
        }

        mod plain_oauth {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Kind::OAuth).await;
            })+
        }
    };
}
pub(crate) use modules;
