//! What an incident level stops (decisions: incident levels; INC-02). Pure: one table.

use sekisho_model::Level;

/// What an endpoint is for, as far as incidents go. Every route has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndpointClass {
    /// Status page, health, metrics, style sheets, pages of the dev mode.
    Status,
    /// Discovery, keys and pages that say the same to everybody; in which language.
    PublicFacts,
    /// Introspection, revocation and signing out: they only ever take away.
    Withdrawal,
    /// Claims about a person, for an app that holds a token.
    UserInfo,
    /// Account pages that only show, and what a person is called and reads.
    AccountView,
    /// Requests of apps on behalf of somebody who may be signed in already.
    Authorize,
    /// Tokens for codes, refresh tokens, devices and machines.
    Token,
    /// Signing in: password, code, recovery code.
    SignIn,
    /// The decision about an app or a device.
    Consent,
    /// Passwords, addresses, second steps and whatever else keeps others out of an account; resets.
    Credentials,
    /// Changing or deleting what an app registered.
    ClientChange,
    /// Apps that register themselves.
    ClientRegistration,
    /// People who register themselves.
    PersonRegistration,
}

/// Why an endpoint does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Halt {
    /// This act is paused; signing in works.
    Paused,
    /// Nobody new is let in.
    Closed,
    /// Nothing is issued, or nothing is answered at all.
    Stopped,
}

impl EndpointClass {
    /// Every class.
    pub const ALL: [Self; 13] = [
        Self::Status,
        Self::PublicFacts,
        Self::Withdrawal,
        Self::UserInfo,
        Self::AccountView,
        Self::Authorize,
        Self::Token,
        Self::SignIn,
        Self::Consent,
        Self::Credentials,
        Self::ClientChange,
        Self::ClientRegistration,
        Self::PersonRegistration,
    ];

    /// The lowest level that stops it; `None` for what no level stops.
    pub const fn stopped_from(self) -> Option<Level> {
        match self {
            Self::Status => None,
            Self::PublicFacts | Self::Withdrawal => Some(Level::Sealed),
            Self::UserInfo | Self::AccountView | Self::Authorize | Self::Token => {
                Some(Level::Silent)
            }
            Self::SignIn => Some(Level::Closed),
            Self::Consent | Self::Credentials | Self::ClientChange => Some(Level::Frozen),
            Self::ClientRegistration | Self::PersonRegistration => Some(Level::Watch),
        }
    }

    /// What `level` makes of it.
    pub fn at(self, level: Level) -> Result<(), Halt> {
        match self.stopped_from() {
            Some(from) if level >= from => Err(match level {
                Level::Normal | Level::Watch | Level::Frozen => Halt::Paused,
                Level::Closed => Halt::Closed,
                Level::Silent | Level::Sealed => Halt::Stopped,
            }),
            Some(_) | None => Ok(()),
        }
    }
}

/// What a level asks of sign-ins that go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent measures of one level"
)]
pub struct Tightening {
    /// The code is asked of everyone.
    pub code_for_everyone: bool,
    /// No browser skips the code, and none is offered to.
    pub no_trusted_browsers: bool,
    /// The code page follows every password, right or wrong (`otp.uniform_challenge`).
    pub uniform_code_page: bool,
    /// Strangers get half as many tries.
    pub stricter_limits: bool,
}

/// What `level` asks of sign-ins.
pub(super) fn tightening(level: Level) -> Tightening {
    let tight = level >= Level::Watch;
    Tightening {
        code_for_everyone: tight,
        no_trusted_browsers: tight,
        uniform_code_page: tight,
        stricter_limits: tight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EndpointClass as Class;

    /// The page "Incident levels" of the decisions, sentence by sentence: level x class -> allowed.
    const DECIDED: [(Class, [bool; 6]); 13] = [
        (Class::Status, [true, true, true, true, true, true]),
        (Class::PublicFacts, [true, true, true, true, true, false]),
        (Class::Withdrawal, [true, true, true, true, true, false]),
        (Class::UserInfo, [true, true, true, true, false, false]),
        (Class::AccountView, [true, true, true, true, false, false]),
        (Class::Authorize, [true, true, true, true, false, false]),
        (Class::Token, [true, true, true, true, false, false]),
        (Class::SignIn, [true, true, true, false, false, false]),
        (Class::Consent, [true, true, false, false, false, false]),
        (Class::Credentials, [true, true, false, false, false, false]),
        (
            Class::ClientChange,
            [true, true, false, false, false, false],
        ),
        (
            Class::ClientRegistration,
            [true, false, false, false, false, false],
        ),
        (
            Class::PersonRegistration,
            [true, false, false, false, false, false],
        ),
    ];

    #[test]
    fn inc_02_every_class_at_every_level_is_as_decided() {
        assert_eq!(DECIDED.map(|(class, _)| class), Class::ALL);
        for (class, row) in DECIDED {
            for (level, allowed) in Level::ALL.into_iter().zip(row) {
                assert_eq!(class.at(level).is_ok(), allowed, "{class:?} at {level:?}");
            }
        }
    }

    #[test]
    fn inc_02_a_higher_level_never_opens_what_a_lower_one_stops() {
        for class in Class::ALL {
            let open = Level::ALL.map(|level| class.at(level).is_ok());
            assert!(
                open.is_sorted_by(|lower, higher| lower >= higher),
                "{class:?}"
            );
        }
    }

    #[test]
    fn inc_04_people_are_told_whether_they_can_still_sign_in() {
        let of = |class: Class, level| class.at(level).unwrap_err();
        assert_eq!(of(Class::Credentials, Level::Frozen), Halt::Paused);
        assert_eq!(of(Class::Credentials, Level::Closed), Halt::Closed);
        assert_eq!(of(Class::SignIn, Level::Closed), Halt::Closed);
        assert_eq!(of(Class::Token, Level::Silent), Halt::Stopped);
        assert_eq!(of(Class::PublicFacts, Level::Sealed), Halt::Stopped);
    }

    #[test]
    fn inc_02_sign_ins_are_tightened_from_the_first_level_on() {
        assert_eq!(tightening(Level::Normal), Tightening::default());
        let all = Tightening {
            code_for_everyone: true,
            no_trusted_browsers: true,
            uniform_code_page: true,
            stricter_limits: true,
        };
        for level in Level::ALL.into_iter().skip(1) {
            assert_eq!(tightening(level), all, "{level:?}");
        }
    }
}
