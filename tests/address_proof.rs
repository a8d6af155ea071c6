//! Proving an address: the code goes there and counts in the browser that asked, once, for one purpose.

use std::time::Duration;

use sekisho_model::{
    EmailAddress, Locale, Origin, OsEntropy, PreAuthToken, ProofPurpose, SessionToken,
};
use sekisho_provider::Provider;
use sekisho_provider::endpoints::address_proof::{ProofBegun, ProofOutcome, ProofWish};
use sekisho_provider::endpoints::sign_in::ResendOutcome;
use sekisho_provider::endpoints::visit::Visit;

use crate::support::house::TestHouse;
use crate::support::wait;

const REGISTER: ProofPurpose = ProofPurpose::Register;

fn browser() -> Visit {
    let entropy = OsEntropy::new();
    Visit {
        pre_auth: Some(PreAuthToken::generate(&entropy)),
        session: Some(SessionToken::generate(&entropy)),
        origin: Origin {
            ip: "192.0.2.7".to_owned(),
            ..Origin::default()
        },
        locale: Locale::En,
        ..Visit::default()
    }
}

fn provider(house: &TestHouse) -> &Provider {
    &house.house.services.provider
}

/// An address nobody has; unlike those of other houses that mail to the same place.
fn free(house: &TestHouse) -> EmailAddress {
    EmailAddress::parse(&house.code_address.replace("haruka", "new-haruka")).unwrap()
}

async fn begin(house: &TestHouse, to: &EmailAddress, visit: &Visit) -> ProofBegun {
    let wish = ProofWish {
        purpose: REGISTER,
        candidate: to,
        account: None,
    };
    provider(house).begin_proof(wish, visit).await.unwrap()
}

async fn enter(house: &TestHouse, code: &str, visit: &Visit) -> ProofOutcome {
    let tried = provider(house).try_proof(REGISTER, code, visit);
    tried.await.unwrap()
}

/// Any code but this one.
fn other_than(code: &str) -> String {
    let first = if code.starts_with('9') { '1' } else { '9' };
    format!("{first}{}", &code[1..])
}

impl TestHouse {
    /// The codes mailed to this address, oldest first.
    pub fn codes_to(&self, address: &str) -> Vec<String> {
        let code = |letter: String| {
            let rest = letter.split("Your code: ").nth(1)?.to_owned();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            (digits.len() == 8).then_some(digits)
        };
        self.letters_to(address)
            .into_iter()
            .filter_map(code)
            .collect()
    }

    /// The code that comes to this address after `before` others.
    pub async fn code_after(&self, before: usize, address: &str) -> String {
        wait::until("the code", async || {
            self.codes_to(address).into_iter().nth(before)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_08_the_code_counts_once_in_the_browser_that_asked_and_for_its_purpose() {
    let house = TestHouse::open().await;
    let (here, there, to) = (browser(), browser(), free(&house));
    assert!(matches!(
        begin(&house, &to, &here).await,
        ProofBegun::Sent(_)
    ));
    let code = house.code_after(0, &to.to_string()).await;

    let elsewhere = enter(&house, &code, &there).await;
    assert!(matches!(elsewhere, ProofOutcome::Gone), "{elsewhere:?}");
    for purpose in [ProofPurpose::CodeAddress, ProofPurpose::LoginAddress] {
        let tried = provider(&house).try_proof(purpose, &code, &here).await;
        assert!(matches!(tried.unwrap(), ProofOutcome::Gone), "{purpose:?}");
    }
    let view = provider(&house).proof_view(REGISTER, &here).await.unwrap();
    assert_eq!(view.unwrap().address, to);
    assert!(
        provider(&house)
            .proof_view(REGISTER, &there)
            .await
            .unwrap()
            .is_none()
    );

    let ProofOutcome::Proved(proved) = enter(&house, &code, &here).await else {
        panic!("the right code in the right browser");
    };
    assert_eq!(proved.for_registration(), Some(to.clone()));
    let again = enter(&house, &code, &here).await;
    assert!(matches!(again, ProofOutcome::Gone), "{again:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_08_of_twenty_right_codes_at_once_one_proves_the_address() {
    let house = TestHouse::open().await;
    let (visit, to) = (browser(), free(&house));
    begin(&house, &to, &visit).await;
    let code = house.code_after(0, &to.to_string()).await;
    let tries = (0..20).map(|_| enter(&house, &code, &visit));
    let proved = futures_util::future::join_all(tries).await;
    let proved = proved
        .iter()
        .filter(|one| matches!(one, ProofOutcome::Proved(_)));
    assert_eq!(proved.count(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_10_an_address_with_an_account_looks_the_same_and_no_code_is_right() {
    let house = TestHouse::open().await;
    let (visit, taken) = (browser(), house.login_address.clone());
    let to = EmailAddress::parse(&taken).unwrap();
    assert!(matches!(
        begin(&house, &to, &visit).await,
        ProofBegun::Sent(_)
    ));
    let told = house
        .told(&taken, "somebody tried to create an account")
        .await;
    assert!(!told.contains("Your code"), "{told}");
    let view = provider(&house).proof_view(REGISTER, &visit).await.unwrap();
    assert_eq!(view.unwrap().address, to);
    house.advance(Duration::from_secs(61)).await;
    let resent = provider(&house).resend_proof(REGISTER, &visit).await;
    assert!(matches!(resent.unwrap(), ResendOutcome::Sent));
    for left in [4, 3, 2, 1] {
        let tried = enter(&house, "12345678", &visit).await;
        assert!(
            matches!(tried, ProofOutcome::Wrong(n) if n == left),
            "{tried:?}"
        );
    }
    let last = enter(&house, "12345678", &visit).await;
    assert!(matches!(last, ProofOutcome::Stopped), "{last:?}");
    assert!(house.codes_to(&taken).is_empty());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_11_a_new_code_or_a_new_address_ends_the_earlier_code_and_tries_stay() {
    let house = TestHouse::open().await;
    let (visit, to) = (browser(), free(&house));
    let address = to.to_string();
    begin(&house, &to, &visit).await;
    let first = house.code_after(0, &address).await;
    let wrong = enter(&house, &other_than(&first), &visit).await;
    assert!(matches!(wrong, ProofOutcome::Wrong(4)), "{wrong:?}");
    let soon = provider(&house).resend_proof(REGISTER, &visit).await;
    assert!(matches!(soon.unwrap(), ResendOutcome::TooSoon(_)));
    house.advance(Duration::from_secs(61)).await;
    let sent = provider(&house).resend_proof(REGISTER, &visit).await;
    assert!(matches!(sent.unwrap(), ResendOutcome::Sent));
    let second = house.code_after(1, &address).await;
    let earlier = enter(&house, &first, &visit).await;
    assert!(matches!(earlier, ProofOutcome::Earlier(3)), "{earlier:?}");
    // Another address in the same browser: the code of the first proves nothing any more.
    let other = EmailAddress::parse(&address.replace("new", "newer")).unwrap();
    begin(&house, &other, &visit).await;
    let third = house.code_after(0, &other.to_string()).await;
    let former = enter(&house, &second, &visit).await;
    assert!(matches!(former, ProofOutcome::Wrong(4)), "{former:?}");
    let ProofOutcome::Proved(proved) = enter(&house, &third, &visit).await else {
        panic!("the newest code");
    };
    assert_eq!(proved.for_registration(), Some(other));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_04_otp_12_a_late_code_is_refused_and_letters_to_one_address_are_few() {
    let house = TestHouse::open().await;
    let to = free(&house);
    let late = browser();
    begin(&house, &to, &late).await;
    let code = house.code_after(0, &to.to_string()).await;
    house.advance(Duration::from_secs(601)).await;
    let expired = enter(&house, &code, &late).await;
    assert!(matches!(expired, ProofOutcome::Expired), "{expired:?}");
    house.advance(Duration::from_mins(5)).await;
    let closed = enter(&house, &code, &late).await;
    assert!(matches!(closed, ProofOutcome::Gone), "{closed:?}");
    // Whoever asks, in whatever browser: six letters an hour to one address.
    for _ in 0..5 {
        assert!(matches!(
            begin(&house, &to, &browser()).await,
            ProofBegun::Sent(_)
        ));
    }
    let over = begin(&house, &to, &browser()).await;
    assert!(matches!(over, ProofBegun::NoMoreCodes(_)), "{over:?}");
    let other = EmailAddress::parse(&to.to_string().replace("new", "newer")).unwrap();
    assert!(matches!(
        begin(&house, &other, &browser()).await,
        ProofBegun::Sent(_)
    ));
    house.close().await;
}
