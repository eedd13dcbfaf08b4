//! Reads the value that a script returned as a rule's `then`.

use crate::{
    document::{Diagnostics, Document, Either, Scope},
    rules::{misplaced::misplaced_key, plan::Effects, then_entry::ThenEntry, validate::effects},
};
use rhai::{Dynamic, Map};
use serde_json::Value;
use std::sync::Arc;

/// The deepest nesting of tables in an effect.
const DEEPEST: usize = 4;
/// Longer names are cut in logs.
const LONGEST_NAME: usize = 80;

/// The effects, with the rule name from the map's `name`, or else `script`. `None` for `()` and for an
/// empty map.
pub(super) fn decision(
    function: &str,
    returned: Dynamic,
) -> Result<Option<(Arc<str>, Effects)>, String> {
    if returned.is_unit() {
        return Ok(None);
    }
    let found = returned.type_name();
    let hint = || {
        format!("returned a value of type {found}; return () or a map, as in #{{ delay: \"2 s\" }}")
    };
    let mut map = returned.flatten().try_cast::<Map>().ok_or_else(hint)?;
    let name = match map.remove("name") {
        None => Arc::from("script"),
        Some(name) => Arc::from(clip(&name.into_string().map_err(|_| "`name` must be a string")?)),
    };
    if map.is_empty() {
        return Ok(None);
    }
    let then = json(&Dynamic::from(map), 0)?;
    let read = Document::json(function, then)
        .with_key_hint(misplaced_key)
        .read(|then: ThenEntry, scope| {
            if function == "on_response" {
                too_late(&then, scope);
            }
            Some(effects(&then, scope))
        })
        .map_err(|faults: Diagnostics| first(&faults))?;
    Ok(Some((name, read)))
}

/// Records an error for every effect that would have to apply before the response.
pub(super) fn too_late(then: &ThenEntry, scope: &Scope<'_>) {
    let silent = matches!(then.hang, Some(Either::Short(_)));
    let early = [
        ("refuse", then.refuse.is_some()),
        ("hang", silent),
        ("redirect", then.redirect.is_some()),
        ("body", then.body.is_some()),
        ("range", then.range.is_some()),
        ("reload", then.reload.is_some()),
        ("keep-errors", then.keep_errors.is_some()),
        ("manifest", then.manifest.is_some()),
    ];
    for (key, _) in early.iter().filter(|(_, written)| *written) {
        let hint = match *key {
            "hang" => "write a table, as in #{ at: \"headers\" }, or return it from on_request",
            _ => "return it from on_request",
        };
        scope.at(key).fault(
            "can't be returned by on_response, which runs when the response has arrived",
            hint,
        );
    }
}

/// The first error: a log line has room for one.
fn first(faults: &Diagnostics) -> String {
    let fault = faults.as_slice().first();
    fault.map_or_else(String::new, |fault| {
        let key = if fault.key.is_empty() { String::new() } else { format!("{}: ", fault.key) };
        format!("returned an invalid map: {key}{}; {}", fault.problem, fault.hint)
    })
}

fn clip(name: &str) -> &str {
    let end = (0..=name.len().min(LONGEST_NAME)).rev().find(|end| name.is_char_boundary(*end));
    name.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn json(value: &Dynamic, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err("returned a map with too many levels of nesting".to_owned());
    }
    if let Ok(truth) = value.as_bool() {
        Ok(truth.into())
    } else if let Ok(number) = value.as_int() {
        Ok(number.into())
    } else if let Ok(number) = value.as_float() {
        Ok(number.into())
    } else if let Some(map) = value.read_lock::<Map>() {
        let inner = map.iter().map(|(key, value)| Ok((key.to_string(), json(value, depth + 1)?)));
        Ok(Value::Object(inner.collect::<Result<_, String>>()?))
    } else if let Some(list) = value.read_lock::<rhai::Array>() {
        let inner = list.iter().map(|value| json(value, depth + 1));
        Ok(Value::Array(inner.collect::<Result<_, String>>()?))
    } else if value.is_string() || value.is_char() {
        Ok(value.to_string().into())
    } else {
        Err(format!(
            "returned a map with a value of type {}; write strings, numbers, booleans, maps or arrays",
            value.type_name()
        ))
    }
}
