//! What is said of the settings of a Slack integration.

use super::*;
use model::connector::Grade;

fn examined(slack: &FakeSlack, settings: &Settings) -> Vec<(Grade, String)> {
    let threshold = threshold(settings, slack);
    run(Slack.examine(&threshold)).into_iter().map(|finding| (finding.grade, finding.says)).collect()
}

fn settings(names: &[&str]) -> Settings {
    Settings { values: names.iter().map(|name| ((*name).to_owned(), Secret(format!("my {name}")))).collect() }
}

const ALL: &[&str] = &["client_id", "client_secret", "signing_secret"];

#[test]
fn credentials_are_shown_with_a_code_that_grants_nothing() {
    for (error, grade, words) in [
        ("invalid_code", Grade::Good, "knows client_id and client_secret"),
        ("bad_client_secret", Grade::Bad, "client_secret is not the one"),
        ("invalid_client_id", Grade::Bad, "no app with this client_id"),
        ("some_new_error", Grade::Good, "answers"),
    ] {
        let slack = FakeSlack::new(move |_| declined(error));
        let found = examined(&slack, &settings(ALL));
        assert!(found[0].0 == Grade::Good && found[0].1.contains("signing_secret is set"), "{found:?}");
        assert!(found[1].0 == grade && found[1].1.contains(words), "{error}: {found:?}");
        assert_eq!(slack.methods(), ["oauth.v2.access"]);
        assert!(found.iter().all(|(_, says)| !says.contains("my ")), "a secret is told: {found:?}");
    }
}

#[test]
fn what_is_missing_and_who_does_not_answer_is_said() {
    let slack = FakeSlack::new(|_| declined("not_authed"));
    let grades: Vec<_> = examined(&slack, &settings(&[])).into_iter().map(|(grade, _)| grade).collect();
    assert_eq!(grades, [Grade::Bad, Grade::Doubtful, Grade::Good]);
    let gone = FakeSlack::raw(|_| Err(HttpError::NotSent("no connection".to_owned())));
    let found = examined(&gone, &settings(ALL));
    assert!(found[1].0 == Grade::Bad && found[1].1.contains("does not answer"), "{found:?}");
}
