//! A position in a document that is being validated: reads the values there and records errors.

use super::{
    diagnostic::{KeyPath, Part},
    suggestion::one_of,
    text::Text,
};
use crate::units::{UnitError, span};
use std::{cell::RefCell, ops::RangeInclusive, path::Path, str::FromStr, time::Duration};

/// The most errors reported at a time. Limits the work and memory that hostile input can cause.
pub(super) const MOST_FAULTS: usize = 50;

/// An error whose line is not known yet.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: KeyPath,
    pub(super) problem: String,
    pub(super) hint: String,
}

/// A position in a document. Its readers return `None` if there is no value or the value is wrong. The
/// document checks at the end whether errors were recorded, so that one run reports all of them.
pub(crate) struct Scope<'f> {
    faults: &'f RefCell<Vec<Fault>>,
    path: KeyPath,
    /// The folder of files named in the document; `None` = it must not name any.
    folder: Option<&'f Path>,
}

impl<'f> Scope<'f> {
    /// The root of a document. Files that it names are in `folder`; `None` = it must not name any.
    pub(super) fn root(faults: &'f RefCell<Vec<Fault>>, folder: Option<&'f Path>) -> Self {
        Self { faults, path: KeyPath::default(), folder }
    }

    fn place(&self, path: KeyPath) -> Self {
        Self { faults: self.faults, path, folder: self.folder }
    }

    /// The folder of files named in the document; `None` = it must not name any.
    pub(crate) const fn folder(&self) -> Option<&'f Path> {
        self.folder
    }

    /// A copy of this position.
    pub(crate) fn same(&self) -> Self {
        self.place(self.path.clone())
    }

    /// The value under `key`.
    pub(crate) fn at(&self, key: &str) -> Self {
        self.place(self.path.then(Part::Key(key.to_owned())))
    }

    /// The list item at position `place`, from 0.
    pub(crate) fn item(&self, place: usize) -> Self {
        self.place(self.path.then(Part::Item(place)))
    }

    /// Records an error at this position, unless there are [`MOST_FAULTS`] already.
    pub(crate) fn fault(&self, problem: impl Into<String>, hint: impl Into<String>) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < MOST_FAULTS {
            let (problem, hint) = (problem.into(), hint.into());
            faults.push(Fault { path: self.path.clone(), problem, hint });
        }
    }

    /// Records that `key` is missing here.
    pub(crate) fn missing(&self, key: &str, hint: &str) {
        self.fault(format!("`{key}` is missing"), hint);
    }

    /// The value of a required key; `example` shows the key with a value.
    pub(crate) fn need<'t>(
        &self,
        key: &str,
        written: Option<&'t Text>,
        example: &str,
    ) -> Option<&'t Text> {
        if written.is_none() {
            self.missing(key, &format!("write `{example}`"));
        }
        written
    }

    /// Reads a quantity with its unit.
    pub(crate) fn read<T>(&self, key: &str, written: Option<&Text>) -> Option<T>
    where
        T: FromStr<Err = UnitError>,
    {
        self.read_by(key, written, str::parse)
    }

    /// Reads a duration.
    pub(crate) fn span(&self, key: &str, written: Option<&Text>) -> Option<Duration> {
        self.read_by(key, written, span::parse)
    }

    fn read_by<T>(
        &self,
        key: &str,
        written: Option<&Text>,
        parse: impl Fn(&str) -> Result<T, UnitError>,
    ) -> Option<T> {
        match parse(written?.as_str()) {
            Ok(value) => Some(value),
            Err(error) => {
                let problem = format!("`{}` is not {}", error.text, error.wanted);
                self.at(key).fault(problem, error.hint);
                None
            }
        }
    }

    /// Reads a value with `parse`; `what` names the expected type in the error: `a point in a body`.
    pub(crate) fn parsed<T>(
        &self,
        key: &str,
        written: Option<&Text>,
        what: &str,
        hint: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let written = written?;
        let value = parse(written.as_str());
        if value.is_none() {
            self.at(key).fault(format!("`{written}` is not {what}"), hint);
        }
        value
    }

    /// Reads a whole number within `range`.
    pub(crate) fn whole(
        &self,
        key: &str,
        written: Option<&Text>,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let hint = match (range.start(), range.end()) {
            (low, &u64::MAX) => format!("write a whole number from {low}"),
            (low, high) => format!("write a whole number from {low} to {high}"),
        };
        self.parsed(key, written, "a whole number in this range", &hint, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
    }

    /// Reads one of `all`, by its name.
    pub(crate) fn one<T: Copy>(
        &self,
        key: &str,
        written: Option<&Text>,
        what: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let names: Vec<_> = all.iter().map(|value| (name(*value), *value)).collect();
        self.at(key).choose(what, written?, &names)
    }

    /// Reads one of `names`; `what` names their type in the error: `a kind`.
    pub(crate) fn choose<T: Copy>(
        &self,
        what: &str,
        written: &Text,
        names: &[(&str, T)],
    ) -> Option<T> {
        let found = names.iter().find(|(name, _)| *name == written.as_str());
        if found.is_none() {
            let all: Vec<_> = names.iter().map(|(name, _)| *name).collect();
            self.fault(format!("`{written}` is not {what}"), one_of(written.as_str(), &all));
        }
        found.map(|(_, value)| *value)
    }
}
