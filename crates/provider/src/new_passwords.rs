//! The one decision about a new password, for pages, apps and the command line (PW-09..11).

use sekisho_model::EmailAddress;

use crate::accounts::OpenAccount;
use crate::password::BreachedPasswords;
use crate::rules::password_policy::{self, About, Circumstances, PasswordRefusal};
use crate::{Failure, Provider};

/// What is known of the account a new password is for.
#[derive(Debug, Clone, Default)]
pub struct PasswordContext {
    words: Vec<String>,
    second_step: bool,
}

impl Provider {
    /// The context of an account that is there.
    pub fn password_context(&self, account: &OpenAccount, app: Option<&str>) -> PasswordContext {
        let login = account.login_address.canonical();
        let code = account.code_address.as_ref().map(EmailAddress::canonical);
        let addresses: Vec<&str> = [Some(&*login), code.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        self.context(&addresses, account.name(), app, account.user.second_step)
    }

    /// The context of an account that is being made, for an app if the way came from one; new accounts have the
    /// second step.
    pub fn new_password_context(
        &self,
        addresses: &[&EmailAddress],
        name: Option<&str>,
        app: Option<&str>,
    ) -> PasswordContext {
        let addresses: Vec<String> = addresses
            .iter()
            .map(|address| address.canonical())
            .collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.context(&addresses, name, app, true)
    }

    fn context(
        &self,
        addresses: &[&str],
        name: Option<&str>,
        app: Option<&str>,
        second_step: bool,
    ) -> PasswordContext {
        PasswordContext {
            words: password_policy::words(&About {
                service: &self.settings.service_name,
                app,
                addresses,
                name,
            }),
            second_step: self.asks_second_step(second_step),
        }
    }

    const fn asks_second_step(&self, wanted: bool) -> bool {
        wanted || self.settings.codes.for_everyone
    }

    /// Fewest characters a new password of this account has.
    pub fn least_password_length(&self, account: &OpenAccount) -> usize {
        let second_step = self.asks_second_step(account.user.second_step);
        self.settings.password_policy.least(second_step)
    }

    /// Asks another list of leaked passwords from now on (PW-10).
    pub fn tell_leaked_passwords(&self, list: BreachedPasswords) {
        self.passwords.know(Some(list));
    }

    /// Every reason against a new password; none if it is accepted. On threads of its own: the estimate
    /// of strength takes milliseconds.
    pub async fn judge_new_password(
        &self,
        password: &str,
        context: &PasswordContext,
    ) -> Result<Vec<PasswordRefusal>, Failure> {
        let policy = self.settings.password_policy.clone();
        let (password, context) = (
            zeroize::Zeroizing::new(password.to_owned()),
            context.clone(),
        );
        let breached = self.passwords.breached();
        #[expect(
            clippy::disallowed_methods,
            reason = "rare, capped at 64 characters, and behind a throttle"
        )]
        let judging = tokio::task::spawn_blocking(move || {
            let normal = zeroize::Zeroizing::new(password_policy::normalised(&password));
            let circumstances = Circumstances {
                words: &context.words,
                second_step: context.second_step,
                breached: breached.is_some_and(|list| list.knows(&normal)),
            };
            password_policy::judge(&policy, &password, &circumstances)
        });
        judging
            .await
            .map_err(|_panicked| Failure::Corrupt("password list"))
    }
}
