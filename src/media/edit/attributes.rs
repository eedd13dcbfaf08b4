//! Changes to the attribute list of an HLS tag; every byte between the attributes stays.

/// Rewrites the attributes of a tag's line: `change` receives name and value as written, and returns the
/// replacement of the whole attribute (`Some("")` removes it with a comma), or `None` to keep it.
pub(super) fn rewrite(
    line: &str,
    mut change: impl FnMut(&str, &str) -> Option<String>,
) -> Option<String> {
    let (tag, rest) = line.split_once(':')?;
    let list = rest.trim_end();
    let end = &rest[list.len()..];
    let mut changed = false;
    let mut kept = Vec::new();
    for piece in pieces(list) {
        let Some((name, value)) = piece.split_once('=') else {
            kept.push(piece.to_owned());
            continue;
        };
        match change(name.trim(), value.trim()) {
            None => kept.push(piece.to_owned()),
            Some(new) => {
                changed = true;
                if !new.is_empty() {
                    kept.push(new);
                }
            }
        }
    }
    changed.then(|| format!("{tag}:{}{end}", kept.join(",")))
}

/// The value of the attribute `name`, without its quotes.
pub(super) fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, list) = line.split_once(':')?;
    let mut pairs = pieces(list.trim_end()).filter_map(|piece| piece.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().trim_matches('"'))
}

/// The list split at its commas outside quotes.
fn pieces(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    list.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_changed_and_the_rest_stays() {
        let line = "#EXT-X-STREAM-INF:BANDWIDTH=1, CODECS=\"a,b=c\",X\r\n";
        let new = rewrite(line, |name, value| match name {
            "BANDWIDTH" => Some(format!("BANDWIDTH={value}0")),
            "CODECS" => Some(String::new()),
            _ => None,
        });
        assert_eq!(new.as_deref(), Some("#EXT-X-STREAM-INF:BANDWIDTH=10,X\r\n"));
        assert_eq!(rewrite(line, |_, _| None), None);
        assert_eq!(value(line, "CODECS"), Some("a,b=c"));
        assert_eq!(value(line, "NAME"), None);
    }
}
