//! Validates the effects on a body: `body`, `stall`, `drip`, `corrupt` and the cuts.

use super::{
    answer::content_type,
    framing::chunk_cut,
    values::{point, positive, silence},
};
use crate::{
    document::{Either, Scope, Several, Text, read_bytes},
    rules::{
        effect::{Corruption, Cut, Damage, Drip, Ending, Hang, Length, Point, Replacement, Stall},
        then_entry::{
            BodyTable, CorruptTable, CutTable, DripTable, HangTable, StallTable, ThenEntry,
        },
    },
    units::{ByteSize, Ratio},
};
use std::{path::Path, sync::Arc, time::Duration};

/// The most points of one stall.
const MOST_POINTS: usize = 64;
/// The largest random body.
const MOST_JUNK: u64 = 1 << 30;

/// The largest body file: 30 s at 4 Mbit/s. Limits memory.
const LARGEST_BODY: ByteSize = ByteSize::from_kibibytes(16 << 10);

/// The page that a captive portal sends for every request.
const PORTAL: &str = "<!DOCTYPE html>\n<html><head><title>Welcome to the Wi-Fi</title></head>\n\
                      <body><h1>Please sign in</h1>\
                      <form method=\"post\" action=\"/login\"><button>Accept</button></form>\
                      </body></html>\n";

/// Validates `body`; `scope` is the table around it.
pub(super) fn replacement(
    written: Option<&Either<BodyTable>>,
    scope: &Scope<'_>,
) -> Option<Replacement> {
    match written? {
        Either::Short(text) => {
            let html = Arc::from("text/html; charset=utf-8");
            let portal =
                Replacement::Bytes { bytes: Arc::from(PORTAL.as_bytes()), content_type: html };
            match text.as_str() {
                "empty" => Some(Replacement::Empty),
                "previous-segment" => Some(Replacement::PreviousSegment),
                "captive-portal" => Some(portal),
                _ => {
                    let hint = "write `empty`, `previous-segment` or `captive-portal`, or a table, \
                                as in `body = { text = \"<html></html>\" }`";
                    scope.at("body").fault(format!("`{text}` is not a body"), hint);
                    None
                }
            }
        }
        Either::Table(table) => table_body(table, &scope.at("body")),
    }
}

fn table_body(table: &BodyTable, at: &Scope<'_>) -> Option<Replacement> {
    let kind = content_type(table.content_type.as_ref(), at);
    let content_type = |usual: &str| kind.clone().unwrap_or_else(|| Arc::from(usual));
    match (&table.text, &table.file, &table.junk, &table.rung) {
        (Some(text), None, None, None) => Some(Replacement::Bytes {
            bytes: Arc::from(text.as_str().as_bytes()),
            content_type: content_type("text/html; charset=utf-8"),
        }),
        (None, Some(file), None, None) => Some(Replacement::Bytes {
            bytes: file_bytes(file, at)?,
            content_type: content_type(usual_type(file.as_str())),
        }),
        (None, None, junk @ Some(_), None) => {
            let size: ByteSize = at.read("junk", junk.as_ref())?;
            if size.bytes() > MOST_JUNK {
                at.at("junk").fault("is larger than 1 GiB", "write at most `1 GiB`");
            }
            Some(Replacement::Junk(size))
        }
        (None, None, None, rung @ Some(_)) => {
            let rung = at.whole("rung", rung.as_ref(), 1..=u64::from(u16::MAX))?;
            u16::try_from(rung).ok().map(Replacement::Rung)
        }
        _ => {
            at.fault("must have exactly one body", "write one of `text`, `file`, `junk`, `rung`");
            None
        }
    }
}

fn file_bytes(file: &Text, at: &Scope<'_>) -> Option<Arc<[u8]>> {
    let Some(folder) = at.folder() else {
        let hint = "write it as `text`, or put the rule into a file for `--rules`";
        at.at("file").fault("can be used only in a rule file that is read from disk", hint);
        return None;
    };
    match read_bytes(&folder.join(file.as_str()), LARGEST_BODY) {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            at.at("file")
                .fault(error.to_string(), "write a path relative to the folder of the rule file");
            None
        }
    }
}

/// The usual media type for a file extension.
fn usual_type(file: &str) -> &'static str {
    let extension = Path::new(file).extension().and_then(|e| e.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "mp4" | "m4s" | "m4v" | "cmfv" => "video/mp4",
        "m4a" | "cmfa" => "audio/mp4",
        "ts" => "video/mp2t",
        _ => "application/octet-stream",
    }
}

/// Validates `stall`; `scope` is the table around it.
pub(super) fn stall(table: Option<&StallTable>, scope: &Scope<'_>) -> Option<Stall> {
    let (table, at) = (table?, scope.at("stall"));
    let lasts = at.need("for", table.lasts.as_ref(), "for = \"5 s\"");
    let lasts = positive("for", lasts, &at);
    let points = table.at.as_ref().map_or(&[][..], Several::as_slice);
    if points.is_empty() || points.len() > MOST_POINTS {
        let hint = format!("write 1 to {MOST_POINTS} points, as in `at = \"50 %\"`");
        at.at("at").fault("has no point, or too many", hint);
        return None;
    }
    let read: Vec<_> = points.iter().filter_map(|text| point("at", Some(text), &at)).collect();
    Some(Stall { at: read.into(), lasts: lasts? })
}

/// Validates `drip`; `scope` is the table around it.
pub(super) fn drip(table: Option<&DripTable>, scope: &Scope<'_>) -> Option<Drip> {
    let (table, at) = (table?, scope.at("drip"));
    let size: Option<ByteSize> =
        at.read("bytes", at.need("bytes", table.bytes.as_ref(), "bytes = \"1 B\""));
    if size == Some(ByteSize::default()) {
        at.at("bytes").fault("is zero", "write at least `1 B`, or use `cut` for silence");
    }
    let every = positive("every", at.need("every", table.every.as_ref(), "every = \"1 s\""), &at);
    let from = match &table.from {
        None => Some(Point::Bytes(ByteSize::default())),
        written => point("from", written.as_ref(), &at),
    };
    Some(Drip { size: size?, every: every?, from: from? })
}

/// Validates `corrupt`; `scope` is the table around it.
pub(super) fn corrupt(
    written: Option<&Either<CorruptTable>>,
    scope: &Scope<'_>,
) -> Option<Corruption> {
    let damage = |key, written, scope: &Scope<'_>| {
        scope.one(key, written, "a kind of corruption", Damage::ALL, Damage::as_str)
    };
    let whole = |damage: Damage| Corruption {
        damage,
        rate: damage.usual_rate(),
        from: ByteSize::default(),
        to: None,
    };
    let table = match written? {
        Either::Short(text) => return damage("corrupt", Some(text), scope).map(whole),
        Either::Table(table) => table,
    };
    let at = scope.at("corrupt");
    let written = at.need("damage", table.damage.as_ref(), "damage = \"bit-flips\"");
    let damage = damage("damage", written, &at);
    let rate: Option<Ratio> = at.read("rate", table.rate.as_ref());
    let from: Option<ByteSize> = at.read("from", table.from.as_ref());
    let to: Option<ByteSize> = at.read("to", table.to.as_ref());
    if to.is_some_and(|to| to <= from.unwrap_or_default()) {
        at.at("to").fault("is not after `from`", "write a larger size");
    }
    let usual = whole(damage?);
    Some(Corruption {
        rate: rate.unwrap_or(usual.rate),
        from: from.unwrap_or_default(),
        to,
        ..usual
    })
}

/// The cut that `cut`, `hang` (as a table), `reset` or `truncate` sets; at most one of them is set.
pub(super) fn cut(then: &ThenEntry, scope: &Scope<'_>) -> Option<Cut> {
    let short = |key, written: &Option<Text>, ending| {
        let at = point(key, written.as_ref(), scope)?;
        Some(Cut { at, ending, length: Length::Keep })
    };
    let hang = match &then.hang {
        Some(Either::Table(table)) => hang_table(table, &scope.at("hang")),
        _ => None,
    };
    then.cut
        .as_ref()
        .and_then(|table| cut_table(table, &scope.at("cut")))
        .or(hang)
        .or_else(|| chunk_cut(then.framing.as_ref(), scope))
        .or_else(|| short("reset", &then.reset, Ending::Reset))
        .or_else(|| short("truncate", &then.truncate, Ending::Truncate))
}

fn cut_table(table: &CutTable, at: &Scope<'_>) -> Option<Cut> {
    let point = point("at", at.need("at", table.at.as_ref(), "at = \"50 %\""), at);
    let silence = match &table.lasts {
        None => Hang::Forever,
        written => silence("for", written.as_ref(), at).unwrap_or(Hang::For(Duration::ZERO)),
    };
    let endings = [
        ("reset", Ending::Reset),
        ("fin", Ending::Truncate),
        ("goaway", Ending::Goaway),
        ("silence", Ending::Silence(silence)),
    ];
    let ending = match &table.end {
        None => Some(Ending::Truncate),
        Some(written) => at.at("end").choose("an ending", written, &endings),
    };
    if table.lasts.is_some() && !matches!(ending, Some(Ending::Silence(_)) | None) {
        at.at("for").fault(
            "applies only to the ending `silence`",
            "write `end = \"silence\"`, or leave `for` out",
        );
    }
    let length = length(table.length.as_ref(), at);
    checked_length(Cut { at: point?, ending: ending?, length: length? }, at)
}

fn hang_table(table: &HangTable, at: &Scope<'_>) -> Option<Cut> {
    let written = at.need("at", table.at.as_ref(), "at = \"headers\"");
    let point = match written.map(Text::as_str) {
        Some("headers") => Some(Point::Bytes(ByteSize::default())),
        _ => point("at", written, at),
    };
    let lasts = match &table.lasts {
        None => Some(Hang::Forever),
        written => silence("for", written.as_ref(), at),
    };
    let length = length(table.length.as_ref(), at);
    checked_length(Cut { at: point?, ending: Ending::Silence(lasts?), length: length? }, at)
}

fn length(written: Option<&Text>, at: &Scope<'_>) -> Option<Length> {
    if written.is_none() {
        return Some(Length::Keep);
    }
    let all = [Length::Keep, Length::Fix, Length::Drop];
    at.one("length", written, "a length setting", &all, Length::as_str)
}

/// Rejects `length = "fix"` with a time: headers are sent before the length is known.
fn checked_length(cut: Cut, at: &Scope<'_>) -> Option<Cut> {
    if cut.length == Length::Fix && matches!(cut.at, Point::After(_)) {
        let hint = "write `at` in bytes or as a share, or `length = \"drop\"`";
        at.at("length")
            .fault("can't be `fix` if `at` is a time, because the headers are sent first", hint);
        return None;
    }
    Some(cut)
}
