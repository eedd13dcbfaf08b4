//! The limit of open files of the process.

#[cfg(vsps_unix)]
mod on_system {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// Where the hard limit is infinite some systems accept no more than this (`OPEN_MAX`).
    const SOME: u64 = 10_240;

    /// Raises the soft limit of open files to the hard limit, as far as the system lets it.
    pub fn raise_open_files() {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = |limit| setrlimit(Resource::Nofile, Rlimit { current: limit, maximum });
        if current != maximum && wanted(maximum).is_err() && current.is_some_and(|now| now < SOME) {
            // The limit stays as it is, and fewer connections are held.
            let _ = wanted(Some(SOME));
        }
    }

    /// How many files may be open now.
    #[must_use]
    pub fn open_files() -> u64 {
        getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
    }

    /// Whether `error` means that no more files can be opened, by the process or by the system.
    #[must_use]
    pub fn is_out_of_files(error: &std::io::Error) -> bool {
        use rustix::io::Errno;
        let codes = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
        error.raw_os_error().is_some_and(|code| codes.contains(&code))
    }
}

#[cfg(not(vsps_unix))]
mod on_system {
    /// Raises the limit of open files: this system has none that can be set.
    pub const fn raise_open_files() {}

    /// How many files may be open: this system has no limit that can be read.
    #[must_use]
    pub const fn open_files() -> u64 {
        u64::MAX
    }

    /// Whether `error` means that no more files can be opened: the code of this system is not known.
    #[must_use]
    pub const fn is_out_of_files(_: &std::io::Error) -> bool {
        false
    }
}

pub use on_system::{is_out_of_files, open_files, raise_open_files};
