//! `vsps ca`: shows the certificate of the local CA, or makes this machine trust it.

use super::{Failure, output::print};
use crate::{
    args::CaCommand,
    clock::Clock,
    local_ca::{self, LocalCa, LocalCaError, TRUST_STEPS},
};
use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The name of the certificate in databases of NSS.
const NAME: &str = "vsps local CA";

pub(super) fn ca(command: &CaCommand) -> Result<(), Failure> {
    let ca = open().map_err(Failure::usage)?;
    match command {
        CaCommand::Show { path: true } => print(&format!("{}\n", ca.path().display())),
        CaCommand::Show { path: false } => print(ca.pem()),
        CaCommand::Install => print(&install(&ca)),
    }
}

fn open() -> Result<LocalCa, LocalCaError> {
    let clock = Clock::start();
    local_ca::open(&local_ca::default_folder()?, clock.unix_time(clock.now()))
}

/// Installs the certificate where the user may, and says what was done and what is left to do.
/// Where devices get the certificate.
const PAGE: &str = "http://ADDRESS:8080/-/ca (the address of `vsps run --tls local`)";

fn install(ca: &LocalCa) -> String {
    let file = ca.path();
    let mut text = format!("The CA: {}\n\n", file.display());
    let mut tell = |place: String, outcome: Result<(), String>| {
        // Writing to a String can't fail.
        let _ = match outcome {
            Ok(()) => writeln!(text, "done      {place}"),
            Err(problem) => writeln!(text, "not done  {place}: {problem}"),
        };
    };
    if cfg!(target_os = "linux") {
        let (place, outcome) = system_store(&file);
        tell(place, outcome);
        for database in nss_databases() {
            let place = format!("NSS database {}", database.display());
            tell(place, nss(&database, &file));
        }
    }
    text.push_str("\nBy hand, and on other devices (or open /-/ca on the data port there):\n");
    for system in TRUST_STEPS {
        let _ = writeln!(text, "\n{}", system.system);
        for step in system.steps {
            let step = step.replace("FILE", &file.display().to_string()).replace("PAGE", PAGE);
            let _ = writeln!(text, "  {step}");
        }
    }
    text
}

/// Copies the certificate to the store of the system and updates it, which root alone may.
fn system_store(file: &Path) -> (String, Result<(), String>) {
    for (folder, name, update) in [
        ("/usr/local/share/ca-certificates", "vsps-local-ca.crt", "update-ca-certificates"),
        ("/etc/pki/ca-trust/source/anchors", "vsps-local-ca.pem", "update-ca-trust"),
    ] {
        if Path::new(folder).is_dir() {
            let target = Path::new(folder).join(name);
            let copied = fs::copy(file, &target).map_err(|error| match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    "it needs root: see the command with sudo below".to_owned()
                }
                _ => error.to_string(),
            });
            let place = format!("system store {}", target.display());
            return (place, copied.and_then(|_| run(Command::new(update))));
        }
    }
    ("system store".to_owned(), Err("no known folder for it".to_owned()))
}

/// The databases of Chrome and of the profiles of Firefox.
fn nss_databases() -> Vec<PathBuf> {
    let Some(home) = env::var_os("HOME").map(PathBuf::from) else { return Vec::new() };
    let mut found = vec![home.join(".pki/nssdb")];
    let profiles = fs::read_dir(home.join(".mozilla/firefox")).into_iter().flatten().flatten();
    found.extend(profiles.map(|entry| entry.path()).filter(|path| path.join("cert9.db").is_file()));
    found
}

/// Adds the certificate to a database of NSS, which is made if there is none.
fn nss(database: &Path, file: &Path) -> Result<(), String> {
    let name = format!("sql:{}", database.display());
    if !database.join("cert9.db").is_file() {
        fs::create_dir_all(database).map_err(|error| error.to_string())?;
        let mut make = Command::new("certutil");
        make.args(["-N", "--empty-password", "-d", &name]);
        run(make)?;
    }
    let mut add = Command::new("certutil");
    add.args(["-A", "-d", &name, "-t", "C,,", "-n", NAME, "-i"]).arg(file);
    run(add)
}

/// Runs `command`; its error is what it printed.
fn run(mut command: Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{name} is not installed"),
        _ => format!("{name}: {error}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}", said.lines().next().unwrap_or("it failed")))
}
