//! A BaseURL, as far as it decides the rewriting of references: its host, and the number of folders in it.

use super::super::{
    dot_segments::folders,
    uri::{Head, head},
    xml_uris::Folders,
};

/// A BaseURL.
#[derive(Debug)]
pub(super) struct BaseUrl {
    /// `scheme://authority`; `None` = of the level above.
    pub(super) host: Option<String>,
    path: BasePath,
}

/// The path of a BaseURL.
#[derive(Debug)]
enum BasePath {
    /// It begins at the root. The number is that of its folders.
    Root(usize),
    /// It begins in the folder of the level above.
    Relative(String),
}

impl BaseUrl {
    pub(super) fn new(url: &str) -> Self {
        let (at, host) = match head(url) {
            Head::Absolute { len, .. } => (len, url.get(..len).map(str::to_owned)),
            Head::RootRelative => (0, None),
            Head::Other => {
                return Self { host: None, path: BasePath::Relative(url.to_owned()) };
            }
        };
        let path = url.get(at..).and_then(|path| path.strip_prefix('/')).unwrap_or_default();
        Self { host, path: BasePath::Root(folders(path, 0)) }
    }

    /// The folders of what it is the base of, below the folders `above`.
    pub(super) fn folders(&self, above: Folders) -> Folders {
        match &self.path {
            BasePath::Root(number) => Folders::exactly(*number),
            BasePath::Relative(path) => {
                Folders { fewest: folders(path, above.fewest), most: folders(path, above.most) }
            }
        }
    }
}
