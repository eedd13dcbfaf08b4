//! Validates `then`, and rejects effects that exclude each other.

use super::{
    answer::{redirect, status},
    body::{corrupt, cut, drip, replacement, stall},
    framing::{bad_chunk, framing},
    headers::{header_edit, skew},
    manifest::manifest,
    values::{positive, silence},
};
use crate::{
    builtin,
    document::{Either, Scope, Text, nearest},
    rules::{
        distribution::distribution,
        effect::{Closing, Coalesce, Cors, Hang, RangeFault, Refusal, Reload},
        plan::{Delay, Effects, Keep},
        then_entry::ThenEntry,
    },
    units::BitRate,
};
use std::sync::Arc;

/// Validates `then`; `scope` is its table.
pub(in crate::rules) fn effects(then: &ThenEntry, scope: &Scope<'_>) -> Effects {
    if *then == ThenEntry::default() {
        let hint = "write at least one effect, as in `then = { delay = \"2 s\" }`";
        scope.fault("has no effect", hint);
    }
    contradictions(then, scope);
    let rate: Option<BitRate> = scope.read("rate", then.rate.as_ref());
    if rate == Some(BitRate::ZERO) {
        let hint = "write a rate above zero, or `hang = \"forever\"` for silence";
        scope.at("rate").fault("is zero", hint);
    }
    let keep = scope.span("keep-errors", then.keep_errors.as_ref());
    Effects {
        delay: delay(then, scope),
        refuse: scope.one(
            "refuse",
            then.refuse.as_ref(),
            "a refusal",
            Refusal::ALL,
            Refusal::as_str,
        ),
        hang: hang(then, scope),
        status: status(then.status.as_ref(), scope),
        redirect: redirect(then.redirect.as_ref(), scope),
        body: replacement(then.body.as_ref(), scope),
        range: scope.one(
            "range",
            then.range.as_ref(),
            "a range fault",
            RangeFault::ALL,
            RangeFault::as_str,
        ),
        reload: scope.one(
            "reload",
            then.reload.as_ref(),
            "a reload fault",
            Reload::ALL,
            Reload::as_str,
        ),
        rate,
        profile: profile(then.profile.as_ref(), &scope.at("profile")),
        stall: stall(then.stall.as_ref(), scope),
        drip: drip(then.drip.as_ref(), scope),
        coalesce: coalesce(then.coalesce.as_ref(), scope),
        corrupt: corrupt(then.corrupt.as_ref(), scope),
        framing: framing(then.framing.as_ref(), scope),
        cut: cut(then, scope),
        headers: header_edit(then.headers.as_ref(), scope),
        cors: scope.one("cors", then.cors.as_ref(), "a CORS fault", Cors::ALL, Cors::as_str),
        date_skew: skew("date-skew", then.date_skew.as_ref(), scope),
        keep_errors: keep.map(Keep),
        close: scope.one(
            "close",
            then.close.as_ref(),
            "a way to close connections",
            Closing::ALL,
            Closing::as_str,
        ),
        manifest: manifest(then.manifest.as_ref(), &scope.at("manifest")),
    }
}

/// Records an error for every effect that another one excludes.
fn contradictions(then: &ThenEntry, scope: &Scope<'_>) {
    let headers = matches!(&then.hang, Some(Either::Table(_)));
    let short_circuits = [
        ("refuse", then.refuse.is_some(), "a request that is refused is not answered"),
        ("hang", then.hang.is_some() && !headers, "a request that hangs is not answered"),
        ("status", then.status.is_some(), "the origin's body is not sent"),
        ("redirect", then.redirect.is_some(), "the origin's body is not sent"),
    ];
    let body = [
        ("body", then.body.is_some()),
        ("range", then.range.is_some()),
        ("reload", then.reload.is_some()),
        ("rate", then.rate.is_some()),
        ("profile", then.profile.is_some()),
        ("stall", then.stall.is_some()),
        ("drip", then.drip.is_some()),
        ("coalesce", then.coalesce.is_some()),
        ("corrupt", then.corrupt.is_some()),
        ("framing", then.framing.is_some()),
        ("cut", then.cut.is_some()),
        ("reset", then.reset.is_some()),
        ("truncate", then.truncate.is_some()),
        ("manifest", then.manifest.is_some()),
    ];
    let head = [
        ("headers", then.headers.is_some()),
        ("cors", then.cors.is_some()),
        ("date-skew", then.date_skew.is_some()),
        ("keep-errors", then.keep_errors.is_some()),
        ("close", then.close.is_some()),
    ];
    let beside = |first: &str, why: &str, others: &[(&str, bool)]| {
        for (key, _) in others.iter().filter(|(_, written)| *written) {
            let problem = format!("can't be combined with `{first}`: {why}");
            scope.at(key).fault(problem, "write one of them");
        }
    };
    for (place, (short_circuit, written, why)) in
        short_circuits.iter().enumerate().filter(|(_, short_circuit)| short_circuit.1)
    {
        debug_assert!(*written);
        let later = short_circuits[place + 1..].iter().map(|(key, written, _)| (*key, *written));
        beside(short_circuit, why, &later.chain(body).collect::<Vec<_>>());
        if matches!(*short_circuit, "refuse" | "hang") {
            beside(short_circuit, why, &head);
        }
    }
    if then.hang.is_some() && !headers {
        beside("hang", "use only `hang`", &[("delay", then.delay.is_some())]);
    }
    let cuts = [
        ("hang", headers),
        ("framing", bad_chunk(then.framing.as_ref())),
        ("cut", then.cut.is_some()),
        ("reset", then.reset.is_some()),
        ("truncate", then.truncate.is_some()),
    ];
    if let Some(first) = cuts.iter().position(|(_, written)| *written) {
        beside(cuts[first].0, "a body can be cut only once", &cuts[first + 1..]);
    }
}

fn delay(then: &ThenEntry, scope: &Scope<'_>) -> Option<Delay> {
    match then.delay.as_ref()? {
        Either::Short(text) => scope.span("delay", Some(text)).map(Delay::Fixed),
        Either::Table(table) => distribution(table, &scope.at("delay")).map(Delay::Drawn),
    }
}

/// A hang before the headers; the table form is a cut, and is read in [`cut`].
fn hang(then: &ThenEntry, scope: &Scope<'_>) -> Option<Hang> {
    match then.hang.as_ref()? {
        Either::Short(text) => silence("hang", Some(text), scope),
        Either::Table(_) => None,
    }
}

/// Reads the name of a built-in profile. Rules may come over the network, so they can't name profile
/// files.
fn profile(written: Option<&Text>, scope: &Scope<'_>) -> Option<Arc<str>> {
    let written = written?.as_str();
    let all: Vec<_> = builtin::profiles().map(|(name, _)| name).collect();
    if all.contains(&written) {
        return Some(written.into());
    }
    let meant = nearest(&written.to_ascii_lowercase(), &all);
    let meant = meant.map_or(String::new(), |name| format!("did you mean `{name}`? "));
    let hint =
        format!("{meant}write the name of a built-in profile; `vsps profiles list` lists them");
    scope.fault(format!("there is no built-in profile `{written}`"), hint);
    None
}

fn coalesce(written: Option<&Text>, scope: &Scope<'_>) -> Option<Coalesce> {
    if written?.as_str() == "end" {
        return Some(Coalesce::UntilEnd);
    }
    let time = positive("coalesce", written, scope)?;
    Some(Coalesce::For(time))
}
