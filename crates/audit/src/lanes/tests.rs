use sekisho_model::{LetterId, LetterKind, Sealed, SeededEntropy};
use sekisho_store::LetterState;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_325_590);

fn lanes(rates: &[&str]) -> Lanes {
    Lanes::new(rates.iter().map(|rate| rate.parse().unwrap()))
}

fn letters(lane: &str, number: usize) -> Vec<OutboxLetter> {
    let letter = OutboxLetter {
        id: LetterId::new(NOW, &SeededEntropy::new(1)),
        kind: LetterKind::ResetLink,
        sealed: Sealed::from_bytes(Vec::new()),
        created_at: NOW,
        not_after: None,
        attempts: 1,
        next_attempt_at: NOW,
        state: LetterState::Waiting,
        last_error: None,
        lane: lane.to_owned(),
    };
    vec![letter; number]
}

#[test]
fn a_lane_is_the_domain_that_has_a_rate() {
    let lanes = lanes(&["ISP.example 3000", "日本.example 5"]);
    let lane = |address: &str| lanes.of(&EmailAddress::parse(address).unwrap());
    assert_eq!(lane("taro@isp.example"), "isp.example");
    assert_eq!(lane("taro@ISP.Example"), "isp.example");
    assert_eq!(lane("taro@日本.example"), "xn--wgv71a.example");
    assert_eq!(lane("taro@sub.isp.example"), "");
    assert_eq!(lane("taro@other.example"), "");
}

#[test]
fn what_is_no_rate_is_refused() {
    for text in [
        "",
        "isp.example",
        "isp.example 0",
        "isp.example -1",
        "3000",
        " 3000",
        "a b c",
        "isp.example 9999999",
    ] {
        assert_eq!(text.parse::<DomainRate>(), Err(NoDomainRate), "{text}");
    }
}

#[test]
fn a_minute_holds_as_many_letters_as_the_rate_says_and_one_second_more() {
    let mut pace = Pace::new(&lanes(&["isp.example 600"]));
    let mut sent = 0;
    for tenth in 0..600 {
        let now = NOW + Duration::from_millis(100 * tenth);
        let room = pace.room(50, now).lanes["isp.example"].min(50);
        pace.count(&letters("isp.example", usize::try_from(room).unwrap()), now);
        sent += room;
    }
    assert_eq!(sent, 609);
}

#[test]
fn a_slow_lane_says_when_it_has_room_again() {
    let mut pace = Pace::new(&lanes(&["isp.example 6"]));
    assert_eq!(pace.next_room(NOW), None);
    assert_eq!(pace.room(10, NOW).lanes["isp.example"], 1);
    pace.count(&letters("isp.example", 1), NOW);
    assert_eq!(pace.room(10, NOW).lanes["isp.example"], 0);
    assert_eq!(pace.next_room(NOW), Some(Duration::from_secs(10)));
    let later = NOW + Duration::from_secs(10);
    assert_eq!(pace.room(10, later).lanes["isp.example"], 1);
    assert_eq!(pace.next_room(later), None);
}

#[test]
fn other_lanes_are_not_bound() {
    let mut pace = Pace::new(&lanes(&["isp.example 1"]));
    pace.count(&letters("", 1_000), NOW);
    let room = pace.room(10, NOW);
    assert_eq!((room.total, room.lanes.get("")), (10, None));
}
