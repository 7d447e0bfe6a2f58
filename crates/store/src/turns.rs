//! Work of several customers, in turns: however much one has, each of the others comes as often.

use model::customer::CustomerId;
use std::collections::{BTreeMap, VecDeque};

/// What is in order for each customer, in turns of the customers: from the one after `after` on, and round.
pub(crate) fn turns_of<T>(
    items: Vec<T>,
    owner: impl Fn(&T) -> &CustomerId,
    after: Option<&CustomerId>,
    limit: usize,
) -> Vec<T> {
    let mut of_each: BTreeMap<(bool, CustomerId), Vec<T>> = BTreeMap::new();
    for item in items {
        let customer = owner(&item).clone();
        of_each.entry((Some(&customer) <= after, customer)).or_default().push(item);
    }
    in_turns(of_each.into_values().collect(), limit)
}

/// One item of each customer, then the next one of each, up to a limit.
pub(crate) fn in_turns<T>(of_each: Vec<Vec<T>>, limit: usize) -> Vec<T> {
    let mut waiting: VecDeque<_> = of_each.into_iter().map(Vec::into_iter).collect();
    let mut taken = Vec::new();
    while taken.len() < limit
        && let Some(mut own) = waiting.pop_front()
    {
        if let Some(item) = own.next() {
            taken.push(item);
            waiting.push_back(own);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::in_turns;

    #[test]
    fn each_has_one_before_anybody_has_two() {
        let of_each = || vec![vec!["a1", "a2", "a3"], vec![], vec!["b1"], vec!["c1", "c2"]];
        assert_eq!(in_turns(of_each(), 9), ["a1", "b1", "c1", "a2", "c2", "a3"]);
        assert_eq!(in_turns(of_each(), 2), ["a1", "b1"]);
        assert_eq!(in_turns(of_each(), 0), [""; 0]);
    }
}
