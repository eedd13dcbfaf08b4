//! A script that was read: its functions, called for a request.

use super::{
    answer::Answer,
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
const CALLED: [(&str, usize); 4] =
    [("on_session", 1), ("on_request", 2), ("on_manifest", 2), ("on_response", 3)];

/// A script that was read and can run.
pub struct Program {
    engine: Engine,
    tree: AST,
    /// Which of [`CALLED`] it has.
    has: [bool; 4],
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
        let mut plan = Plan::default();
        let [_, on_request, on_manifest, _] = self.has;
        let session = self.session(state, session_seed, seed)?;
        let on_manifest = on_manifest && facts.resource.kind.is_manifest();
        let wanted = [("on_request", on_request), ("on_manifest", on_manifest)];
        for (name, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
            let returned = self.call(name, (request(facts), session.clone()), seed)?;
            fill(&mut plan, name, returned, seed)?;
        }
        Ok(plan)
    }

    /// Whether it wants to see answers.
    #[must_use]
    pub const fn responds(&self) -> bool {
        let [.., on_response] = self.has;
        on_response
    }

    /// What the script does to an answer before its body is sent, beside what is in `plan` already;
    /// the rest as in [`decide`](Self::decide).
    ///
    /// # Errors
    /// When it fails: then it does nothing more to this request.
    pub fn respond(
        &self,
        state: &mut ScriptState,
        session_seed: u64,
        mut plan: Plan,
        facts: &Facts<'_>,
        answer: Answer<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        let (seed, name) = (seed.named("script"), "on_response");
        let session = self.session(state, session_seed, seed)?;
        let returned = self.call(name, (request(facts), answer.map(), session), seed)?;
        fill(&mut plan, name, returned, seed)?;
        plan.settle();
        Ok(plan)
    }

    /// What the script remembers of the session, which it is told of if it is new.
    fn session(
        &self,
        state: &mut ScriptState,
        session_seed: u64,
        seed: Seed,
    ) -> Result<Dynamic, ScriptFailure> {
        let is_new = state.is_new();
        let session = state.memory(session_seed);
        let [on_session, ..] = self.has;
        if on_session && is_new {
            let _ = self.call("on_session", (session.clone(),), seed)?;
        }
        Ok(session)
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

/// Fills what is free in `plan` with what the function `name` returned.
fn fill(
    plan: &mut Plan,
    name: &'static str,
    returned: Dynamic,
    seed: Seed,
) -> Result<(), ScriptFailure> {
    let decided = decision(name, returned);
    let decided = decided.map_err(|problem| ScriptFailure::new(name, problem))?;
    if let Some((rule, effects)) = decided {
        let mut chance = seed.named("delay").named(name).stream();
        effects.fill(plan, &rule, &mut || chance.random::<f64>());
    }
    Ok(())
}

fn hint() -> &'static str {
    "write `fn on_session(session)`, `fn on_request(request, session)`, \
     `fn on_manifest(request, session)` or `fn on_response(request, response, session)`"
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("has", &self.has).finish_non_exhaustive()
    }
}
