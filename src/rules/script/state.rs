//! The values that a script keeps for one session.

use parking_lot::Mutex;
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};
use std::sync::Arc;

/// The most values of a session, including those in arrays and maps.
const MOST_VALUES: usize = 1024;
/// The deepest nesting of arrays and maps.
const DEEPEST: usize = 8;
/// The most bytes of text.
const LONGEST_TEXT: usize = 16 * 1024;

/// The script's map for one session. It is kept when the script is reloaded.
#[derive(Debug, Default, Clone)]
pub struct ScriptState {
    /// `None` = `on_session` has not been called.
    memory: Option<Memory>,
}

/// The map in the form that scripts use. Writes are kept, and each write is checked for size.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Map>>);

impl ScriptState {
    /// Whether the session is new to the script.
    pub(super) const fn is_new(&self) -> bool {
        self.memory.is_none()
    }

    /// The map; a new one holds the session's `seed`.
    pub(super) fn memory(&mut self, seed: u64) -> Dynamic {
        let fresh = || {
            let seed = Dynamic::from(i64::from_ne_bytes(seed.to_ne_bytes()));
            Memory(Arc::new(Mutex::new(Map::from_iter([("seed".into(), seed)]))))
        };
        Dynamic::from(self.memory.get_or_insert_with(fresh).clone())
    }
}

/// Registers reads and writes of the map with `engine`.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Memory>("session");
    engine.register_indexer_get(|memory: &mut Memory, key: &str| {
        let unset = || format!("session.{key} is not set; set it in on_session");
        memory.0.lock().get(key).cloned().ok_or_else(|| Box::<EvalAltResult>::from(unset()))
    });
    engine.register_indexer_set(|memory: &mut Memory, key: &str, value: Dynamic| {
        memory.set(key, value).map_err(Box::<EvalAltResult>::from)
    });
    engine.register_fn("contains", |memory: &mut Memory, key: &str| {
        memory.0.lock().contains_key(key)
    });
}

impl Memory {
    fn set(&self, key: &str, value: Dynamic) -> Result<(), String> {
        let mut map = self.0.lock();
        let mut room = (MOST_VALUES, LONGEST_TEXT);
        let kept = map.iter().filter(|(other, _)| other.as_str() != key);
        for (key, value) in kept.map(|(key, value)| (key.as_str(), value)).chain([(key, &value)]) {
            measure(key, value, DEEPEST, &mut room)?;
        }
        map.insert(key.into(), value);
        Ok(())
    }
}

/// Subtracts the size of a value from `room`.
fn measure(
    key: &str,
    value: &Dynamic,
    depth: usize,
    room: &mut (usize, usize),
) -> Result<(), String> {
    let text = key.len() + value.as_immutable_string_ref().map_or(0, |text| text.len());
    let left = room.0.checked_sub(1).zip(room.1.checked_sub(text));
    *room = left.ok_or("a session can keep at most 1024 values and 16 KiB of text")?;
    let deeper = || {
        depth.checked_sub(1).ok_or("a session can keep at most 8 levels of nested arrays and maps")
    };
    if let Some(list) = value.read_lock::<Array>() {
        let depth = deeper()?;
        list.iter().try_for_each(|value| measure("", value, depth, room))
    } else if let Some(map) = value.read_lock::<Map>() {
        let depth = deeper()?;
        map.iter().try_for_each(|(key, value)| measure(key, value, depth, room))
    } else if ["()", "bool", "i64", "f64", "char", "string"].contains(&value.type_name()) {
        Ok(())
    } else {
        Err(format!("a session can't keep a value of type {}", value.type_name()))
    }
}
