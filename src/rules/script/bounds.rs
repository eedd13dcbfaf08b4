//! What bounds a script while it runs.

use rhai::{Engine, EvalAltResult};

/// The deepest nesting of an expression.
const DEEPEST_EXPRESSION: usize = 48;

/// What bounds the calls of a script, and what it cannot do.
#[derive(Debug, Clone, Copy)]
pub struct ScriptBounds {
    /// The most operations of one call.
    operations: u64,
    /// The deepest nesting of function calls.
    call_levels: usize,
    /// The most bytes of text in a value.
    text: usize,
    /// The most items of an array or a map, those in its items counted, which also limits its depth.
    items: usize,
    /// The error of `sleep`, which would hold up a thread: what to write instead.
    instead_of_sleep: &'static str,
}

impl ScriptBounds {
    /// The bounds of a script that decides about requests: a call takes up to a few milliseconds.
    pub const RULES: Self = Self {
        operations: 50_000,
        call_levels: 16,
        text: 16 * 1024,
        items: 256,
        instead_of_sleep: "a script can't sleep; return #{ delay: \"2 s\" }",
    };
    /// The bounds of a script that is an ABR algorithm. The sizes of all segments are among its arguments, and a call takes up
    /// to some tenths of a second.
    pub const ALGORITHM: Self = Self {
        operations: 2_000_000,
        call_levels: 32,
        text: 64 * 1024,
        items: 100_000,
        instead_of_sleep: "a script cannot sleep; return #{ rendition: 0, wait_ms: 500 }",
    };

    /// The most items of an array or a map.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items
    }

    /// An engine without clock, chance and I/O, whose calls are bounded so. What a script prints is logged: standard
    /// output is for results.
    #[must_use]
    pub fn engine(&self) -> Engine {
        let mut engine = Engine::new();
        engine
            .set_max_operations(self.operations)
            .set_max_call_levels(self.call_levels)
            .set_max_expr_depths(DEEPEST_EXPRESSION, DEEPEST_EXPRESSION)
            .set_max_string_size(self.text)
            .set_max_array_size(self.items)
            .set_max_map_size(self.items)
            .set_strict_variables(true)
            // A typo such as `request.knid` must be an error, not `()`.
            .set_fail_on_invalid_map_property(true)
            .disable_symbol("eval");
        let instead = self.instead_of_sleep;
        let no_sleep = move || Err::<(), Box<EvalAltResult>>(instead.into());
        engine.register_fn("sleep", move |_: i64| no_sleep());
        engine.register_fn("sleep", move |_: f64| no_sleep());
        engine.on_print(|text| tracing::info!("script: {text}"));
        engine.on_debug(|text, _, at| tracing::debug!("script at {at}: {text}"));
        engine
    }
}
