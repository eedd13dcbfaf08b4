//! The sandbox that scripts run in, and its limits.

use super::{bounds::ScriptBounds, state::register};
use crate::{seed::Stream, units::ProcessTime};
use rand::RngExt as _;
use rhai::{Dynamic, Engine, EvalAltResult, Position, debugger::DebuggerCommand};
use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::Duration,
};

/// Returns the current process time. Passed in, because this module does not read the clock.
pub(super) type Now = Arc<dyn Fn() -> ProcessTime + Send + Sync>;

/// The longest time of one call, in case its operations are slow.
const LONGEST: Duration = Duration::from_millis(50);
/// The number of operations between two readings of the clock.
const STEPS_PER_LOOK: u64 = 64;
/// The most variables in scope.
const MOST_VARIABLES: usize = 128;

/// The state of the current call on this thread.
struct Call {
    chance: Stream,
    until: ProcessTime,
}

thread_local! {
    static CALL: RefCell<Option<Call>> = const { RefCell::new(None) };
    /// The position of the current call. Rhai does not report it when a limit is exceeded.
    static AT: Cell<Position> = const { Cell::new(Position::NONE) };
}

/// The last position of the last call on this thread.
pub(super) fn last_position() -> Position {
    AT.get()
}

/// Runs `body` with random numbers from `chance`, and with a limit on its time.
pub(super) fn bounded<T>(now: &Now, chance: Stream, body: impl FnOnce() -> T) -> T {
    let call = Call { chance, until: now() + LONGEST };
    CALL.with_borrow_mut(|slot| *slot = Some(call));
    AT.set(Position::NONE);
    let result = body();
    CALL.with_borrow_mut(|slot| *slot = None);
    result
}

/// An engine without I/O, whose scripts run for a limited time.
pub(super) fn engine(now: Now) -> Engine {
    let mut engine = ScriptBounds::RULES.engine();
    engine.set_max_variables(MOST_VARIABLES).set_max_functions(ScriptBounds::RULES.items());
    register(&mut engine);
    engine.register_fn("random", || draw(rand::RngExt::random::<f64>));
    engine.register_fn("random", |below: i64| match below {
        1.. => Ok(draw(|chance| chance.random_range(0..below))),
        _ => Err(Box::<EvalAltResult>::from("random(n) draws from 0 to n - 1; write n from 1")),
    });
    note_places(&mut engine);
    engine.on_progress(move |steps| {
        let late = steps.is_multiple_of(STEPS_PER_LOOK)
            && CALL.with_borrow(|call| call.as_ref().is_some_and(|call| now() > call.until));
        late.then(|| Dynamic::from(format!("took more than {} ms", LONGEST.as_millis())))
    });
    engine
}

/// Records the position of each step.
#[expect(deprecated, reason = "not deprecated, says the library, but liable to change")]
fn note_places(engine: &mut Engine) {
    engine.register_debugger(
        |_, debugger| debugger,
        |_, _, _, _, at| {
            if !at.is_none() {
                AT.set(at);
            }
            Ok(DebuggerCommand::StepInto)
        },
    );
}

fn draw<T: Default>(from: impl FnOnce(&mut Stream) -> T) -> T {
    CALL.with_borrow_mut(|call| {
        call.as_mut().map(|call| from(&mut call.chance)).unwrap_or_default()
    })
}
