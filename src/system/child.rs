//! How a program that was started is told to end, and how it ended.

use std::process::ExitStatus;
use tokio::process::Child;

/// Requests the end of `child`: by SIGTERM, or without signals by force. It may have ended already.
#[cfg(vsps_unix)]
pub fn terminate(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = id.and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Requests the end of `child`: by SIGTERM, or without signals by force. It may have ended already.
#[cfg(not(vsps_unix))]
pub fn terminate(child: &mut Child) {
    let _ = child.start_kill();
}

/// The exit code of a program; 128 and the signal, if a signal ended it.
#[must_use]
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| signal(status).map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(vsps_unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal()
}

#[cfg(not(vsps_unix))]
const fn signal(_: ExitStatus) -> Option<i32> {
    None
}
