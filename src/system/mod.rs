//! Calls that exist on some systems only, each with a fallback for the others.
//!
//! A build with `VSPS_PORTABLE=1` in its environment, or with `--cfg vsps_portable`, has the fallbacks on every system.
//! The build script sets `vsps_unix` and `vsps_linux` where the calls are used.

mod child;
mod files;
mod kernel_timer;
mod memory;
mod open_files;
mod sockets;
mod splice;
mod stop_signals;

pub use child::{exit_code, terminate};
pub use files::{
    Readers, is_fifo, keep_for_user, make_file, make_private_folder, open_fifo, standard_error,
    standard_output,
};
pub use kernel_timer::KernelTimer;
pub use memory::usable_memory;
pub use open_files::{is_out_of_files, open_files, raise_open_files};
pub use sockets::{handle_for_unsent, keep_alive, keep_unsent_short};
pub use splice::SplicePipe;
pub use stop_signals::StopSignals;
