//! What every store of shared sessions must do.

use std::time::Duration;
use tokio::time::timeout;
use vsps::sessions::{
    Append, Changed, Logged, NewRecord, Quota, Restored, StateError, StateStore, Stored, Touch,
    Updates, UsedNumbers,
};

const IDLE: Duration = Duration::from_secs(60);
/// Far longer than a store takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn new(record: &str) -> NewRecord<'_> {
    NewRecord { record, idle: IDLE, namespace: None }
}

/// Everything, on an empty store.
pub(crate) async fn holds(store: &dyn StateStore) {
    // A connection to a server on a busy machine may come too late; replicas try again, too.
    let joined = async {
        loop {
            match store.join("fleet", Some("one"), UsedNumbers::default()).await {
                Err(StateError::Unreachable(_)) => {}
                joined => break joined.unwrap(),
            }
        }
    };
    let first = timeout(PATIENCE, joined).await.unwrap();
    let run = first.run;
    assert_eq!(first.key, "one");
    let second = store.join("other", None, UsedNumbers::default()).await.unwrap();
    assert_eq!((&*second.fleet, &*second.key), ("fleet", "one"), "the first one counts");
    let third = store.join("fleet", Some("two,one"), UsedNumbers::default()).await.unwrap();
    assert_eq!((third.key, third.run), ("one,two".to_owned(), run.clone()));
    let more = store.join("fleet", Some("three,four,five"), UsedNumbers::default()).await.unwrap();
    assert_eq!(more.key, "one,two,three,four", "four are kept");
    assert_eq!(store.heartbeat(&run).await.unwrap().run, run);
    assert_ne!(store.heartbeat("another").await.unwrap().run, "another");
    sessions(store, &run).await;
    commands(store, &run).await;
    touches(store, &run).await;
    runs(store, &run).await;
    moves(store, &run).await;
    stays(store, &run).await;
    rules(store, &run).await;
    quotas(store, &run).await;
    ends(store, &run).await;
    restored(store, &run).await;
}

async fn sessions(store: &dyn StateStore, run: &str) {
    let one = store.create(run, new("one")).await.unwrap();
    let two = store.create(run, new("two")).await.unwrap();
    assert_eq!(two.ordinal, one.ordinal + 1);
    assert_eq!(store.create("another", new("x")).await, Err(StateError::Lost));
    let loaded = store.load(run, one.ordinal).await.unwrap().unwrap();
    let expected = Stored { record: "one".into(), created: one.at, ..Stored::default() };
    assert_eq!(loaded, expected);
    assert_eq!(store.load(run, 1_000_000).await, Ok(None));
    let list = store.list().await.unwrap();
    let list: Vec<_> = list.iter().map(|(n, record, _)| (*n, record.as_str())).collect();
    assert_eq!(list, [(one.ordinal, "one"), (two.ordinal, "two")]);
}

/// Commands are added one behind the other, and others are told.
async fn commands(store: &dyn StateStore, run: &str) {
    let mut changes = store.changes();
    let ordinal = store.create(run, new("c")).await.unwrap().ordinal;
    let Append::Done(at) = store.append(run, ordinal, 0, "{\"a b\":1}").await.unwrap() else {
        panic!()
    };
    let first = Logged { at, command: "{\"a b\":1}".into() };
    assert_eq!(store.append(run, ordinal, 0, "y").await, Ok(Append::Behind(vec![first.clone()])));
    assert!(matches!(store.append(run, ordinal, 1, "y").await, Ok(Append::Done(_))));
    assert_eq!(store.load(run, ordinal).await.unwrap().unwrap().commands[0], first);
    let rest = store.updates(run, ordinal, 1).await.unwrap().unwrap().commands;
    assert_eq!(rest.iter().map(|logged| &*logged.command).collect::<Vec<_>>(), ["y"]);
    assert_eq!(store.updates(run, ordinal, 2).await, Ok(Some(Updates::default())));
    // A store that has fewer than are known has gone back.
    assert_eq!(store.updates(run, ordinal, 3).await, Ok(None));
    assert_eq!(store.append(run, ordinal, 3, "z").await, Ok(Append::Missing));
    let told = async {
        loop {
            if let Changed::Session { ordinal: changed, .. } = changes.recv().await.unwrap() {
                assert_eq!(changed, ordinal);
                break;
            }
        }
    };
    timeout(PATIENCE, told).await.unwrap();
    // Of several at the same time, each is added once.
    let tries = (0..8).map(|n| add(store, run, ordinal, n));
    for added in futures(tries).await {
        assert!(added);
    }
    let all = store.updates(run, ordinal, 2).await.unwrap().unwrap().commands;
    let mut texts: Vec<_> = all.into_iter().map(|logged| logged.command).collect();
    texts.sort();
    assert_eq!(texts, (0..8).map(|n| format!("c{n}")).collect::<Vec<_>>());
}

async fn add(store: &dyn StateStore, run: &str, ordinal: u64, number: u32) -> bool {
    let text = format!("c{number}");
    let mut from = 0;
    for _ in 0..64 {
        match store.append(run, ordinal, from, &text).await.unwrap() {
            Append::Done(_) => return true,
            Append::Behind(others) => from += others.len(),
            Append::Missing => return false,
        }
    }
    false
}

/// All of them at the same time.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut waits = false;
        for (one, done) in all.iter_mut().filter(|(_, done)| done.is_none()) {
            match one.as_mut().poll(context) {
                std::task::Poll::Ready(value) => *done = Some(value),
                std::task::Poll::Pending => waits = true,
            }
        }
        if waits { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    all.into_iter().filter_map(|(_, done)| done).collect()
}

async fn touches(store: &dyn StateStore, run: &str) {
    let ordinal = store.create(run, new("t")).await.unwrap().ordinal;
    let touch = |started, usage: Option<&str>| Touch {
        ordinal,
        started,
        hosts: Some("[\"a\"]".into()),
        usage: usage.map(str::to_owned),
        ..Touch::default()
    };
    let gone = Touch { ordinal: 999_999, ..Touch::default() };
    assert_eq!(store.touch(run, "a", &[touch(Some(5), None), gone]).await, Ok(vec![true, false]));
    assert_eq!(store.touch(run, "a", &[touch(Some(9), Some("u"))]).await, Ok(vec![true]));
    let stored = store.load(run, ordinal).await.unwrap().unwrap();
    assert_eq!((stored.started, &*stored.hosts, &*stored.usage), (Some(5), "[\"a\"]", "u"));
}

/// Numbers of sessions hold in one run alone.
async fn runs(store: &dyn StateStore, run: &str) {
    let ordinal = store.create(run, new("r")).await.unwrap().ordinal;
    let touch = Touch { ordinal, usage: Some("u".into()), ..Touch::default() };
    assert_eq!(store.touch("another", "a", &[touch]).await, Ok(vec![false]));
    assert_eq!(store.append("another", ordinal, 0, "x").await, Ok(Append::Missing));
    assert_eq!(store.updates("another", ordinal, 0).await, Ok(None));
    assert_eq!(store.load("another", ordinal).await, Err(StateError::Lost));
    assert_eq!(store.end("another", ordinal).await, Err(StateError::Lost));
    let stored = store.load(run, ordinal).await.unwrap().unwrap();
    assert_eq!((&*stored.usage, stored.commands.len()), ("", 0));
}

/// The replica with the last requests is known, and the others are informed when it is another one.
async fn moves(store: &dyn StateStore, run: &str) {
    let mut changes = store.changes();
    let ordinal = store.create(run, new("m")).await.unwrap().ordinal;
    let claims = Touch { ordinal, claims: true, ..Touch::default() };
    let by = async || store.updates(run, ordinal, 0).await.unwrap().unwrap().by;
    assert_eq!(by().await, "");
    for (name, expected) in [("one", "one"), ("one", "one"), ("two", "two")] {
        assert_eq!(store.touch(run, name, std::slice::from_ref(&claims)).await, Ok(vec![true]));
        assert_eq!(by().await, expected);
    }
    // Without a claim nothing moves, and what a replica has counted before is not newer.
    let [old, new] = ["old", "new"].map(|text| Touch {
        ordinal,
        hosts: Some(text.into()),
        usage: Some(text.into()),
        ..Touch::default()
    });
    for (name, touch) in [("two", new), ("one", old)] {
        assert_eq!(store.touch(run, name, &[touch]).await, Ok(vec![true]));
        let stored = store.load(run, ordinal).await.unwrap().unwrap();
        assert_eq!((&*stored.by, &*stored.hosts, &*stored.usage), ("two", "new", "new"));
    }
    let moved = async {
        loop {
            if let Changed::Session { ordinal: moved, .. } = changes.recv().await.unwrap() {
                break moved;
            }
        }
    };
    assert_eq!(timeout(PATIENCE, moved).await.unwrap(), ordinal);
    let more = timeout(Duration::from_millis(100), changes.recv()).await;
    assert!(more.is_err(), "the first replica of a session is no news: {more:?}");
}

/// How long a session stays is prolonged, and never shortened.
async fn stays(store: &dyn StateStore, run: &str) {
    let short = NewRecord { idle: Duration::from_millis(300), ..new("k") };
    let (kept, other) =
        (store.create(run, short.clone()).await.unwrap(), store.create(run, short).await.unwrap());
    for left in [IDLE, Duration::from_millis(1)] {
        let touch = Touch { ordinal: kept.ordinal, left: Some(left), ..Touch::default() };
        store.touch(run, "a", &[touch]).await.unwrap();
    }
    let uses = Touch { ordinal: other.ordinal, usage: Some("u".into()), ..Touch::default() };
    store.touch(run, "a", &[uses]).await.unwrap();
    let gone = async {
        while store.load(run, other.ordinal).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    assert!(store.load(run, kept.ordinal).await.unwrap().is_some());
}

async fn rules(store: &dyn StateStore, run: &str) {
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(store.rules(run).await, Ok((1, None)));
    assert_eq!(store.rules("another").await, Err(StateError::Lost));
    assert_eq!(store.replace_rules("another", 1, None).await, Err(StateError::Lost));
    // Those of before a loss are written again by each replica: the newest count.
    assert_eq!(store.restore_rules(5, Some("[5]")).await, Ok((5, text("[5]"))));
    assert_eq!(store.restore_rules(4, Some("[4]")).await, Ok((5, text("[5]"))));
    assert_eq!(store.restore_rules(6, None).await, Ok((6, None)));
    assert_eq!(store.replace_rules(run, 6, Some("[]")).await, Ok((7, true)));
    assert_eq!(store.replace_rules(run, 6, Some("[1]")).await, Ok((7, false)));
    assert_eq!(store.rules(run).await, Ok((7, text("[]"))));
    // Once they were replaced, older ones do not come back, whatever their version.
    assert_eq!(store.restore_rules(9, Some("[9]")).await, Ok((7, text("[]"))));
    assert_eq!(store.replace_rules(run, 7, None).await, Ok((8, true)));
    assert_eq!(store.rules(run).await, Ok((8, None)));
}

async fn quotas(store: &dyn StateStore, run: &str) {
    let within = |quota| NewRecord { record: "q", idle: IDLE, namespace: Some(("team", quota)) };
    let two = within(Quota { sessions: Some(2), per_second: None });
    let first = store.create(run, two.clone()).await.unwrap().ordinal;
    store.create(run, two.clone()).await.unwrap();
    let refused = store.create(run, two.clone()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "namespace `team` is at its quota of 2 sessions; end sessions of this namespace, or raise \
         the bound (--namespace-sessions)"
    );
    assert_eq!(store.end(run, first).await, Ok(true));
    store.create(run, two).await.unwrap();
    let none = within(Quota { sessions: None, per_second: Some(0) });
    let refused = store.create(run, none).await.unwrap_err();
    assert!(refused.to_string().contains("0 new sessions a second"), "{refused}");
}

/// A session ends by itself, or when it is told to.
async fn ends(store: &dyn StateStore, run: &str) {
    let ordinal = store.create(run, new("e")).await.unwrap().ordinal;
    store.append(run, ordinal, 0, "x").await.unwrap();
    assert_eq!(store.end(run, ordinal).await, Ok(true));
    assert_eq!(store.end(run, ordinal).await, Ok(false));
    assert_eq!(store.load(run, ordinal).await, Ok(None));
    assert_eq!(store.updates(run, ordinal, 0).await, Ok(None));
    let again = store.restore(ordinal, &Stored::default(), None, IDLE).await;
    assert_eq!(again, Ok(Restored::Ended), "a session that was ended is not written again");
    assert_eq!(store.load(run, ordinal).await, Ok(None));
    assert_eq!(store.append(run, ordinal, 1, "y").await, Ok(Append::Missing));
    let short = NewRecord { idle: Duration::from_millis(50), ..new("s") };
    let ordinal = store.create(run, short).await.unwrap().ordinal;
    let gone = async {
        while store.load(run, ordinal).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
}

async fn restored(store: &dyn StateStore, run: &str) {
    let session = Stored {
        record: "r".into(),
        created: 7,
        started: Some(8),
        hosts: "h".into(),
        usage: "u".into(),
        by: "one".into(),
        commands: vec![Logged { at: 9, command: "{\"x\": [1, 2]}".into() }],
    };
    assert_eq!(store.restore(5000, &session, Some("again"), IDLE).await, Ok(Restored::There));
    assert_eq!(store.load(run, 5000).await, Ok(Some(session.clone())));
    // A copy with fewer commands changes nothing, and one with more replaces it.
    let before = Stored { commands: Vec::new(), ..session.clone() };
    assert_eq!(store.restore(5000, &before, Some("again"), IDLE).await, Ok(Restored::There));
    assert_eq!(store.load(run, 5000).await, Ok(Some(session.clone())));
    let mut after = Stored { by: "two".into(), ..session };
    after.commands.push(Logged { at: 10, command: "y".into() });
    assert_eq!(store.restore(5000, &after, Some("again"), IDLE).await, Ok(Restored::There));
    assert_eq!(store.load(run, 5000).await, Ok(Some(after.clone())));
    // The counters are those of the replica with the last requests, whichever writes the session first.
    let old =
        Stored { by: String::new(), usage: "old".into(), hosts: "old".into(), ..after.clone() };
    assert_eq!(store.restore(5001, &old, None, IDLE).await, Ok(Restored::There));
    let last = Stored { commands: Vec::new(), ..after.clone() };
    assert_eq!(store.restore(5001, &last, None, IDLE).await, Ok(Restored::There));
    assert_eq!(store.load(run, 5001).await, Ok(Some(after.clone())));
    assert_eq!(store.restore(5002, &last, None, IDLE).await, Ok(Restored::There));
    assert_eq!(store.restore(5002, &old, None, IDLE).await, Ok(Restored::There));
    assert_eq!(store.load(run, 5002).await, Ok(Some(after)));
    let other = Stored { created: 8, ..Stored::default() };
    assert_eq!(store.restore(5000, &other, None, IDLE).await, Ok(Restored::Taken));
    let one = Quota { sessions: Some(1), per_second: None };
    let full = NewRecord { namespace: Some(("again", one)), ..new("n") };
    assert!(matches!(store.create(run, full).await, Err(StateError::Quota(..))), "it counts");
    let used = UsedNumbers { ordinal: 9000, position: 70_000 };
    let joined = store.join("fleet", Some("six"), used).await.unwrap();
    assert_eq!(joined.position, 70_000);
    assert!(!joined.key.contains("six"), "sessions were started: {}", joined.key);
    assert_eq!(store.create(run, new("n")).await.unwrap().ordinal, 9001);
}
