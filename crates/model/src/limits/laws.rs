//! The laws of the buckets, as properties.

use super::{bucket::FLOOR_EVERY, *};
use proptest::prelude::*;
use std::collections::BTreeSet;

const TICK: Duration = Duration::from_millis(100);

fn customer(number: usize) -> CustomerId {
    CustomerId::new(format!("customer-{number}")).unwrap()
}

fn quota(method: &str, rule: Rule) -> Quota {
    Quota { method: method.to_owned(), key: "T1".to_owned(), rule, units: 1 }
}

fn ask(rule: Rule, number: usize, purpose: Purpose, begun: u32, now: Timestamp) -> Ask {
    let wanted = vec![Wanted { quota: quota("history", rule), begun }];
    Ask { integration: Integration::from("slack"), customer: Some(customer(number)), purpose, wanted, now }
}

fn granted(buckets: &mut Buckets, ask: &Ask) -> bool {
    buckets.ask(ask) == Permit::Granted
}

fn purposes() -> impl Strategy<Value = Purpose> {
    prop::sample::select(Purpose::ALL.to_vec())
}

fn rules() -> impl Strategy<Value = Rule> {
    (1_u32..40, 1_u64..90).prop_map(|(most, seconds)| Rule::in_seconds(most, seconds))
}

proptest! {
    /// Whoever asks, for whatever, however often and of whatever weight: the rule holds in every span of its
    /// length. A call that weighs more than the rule allows leaves alone.
    #[test]
    fn never_more_than_the_rule_in_any_span(
        rule in rules(),
        heaviest in prop::sample::select(vec![1_u32, 50]),
        asks in prop::collection::vec((0_usize..4, purposes(), 0_u32..3, 0_u64..3_000, any::<u32>()), 1..400),
    ) {
        let (mut buckets, mut now, mut left) = (Buckets::default(), Timestamp::default(), Vec::new());
        for (number, purpose, begun, millis, weight) in asks {
            now = now + Duration::from_millis(millis);
            let (mut asked, units) = (ask(rule, number, purpose, begun, now), weight % heaviest + 1);
            asked.wanted[0].quota.units = units;
            if granted(&mut buckets, &asked) {
                left.push((now, units.min(rule.most)));
            }
        }
        for (place, (first, _)) in left.iter().enumerate() {
            let within: u32 = left[place..].iter().take_while(|(at, _)| *at < *first + rule.per).map(|(_, units)| units).sum();
            prop_assert!(within <= rule.most, "{within} from {first}, by {rule}");
        }
    }

    /// However heavy a call is, whoever asks for long enough has it.
    #[test]
    fn a_heavy_call_leaves_in_the_end(rule in rules(), units in 1_u32..100, lighter in 0_usize..200) {
        let (mut buckets, mut now) = (Buckets::default(), Timestamp::default());
        for _ in 0..lighter {
            granted(&mut buckets, &ask(rule, 1, Purpose::Asked, 0, now));
        }
        let mut heavy = ask(rule, 2, Purpose::Reconciliation, 0, now);
        heavy.wanted[0].quota.units = units;
        for _ in 0..100 {
            match buckets.ask(&Ask { now, ..heavy.clone() }) {
                Permit::Granted => return Ok(()),
                Permit::ComeAgain { at, .. } => now = at.max(now + Duration::from_micros(1)),
            }
        }
        prop_assert!(false, "it never leaves");
    }

    /// However much others do, whoever waits for an answer finds room at once.
    #[test]
    fn a_lower_purpose_leaves_what_is_reserved(
        most in 20_u32..200,
        asks in prop::collection::vec((0_usize..4, 1_usize..4, 0_u64..50), 1..400),
    ) {
        let (rule, mut buckets, mut now) = (Rule::a_minute(most), Buckets::default(), Timestamp::default());
        for (number, purpose, millis) in asks {
            now = now + Duration::from_millis(millis);
            buckets.ask(&ask(rule, number, Purpose::ALL[purpose], 0, now));
        }
        prop_assert!(granted(&mut buckets, &ask(rule, 9, Purpose::Asked, 0, now)));
    }

    /// Customers who always want more of the same get the same, however often each of them asks.
    #[test]
    fn customers_of_equal_purpose_take_turns(
        most in 1_u32..30,
        purpose in purposes(),
        eagerness in prop::collection::vec(1_usize..20, 2..6),
    ) {
        let (rule, mut buckets, mut now) = (Rule::in_seconds(most, 3), Buckets::default(), Timestamp::default());
        let (mut waiting, mut turns) = (BTreeSet::new(), vec![0_i32; eagerness.len()]);
        for _ in 0..300 {
            now = now + TICK;
            for (number, times) in eagerness.iter().enumerate() {
                let mut refused = 0;
                while refused < *times {
                    let counts = waiting.len() == eagerness.len();
                    if granted(&mut buckets, &ask(rule, number, purpose, 0, now)) {
                        turns[number] += i32::from(counts);
                    } else {
                        refused += 1;
                        waiting.insert(number);
                    }
                }
            }
        }
        let (least, most) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
        prop_assert!(*least > 0 && most - least <= 1, "{turns:?}");
    }

    /// Who comes again when told, and alone, is let through.
    #[test]
    fn the_time_that_is_told_holds(rule in rules(), purpose in purposes(), calls in 1_usize..200) {
        let (mut buckets, mut now) = (Buckets::default(), Timestamp::default());
        for _ in 0..calls {
            if let Permit::ComeAgain { at, .. } = buckets.ask(&ask(rule, 1, purpose, 0, now)) {
                prop_assert!(at > now);
                now = at;
                prop_assert!(granted(&mut buckets, &ask(rule, 1, purpose, 0, now)), "told {now} in vain");
            }
        }
    }
}

/// Even while others could use it all, one call in a named number compares what is stored.
#[test]
fn reconciliation_has_a_floor() {
    let (rule, mut buckets, mut now) = (Rule::a_minute(50), Buckets::default(), Timestamp::default());
    let (mut others, mut compared) = (0, 0);
    for _ in 0..6_000 {
        now = now + TICK;
        for number in 0..3 {
            others += u32::from(granted(&mut buckets, &ask(rule, number, Purpose::Asked, 0, now)));
        }
        compared += u32::from(granted(&mut buckets, &ask(rule, 9, Purpose::Reconciliation, 0, now)));
    }
    assert!(compared >= others / (FLOOR_EVERY + 3), "{compared} beside {others}");
    assert!(compared <= others / FLOOR_EVERY + 10, "the floor is no right to more: {compared} beside {others}");
}

#[test]
fn the_more_urgent_goes_first_and_import_only_after_it() {
    let (rule, mut buckets, mut now) = (Rule::a_minute(10), Buckets::default(), Timestamp::default());
    let mut left = [0_u32; 2];
    for _ in 0..3_000 {
        now = now + TICK;
        left[1] += u32::from(granted(&mut buckets, &ask(rule, 1, Purpose::Import, 0, now)));
        for _ in 0..10 {
            left[0] += u32::from(granted(&mut buckets, &ask(rule, 2, Purpose::Asked, 0, now)));
        }
    }
    // An import has what is left over where all of a span comes free at once.
    assert!(left[0] >= 40 && left[1] <= 6, "{left:?}");
}

#[test]
fn a_pause_is_for_its_own_bucket() {
    let (rule, mut buckets, now) = (Rule::a_minute(10), Buckets::default(), Timestamp::default());
    let integration = Integration::from("slack");
    buckets.pause(quota("history", rule).bucket(&integration), now + Duration::from_secs(30));
    let waits = buckets.ask(&ask(rule, 1, Purpose::Asked, 0, now));
    assert!(matches!(waits, Permit::ComeAgain { at, .. } if at == now + Duration::from_secs(30)), "{waits:?}");
    let other = vec![Wanted { quota: quota("replies", rule), begun: 0 }];
    assert!(granted(&mut buckets, &Ask { wanted: other, ..ask(rule, 1, Purpose::Asked, 0, now) }));
    assert!(granted(&mut buckets, &ask(rule, 1, Purpose::Asked, 0, now + Duration::from_secs(30))));
}

#[test]
fn after_a_pause_calls_leave_one_by_one() {
    let (rule, mut buckets, mut now) = (Rule::a_minute(20), Buckets::default(), Timestamp::default());
    let asked = |now| ask(rule, 1, Purpose::Asked, 0, now);
    assert!(granted(&mut buckets, &asked(now)));
    let until = now + Duration::from_secs(10);
    buckets.pause(quota("history", rule).bucket(&Integration::from("slack")), until);
    let mut left = Vec::new();
    while now < until + Duration::from_secs(30) {
        now = now + TICK;
        if granted(&mut buckets, &asked(now)) {
            left.push(now);
        }
    }
    assert_eq!(left.first(), Some(&until));
    assert!(left.windows(2).all(|pair| pair[1].since(pair[0]) >= rule.pace()), "{left:?}");
    assert!(left.len() >= 9, "{left:?}");
}

#[test]
fn a_call_that_counts_twice_leaves_only_if_both_have_room() {
    let (wide, narrow, now) = (Rule::a_minute(5), Rule::in_seconds(1, 10), Timestamp::default());
    let both = |channel: &str| {
        let narrow = Quota { method: "post".to_owned(), key: channel.to_owned(), rule: narrow, units: 1 };
        let wanted = [quota("post", wide), narrow].map(|quota| Wanted { quota, begun: 0 });
        Ask { wanted: wanted.to_vec(), ..ask(wide, 1, Purpose::Asked, 0, now) }
    };
    let mut buckets = Buckets::default();
    assert!(granted(&mut buckets, &both("C1")));
    for _ in 0..9 {
        // What is refused for the channel costs the workspace nothing.
        assert!(matches!(buckets.ask(&both("C1")), Permit::ComeAgain { quota, .. } if quota.key == "C1"));
    }
    let free = (2..9).take_while(|number| granted(&mut buckets, &both(&format!("C{number}")))).count();
    assert_eq!(free, 4);
}

#[test]
fn what_was_begun_passes_those_who_wait_but_not_the_rule() {
    let (rule, mut buckets, now) = (Rule::a_minute(20), Buckets::default(), Timestamp::default());
    let begin = |buckets: &mut Buckets| granted(buckets, &ask(rule, 1, Purpose::Import, 0, now));
    let first = (0..20).take_while(|_| begin(&mut buckets)).count();
    assert_eq!(first, 17, "an import leaves three to others");
    let more =
        (0..20).take_while(|begun| granted(&mut buckets, &ask(rule, 1, Purpose::Import, 1 + begun, now))).count();
    assert_eq!(more, 3);
}

#[test]
fn many_who_come_for_one_customer_are_told_different_times() {
    let (rule, mut buckets, now) = (Rule::a_minute(20), Buckets::default(), Timestamp::default());
    let mut told = Vec::new();
    for _ in 0..30 {
        if let Permit::ComeAgain { at, .. } = buckets.ask(&ask(rule, 1, Purpose::Import, 0, now)) {
            told.push(at);
        }
    }
    assert_eq!(told.len(), 13);
    assert!(told.is_sorted_by(|one, next| *one + rule.pace() == *next), "each has a time of its own: {told:?}");
}

#[test]
fn what_is_at_rest_is_forgotten_and_a_pause_is_not() {
    let (rule, mut buckets, now) = (Rule::a_minute(20), Buckets::default(), Timestamp::default());
    let integration = Integration::from("slack");
    let kept = quota("kept", rule).bucket(&integration);
    buckets.pause(kept.clone(), now + Duration::from_secs(3_600));
    let key = |number: usize| Quota { key: format!("T{number}"), ..quota("history", rule) };
    for number in 0..=super::MANY {
        let later = now + Duration::from_millis(number as u64 * 100);
        let wanted = vec![Wanted { quota: key(number), begun: 0 }];
        assert!(granted(&mut buckets, &Ask { wanted, ..ask(rule, 1, Purpose::Asked, 0, later) }));
    }
    assert!(buckets.bucket(&kept).is_some());
    assert!(buckets.bucket(&key(0).bucket(&integration)).is_none(), "its call no longer counts");
    assert!(buckets.bucket(&key(super::MANY).bucket(&integration)).is_some());
}

#[test]
fn a_platforms_wait_is_read_and_bounded() {
    assert_eq!(asked_pause(Some(" 30 ")), Duration::from_secs(30));
    assert_eq!(asked_pause(Some("999999999")), LONGEST_PAUSE);
    assert_eq!(asked_pause(Some("soon")), PAUSE_UNLESS_TOLD);
    assert_eq!(asked_pause(None), PAUSE_UNLESS_TOLD);
}
