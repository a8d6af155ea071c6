//! Decisions about incident levels and features.

use sekisho_model::{
    AlertTopic, ClientId, Event, EventKind, Feature, Level, LevelDecision, LevelScope,
    OperatorText, Standing, SwitchDecision, Timestamp,
};

use sekisho_store::{Once, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{Maker, NOW};

contract! {
    inc_01_decisions_about_levels_come_back_as_they_were_made
    inc_05_a_lowering_is_confirmed_once
    inc_06_decisions_about_features_come_back_as_they_were_made
    inc_05_operators_who_decide_at_once_are_numbered_one_after_the_other
    inc_01_one_node_notes_that_a_planned_level_began
    au_10_what_is_written_down_while_operators_are_told_waits_whenever_it_happened
    au_10_nodes_that_look_at_the_same_moment_tell_an_event_once_and_gather_the_next
}

fn decision(scope: LevelScope, level: Level) -> LevelDecision {
    LevelDecision {
        number: 0,
        at: NOW,
        operator: "haruka".to_owned(),
        scope,
        level,
        reason: "stolen backup".to_owned(),
        from: NOW,
        until: None,
        text: OperatorText::default(),
        standing: Standing::InForce,
        confirms: None,
    }
}

async fn inc_01_decisions_about_levels_come_back_as_they_were_made(bed: &Bed) {
    let first = LevelDecision {
        until: Some(Timestamp::from_seconds(2_000_000_000)),
        text: OperatorText {
            ja: "確認しています。".to_owned(),
            en: "We are looking.".to_owned(),
        },
        ..decision(LevelScope::Client(ClientId::new("app")), Level::Sealed)
    };
    let second = LevelDecision {
        standing: Standing::Asked,
        ..decision(LevelScope::Server, Level::Normal)
    };
    bed.store
        .write(move |tx| {
            let before = tx.revisions()?.levels;
            assert_eq!(tx.decide_level(&first)?, 1);
            assert_eq!(tx.decide_level(&second)?, 2);
            assert!(tx.revisions()?.levels > before, "every node hears of it");
            let expected = [
                LevelDecision {
                    number: 1,
                    ..first.clone()
                },
                LevelDecision {
                    number: 2,
                    ..second.clone()
                },
            ];
            assert_eq!(tx.level_decisions()?, expected);
            Ok(())
        })
        .await
        .unwrap();
}

async fn inc_05_a_lowering_is_confirmed_once(bed: &Bed) {
    let confirming = LevelDecision {
        confirms: Some(1),
        ..decision(LevelScope::Server, Level::Normal)
    };
    let again = confirming.clone();
    let asked = LevelDecision {
        standing: Standing::Asked,
        ..decision(LevelScope::Server, Level::Normal)
    };
    bed.store
        .write(move |tx| {
            tx.decide_level(&asked)?;
            tx.decide_level(&confirming)
        })
        .await
        .unwrap();
    let twice = bed.store.write(move |tx| tx.decide_level(&again)).await;
    assert!(twice.is_err());
    let kept = bed
        .store
        .read(|tx: &mut Tx<'_>| tx.level_decisions())
        .await
        .unwrap();
    assert_eq!(kept.len(), 2);
}

async fn inc_06_decisions_about_features_come_back_as_they_were_made(bed: &Bed) {
    let made = |on, until| SwitchDecision {
        number: 0,
        at: NOW,
        operator: "haruka".to_owned(),
        feature: Feature::DeviceFlow,
        on,
        reason: "codes are being guessed".to_owned(),
        until,
    };
    let (off, on) = (made(false, Some(NOW)), made(true, None));
    bed.store
        .write(move |tx| {
            let before = tx.revisions()?.levels;
            assert_eq!(tx.decide_switch(&off)?, 1);
            assert_eq!(tx.decide_switch(&on)?, 2);
            assert!(tx.revisions()?.levels > before, "every node hears of it");
            let expected = [
                SwitchDecision {
                    number: 1,
                    ..off.clone()
                },
                SwitchDecision {
                    number: 2,
                    ..on.clone()
                },
            ];
            assert_eq!(tx.switch_decisions()?, expected);
            Ok(())
        })
        .await
        .unwrap();
}

async fn inc_05_operators_who_decide_at_once_are_numbered_one_after_the_other(bed: &Bed) {
    let deciding = (0..8).map(|_| {
        let store = bed.store.clone();
        tokio::spawn(async move {
            let made = decision(LevelScope::Server, Level::Watch);
            let work = move |tx: &mut Tx<'_>| {
                tx.lock_levels()?;
                let seen = tx.level_decisions()?.len();
                Ok((seen, tx.decide_level(&made)?))
            };
            store.write(work).await.unwrap()
        })
    });
    let mut numbers = Vec::new();
    for task in deciding.collect::<Vec<_>>() {
        let (seen, number) = task.await.unwrap();
        assert_eq!(
            i64::try_from(seen).unwrap() + 1,
            number,
            "saw all before it"
        );
        numbers.push(number);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
}

async fn inc_01_one_node_notes_that_a_planned_level_began(bed: &Bed) {
    let note = || bed.store.write(|tx| tx.note_beginning(7));
    let (one, other) = tokio::join!(note(), note());
    let noted = [one.unwrap(), other.unwrap()];
    assert_eq!(noted.iter().filter(|once| **once == Once::First).count(), 1);
    assert_eq!(note().await.unwrap(), Once::Again);
}

async fn au_10_what_is_written_down_while_operators_are_told_waits_whenever_it_happened(bed: &Bed) {
    let topic = AlertTopic::Feature;
    let seconds = std::time::Duration::from_secs;
    let maker = Maker::new();
    let switched = |at| Event {
        kind: EventKind::FeatureSwitched,
        ..maker.event(None, at)
    };
    let (late, early) = (switched(NOW + seconds(9)), switched(NOW));
    let told = early.clone();
    bed.store
        .write(move |tx| {
            tx.record(&late)?;
            let seen = tx.waiting_alerts(topic, 10)?.unwrap();
            assert_eq!(seen.newest, std::slice::from_ref(&late));
            // An event of an earlier moment is committed by somebody else.
            tx.record(&early)?;
            let (told, at) = ((topic, NOW), NOW + seconds(10));
            assert_eq!(tx.alerts_told(told, &seen.ids, at)?, Once::First);
            assert_eq!(tx.alerts_told(told, &seen.ids, at)?, Once::Again);
            Ok(())
        })
        .await
        .unwrap();
    let left = bed.store.read(move |tx| tx.waiting_alerts(topic, 10));
    assert_eq!(left.await.unwrap().unwrap().newest, [told]);
}

async fn au_10_nodes_that_look_at_the_same_moment_tell_an_event_once_and_gather_the_next(
    bed: &Bed,
) {
    let topic = AlertTopic::Feature;
    let seconds = std::time::Duration::from_secs;
    let maker = Maker::new();
    let switched = |at| Event {
        kind: EventKind::FeatureSwitched,
        ..maker.event(None, at)
    };
    let record = async |event: Event| {
        let work = move |tx: &mut Tx<'_>| tx.record(&event);
        bed.store.write(work).await.unwrap();
    };
    let waiting = async || {
        let read = bed.store.read(move |tx| tx.waiting_alerts(topic, 10));
        read.await.unwrap().unwrap().ids
    };
    let told = |ids: Vec<String>, at| {
        let (store, quiet_since) = (bed.store.clone(), at - seconds(600));
        let work = move |tx: &mut Tx<'_>| tx.alerts_told((topic, quiet_since), &ids, at);
        tokio::spawn(async move { store.write(work).await.unwrap() })
    };
    record(switched(NOW)).await;
    let one = waiting().await;
    record(switched(NOW + seconds(1))).await;
    let both = waiting().await;
    // One saw the first event, the others saw both; whoever is first tells, and the others do not.
    let at = NOW + seconds(2);
    let tellers = [one, both.clone(), both.clone(), both].map(|ids| told(ids, at));
    let mut first = 0;
    for teller in tellers {
        first += usize::from(teller.await.unwrap() == Once::First);
    }
    assert_eq!(first, 1);
    record(switched(NOW + seconds(3))).await;
    let next = waiting().await;
    let soon = told(next.clone(), NOW + seconds(4)).await.unwrap();
    assert_eq!(soon, Once::Again, "it is not quiet yet: it is gathered");
    let later = told(next, NOW + seconds(603)).await.unwrap();
    assert_eq!(later, Once::First);
}
