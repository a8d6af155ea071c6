//! What a thief leaves behind: former values of cookies, sessions, recovery codes, and letters about a password that
//! was right.

use std::time::Duration;

use sekisho_model::{Digest, LetterKind};
use sekisho_store::{Hold, LetterRoom, Once, OutboxLetter, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

const LEASE: Duration = Duration::from_mins(1);
const MINUTE: Duration = Duration::from_mins(1);

contract! {
    td_01_every_former_value_of_a_trusted_browser_leads_to_it_and_no_other_does
    td_01_former_values_go_with_the_browser_and_with_its_trust
    td_01_only_sign_ins_from_that_browser_since_then_are_found
    td_08_recovery_codes_made_since_a_moment_go
    td_07_held_letters_leave_at_their_time_unless_they_are_taken_back
    td_07_beginning_again_in_the_same_browser_puts_nothing_off
    td_07_one_account_is_told_once_an_hour_and_others_as_well
}

async fn td_01_every_former_value_of_a_trusted_browser_leads_to_it_and_no_other_does(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let stranger = maker.kept_user(&bed.store).await.id;
    let first = maker.browser(owner);
    let mut second = first.clone();
    (second.digest, second.last_seen_at) = (maker.digest(), NOW + HOUR);
    let mut third = first.clone();
    (third.digest, third.last_seen_at) = (maker.digest(), NOW + 2 * HOUR);
    let plain = maker.browser(owner);
    let mut renewed = plain.clone();
    (renewed.digest, renewed.trusted_until) = (maker.digest(), None);
    let work = move |tx: &mut Tx<'_>| {
        tx.insert_browser(&first)?;
        tx.insert_browser(&plain)?;
        let old = (&first.digest, &second.digest);
        assert_eq!(tx.rotate_browser(first.id, old.0, &second)?, Once::First);
        assert_eq!(tx.renew_browser(first.id, old.1, &third)?, Once::First);
        // Too late: nothing was replaced, so nothing is a former value of it.
        assert_eq!(tx.renew_browser(first.id, old.0, &second)?, Once::Again);
        let _once = tx.rotate_browser(plain.id, &plain.digest, &renewed)?;
        let (found, since) = tx.browser_formerly_among(owner, &[*old.0])?.unwrap();
        assert_eq!((found.id, found.digest), (first.id, third.digest));
        assert_eq!(since, NOW + HOUR);
        let both = tx
            .browser_formerly_among(owner, &[*old.1, *old.0])?
            .unwrap();
        assert_eq!(both.1, NOW + HOUR, "the one that was replaced first");
        let later = tx.browser_formerly_among(owner, &[*old.1])?.unwrap();
        assert_eq!(later.1, NOW + 2 * HOUR);
        for (user, value) in [
            (owner, third.digest),
            (owner, plain.digest),
            (owner, Digest::of(b"x")),
            (stranger, first.digest),
        ] {
            assert_eq!(tx.browser_formerly_among(user, &[value])?, None);
        }
        assert_eq!(tx.browser_formerly_among(owner, &[])?, None);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn td_01_former_values_go_with_the_browser_and_with_its_trust(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let pairs: Vec<_> = (1..=2)
        .map(|hours| {
            let mut known = maker.browser(owner);
            known.trusted_until = Some(NOW + hours * HOUR);
            let mut next = known.clone();
            next.digest = maker.digest();
            (known, next)
        })
        .collect();
    let (short, long) = (pairs[0].clone(), pairs[1].clone());
    let values = [short.0.digest, long.0.digest];
    let work = move |tx: &mut Tx<'_>| {
        for (known, next) in &pairs {
            tx.insert_browser(known)?;
            let _once = tx.renew_browser(known.id, &known.digest, next)?;
        }
        Ok(())
    };
    bed.store.write(work).await.unwrap();
    let gone = bed.store.keep_house(NOW + HOUR + MINUTE).await.unwrap();
    assert_eq!(gone, 1);
    let work = move |tx: &mut Tx<'_>| {
        assert_eq!(tx.browser_formerly_among(owner, &values[..1])?, None);
        assert!(tx.browser_formerly_among(owner, &values[1..])?.is_some());
        assert_eq!(tx.forget_browser(owner, long.0.id)?, Once::First);
        assert_eq!(tx.browser_formerly_among(owner, &values)?, None);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn td_01_only_sign_ins_from_that_browser_since_then_are_found(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let stranger = maker.kept_user(&bed.store).await.id;
    let browser = maker.browser(owner).id;
    let mut sessions: Vec<_> = (0..4).map(|_| maker.session(owner)).collect();
    sessions.push(maker.session(stranger));
    for session in &mut sessions {
        session.browser_id = browser;
        session.auth_time = NOW + HOUR;
    }
    sessions[0].auth_time = NOW;
    sessions[1].browser_id = maker.browser(owner).id;
    let ended = sessions[3].id;
    let mut expected = vec![sessions[2].id, ended];
    expected.sort();
    let first = (sessions[0].id, sessions[0].browser_id);
    let work = move |tx: &mut Tx<'_>| {
        sessions
            .iter()
            .try_for_each(|session| tx.insert_session(session))?;
        let _once = tx.end_session(ended, NOW)?;
        let mut found = tx.sessions_from_browser(owner, browser, NOW + HOUR)?;
        found.sort();
        assert_eq!(found, expected);
        assert_eq!(tx.session_origin(owner, first.0)?, Some((NOW, first.1)));
        assert_eq!(tx.session_origin(stranger, first.0)?, None);
        assert!(tx.session_origin(owner, ended)?.is_some());
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn td_08_recovery_codes_made_since_a_moment_go(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let codes = [maker.digest(), maker.digest()];
    let work = move |tx: &mut Tx<'_>| {
        tx.replace_recovery_codes(owner, &codes, NOW)?;
        assert_eq!(tx.void_recovery_codes(owner, Some(NOW + MINUTE))?, 0);
        assert_eq!(tx.void_recovery_codes(owner, Some(NOW))?, 2);
        assert_eq!(tx.recovery_figures(owner)?.left, 0);
        tx.replace_recovery_codes(owner, &codes, NOW)?;
        assert_eq!(tx.void_recovery_codes(owner, None)?, 2);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

fn letter(maker: &Maker, at: sekisho_model::Timestamp) -> OutboxLetter {
    OutboxLetter {
        kind: LetterKind::PasswordKnown,
        not_after: None,
        next_attempt_at: at + 15 * MINUTE,
        ..maker.letter(at)
    }
}

/// How many leave now.
fn leave(
    tx: &mut Tx<'_>,
    now: sekisho_model::Timestamp,
) -> Result<usize, sekisho_store::StoreError> {
    let claimed = tx.claim_letters(now, LEASE, &LetterRoom::of(20))?;
    for letter in &claimed {
        tx.letter_sent(letter.id, now)?;
    }
    Ok(claimed.len())
}

async fn td_07_held_letters_leave_at_their_time_unless_they_are_taken_back(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let stranger = maker.kept_user(&bed.store).await.id;
    let hold = |user| Hold {
        user,
        key: Digest::of(b"cookie"),
    };
    let sets: Vec<_> = (0..3)
        .map(|_| [letter(&maker, NOW), letter(&maker, NOW)])
        .collect();
    let work = move |tx: &mut Tx<'_>| {
        tx.hold_letters(&hold(owner), None, &sets[0])?;
        assert_eq!(tx.queue_figures(NOW)?.waiting, 0, "they do not wait");
        assert_eq!(leave(tx, NOW + 14 * MINUTE)?, 0);
        // The same browser, somebody else's account.
        assert_eq!(tx.drop_held(&hold(stranger))?, 0);
        assert_eq!(tx.drop_held(&hold(owner))?, 2);
        assert_eq!(leave(tx, NOW + 15 * MINUTE)?, 0);
        tx.hold_letters(&hold(owner), None, &sets[1])?;
        assert_eq!(tx.queue_figures(NOW + 15 * MINUTE)?.waiting, 2);
        assert_eq!(leave(tx, NOW + 15 * MINUTE)?, 2);
        assert_eq!(tx.drop_held(&hold(owner))?, 0, "they are gone");
        tx.hold_letters(&hold(stranger), None, &sets[2])?;
        assert_eq!(tx.release_held(&hold(stranger), NOW + MINUTE)?, 2);
        assert_eq!(leave(tx, NOW + MINUTE)?, 2);
        assert!(tx.list_letters(9)?.is_empty());
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn td_07_beginning_again_in_the_same_browser_puts_nothing_off(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let hold = move |key: &[u8]| Hold {
        user: owner,
        key: Digest::of(key),
    };
    let (first, second) = ([letter(&maker, NOW)], [letter(&maker, NOW + 10 * MINUTE)]);
    let (third, ids) = ([letter(&maker, NOW + HOUR)], first[0].id);
    let work = move |tx: &mut Tx<'_>| {
        tx.hold_letters(&hold(b"1"), Some(&Digest::of(b"0")), &first)?;
        tx.hold_letters(&hold(b"2"), Some(&Digest::of(b"1")), &second)?;
        let waiting = tx.list_letters(9)?;
        assert_eq!(waiting.len(), 1);
        assert_eq!(
            (waiting[0].id, waiting[0].next_attempt_at),
            (ids, NOW + 15 * MINUTE)
        );
        assert_eq!(tx.drop_held(&hold(b"1"))?, 0);
        assert_eq!(tx.drop_held(&hold(b"2"))?, 1, "whatever it began as");
        // What has left is not held any more.
        tx.hold_letters(&hold(b"2"), Some(&Digest::of(b"2")), &third)?;
        assert_eq!(leave(tx, NOW + 2 * HOUR)?, 1);
        tx.hold_letters(
            &hold(b"3"),
            Some(&Digest::of(b"2")),
            &[letter(&maker, NOW + 3 * HOUR)],
        )?;
        assert_eq!(leave(tx, NOW + 4 * HOUR)?, 1);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn td_07_one_account_is_told_once_an_hour_and_others_as_well(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let stranger = maker.kept_user(&bed.store).await.id;
    let hold = |user, key: &str| Hold {
        user,
        key: Digest::of(key.as_bytes()),
    };
    let work = move |tx: &mut Tx<'_>| {
        // Two sign-ins at the same moment, due together: one says it.
        for key in ["a", "b"] {
            let set = [letter(&maker, NOW), letter(&maker, NOW)];
            tx.hold_letters(&hold(owner, key), None, &set)?;
        }
        tx.hold_letters(&hold(stranger, "a"), None, &[letter(&maker, NOW)])?;
        assert_eq!(leave(tx, NOW + 15 * MINUTE)?, 3);
        let soon = letter(&maker, NOW + 59 * MINUTE);
        tx.hold_letters(&hold(owner, "c"), None, &[soon])?;
        assert_eq!(leave(tx, NOW + 2 * HOUR)?, 0);
        assert_eq!(tx.queue_figures(NOW + 2 * HOUR)?.waiting, 0, "gone");
        // What said nothing stands in nobody's way.
        let later = letter(&maker, NOW + HOUR);
        tx.hold_letters(&hold(owner, "d"), None, &[later])?;
        assert_eq!(leave(tx, NOW + 2 * HOUR)?, 1);
        // One that could not be handed over is tried again.
        let next = letter(&maker, NOW + 3 * HOUR);
        tx.hold_letters(&hold(owner, "e"), None, &[next])?;
        for minutes in [15, 20] {
            let now = NOW + 3 * HOUR + minutes * MINUTE;
            let claimed = tx.claim_letters(now, LEASE, &LetterRoom::of(20))?;
            assert_eq!(claimed.len(), 1);
            tx.letter_failed(claimed[0].id, now, "busy")?;
        }
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}
