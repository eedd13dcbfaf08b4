//! A script that was read: its functions, called for a request.

use super::{
    decision::decision,
    engine::{Now, bounded, engine, last_position},
    error::{ScriptError, ScriptFailure},
    request::request,
    state::ScriptState,
};
use crate::{
    rules::{facts::Facts, plan::Plan},
    seed::Seed,
};
use rand::RngExt as _;
use rhai::{AST, CallFnOptions, Dynamic, Engine, FuncArgs, Position, Scope};
use std::{fmt, sync::Arc, time::Duration};

/// The functions that are called, and with how many arguments.
const CALLED: [(&str, usize); 3] = [("on_session", 1), ("on_request", 2), ("on_manifest", 2)];

/// A script that was read and can run.
pub struct Program {
    engine: Engine,
    tree: AST,
    /// Which of [`CALLED`] it has.
    has: [bool; 3],
    now: Now,
}

impl Program {
    /// Reads a script; `file` is named in the error. `now` tells the time, from any zero.
    ///
    /// # Errors
    /// Bad syntax; or none of the functions that are called, or one with other parameters.
    pub fn new(
        file: &str,
        text: &str,
        now: Arc<dyn Fn() -> Duration + Send + Sync>,
    ) -> Result<Self, ScriptError> {
        let engine = engine(Arc::clone(&now));
        let tree = engine.compile(text).map_err(|error| ScriptError::syntax(file, &error))?;
        let functions: Vec<_> = tree.iter_functions().map(|f| (f.name, f.params.len())).collect();
        for (name, count) in &functions {
            let known = CALLED.contains(&(*name, *count));
            if name.starts_with("on_") && !known {
                let problem = format!("{name} with {count} parameters is never called; {}", hint());
                return Err(ScriptError::at(file, Position::NONE, problem));
            }
        }
        let has = CALLED.map(|called| functions.contains(&called));
        if !has.contains(&true) {
            let problem = format!("there is nothing to call; {}", hint());
            return Err(ScriptError::at(file, Position::NONE, problem));
        }
        Ok(Self { engine, tree, has, now })
    }

    /// What the script does to a request of the session that `state` belongs to. All chance follows
    /// from `seed`, the request's own; `session_seed` is there for the script to read.
    ///
    /// # Errors
    /// When it fails: then it does nothing to this request.
    pub fn decide(
        &self,
        state: &mut ScriptState,
        session_seed: u64,
        facts: &Facts<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        let seed = seed.named("script");
        let is_new = state.is_new();
        let session = state.memory(session_seed);
        let mut plan = Plan::default();
        let [on_session, on_request, on_manifest] = self.has;
        if on_session && is_new {
            let _ = self.call("on_session", (session.clone(),), seed)?;
        }
        let on_manifest = on_manifest && facts.resource.kind.is_manifest();
        let wanted = [("on_request", on_request), ("on_manifest", on_manifest)];
        for (name, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
            let returned = self.call(name, (request(facts), session.clone()), seed)?;
            let decided = decision(name, returned);
            let decided = decided.map_err(|problem| ScriptFailure::new(name, problem))?;
            if let Some((rule, effects)) = decided {
                let mut chance = seed.named("delay").named(name).stream();
                effects.fill(&mut plan, &rule, &mut || chance.random::<f64>());
            }
        }
        Ok(plan)
    }

    fn call(
        &self,
        name: &'static str,
        args: impl FuncArgs,
        seed: Seed,
    ) -> Result<Dynamic, ScriptFailure> {
        let options = CallFnOptions::new().eval_ast(false);
        let call = || {
            let mut scope = Scope::new();
            self.engine.call_fn_with_options(options, &mut scope, &self.tree, name, args)
        };
        bounded(&self.now, seed.named(name).stream(), call)
            .map_err(|error| ScriptFailure::thrown(name, &error, last_position()))
    }
}

fn hint() -> &'static str {
    "write `fn on_session(session)`, `fn on_request(request, session)` or \
     `fn on_manifest(request, session)`"
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("has", &self.has).finish_non_exhaustive()
    }
}
