//! Documents: TOML and JSON are read into typed values, or every error is reported at once.
//!
//! A document is read in two stages. First the text is deserialised into entry types (`tables!`), whose fields hold
//! values as written (`Text`). Then the entries are validated into types that can run, at a `Scope`. Each error of
//! either stage is a [`Diagnostic`]: file, line, key, problem, and what to write instead.

mod diagnostic;
mod file;
mod reader;
mod scope;
mod suggestion;
mod table;
mod text;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use file::FileError;
pub(crate) use file::{read_bytes, read_text};
pub(crate) use reader::Document;
pub(crate) use scope::Scope;
pub(crate) use suggestion::{did_you_mean, nearest, one_of, similar_names};
pub(crate) use table::{TableOnly, tables, tables_only};
pub(crate) use text::{Either, Several, Text, Words};
