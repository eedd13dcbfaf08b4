//! TOML in the form that people write: tables in one line.

use toml::Value;

/// `value` in one line.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let pairs: Vec<_> =
                table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Array(list) => {
            let items: Vec<_> = list.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// A table with one key.
pub(super) fn table(key: &str, value: impl Into<Value>) -> toml::Table {
    toml::Table::from_iter([(key.to_owned(), value.into())])
}
