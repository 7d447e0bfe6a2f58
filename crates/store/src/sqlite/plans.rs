//! Looks at how SQLite finds rows, so that no list grows slower with what is stored.

use rusqlite::Connection;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// Tables that stay short, and may be read whole: by customer, or altogether.
const SHORT: [&str; 4] = ["from connections where customer_id", "from api_keys", "from pauses", "last_position"];

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Fails if a statement looks at rows that it does not need, or sorts what it found.
pub(super) fn check(db: &Connection, sql: &str) {
    if !SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned()) {
        return;
    }
    let mut statement = db.prepare(&format!("explain query plan {sql}")).unwrap();
    let steps: Vec<String> = statement.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
    for step in steps {
        // Reading on from an index's end is what a list without a beginning does, up to its limit.
        let reads_on = step.starts_with("SCAN") && !sql.contains("limit");
        let sorts = step.contains("TEMP B-TREE");
        let short = SHORT.iter().any(|short| sql.contains(short));
        assert!(!(reads_on || sorts) || short, "{step}: {sql}");
    }
}
