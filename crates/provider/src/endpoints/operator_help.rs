//! What an operator does for somebody who cannot get in, after checking who asks (REC-04, PW-27).

use sekisho_mail::RecoveryNews;
use sekisho_model::{AddressKind, EmailAddress, Event};
use sekisho_store::Once;

use super::new_password::end_all_of;
use super::visit::Visit;
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

impl Provider {
    /// An operator who checked who asked sends the codes of an account elsewhere. What the old address could
    /// open ends; every address, the old one too, is told (REC-06). `false` if no code can go there
    /// (OTP-24, REC-15).
    pub async fn set_code_address(
        &self,
        account: &OpenAccount,
        new: &EmailAddress,
        mut event: Event,
    ) -> Result<bool, Failure> {
        let own = &self.settings.self_hosted_mail_domains;
        if own.iter().any(|own| own.eq_ignore_ascii_case(new.domain())) {
            return Ok(false);
        }
        let (now, user) = (self.now(), account.user.id);
        let visit = Visit::default();
        let news = || self.recovery_notice(RecoveryNews::CodeAddressSet, &visit);
        let mut letters = self.letters_to_all(account, news);
        let known = [Some(&account.login_address), account.code_address.as_ref()];
        let is_new = |known: &EmailAddress| known.canonical() != new.canonical();
        if known.into_iter().flatten().all(is_new) {
            letters.push(self.sealed_letter(&account.user, new, news()));
        }
        let (sealed, index) = self.sealed_address(user, new).await?;
        event.user_id = Some(user);
        let set = self
            .store
            .write(move |tx| {
                if tx.put_code_address(user, &sealed, &index, now)? == Once::Again {
                    return Ok(false);
                }
                // Nor does a link in an old mailbox bring the address of before back.
                let open = tx.open_address_changes(user)?;
                let old = open
                    .iter()
                    .filter(|change| change.kind == AddressKind::Code);
                for change in old {
                    let _once = tx.end_address_change(change.id, now)?;
                }
                tx.replace_recovery_codes(user, &[], now)?;
                end_all_of(tx, user, now)?;
                letters.iter().try_for_each(|letter| tx.post(letter))?;
                tx.record(&event)?;
                Ok(true)
            })
            .await?;
        if !set {
            return Ok(false);
        }
        self.after_password_change().await?;
        Ok(true)
    }
}
