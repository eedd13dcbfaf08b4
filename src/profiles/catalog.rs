//! Finds profiles: those embedded in the program, and files.

use super::{error::ProfileError, profile::Profile, sources::Sources};
use crate::{
    builtin,
    document::{Diagnostics, read_text, similar_names},
};
use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

/// The built-in profiles by name. Also loads profiles from files.
#[derive(Debug)]
pub struct Catalog {
    /// Sorted by name.
    built_in: Vec<BuiltInProfile>,
    /// The profile of the run, if it is from a file.
    own: Option<Arc<Profile>>,
}

/// The text of a built-in profile, and the result of parsing it, which happens at first use.
#[derive(Debug)]
struct BuiltInProfile {
    name: &'static str,
    text: &'static str,
    read: OnceLock<Result<Arc<Profile>, Diagnostics>>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalog {
    /// The built-in profiles. Each is parsed at first use.
    #[must_use]
    pub fn new() -> Self {
        let profile = |(name, text)| BuiltInProfile { name, text, read: OnceLock::new() };
        let mut built_in: Vec<_> = builtin::profiles().map(profile).collect();
        built_in.sort_by_key(|profile| profile.name);
        Self { built_in, own: None }
    }

    /// Adds the profile of a run, so that links and the API can name it too. A built-in profile of the same name has
    /// precedence.
    #[must_use]
    pub fn with_own(self, profile: &Arc<Profile>) -> Self {
        Self { own: Some(Arc::clone(profile)), ..self }
    }

    /// The names of the built-in profiles, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.built_in.iter().map(|profile| profile.name)
    }

    /// The built-in profiles, sorted by name.
    ///
    /// # Errors
    /// If a built-in profile is invalid, which the tests of this crate exclude.
    pub fn list(&self) -> Result<Vec<Arc<Profile>>, ProfileError> {
        self.built_in.iter().map(BuiltInProfile::profile).collect()
    }

    /// A profile by name or by path. A value with a `/` or with the extension `.toml` is a path. Use it only
    /// for the command line; input from the network goes to [`named`](Self::named), which opens no file.
    ///
    /// # Errors
    /// If there is none, or the file is invalid.
    pub fn find(&self, name_or_path: &str) -> Result<Arc<Profile>, ProfileError> {
        if name_or_path.contains(['/', std::path::MAIN_SEPARATOR])
            || name_or_path.ends_with(".toml")
        {
            return Self::load(Path::new(name_or_path)).map(Arc::new);
        }
        self.named(name_or_path)
    }

    /// A built-in profile by name, or that of the run.
    ///
    /// # Errors
    /// If there is none. The error holds the most similar names.
    pub fn named(&self, name: &str) -> Result<Arc<Profile>, ProfileError> {
        if let Some(profile) = self.built_in.iter().find(|profile| profile.name == name) {
            return profile.profile();
        }
        match &self.own {
            Some(own) if own.name == name => Ok(Arc::clone(own)),
            _ => Err(ProfileError::Unknown { name: name.to_owned(), nearest: self.nearest(name) }),
        }
    }

    /// Reads a profile file.
    ///
    /// # Errors
    /// If it can't be read, is too large, or is invalid.
    pub fn load(path: &Path) -> Result<Profile, ProfileError> {
        let text = read_text(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new(""));
        let file = path.to_string_lossy();
        Ok(Profile::with_traces(&name, &file, &text, &Sources::Folder(folder))?)
    }

    fn nearest(&self, name: &str) -> Vec<String> {
        let name = name.to_ascii_lowercase();
        similar_names(&name, self.names())
    }
}

impl BuiltInProfile {
    fn profile(&self) -> Result<Arc<Profile>, ProfileError> {
        let read = self.read.get_or_init(|| {
            let file = format!("profiles/{}.toml", self.name);
            Profile::from_toml(self.name, &file, self.text).map(Arc::new)
        });
        Ok(read.clone()?)
    }
}
