use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::{Digest, Entropy};

macro_rules! secret_types {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)+) => {$(
        $(#[$doc])*
        ///
        /// 256 random bits as base64url. Wiped when dropped; only its [`Digest`] may be stored.
        #[derive(ZeroizeOnDrop)]
        pub struct $name(String);

        impl $name {
            /// Draws a new one.
            pub fn generate(entropy: &dyn Entropy) -> Self {
                let mut bytes = entropy.bytes::<32>();
                let text = format!("{}{}", $prefix, URL_SAFE_NO_PAD.encode(bytes));
                bytes.zeroize();
                Self(text)
            }

            /// Takes what a caller presented; `None` if it cannot be one of ours (1 to 512 visible
            /// ASCII characters).
            pub fn presented(text: &str) -> Option<Self> {
                let plausible = (1..=512).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_graphic());
                plausible.then(|| Self(text.to_owned()))
            }

            /// What is stored and looked up.
            pub fn digest(&self) -> Digest {
                Digest::of(self.0.as_bytes())
            }

            /// The secret itself, for the one answer that hands it over.
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

secret_types! {
    /// An authorization code (RFC 6749 §1.3.1).
    AuthorizationCode "";
    /// A refresh token (RFC 6749 §1.5).
    RefreshToken "";
    /// The value of the session cookie (SES-01).
    SessionToken "";
    /// The value of the cookie that marks a browser as known to an account (THR-03, TD-01).
    BrowserToken "";
    /// The value of the cookie that binds a sign-in to the browser that began it (SES-04).
    PreAuthToken "";
    /// The handle of a pushed authorization request (RFC 9126 §2.2).
    RequestHandle "";
    /// What a reset link carries (REC-01).
    ResetToken "";
    /// What a link carries that undoes the change of an address (REC-07).
    UndoToken "";
    /// What the link "this was not me" carries (TD-08).
    NotMeToken "";
    /// What a link carries that keeps a stronger second step (OTP-26).
    FactorToken "";
    /// What a link carries that keeps a code address that was said to be lost (REC-04).
    KeepAddressToken "";
    /// What an invitation to make an account carries (REC-13).
    InvitationToken "";
    /// A place in the queue before the pages that change passwords.
    QueueTicket "";
    /// A device code (RFC 8628 §3.2).
    DeviceCode "";
    /// The token that manages one dynamic registration (RFC 7592 §1.2).
    RegistrationToken "";
    /// The token that allows a dynamic registration (RFC 7591 §1.2).
    InitialAccessToken "ski_";
    /// A token that an operator's program calls the API with (AD-10).
    OperatorToken "sko_";
    /// A client secret; the prefix lets secret scanners find leaks.
    ClientSecret "sks_";
}

impl RegistrationToken {
    /// The token that follows this one, made with a key of ours: whoever asks again with the former token
    /// is told the same, so no answer that is lost or overtaken costs an app its registration (REG-08).
    #[must_use]
    pub fn successor(&self, key: &Digest) -> Self {
        Self(Digest::keyed(key.as_bytes(), &[self.0.as_bytes()]).to_base64url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    /// `conformance.md` rule 2: the suite's Shannon estimate over the characters must exceed 96 bits.
    fn shannon_bits(text: &str) -> f64 {
        let length = f64::from(u32::try_from(text.len()).unwrap());
        let mut counts = [0_u32; 256];
        text.bytes().for_each(|b| counts[usize::from(b)] += 1);
        let per_character: f64 = counts
            .iter()
            .filter(|n| **n > 0)
            .map(|n| f64::from(*n) / length)
            .map(|p| -p * p.log2())
            .sum();
        per_character * length
    }

    #[test]
    fn az_14_opaque_values_carry_more_than_96_bits_by_the_suite_s_estimate() {
        let entropy = SeededEntropy::new(3);
        for _ in 0..1000 {
            let code = AuthorizationCode::generate(&entropy);
            assert_eq!(code.reveal().len(), 43);
            assert!(shannon_bits(code.reveal()) > 96.0);
        }
    }

    /// RFC 6234 §8.5 test vector 1 fixes the function; a slow hash here would be a lever for floods.
    #[test]
    fn pw_23_secrets_have_256_random_bits_and_are_kept_as_sha_256() {
        let entropy = SeededEntropy::new(5);
        let (one, two) = (
            SessionToken::generate(&entropy),
            SessionToken::generate(&entropy),
        );
        assert_eq!(URL_SAFE_NO_PAD.decode(one.reveal()).unwrap().len(), 32);
        assert_ne!(one.reveal(), two.reveal());
        let abc = RefreshToken::presented("abc").unwrap().digest();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(abc.as_bytes()),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
    }

    #[test]
    fn reg_08_a_management_token_has_one_successor_that_nobody_else_can_make() {
        let entropy = SeededEntropy::new(5);
        let (first, other) = (
            RegistrationToken::generate(&entropy),
            RegistrationToken::generate(&entropy),
        );
        let (key, foreign) = (Digest::of(b"key"), Digest::of(b"another key"));
        let next = first.successor(&key);
        assert_eq!(next.reveal(), first.successor(&key).reveal());
        assert_eq!(next.reveal().len(), first.reveal().len());
        for different in [
            first.successor(&foreign),
            other.successor(&key),
            next.successor(&key),
        ] {
            assert_ne!(next.reveal(), different.reveal());
        }
    }

    #[test]
    fn pw_26_debug_shows_nothing() {
        let secret = ClientSecret::generate(&SeededEntropy::new(1));
        assert_eq!(format!("{secret:?}"), "ClientSecret(…)");
        assert!(secret.reveal().starts_with("sks_"));
    }

    #[test]
    fn what_cannot_be_ours_is_not_taken() {
        for bad in ["", "a b", "é", "a\n", &"x".repeat(513)] {
            assert!(RefreshToken::presented(bad).is_none(), "{bad:?}");
        }
    }
}
