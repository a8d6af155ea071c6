use crate::{AlsoSignedIn, Letter, LetterBody, SignIn};

/// Sign-ins that one letter lists; the newest stand in it.
const KEPT: usize = 100;

impl Letter {
    /// One letter in the place of several of one kind to one person (TD-07): `later` are those after it, oldest first.
    /// Its link is that of the newest.
    #[must_use]
    pub fn gathered(mut self, later: Vec<Self>) -> Self {
        for letter in later {
            self.join(letter);
        }
        self
    }

    fn join(&mut self, later: Self) {
        let place = later.place;
        match (&mut self.body, later.body) {
            (LetterBody::SignInAlert(first), LetterBody::SignInAlert(next))
            | (LetterBody::NewDevice(first), LetterBody::NewDevice(next)) => {
                first.join(next, place);
            }
            (
                LetterBody::RecoveryNotice {
                    apps,
                    again,
                    not_me,
                    ..
                },
                LetterBody::RecoveryNotice {
                    apps: others,
                    again: others_again,
                    not_me: newer,
                    ..
                },
            ) => {
                *again = again.saturating_add(others_again).saturating_add(1);
                let new = others.into_iter().filter(|app| !apps.contains(app));
                let new: Vec<String> = new.collect();
                apps.extend(new);
                *not_me = newer.or(not_me.take());
            }
            _ => {}
        }
    }
}

impl SignIn {
    fn join(&mut self, next: Self, place: Option<String>) {
        if self.more.len() >= KEPT {
            self.and_others = true;
            return;
        }
        self.more.push(AlsoSignedIn {
            at: next.at,
            device: next.device,
            ip: next.ip,
            place,
            app: next.app,
        });
        self.failures_before = self.failures_before.max(next.failures_before);
        self.not_me = next.not_me.or(self.not_me.take());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sekisho_model::{Locale, Timestamp};

    use super::*;
    use crate::{Device, Proof, RecoveryNews, Sender};

    const AT: Timestamp = Timestamp::from_seconds(1_795_325_590);

    fn letter(body: LetterBody) -> Letter {
        Letter {
            to: "haruka@example.jp".to_owned(),
            locale: Locale::En,
            zone: "Asia/Tokyo".to_owned(),
            sender: Sender {
                service: "Sekisho".to_owned(),
                host: "id.example".to_owned(),
                code_in_subject: false,
            },
            place: Some("Tokyo, Japan".to_owned()),
            body,
        }
    }

    fn sign_in(minute: u64, failures_before: u32) -> Letter {
        letter(LetterBody::SignInAlert(SignIn {
            at: AT + Duration::from_mins(minute),
            proof: Proof::Password,
            device: Device::Unknown,
            ip: format!("203.0.113.{minute}"),
            app: None,
            name: None,
            failures_before,
            not_me: Some(format!("https://id.example/not-me/{minute}")),
            more: Vec::new(),
            and_others: false,
        }))
    }

    #[test]
    fn td_07_sign_ins_are_joined_in_their_order_under_the_newest_link() {
        let joined = sign_in(0, 0).gathered(vec![sign_in(1, 4), sign_in(2, 0)]);
        let LetterBody::SignInAlert(told) = joined.body else {
            panic!("another kind");
        };
        assert_eq!(told.at, AT);
        let ips: Vec<&str> = told.more.iter().map(|one| &*one.ip).collect();
        assert_eq!(ips, ["203.0.113.1", "203.0.113.2"]);
        assert_eq!(told.more[0].place.as_deref(), Some("Tokyo, Japan"));
        assert_eq!(told.failures_before, 4, "what is worth telling stays");
        assert_eq!(told.not_me.as_deref(), Some("https://id.example/not-me/2"));
        assert!(!told.and_others);
    }

    #[test]
    fn td_07_a_flood_is_one_letter_of_bounded_size_that_says_so() {
        let later = (1..=200).map(|minute| sign_in(minute, 0)).collect();
        let LetterBody::SignInAlert(told) = sign_in(0, 0).gathered(later).body else {
            panic!("another kind");
        };
        assert_eq!((told.more.len(), told.and_others), (KEPT, true));
    }

    #[test]
    fn td_07_notices_are_counted_and_their_apps_listed_once() {
        let notice = |app: &str, link: Option<&str>| {
            letter(LetterBody::RecoveryNotice {
                what: RecoveryNews::AppAllowed,
                at: AT,
                device: Device::Unknown,
                ip: String::new(),
                link: None,
                not_me: link.map(str::to_owned),
                apps: vec![app.to_owned()],
                again: 0,
                taken: Vec::new(),
            })
        };
        let later = vec![notice("b", Some("2")), notice("a", None)];
        let LetterBody::RecoveryNotice {
            apps,
            again,
            not_me,
            ..
        } = notice("a", Some("1")).gathered(later).body
        else {
            panic!("another kind");
        };
        assert_eq!((apps, again), (vec!["a".to_owned(), "b".to_owned()], 2));
        assert_eq!(not_me.as_deref(), Some("2"));
    }

    #[test]
    fn letters_of_other_kinds_are_not_joined() {
        let joined = letter(LetterBody::Test).gathered(vec![sign_in(1, 0)]);
        assert!(matches!(joined.body, LetterBody::Test));
    }
}
