//! A compiled script, and the calls of its functions for a request.

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
    units::ProcessTime,
};
use rand::RngExt as _;
use rhai::{AST, CallFnOptions, Dynamic, Engine, FuncArgs, Position, Scope};
use std::{fmt, sync::Arc};

/// The functions that the proxy calls, with their number of parameters.
const CALLED: [(&str, usize); 4] =
    [("on_session", 1), ("on_request", 2), ("on_manifest", 2), ("on_response", 3)];

/// A compiled script.
pub struct Program {
    engine: Engine,
    tree: AST,
    /// Which functions of [`CALLED`] it has.
    has: [bool; 4],
    now: Now,
}

impl Program {
    /// Compiles a script; `file` is the name used in errors. `now` returns the process time.
    ///
    /// # Errors
    /// Wrong syntax, no function that the proxy calls, or such a function with a wrong number of
    /// parameters.
    pub fn new(
        file: &str,
        text: &str,
        now: Arc<dyn Fn() -> ProcessTime + Send + Sync>,
    ) -> Result<Self, ScriptError> {
        let engine = engine(Arc::clone(&now));
        let tree = engine.compile(text).map_err(|error| ScriptError::syntax(file, &error))?;
        let functions: Vec<_> = tree.iter_functions().map(|f| (f.name, f.params.len())).collect();
        for (name, count) in &functions {
            let known = CALLED.contains(&(*name, *count));
            if name.starts_with("on_") && !known {
                let problem = format!(
                    "{name} with {count} parameters is never called by the proxy; {}",
                    hint()
                );
                return Err(ScriptError::at(file, Position::NONE, problem));
            }
        }
        let has = CALLED.map(|called| functions.contains(&called));
        if !has.contains(&true) {
            let problem = format!("the script has no function that the proxy calls; {}", hint());
            return Err(ScriptError::at(file, Position::NONE, problem));
        }
        Ok(Self { engine, tree, has, now })
    }

    /// Calls the script for a request of the session with this `state`, and returns its effects. All
    /// random numbers derive from `seed`, the seed of the request; scripts can read `session_seed`.
    ///
    /// # Errors
    /// If it fails: then it has no effect on this request.
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

    /// Whether it has `on_response`.
    #[must_use]
    pub const fn responds(&self) -> bool {
        let [.., on_response] = self.has;
        on_response
    }

    /// Calls the script for a response before its body is sent, and adds its effects to `plan`. The
    /// other parameters are as in [`decide`](Self::decide).
    ///
    /// # Errors
    /// If it fails: then it has no further effect on this request.
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

    /// The script's map for the session. Calls `on_session` first if the session is new.
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

/// Fills the empty slots of `plan` with the effects that the function `name` returned.
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
