//! The folder of the local certificate authority. Its key is readable by the user alone.

use super::{
    authority::{CERTIFICATE, LocalCa},
    error::LocalCaError,
};
use crate::{
    system::{Readers, keep_for_user, make_file, make_private_folder},
    units::UnixTime,
};
use std::{
    env, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process,
};

const KEY: &str = "key.pem";

/// `vsps/local-ca` in the user's configuration folder (`XDG_CONFIG_HOME`, else `~/.config`).
///
/// # Errors
/// When the environment names neither.
pub fn default_folder() -> Result<PathBuf, LocalCaError> {
    let set = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    Ok(config.ok_or(LocalCaError::NoFolder)?.join("vsps").join("local-ca"))
}

/// The authority in `folder`, made at Unix time `now` if there is none.
///
/// # Errors
/// When a file can't be read or written, or is not what it should be.
pub fn open(folder: &Path, now: UnixTime) -> Result<LocalCa, LocalCaError> {
    if !folder.exists() {
        make(folder, now)?;
    }
    let text = |name| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|cause| LocalCaError::File { path, cause })
    };
    let (certificate, key) = (text(CERTIFICATE)?, text(KEY)?);
    keep_key_private(&folder.join(KEY));
    LocalCa::read(folder, certificate, &key, now)
}

/// Takes the key from other users who could read it, as after a copy.
fn keep_key_private(key: &Path) {
    let key_path = key.display();
    match keep_for_user(key) {
        Ok(false) => {}
        Ok(true) => tracing::warn!(
            "{key_path}: other users could read the key of the local CA; now they cannot. If one may have it, delete the \
             folder, and trust the new CA"
        ),
        Err(problem) => {
            tracing::warn!(%problem, "{key_path}: other users may read the key of the local CA");
        }
    }
}

/// Makes the authority in a folder beside `folder`, and renames that: another process finds all of it or nothing.
fn make(folder: &Path, now: UnixTime) -> Result<(), LocalCaError> {
    let failed = |cause| LocalCaError::File { path: folder.to_owned(), cause };
    let (certificate, key) = LocalCa::make(now).map_err(|error| LocalCaError::Invalid {
        path: folder.to_owned(),
        problem: error.to_string(),
    })?;
    let new = folder.with_extension(format!("new-{}", process::id()));
    // Left by a process of the same number that was killed.
    let _ = fs::remove_dir_all(&new);
    let written = make_private_folder(&new)
        .and_then(|()| write(&new.join(CERTIFICATE), &certificate, Readers::Everybody))
        .and_then(|()| write(&new.join(KEY), &key, Readers::User))
        .and_then(|()| fs::rename(&new, folder));
    written.or_else(|cause| {
        let _ = fs::remove_dir_all(&new);
        // Another process was first: a rename does not replace a folder that is not empty.
        if folder.join(KEY).is_file() { Ok(()) } else { Err(failed(cause)) }
    })
}

fn write(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mut file = make_file(path, readers)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{thread, time::Duration};

    const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

    /// A folder that is removed with this value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("vsps-local-ca-{name}-{}", process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn it_is_made_once_and_its_key_is_private() {
        let root = Folder::new("once");
        let folder = root.0.join("vsps/local-ca");
        let first = open(&folder, NOW).unwrap();
        assert_eq!(open(&folder, NOW).unwrap().pem(), first.pem());
        #[cfg(vsps_unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode();
            assert_eq!(mode(KEY) & 0o777, 0o600);
            assert_eq!(mode("") & 0o777, 0o700);
            // A copy may have other permissions.
            let others = fs::Permissions::from_mode(0o644);
            fs::set_permissions(folder.join(KEY), others).unwrap();
            open(&folder, NOW).unwrap();
            assert_eq!(mode(KEY) & 0o777, 0o600);
        }
        assert_eq!(first.path(), folder.join(CERTIFICATE));
    }

    #[test]
    fn processes_that_start_at_the_same_time_agree() {
        let root = Folder::new("race");
        let folder = root.0.join("local-ca");
        let all: Vec<String> = thread::scope(|scope| {
            let starting: Vec<_> = (0..4)
                .map(|number| {
                    let folder = &folder;
                    scope.spawn(move || {
                        // Processes have different numbers; threads of one have the same.
                        let own = folder.with_file_name(format!("own-{number}"));
                        make(&own, NOW).unwrap();
                        let _ = fs::rename(own, folder);
                        open(folder, NOW).unwrap().pem().to_owned()
                    })
                })
                .collect();
            starting.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(all.iter().all(|pem| *pem == all[0]));
    }

    #[test]
    fn what_is_wrong_names_the_folder_and_what_to_do() {
        let (root, other) = (Folder::new("wrong"), Folder::new("other"));
        let folder = root.0.join("local-ca");
        open(&folder, NOW).unwrap();
        let said = |now| open(&folder, now).unwrap_err().to_string();
        let years = Duration::from_secs(11 * 365 * 24 * 60 * 60);
        assert!(said(NOW + years).contains("expired; delete this folder"));
        assert!(said(NOW - years).contains("not valid yet"));
        open(&other.0, NOW).unwrap();
        fs::copy(other.0.join(KEY), folder.join(KEY)).unwrap();
        assert!(said(NOW).contains("do not belong together"));
        fs::write(folder.join(KEY), "nonsense").unwrap();
        assert!(said(NOW).contains("no usable key"));
        fs::remove_file(folder.join(CERTIFICATE)).unwrap();
        assert!(said(NOW).contains("certificate.pem: No such file"));
    }
}
