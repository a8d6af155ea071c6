//! What the throttle promises to owners and costs attackers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail like tests"
)]

mod client_secrets;
mod mails;
mod passwords;
mod sources;

use sekisho_guard::{
    ClientSecretTry, CodeMail, CodeTry, DeviceClass, Limits, Pass, PasswordAttempt, Throttle,
    Ticket,
};
use sekisho_model::{BrowserId, ClientId, Digest, Timestamp};
use sekisho_session::Session;

const QUARTER: i64 = 15 * 60;
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn key() -> Digest {
    Digest::of(b"throttle key")
}

fn throttle() -> Throttle {
    Throttle::new(Session::in_memory(), Limits::default(), key())
}

fn owner() -> Digest {
    Digest::of(b"owner@example.jp")
}

fn known() -> DeviceClass {
    DeviceClass::Known(BrowserId::parse("01890a5d-ac96-774b-bcce-b302099a8057").unwrap())
}

/// The nth of many addresses in as many networks.
fn stranger(n: i64) -> String {
    format!("10.{}.{}.1", n / 250 % 250, n % 250)
}

async fn password(
    throttle: &Throttle,
    account: &Digest,
    device: DeviceClass,
    ip: &str,
    second: i64,
) -> Pass {
    let attempt = PasswordAttempt {
        account,
        device,
        ip,
        client: None,
    };
    throttle.before_password(attempt, at(second)).await.unwrap()
}

async fn code(throttle: &Throttle, device: DeviceClass, ip: &str, second: i64) -> Pass {
    let attempt = CodeTry {
        account: &owner(),
        device,
        ip,
    };
    throttle.before_code_try(attempt, at(second)).await.unwrap()
}

async fn mail(throttle: &Throttle, account: &str, ip: &str, second: i64) -> Pass {
    mail_at(throttle, NEW, account, ip, second).await
}

async fn mail_at(
    throttle: &Throttle,
    device: DeviceClass,
    account: &str,
    ip: &str,
    second: i64,
) -> Pass {
    let mail = CodeMail {
        account: &Digest::of(account.as_bytes()),
        device,
        ip,
        recipient_domain: "example.jp",
    };
    throttle.before_code_mail(mail, at(second)).await.unwrap()
}

async fn secret(throttle: &Throttle, client: &str, ip: &str, second: i64) -> Pass {
    let attempt = ClientSecretTry {
        client: &ClientId::new(client),
        ip,
    };
    throttle
        .before_client_secret(attempt, at(second))
        .await
        .unwrap()
}

fn go(pass: Pass) -> Ticket {
    match pass {
        Pass::Go(ticket) => ticket,
        Pass::Wait { limit, .. } => panic!("stopped by {limit}"),
    }
}

fn goes(pass: &Pass) -> bool {
    matches!(pass, Pass::Go(_))
}

fn stopped_by(pass: &Pass) -> &'static str {
    match pass {
        Pass::Go(_) => "nothing",
        Pass::Wait { limit, .. } => limit,
    }
}

const NEW: DeviceClass = DeviceClass::Unknown;
