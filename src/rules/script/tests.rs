use super::{Answer, Program, Script, ScriptError, ScriptFailure, ScriptState};
use crate::{
    media::{Kind, MediaType, Protocol, Resource},
    rules::{Facts, Plan},
    seed::Seed,
    units::{ProcessTime, SessionTime},
};
use http::{HeaderMap, HeaderValue, header};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

fn still() -> Arc<dyn Fn() -> ProcessTime + Send + Sync> {
    Arc::new(|| ProcessTime::ZERO)
}

fn read(text: &str) -> Program {
    Program::new("s.rhai", text, still()).unwrap()
}

fn segment(media: MediaType) -> Resource {
    Resource { media, rung: Some(2), ..Resource::new(Protocol::Hls, Kind::Segment) }
}

/// One request at second `at`, with a seed of its own.
fn ask(
    program: &Program,
    state: &mut ScriptState,
    resource: &Resource,
    at: u64,
) -> Result<Plan, ScriptFailure> {
    let facts = Facts::new(resource, SessionTime::from_secs(at));
    program.decide(state, 7, &facts, Seed::new(1).numbered(at))
}

fn words(plan: &Plan) -> String {
    let effects = plan.effects().into_iter();
    effects.map(|(key, rule, what)| format!("{rule}: {key} {what}")).collect::<Vec<_>>().join("+")
}

/// What a single `on_request` comes to.
fn body(text: &str) -> Result<String, String> {
    let program = read(&format!("fn on_request(request, session) {{ {text} }}"));
    let resource = segment(MediaType::Audio);
    let plan = ask(&program, &mut ScriptState::default(), &resource, 0);
    plan.map(|plan| words(&plan)).map_err(|failure| failure.to_string())
}

#[test]
fn what_is_returned_is_a_then() {
    assert_eq!(body("()").unwrap(), "");
    assert_eq!(body("#{}").unwrap(), "");
    assert_eq!(body("#{ delay: \"2 s\" }").unwrap(), "script: delay 2 s");
    assert_eq!(body("#{ name: \"n\", status: 503 }").unwrap(), "n: status 503");
    let table = "#{ cut: #{ at: \"50 %\", end: \"reset\" }, cors: \"missing\" }";
    assert!(body(table).unwrap().contains("script: cut"));
    assert_eq!(
        body("if request.media == \"audio\" { #{ hang: \"forever\" } }").unwrap(),
        "script: hang forever"
    );
    assert_eq!(body("if request.rung == 3 { #{ status: 404 } }").unwrap(), "");
}

/// Every way to go wrong is told with its place, and nothing befalls the request.
#[test]
fn what_fails_is_told() {
    let wrong = [
        "throw \"on purpose\"",
        "let x = 1; x / 0",
        "request.knid",
        "session.unknown + 1",
        "#{ dealy: \"2 s\" }",
        "#{ status: 99 }",
        "#{ profile: \"cabel\" }",
        "#{ delay: \"2\" }",
        "#{ status: 404, rate: \"1 Mbit/s\" }",
        "42",
        "[1]",
        "#{ delay: Fn(\"on_request\") }",
        "#{ a: #{ b: #{ c: #{ d: #{ e: #{} } } } } }",
        "on_request(request, session)",
        "loop {}",
        "let s = \"x\"; loop { s += s; }",
        "let a = []; loop { a.push(a); }",
        "let a = []; a.pad(1000000000, 0);",
        "let m = #{}; let i = 0; loop { m[`${i}`] = i; i += 1; }",
        "sleep(10)",
        "random(0)",
        "missing(1)",
    ];
    let told = wrong.map(|text| body(text).expect_err(text));
    insta::assert_snapshot!(told.join("\n"));
}

/// What a script stores can't hold itself, and can't grow.
#[test]
fn what_a_session_remembers_is_bounded() {
    let wrong = [
        "session.me = session",
        "session.list = [session]",
        "session.list = []; for n in 0..2000 { session.list.push(n); }",
        "for n in 0..2000 { session[`${n}`] = n; }",
        "session.m = #{}; for n in 0..20 { session.m = #{ m: session.m }; }",
        "let m = #{}; for n in 0..2000 { m = #{ m: m }; } session.m = m",
    ];
    let told = wrong.map(|text| body(text).expect_err(text));
    insta::assert_snapshot!(told.join("\n"));
    let sound = "session.list = []; session.list.push(1); session.n = 1; session.n += 1; \
                 if \"n\" in session && session.n == 2 && session.list[0] == 1 { #{ status: 404 } }";
    assert_eq!(body(sound).unwrap(), "script: status 404");
}

/// What `program` does to an answer, beside what is in `plan` already.
fn answer(program: &Program, plan: Plan, status: u16, length: Option<u64>) -> Result<Plan, String> {
    let mut headers = HeaderMap::new();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.append(header::VARY, HeaderValue::from_static("accept"));
    headers.append(header::ETAG, HeaderValue::from_bytes(b"\xff").unwrap());
    let resource = segment(MediaType::Video);
    let facts = Facts::new(&resource, SessionTime::ZERO);
    let answer = Answer { status, length, headers: &headers };
    let state = &mut ScriptState::default();
    let plan = program.respond(state, 7, plan, &facts, answer, Seed::new(1));
    plan.map_err(|failure| failure.to_string())
}

/// What a single `on_response` comes to.
fn respond(text: &str) -> Result<String, String> {
    let program = read(&format!("fn on_response(request, response, session) {{ {text} }}"));
    assert!(program.responds());
    answer(&program, Plan::default(), 206, Some(1000)).map(|plan| words(&plan))
}

#[test]
fn an_answer_is_seen_as_it_is() {
    let seen = "if response.status == 206 && response.length == 1000 && request.rung == 2
                && response.headers.vary == \"origin, accept\" && !(\"etag\" in response.headers)
                { #{ delay: \"1 s\" } }";
    assert_eq!(respond(seen).unwrap(), "script: delay 1 s");
    let program = read("fn on_response(r, response, s) { throw type_of(response.length) }");
    let unknown = answer(&program, Plan::default(), 200, None).unwrap_err();
    assert!(unknown.ends_with("Runtime error: ()"), "{unknown}");
    assert!(!read("fn on_request(request, session) { () }").responds());
}

/// What rules took stays theirs; what is free is the script's.
#[test]
fn an_answer_keeps_what_was_planned() {
    let first = read("fn on_request(request, session) { #{ name: \"first\", delay: \"1 s\" } }");
    let plan = ask(&first, &mut ScriptState::default(), &segment(MediaType::Video), 0).unwrap();
    let program = read(
        "fn on_response(r, a, s) { #{ delay: \"2 s\", rate: \"1 Mbit/s\", coalesce: \"end\" } }",
    );
    let joined = answer(&program, plan.clone(), 200, None).unwrap();
    let wanted = "first: delay 1 s+script: rate 1 Mbit/s+script: coalesce until the end";
    assert_eq!(words(&joined), wanted);
    let program = read("fn on_response(r, a, s) { #{ status: 503 } }");
    let replaced = answer(&program, joined, 200, None).unwrap();
    assert_eq!(words(&replaced), "first: delay 1 s+script: status 503", "no body is left to harm");
}

/// What would have to come before the answer is refused, and told.
#[test]
fn what_comes_too_late_is_told() {
    let late = [
        "refuse: \"reset\"",
        "hang: \"5 s\"",
        "redirect: #{ host: \"cdn.example\" }",
        "body: \"empty\"",
        "range: \"whole\"",
        "reload: \"full\"",
        "\"keep-errors\": \"5 s\"",
        "manifest: #{ freeze: \"20 s\" }",
    ];
    let told = late.map(|effect| respond(&format!("#{{ {effect} }}")).expect_err(effect));
    insta::assert_snapshot!(told.join("\n"));
    let silent = "#{ hang: #{ at: \"headers\", \"for\": \"5 s\" } }";
    assert!(respond(silent).unwrap().starts_with("script: cut"), "{:?}", respond(silent));
}

#[test]
fn a_slow_step_is_ended_by_the_clock() {
    let ticks = Arc::new(AtomicU64::new(0));
    let now = {
        let ticks = Arc::clone(&ticks);
        Arc::new(move || ProcessTime::from_millis(ticks.fetch_add(30, Ordering::Relaxed)))
    };
    let text = "fn on_request(request, session) { let n = 0; for i in 0..1000 { n += i; } }";
    let program = Program::new("s.rhai", text, now).unwrap();
    let failure =
        ask(&program, &mut ScriptState::default(), &segment(MediaType::Video), 0).unwrap_err();
    assert!(failure.to_string().contains("terminated"), "{failure}");
}

#[test]
fn a_session_remembers_and_chance_replays() {
    let program = read(
        "fn on_session(session) { session.count = 0; }
         fn on_request(request, session) {
             session.count += 1;
             if session.count == 3 { #{ status: 404 } } else { #{ delay: `${random(1000)} ms` } }
         }",
    );
    let resource = segment(MediaType::Video);
    let run = |state: &mut ScriptState| {
        (0..4).map(|at| words(&ask(&program, state, &resource, at).unwrap())).collect::<Vec<_>>()
    };
    let (mut one, mut other) = (ScriptState::default(), ScriptState::default());
    let first = run(&mut one);
    assert_eq!(first, run(&mut other), "each session has its own count; seeds replay");
    assert_eq!(first[2], "script: status 404");
    assert!(first[0] != first[1], "{first:?}");
    assert_ne!(run(&mut one)[2], "script: status 404", "it goes on counting");
}

#[test]
fn bad_scripts_are_refused_with_line_and_column() {
    let wrong = [
        "fn on_request(request, session) {\n  let x = ;\n}",
        "fn on_request(request) { () }",
        "fn on_answer(request, session) { () }",
        "let x = 1;",
        "fn on_request(request, session) { eval(\"1\") }",
        "fn on_request(request, session) { unknown }",
        "import \"os\" as os;",
    ];
    let told = wrong.map(|text| Program::new("s.rhai", text, still()).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"));
}

/// A new version is in force within a second; a bad one changes nothing.
#[test]
fn a_changed_file_is_read_again() {
    let path = std::env::temp_dir().join(format!("vsps-script-{}.rhai", std::process::id()));
    let version =
        |code: &str| format!("fn on_request(request, session) {{ #{{ status: {code} }} }}");
    let write = |text: String| std::fs::write(&path, text).unwrap();
    write(version("404"));
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&seconds);
    let now = Arc::new(move || ProcessTime::from_millis(clock.load(Ordering::Relaxed)));
    let script = Script::load(&path, now).unwrap();
    let resource = segment(MediaType::Video);
    let mut state = ScriptState::default();
    let mut ask = || {
        let facts = Facts::new(&resource, SessionTime::ZERO);
        words(&script.decide(&mut state, 7, &facts, Seed::new(1)).unwrap())
    };
    assert_eq!(ask(), "script: status 404");
    write(version("  503"));
    assert_eq!(ask(), "script: status 404", "looked at once a second");
    seconds.store(1000, Ordering::Relaxed);
    assert_eq!(ask(), "script: status 503");
    write("fn on_request(request, session) {".to_owned());
    seconds.store(2000, Ordering::Relaxed);
    assert_eq!(ask(), "script: status 503");
    write(version("    410"));
    seconds.store(3000, Ordering::Relaxed);
    assert_eq!(ask(), "script: status 410");
    std::fs::remove_file(&path).unwrap();
    seconds.store(4000, Ordering::Relaxed);
    assert_eq!(ask(), "script: status 410");
    let missing = Script::load(&path, still()).unwrap_err();
    assert!(matches!(missing, ScriptError::Unreadable { .. }));
}

fn example(name: &str) -> Program {
    let path = format!("{}/profiles/scripts/{name}.rhai", env!("CARGO_MANIFEST_DIR"));
    read(&std::fs::read_to_string(path).unwrap())
}

/// What befalls one request a second.
fn play(name: &str, requests: &[Resource]) -> Vec<String> {
    let (program, mut state) = (example(name), ScriptState::default());
    let outcome = |(at, resource)| words(&ask(&program, &mut state, resource, at).unwrap());
    (0..).zip(requests).map(outcome).collect()
}

#[test]
fn audio_desync_grows_and_spares_video() {
    let requests: Vec<_> = (0..60)
        .map(|n| segment(if n % 2 == 0 { MediaType::Audio } else { MediaType::Video }))
        .collect();
    let outcomes = play("audio-desync", &requests);
    assert_eq!(outcomes[..4], ["audio desync: delay 200 ms", "", "audio desync: delay 400 ms", ""]);
    assert_eq!(outcomes[58], "audio desync: delay 4 s");
    assert!(outcomes.iter().skip(1).step_by(2).all(String::is_empty));
}

#[test]
fn stuck_playlist_is_stuck_in_each_minute() {
    let list = Resource::new(Protocol::Hls, Kind::MediaPlaylist);
    let outcomes = play("stuck-playlist", &vec![list; 120]);
    let stuck: Vec<_> = (0..120).filter(|at| !outcomes[*at].is_empty()).collect();
    assert_eq!(stuck, (20..40).chain(80..100).collect::<Vec<_>>());
    assert!(outcomes[20].starts_with("stuck playlist: manifest freeze"), "{}", outcomes[20]);
}

#[test]
fn outages_come_in_bursts() {
    let outcomes = play("intermittent-outages", &vec![segment(MediaType::Video); 1000]);
    let hit = outcomes.iter().filter(|outcome| outcome.starts_with("outage: status 503")).count();
    // A burst of 2.5 in the mean after 20 good ones in the mean: about one in nine.
    assert!((60..180).contains(&hit), "{hit}");
}

#[test]
fn a_token_expires_until_the_playlist_is_fetched_again() {
    let mut requests = vec![segment(MediaType::Video); 100];
    requests[0] = Resource::new(Protocol::Hls, Kind::MultivariantPlaylist);
    requests[50] = requests[0].clone();
    let outcomes = play("token-expires", &requests);
    let refused: Vec<_> = (0..100).filter(|at| !outcomes[*at].is_empty()).collect();
    assert_eq!(refused, (31..50).chain(81..100).collect::<Vec<_>>());
    assert_eq!(outcomes[31], "token expired: status 403");
}

#[test]
fn the_second_act_has_a_beginning_and_an_end() {
    let outcomes = play("two-acts", &vec![segment(MediaType::Video); 40]);
    let slow: Vec<_> = (0..40).filter(|n| outcomes[*n].contains("rate 600 kbit/s")).collect();
    let cut: Vec<_> = (0..40).filter(|n| outcomes[*n].contains("cut")).collect();
    assert_eq!((slow, cut), ((10..30).collect(), vec![13, 17, 21, 25, 29]));
}

#[test]
fn large_segments_stall_and_refusals_are_slow() {
    let program = example("large-segments");
    let outcome =
        |status, length| words(&answer(&program, Plan::default(), status, length).unwrap());
    assert_eq!(outcome(200, Some(500_000)), "");
    assert_eq!(outcome(200, None), "");
    assert_eq!(outcome(404, Some(600_000)), "slow refusal: delay 2 s");
    let stall = outcome(200, Some(500_001));
    assert!(stall.starts_with("large segment: stall") && stall.contains("3 s"), "{stall}");
}

/// The bounds hold in time too, however slow the machine: seconds, not hours.
#[test]
fn nothing_runs_for_ever() {
    #[expect(clippy::disallowed_methods, reason = "a bound on real time")]
    let start = Instant::now();
    for text in
        ["loop {}", "let s = \"x\"; loop { let t = s.len(); }", "on_request(request, session)"]
    {
        assert!(body(text).is_err());
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// The errors that a check finds in a script.
fn checked(text: &str) -> Vec<String> {
    let errors = super::check::check("s.rhai", text, still());
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_check_finds_wrong_keys_of_returned_maps() {
    let script = r#"
fn helper(request) { #{ anything: 1 } }
fn on_session(session) { #{ free: 1 } }
fn on_request(request, session) {
    let other = #{ dealy: "2 s" };
    if request.media == "audio" {
        return #{ name: "late",
                  dealy: "2 s" };
    } else if request.rung == 2 {
        return #{ cut: #{ at: "50 %", ending: "reset" } };
    }
    for i in 0..3 {
        if i == 2 { return #{ delay: other.dealy, sttatus: 503 }; }
    }
    switch request.attempt {
        1 => #{ status: 99 },
        _ => #{ delay: random(3) + " s", headers: #{ set: #{ age: request.number } } },
    }
}
fn on_response(request, response, session) { #{ redirect: "/a" } }
"#;
    let errors = checked(script);
    let places: Vec<_> = errors.iter().map(|error| error.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        ["s.rhai:8:19", "s.rhai:10:39", "s.rhai:13:51", "s.rhai:16:17", "s.rhai:20:49"]
    );
    assert!(errors[0].contains("`dealy` is not a key here; did you mean `delay`?"), "{errors:?}");
    assert!(errors[1].contains("cut.ending: `ending` is not a key here"), "{errors:?}");
    assert!(errors[3].contains("`99` is not a status"), "{errors:?}");
    assert!(errors[4].contains("on_response"), "{errors:?}");
}

#[test]
fn a_check_accepts_right_and_computed_maps() {
    let script = r#"
fn on_request(request, session) {
    if session.seed == 1 { throw #{ dealy: 1 }; }
    let plan = #{};
    plan.delay = "1 s";
    if request.rung == 1 { return #{ name: "n", manifest: #{ freeze: "20 s" }, delay: "1 s" }; }
    if request.rung == 2 { return #{ stall: #{ at: ["10 %", "20 %"], for: request.number + " s" } }; }
    if request.rung == 3 { return #{}; }
    plan
}"#;
    // `for` is a word of the language, so it is written as a text.
    let script = script.replace("for: request", "\"for\": request");
    assert_eq!(checked(&script), Vec::<String>::new());
}
