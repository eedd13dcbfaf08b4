//! The relaxed JSON in the URLs of chaos-stream-proxy and livesim2:
//! `[{i:*,ms:500},{i:3,br:[800000,1600000]}]`.

/// The most items in one list.
const MOST_ITEMS: usize = 64;
/// The most values in one field.
const MOST_VALUES: usize = 64;

/// An object of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Item {
    /// As it was written, for messages.
    pub(super) text: String,
    /// Fields in order, each with its values: one, or several for a list.
    pub(super) fields: Vec<(String, Vec<String>)>,
}

impl Item {
    /// The values of a field.
    pub(super) fn values(&self, name: &str) -> Option<&[String]> {
        let found = self.fields.iter().find(|(key, _)| key == name);
        found.map(|(_, values)| values.as_slice())
    }

    /// The only value of a field.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, String> {
        match self.values(name) {
            None => Ok(None),
            Some([one]) => Ok(Some(one)),
            Some(_) => Err(self.fault(&format!("`{name}` takes one value"))),
        }
    }

    /// A whole number from `low` to `high`.
    pub(super) fn number(&self, name: &str, low: u64, high: u64) -> Result<Option<u64>, String> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (low..=high).contains(number));
        let wrong =
            || self.fault(&format!("write `{name}` as a whole number from {low} to {high}"));
        number.ok_or_else(wrong).map(Some)
    }

    /// Rejects fields that are not in `known`, and duplicates.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), String> {
        for (place, (key, _)) in self.fields.iter().enumerate() {
            if !known.contains(&key.as_str()) {
                let known = known.join("`, `");
                return Err(
                    self.fault(&format!("`{key}` is not a field; the fields are `{known}`"))
                );
            }
            if self.fields.iter().take(place).any(|(before, _)| before == key) {
                return Err(self.fault(&format!("`{key}` is set twice")));
            }
        }
        Ok(())
    }

    pub(super) fn fault(&self, problem: &str) -> String {
        format!("in `{}`: {problem}", self.text)
    }
}

/// Reads a list of objects. White space is ignored; keys and words need no quotes.
pub(super) fn items(text: &str) -> Result<Vec<Item>, String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let shape = || format!("`{}` is not a list; write it as in [{{i:*,ms:500}}]", clip(&text));
    let mut rest = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or_else(shape)?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('{').ok_or_else(shape)?;
        let (object, after) = inner.split_once('}').ok_or_else(shape)?;
        items.push(item(object)?);
        if items.len() > MOST_ITEMS {
            return Err(format!("more than {MOST_ITEMS} items; use --rules FILE"));
        }
        rest = match after.strip_prefix(',') {
            Some(next) if !next.is_empty() => next,
            None if after.is_empty() => after,
            _ => return Err(shape()),
        };
    }
    if items.is_empty() {
        return Err("an empty list has no effect; leave it out".to_owned());
    }
    Ok(items)
}

fn item(object: &str) -> Result<Item, String> {
    let mut item = Item { text: format!("{{{}}}", clip(object)), fields: Vec::new() };
    for piece in object.split(',') {
        // A piece without a colon continues the list before it: `br:[1,2]`, `rep:v1,v2`.
        let (key, value) = match piece.split_once(':') {
            Some((key, value)) => (Some(bare(key)), value),
            None => (None, piece),
        };
        let value = bare(value.trim_matches(['[', ']']));
        match (key, item.fields.last_mut()) {
            (Some(key), _) if !key.is_empty() => {
                item.fields.push((key.to_owned(), vec![value.to_owned()]));
            }
            (None, Some((_, values))) if !value.is_empty() && values.len() < MOST_VALUES => {
                values.push(value.to_owned());
            }
            _ => return Err(item.fault("write fields as in {i:*,ms:500}")),
        }
    }
    Ok(item)
}

fn bare(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// Shortens text that is quoted in messages.
fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_and_spaces_mean_nothing() {
        let plain = items("[{i:*,ms:500},{i:3,br:[800000,*]}]").unwrap();
        let strict = items("[ {\"i\": \"*\", 'ms': 500}, {\"i\": 3, \"br\": [800000, \"*\"]} ]");
        let fields = |items: Vec<Item>| items.into_iter().map(|i| i.fields).collect::<Vec<_>>();
        assert_eq!(plain[1].values("br").unwrap(), ["800000", "*"]);
        assert_eq!(fields(plain), fields(strict.unwrap()));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["", "[", "[]", "{i:1}", "[{i:1}", "[{i:1}{i:2}]", "[{i:1},]", "[{}]", "[{1}]"]
        {
            assert!(items(text).is_err(), "{text}");
        }
        assert!(items(&format!("[{}{{i:1}}]", "{i:1},".repeat(64))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,i*\"0-9a ]{0,60}") {
            let _ = items(&text);
        }
    }
}
