//! Accounts: made with a sealed address and password record, opened for the one who may see them.

use sekisho_model::{
    AddressKind, AlertSetting, Digest, EmailAddress, Epoch, Event, EventKind, KeyRing, Locale,
    Origin, Outcome, Purpose, Sealed, Subject, Timestamp, User, UserEpochs, UserId, UserState,
};
use sekisho_store::{Account, Once, PasswordRecord, StoreError, Tx};
use serde_json::{Map, Value};

use crate::rules::claims;
use crate::rules::networks::AllowedNetworks;
use crate::rules::password_policy::PasswordRefusal;
use crate::{Failure, Provider};

/// What is needed to make an account.
#[derive(Debug)]
pub struct NewAccount {
    /// The address typed at sign-in.
    pub login_address: EmailAddress,
    /// Where codes go; the login address if none is given.
    pub code_address: Option<EmailAddress>,
    /// The first password.
    pub password: zeroize::Zeroizing<String>,
    /// OpenID claims (name, birthdate, …).
    pub claims: Map<String, Value>,
    /// The language of pages and mails that the person chose, if they did.
    pub locale: Option<Locale>,
    /// Whether the password policy is asked; only seeds of the dev mode leave it out.
    pub check_policy: bool,
}

/// Why an account cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AccountRefusal {
    /// The address has an account already.
    #[error("the address already has an account")]
    AddressTaken,
    /// The password does not fit the policy: every reason.
    #[error("the password cannot be used: {}", reasons(.0))]
    Password(Vec<PasswordRefusal>),
    /// A claim has a wrong name or type.
    #[error("claims: {0}")]
    Claims(String),
    /// Codes sent there could not be read before signing in (OTP-24).
    #[error("mail to {0} is behind this sign-in; give a code address elsewhere")]
    CodeAddressBehindGate(String),
}

fn reasons(refusals: &[PasswordRefusal]) -> String {
    let reasons: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    reasons.join("; ")
}

/// An account whose sealed parts are open.
#[derive(Debug)]
pub struct OpenAccount {
    /// The account.
    pub user: User,
    /// The address typed at sign-in.
    pub login_address: EmailAddress,
    /// Where codes go, if it is verified.
    pub code_address: Option<EmailAddress>,
    /// Since when mail there has been refused for good, if it has.
    pub code_refused_at: Option<Timestamp>,
    /// OpenID claims, `email` included.
    pub claims: Map<String, Value>,
    /// From which networks it may be signed in to (S14).
    pub networks: AllowedNetworks,
    /// When the password was last changed.
    pub password_changed_at: Option<Timestamp>,
}

/// A list that cannot be read must not open the account to everywhere.
fn networks(stored: Option<Vec<u8>>) -> Result<AllowedNetworks, Failure> {
    let Some(bytes) = stored else {
        return Ok(AllowedNetworks::default());
    };
    String::from_utf8(bytes)
        .ok()
        .and_then(|text| AllowedNetworks::stored(&text))
        .filter(|list| !list.is_everywhere())
        .ok_or(Failure::Corrupt("networks"))
}

impl OpenAccount {
    /// The person's name, if the claims have one.
    pub fn name(&self) -> Option<&str> {
        self.claims.get("name").and_then(Value::as_str)
    }

    /// Its addresses, each once.
    pub(crate) fn addresses(&self) -> Vec<&EmailAddress> {
        let login = &self.login_address;
        let other = self
            .code_address
            .as_ref()
            .filter(|code| code.canonical() != login.canonical());
        std::iter::once(login).chain(other).collect()
    }
}

impl Provider {
    /// Makes an account. The addresses count as verified: whoever calls this has verified them.
    pub async fn create_account(
        &self,
        new: NewAccount,
        origin: &Origin,
    ) -> Result<Result<UserId, AccountRefusal>, Failure> {
        if let Err(refusal) = self.check_new_account(&new) {
            return Ok(Err(refusal));
        }
        let refusals = self.password_refusals(&new).await?;
        if !refusals.is_empty() {
            return Ok(Err(AccountRefusal::Password(refusals)));
        }
        let now = self.now();
        let user = self.new_user(UserId::new(now, &*self.entropy), new.locale);
        let record = self.passwords.record(user.id, &new.password).await?;
        let code_address = new.code_address.as_ref().unwrap_or(&new.login_address);
        let addresses = (&new.login_address, code_address);
        let rows = self.account_rows(user, record, addresses, &new.claims);
        let id = rows.id();
        let mut event = self.event(EventKind::UserCreated, Outcome::Passed, origin);
        event.user_id = Some(id);
        let made = self
            .store
            .write(move |tx| {
                rows.write(tx, now)?;
                tx.record(&event)
            })
            .await;
        match made {
            Ok(()) => Ok(Ok(id)),
            Err(StoreError::Conflict) => Ok(Err(AccountRefusal::AddressTaken)),
            Err(error) => Err(error.into()),
        }
    }

    async fn password_refusals(&self, new: &NewAccount) -> Result<Vec<PasswordRefusal>, Failure> {
        if !new.check_policy {
            return Ok(Vec::new());
        }
        let addresses = [Some(&new.login_address), new.code_address.as_ref()];
        let addresses: Vec<&EmailAddress> = addresses.into_iter().flatten().collect();
        let name = new.claims.get("name").and_then(Value::as_str);
        let context = self.new_password_context(&addresses, name, None);
        self.judge_new_password(&new.password, &context).await
    }

    fn check_new_account(&self, new: &NewAccount) -> Result<(), AccountRefusal> {
        claims::check_profile(&new.claims).map_err(AccountRefusal::Claims)?;
        let code_address = new.code_address.as_ref().unwrap_or(&new.login_address);
        let domain = code_address.domain();
        if self
            .settings
            .self_hosted_mail_domains
            .iter()
            .any(|own| own.eq_ignore_ascii_case(domain))
        {
            return Err(AccountRefusal::CodeAddressBehindGate(domain.to_owned()));
        }
        Ok(())
    }

    /// A person as they are when their account is made, with the language they chose, if they did.
    pub(crate) fn new_user(&self, id: UserId, chosen: Option<Locale>) -> User {
        User {
            id,
            subject: Subject::generate(&*self.entropy),
            state: UserState::Active,
            locale: chosen.unwrap_or(self.settings.default_locale),
            locale_chosen: chosen.is_some(),
            zone: self.settings.default_zone.clone(),
            alert: AlertSetting::NewDevice,
            second_step: true,
            created_at: self.now(),
            epochs: UserEpochs::default(),
            cohort_tag: String::new(),
            password_at: None,
            password_epoch: Epoch::default(),
            password_imported: false,
            leaves_at: None,
        }
    }

    /// Everything a new account is in the store, sealed. The addresses are verified: the first is typed at
    /// sign-in, codes go to the second.
    pub(crate) fn account_rows(
        &self,
        user: User,
        password: PasswordRecord,
        (login, code): (&EmailAddress, &EmailAddress),
        claims: &Map<String, Value>,
    ) -> AccountRows {
        let (owner, entropy) = (user.id.to_string(), &*self.entropy);
        let data_key = entropy.bytes::<32>();
        let under = |plain: &[u8]| KeyRing::seal_under(&data_key, &owner, plain, entropy);
        AccountRows {
            data_key: self
                .keyring
                .seal(Purpose::UserData, &owner, &data_key, entropy),
            claims: under(Value::Object(claims.clone()).to_string().as_bytes()),
            login: (
                under(login.to_string().as_bytes()),
                self.address_index(login),
            ),
            code: (under(code.to_string().as_bytes()), self.address_index(code)),
            user,
            password,
        }
    }

    /// An address sealed under the key of its user, and what it is found by.
    pub(crate) async fn sealed_address(
        &self,
        user: UserId,
        address: &EmailAddress,
    ) -> Result<(Sealed, Digest), Failure> {
        let found = self.store.read(move |tx| tx.account(user)).await?;
        let account = found.ok_or(Failure::Corrupt("account"))?;
        let owner = user.to_string();
        let key = self
            .keyring
            .open(Purpose::UserData, &owner, &account.data_key)?;
        let key: [u8; 32] = key
            .try_into()
            .map_err(|_wrong_length| Failure::Corrupt("data key"))?;
        let plain = address.to_string();
        let sealed = KeyRing::seal_under(&key, &owner, plain.as_bytes(), &*self.entropy);
        Ok((sealed, self.address_index(address)))
    }

    /// An address that lies sealed under the key of its user.
    pub(crate) fn opened_address(
        &self,
        account: &Account,
        sealed: &Sealed,
    ) -> Result<EmailAddress, Failure> {
        let owner = account.user.id.to_string();
        let key = self
            .keyring
            .open(Purpose::UserData, &owner, &account.data_key)?;
        let key: [u8; 32] = key
            .try_into()
            .map_err(|_wrong_length| Failure::Corrupt("data key"))?;
        let plain = KeyRing::open_under(&key, &owner, sealed)?;
        let text = String::from_utf8(plain).map_err(|_not_text| Failure::Corrupt("address"))?;
        EmailAddress::parse(&text).map_err(|_refused| Failure::Corrupt("address"))
    }

    /// The key that everything personal of an account lies sealed under.
    pub(crate) fn data_key(&self, account: &Account) -> Result<[u8; 32], Failure> {
        let owner = account.user.id.to_string();
        let key = self
            .keyring
            .open(Purpose::UserData, &owner, &account.data_key)?;
        key.try_into()
            .map_err(|_wrong_length| Failure::Corrupt("data key"))
    }

    /// What an address is looked up by.
    pub(crate) fn address_index(&self, address: &EmailAddress) -> Digest {
        Digest::keyed(
            self.address_key.as_bytes(),
            &[address.canonical().as_bytes()],
        )
    }

    /// Opens the sealed parts of an account.
    pub(crate) fn open_account(&self, account: &Account) -> Result<OpenAccount, Failure> {
        let owner = account.user.id.to_string();
        let key = self
            .keyring
            .open(Purpose::UserData, &owner, &account.data_key)?;
        let key: [u8; 32] = key
            .try_into()
            .map_err(|_wrong_length| Failure::Corrupt("data key"))?;
        let open = |sealed: &Sealed| KeyRing::open_under(&key, &owner, sealed);
        let address = |sealed: &Sealed| -> Result<EmailAddress, Failure> {
            let text = String::from_utf8(open(sealed)?)
                .map_err(|_not_text| Failure::Corrupt("address"))?;
            EmailAddress::parse(&text).map_err(|_refused| Failure::Corrupt("address"))
        };
        let login = account
            .login_address
            .as_ref()
            .ok_or(Failure::Corrupt("login address"))?;
        let login_address = address(&login.sealed)?;
        let code = account
            .code_address
            .as_ref()
            .filter(|code| code.verified_at.is_some());
        let mut claims: Map<String, Value> = serde_json::from_slice(&open(&account.claims)?)
            .map_err(|_unreadable| Failure::Corrupt("claims"))?;
        claims.insert("email".to_owned(), Value::from(login_address.to_string()));
        claims.insert(
            "email_verified".to_owned(),
            Value::from(login.verified_at.is_some()),
        );
        Ok(OpenAccount {
            user: account.user.clone(),
            login_address,
            code_address: code.map(|code| address(&code.sealed)).transpose()?,
            code_refused_at: code.and_then(|code| code.refused_at),
            claims,
            networks: networks(account.networks.as_ref().map(open).transpose()?)?,
            password_changed_at: account.password.as_ref().map(|record| record.changed_at),
        })
    }

    /// The sealed parts of an account, opened; `None` if its address was released (REC-15): nobody can act as it.
    fn opened(&self, account: Option<&Account>) -> Result<Option<OpenAccount>, Failure> {
        account
            .filter(|account| account.login_address.is_some())
            .map(|account| self.open_account(account))
            .transpose()
    }

    /// The account of `user`, opened.
    pub async fn account(&self, user: UserId) -> Result<Option<OpenAccount>, Failure> {
        let found = self.store.read(move |tx| tx.account(user)).await?;
        self.opened(found.as_ref())
    }

    /// The account that signs in with `address`, opened. For the command line.
    pub async fn account_of(&self, address: &EmailAddress) -> Result<Option<OpenAccount>, Failure> {
        let index = self.address_index(address);
        let found = self
            .store
            .read(move |tx| tx.account_by_address(&index))
            .await?;
        self.opened(found.as_ref())
    }

    /// Stops an account or lets it act again; what it had issued is void from this moment (SES-08).
    pub async fn set_account_state(
        &self,
        user: UserId,
        state: UserState,
        origin: &Origin,
    ) -> Result<(), Failure> {
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, origin);
        event.detail = serde_json::json!({ "state": state });
        self.write_account_state(user, state, event).await
    }

    /// The same, with the event that tells of it.
    pub async fn write_account_state(
        &self,
        user: UserId,
        state: UserState,
        mut event: Event,
    ) -> Result<(), Failure> {
        event.user_id = Some(user);
        let now: Timestamp = self.now();
        let letters = self.letters_of_state(user, state).await?;
        self.store
            .write(move |tx| {
                tx.set_user_state(user, state)?;
                if state == UserState::Disabled {
                    tx.void_all(user, now)?;
                }
                letters.iter().try_for_each(|letter| tx.post(letter))?;
                tx.record(&event)
            })
            .await?;
        self.letters_wait.ring();
        self.standings.invalidate_all();
        self.sessions_ended.notify_one();
        Ok(())
    }
}

/// Everything a new account is in the store.
pub(crate) struct AccountRows {
    user: User,
    data_key: Sealed,
    claims: Sealed,
    login: (Sealed, Digest),
    code: (Sealed, Digest),
    password: PasswordRecord,
}

impl AccountRows {
    pub(crate) const fn id(&self) -> UserId {
        self.user.id
    }

    /// `Conflict`, which ends the unit of work, if the address has an account or is reserved (REC-10).
    pub(crate) fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let (id, since) = (self.user.id, Some(now));
        tx.insert_user(&self.user, &self.data_key, &self.claims)?;
        let (login, code) = (&self.login, &self.code);
        if tx.insert_address(id, AddressKind::Login, &login.0, &login.1, since)? == Once::Again {
            return Err(StoreError::Conflict);
        }
        let _first = tx.insert_address(id, AddressKind::Code, &code.0, &code.1, since)?;
        tx.set_password(id, &self.password)
    }
}
