//! What is promised, held against many seeds.

use simulation::{Plan, Report};

/// How many seeds each test run goes through.
const SEEDS: u64 = 200;

#[test]
fn every_side_holds_the_same_whatever_fate_does() {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let share = |first: u64| {
        let mut report = Report::default();
        for seed in (first..=SEEDS).step_by(usize::try_from(threads).unwrap_or(1)) {
            match simulation::run(seed, Plan::default()) {
                Ok(one) => report.add(&one),
                Err(failure) => {
                    panic!("{failure}\nreplay with: cargo xtask simulate --from {} --seeds 1 --loud", failure.seed)
                }
            }
        }
        report
    };
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (1..=threads).map(|first| scope.spawn(move || share(first))).collect();
        for run in runs {
            match run.join() {
                Ok(one) => report.add(&one),
                Err(failure) => std::panic::resume_unwind(failure),
            }
        }
    });
    println!("{report}");
    assert_eq!(report.missing(), Vec::<String>::new(), "every fault and every action must happen");
    let actions: u64 = report.actions.values().sum();
    assert!(actions >= SEEDS * 300, "only {actions} things happened");
    let compared = |what: &str| report.compared.get(what).copied().unwrap_or(0);
    for what in [
        "chats",
        "messages",
        "sends",
        "ordered",
        "replayed",
        "followed",
        "absences",
        "refreshes",
        "facts",
        "searches",
        "found",
        "listed",
        "read marks",
        "sent_files",
        "chats of another company",
    ] {
        assert!(compared(what) > 0, "nothing was compared of: {what}");
    }
    let excluded: u64 = report.excluded.values().sum();
    assert!(excluded < compared("chats"), "more chats were left out ({excluded}) than compared");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let plan = Plan { actions: 60, ..Plan::default() };
    let (one, other) = (simulation::run(7, plan), simulation::run(7, plan));
    let shape = |run: Result<Report, simulation::Failure>| match run {
        Ok(report) => report.to_string(),
        Err(failure) => failure.to_string(),
    };
    assert_eq!(shape(one), shape(other));
}
