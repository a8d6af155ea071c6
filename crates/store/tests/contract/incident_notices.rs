//! Notices about incidents: everyone once, whoever tells and however often it is interrupted.

use std::collections::BTreeSet;

use sekisho_model::{
    Cohort, IncidentFacts, IncidentNotice, IncidentTexts, LetterKind, NoticeId, NoticeState,
    SeededEntropy, UserId,
};
use sekisho_store::{LetterRoom, Once, OutboxLetter, Store};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

contract! {
    people_are_told_once_by_however_many_nodes
    who_came_later_or_is_not_meant_is_not_told
    a_stopped_notice_tells_nobody_more
}

fn notice(cohort: Cohort) -> IncidentNotice {
    let facts = || IncidentFacts {
        summary: "s".to_owned(),
        what: "w".to_owned(),
        items: "i".to_owned(),
        cause: "c".to_owned(),
        harm: "h".to_owned(),
        done: "d".to_owned(),
        contact: "k".to_owned(),
        hours: "o".to_owned(),
    };
    IncidentNotice {
        id: NoticeId::new(NOW, &SeededEntropy::new(3)),
        cohort,
        texts: IncidentTexts {
            ja: facts(),
            en: facts(),
        },
        happened_at: NOW,
        made_at: NOW + HOUR,
        state: NoticeState::Sending,
        told_to: None,
        told: 0,
    }
}

async fn tell(store: Store) -> Vec<UserId> {
    let maker = Maker::new();
    let mut told = Vec::new();
    loop {
        let letter = maker.letter(NOW);
        let step = store
            .write(move |tx| {
                let Some(notice) = tx.notice_to_send()? else {
                    return Ok(None);
                };
                let people = tx.people_to_tell(&notice, 3)?;
                let last = people.last().copied();
                let moved = tx.notice_went_on(&notice, last, people.len())?;
                for _ in people.iter().filter(|_| moved == Once::First) {
                    let bulk = OutboxLetter {
                        id: sekisho_model::LetterId::new(NOW, &sekisho_model::OsEntropy::new()),
                        kind: LetterKind::IncidentNotice,
                        ..letter.clone()
                    };
                    tx.post(&bulk)?;
                }
                Ok(Some((people, moved)))
            })
            .await
            .unwrap();
        match step {
            Some((people, Once::First)) => told.extend(people),
            Some((_, Once::Again)) => {}
            None => return told,
        }
    }
}

async fn people_are_told_once_by_however_many_nodes(bed: &Bed) {
    let mut all = BTreeSet::new();
    let maker = Maker::new();
    for _ in 0..20 {
        all.insert(maker.kept_user(&bed.store).await.id);
    }
    let began = notice(Cohort::default());
    let expected = began.clone();
    bed.store
        .write(move |tx| tx.insert_notice(&began))
        .await
        .unwrap();
    let found = bed.store.read(|tx| tx.notices(5)).await.unwrap();
    assert_eq!(found, [expected]);
    let nodes: Vec<_> = (0..4)
        .map(|_| tokio::spawn(tell(bed.store.clone())))
        .collect();
    let mut told = Vec::new();
    for node in nodes {
        told.extend(node.await.unwrap());
    }
    assert_eq!(told.len(), 20);
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), all);
    let (through, waiting, some) = bed
        .store
        .read(|tx| Ok((tx.notices(5)?, tx.bulk_letters(1_000)?, tx.bulk_letters(7)?)))
        .await
        .unwrap();
    assert_eq!((through[0].state, through[0].told), (NoticeState::Done, 20));
    assert_eq!((waiting, some), (20, 7));
    let bulk_goes_last = bed
        .store
        .write(|tx| {
            tx.post(&Maker::new().letter(NOW + HOUR))?;
            tx.claim_letters(NOW + HOUR, HOUR, &LetterRoom::of(1))
        })
        .await
        .unwrap();
    assert_eq!(bulk_goes_last[0].kind, LetterKind::SignInCode);
}

async fn who_came_later_or_is_not_meant_is_not_told(bed: &Bed) {
    let _here = Maker::new().kept_user(&bed.store).await;
    let early = IncidentNotice {
        made_at: NOW - HOUR,
        ..notice(Cohort::default())
    };
    let others = notice(Cohort {
        tag: Some("old-portal".to_owned()),
        ..Cohort::default()
    });
    let told = bed
        .store
        .read(move |tx| {
            Ok((
                tx.people_to_tell(&early, 9)?,
                tx.people_to_tell(&others, 9)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(told, (Vec::new(), Vec::new()));
}

async fn a_stopped_notice_tells_nobody_more(bed: &Bed) {
    let person = Maker::new().kept_user(&bed.store).await.id;
    let notice = notice(Cohort::default());
    bed.store
        .write(move |tx| {
            tx.insert_notice(&notice)?;
            assert_eq!(tx.stop_notice(notice.id)?, Once::First);
            assert_eq!(tx.stop_notice(notice.id)?, Once::Again);
            assert_eq!(tx.notice_to_send()?, None);
            assert_eq!(tx.notice_went_on(&notice, Some(person), 1)?, Once::Again);
            assert_eq!(tx.notices(1)?[0].state, NoticeState::Stopped);
            Ok(())
        })
        .await
        .unwrap();
}
