//! Members of a JSON object, read as toxiproxy reads them: names in any case, `null` and unknown members ignored.

use super::error::ApiError;
use serde_json::{Map, Value};

/// The members of an object in a request body, and where it is, for messages: `attributes.` for example.
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    place: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(members: &'a Map<String, Value>, place: &'static str) -> Self {
        Self { members, place }
    }

    /// The member `name`, unless it is missing or `null`.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        let found = self.members.get(name).or_else(|| {
            self.members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v)
        });
        found.filter(|value| !value.is_null())
    }

    /// A member that has none of `names`.
    pub(super) fn other_than(&self, names: &[&str]) -> Option<&'a str> {
        let known = |key: &str| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        self.members.keys().map(String::as_str).find(|key| !known(key))
    }

    pub(super) fn text(&self, name: &str, default: &str) -> Result<String, ApiError> {
        match self.get(name) {
            None => Ok(default.to_owned()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(self.wrong(name, other, "a string")),
        }
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, ApiError> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(name, other, "true or false")),
        }
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> Result<i64, ApiError> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => value
                .as_i64()
                .ok_or_else(|| self.wrong(name, value, "a whole number without a decimal point")),
        }
    }

    pub(super) fn number(&self, name: &str, default: f64) -> Result<f64, ApiError> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| self.wrong(name, value, "a number")),
        }
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(other) => Err(self.wrong(name, other, "an object")),
        }
    }

    fn wrong(&self, name: &str, value: &Value, expected: &str) -> ApiError {
        let place = self.place;
        ApiError::bad_body(format_args!("`{place}{name}` is {value}; write {expected}"))
    }
}

/// The first JSON value in `body`; what follows it is ignored, as toxiproxy does.
pub(super) fn first_value(body: &[u8]) -> Result<Value, ApiError> {
    match serde_json::Deserializer::from_slice(body).into_iter::<Value>().next() {
        None => Err(ApiError::bad_body("EOF")),
        Some(Err(error)) if error.is_eof() => Err(ApiError::bad_body("unexpected EOF")),
        Some(Err(error)) => Err(ApiError::bad_body(error)),
        Some(Ok(value)) => Ok(value),
    }
}

/// The first JSON value in `body`, which must be an object.
pub(super) fn first_object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match first_value(body)? {
        Value::Object(members) => Ok(members),
        Value::Null => Ok(Map::new()),
        _ => Err(ApiError::bad_body("the body is not an object; write `{…}`")),
    }
}
