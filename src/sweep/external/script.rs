//! A Rhai script that is an algorithm.

use super::{
    answer::Answer,
    asked::Answers,
    session_map::{Room, download_map, session_map},
};
use crate::{
    rules::ScriptBounds,
    sweep::decision_lines::{Finished, Setup},
};
use rhai::{AST, CallFnOptions, Dynamic, Engine, FuncArgs, Map, Scope};
use std::{fs, path::Path, sync::Arc};

/// The largest script in bytes.
const LARGEST: u64 = 1024 * 1024;
/// The functions that are called, with their number of parameters.
const CALLED: [(&str, usize); 2] = [("first", 1), ("choose", 2)];

/// A compiled script.
pub(super) struct Script {
    name: String,
    engine: Engine,
    tree: AST,
    has_first: bool,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Script {
    /// Reads a script.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let instead = "write a file in Rhai with a function `choose`";
        let told = |error: std::io::Error| format!("{shown}: {error}; {instead}");
        if fs::metadata(path).map_err(told)?.len() > LARGEST {
            return Err(format!("{shown}: a script has at most 1 MiB"));
        }
        Self::compile(&shown.to_string(), &fs::read_to_string(path).map_err(told)?)
    }

    /// Compiles a script; `name` is that of its file, for errors.
    pub(super) fn compile(name: &str, text: &str) -> Result<Self, String> {
        let engine = ScriptBounds::ALGORITHM.engine();
        let tree = engine.compile(text).map_err(|error| format!("{name}: {error}"))?;
        let has = CALLED.map(|(called, count)| {
            tree.iter_functions().any(|f| f.name == called && f.params.len() == count)
        });
        if !has[1] {
            return Err(format!(
                "{name}: there is no function `choose` with two parameters; write \
                 `fn choose(download, session)`, which returns a rendition"
            ));
        }
        Ok(Self { name: name.to_owned(), engine, tree, has_first: has[0] })
    }

    fn call(&self, name: &str, args: impl FuncArgs) -> Result<Dynamic, String> {
        let options = CallFnOptions::new().eval_ast(false);
        let mut scope = Scope::new();
        self.engine
            .call_fn_with_options(options, &mut scope, &self.tree, name, args)
            .map_err(|error| format!("{}: {name}: {error}", self.name))
    }
}

/// A script in one session.
pub(super) struct ScriptSession {
    script: Arc<Script>,
    session: Dynamic,
    room: Room,
}

impl ScriptSession {
    /// A session of what `setup` says.
    pub(super) fn new(script: &Arc<Script>, setup: &Setup) -> Result<Self, String> {
        let session = session_map(setup)?;
        let room = Room::beside(&session);
        Ok(Self { script: Arc::clone(script), session, room })
    }

    /// The answer that a function returned.
    fn read(&self, name: &str, returned: &Dynamic) -> Result<Answer, String> {
        let file = &self.script.name;
        self.room.holds(&self.session).map_err(|problem| format!("{file}: {name}: {problem}"))?;
        answer(returned).ok_or_else(|| {
            format!(
                "{file}: {name} returned `{returned}`; return a whole number, or a map such as \
                 #{{ rendition: 2, wait_ms: 500 }}"
            )
        })
    }
}

/// The answer that is in a value: a rendition, or a map.
fn answer(returned: &Dynamic) -> Option<Answer> {
    if let Ok(rendition) = returned.as_int() {
        return Some(Answer { rendition, wait_ms: 0.0, estimate_bps: None });
    }
    let map = returned.read_lock::<Map>()?;
    let number = |key: &str| match map.get(key) {
        None => Some(None),
        Some(value) => {
            value.as_float().or_else(|_| value.as_int().map(|int| int as f64)).ok().map(Some)
        }
    };
    Some(Answer {
        rendition: map.get("rendition")?.as_int().ok()?,
        wait_ms: number("wait_ms")?.unwrap_or(0.0),
        estimate_bps: number("estimate_bps")?,
    })
}

impl Answers for ScriptSession {
    fn first(&mut self) -> Result<Option<Answer>, String> {
        if !self.script.has_first {
            return Ok(None);
        }
        let returned = self.script.call("first", (self.session.clone(),))?;
        self.read("first", &returned).map(Some)
    }

    fn answer(&mut self, finished: &Finished) -> Result<Answer, String> {
        let download = Dynamic::from_map(download_map(finished));
        let returned = self.script.call("choose", (download, self.session.clone()))?;
        self.read("choose", &returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::Presentation;

    fn session(text: &str) -> Result<ScriptSession, String> {
        let presentation = Presentation::constant(4000.0, vec![300.0, 900.0, 2500.0], 9).unwrap();
        let script = Arc::new(Script::compile("x.rhai", text)?);
        ScriptSession::new(&script, &Setup::of(&presentation, false, 7))
    }

    fn finished() -> Finished {
        let line = r#"{"rendition":1,"bytes":150000,"ttfb_ms":50,"total_ms":400,"buffer_s":4,"now_ms":400}"#;
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn a_script_sees_the_session_and_the_download() {
        let text = "
            fn first(session) { if session.seed == 7 { 2 } else { 0 } }
            fn choose(download, session) {
                if !session.contains(\"calls\") { session.calls = 0; }
                session.calls += 1;
                let rate = download.bytes * 8.0 / download.total_ms * 1000.0;
                let low = session.sizes[0][0] == 150000.0;
                let fits = session.ladder[2].bandwidth < rate;
                #{ rendition: session.calls, wait_ms: if low && fits { 5 } else { 0 }, estimate_bps: rate }
            }";
        let mut session = session(text).unwrap();
        assert_eq!(session.first().unwrap().unwrap().rendition, 2);
        let answer = session.answer(&finished()).unwrap();
        let expected = Answer { rendition: 1, wait_ms: 5.0, estimate_bps: Some(3e6) };
        assert_eq!(answer, expected);
        assert_eq!(session.answer(&finished()).unwrap().rendition, 2);
    }

    #[test]
    fn bad_scripts_are_named() {
        for (text, problem) in [
            ("fn choose(", "x.rhai: "),
            ("fn chose(download, session) { 0 }", "no function `choose` with two parameters"),
            ("fn choose(d, s) { d.byts }", "x.rhai: choose: "),
            ("fn choose(d, s) { \"2\" }", "choose returned `2`; return a whole number"),
            ("fn choose(d, s) { loop {} }", "Too many operations"),
            ("fn choose(d, s) { sleep(1) }", "a script cannot sleep"),
            ("fn choose(d, s) { s.x = [0]; s.x.pad(30000, 0); 0 }", "the session holds too much"),
            ("fn choose(d, s) { choose(d, s) }", "Stack overflow"),
        ] {
            let found = session(text).and_then(|mut session| session.answer(&finished()));
            let found = found.unwrap_err();
            assert!(found.contains(problem), "{text}: {found}");
        }
    }
}
