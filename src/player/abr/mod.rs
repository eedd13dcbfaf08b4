//! Adaptive bitrate: which rendition the next segment has. One file per algorithm.

mod algorithm;
mod bba_2;
mod bola;
mod bola_e;
mod buffer_based;
mod dash_js;
mod dynamic;
mod dynamic_dash;
mod fixed;
mod forward;
mod hls_js;
mod insufficient_buffer;
mod media3;
mod mpc;
mod shaka;
mod spf;
mod throughput;
mod vhs;

pub use algorithm::{Abr, Choice, State};
pub use bba_2::{Bba2, Bba2Config};
pub use bola::{Bola, BolaConfig};
pub use bola_e::{BolaE, BolaEConfig};
pub use buffer_based::BufferBased;
pub use dash_js::{DashJs, DashJsAverage, DashJsConfig, DashJsRules};
pub use dynamic::Dynamic;
pub use dynamic_dash::DynamicDash;
pub use fixed::Fixed;
pub use hls_js::{HlsJs, HlsJsConfig};
pub use media3::{Media3, Media3Config};
pub use mpc::{FastMpc, Mpc, MpcConfig};
pub use shaka::{Shaka, ShakaConfig};
pub use spf::{Spf, SpfConfig};
pub use throughput::Throughput;
pub use vhs::{Vhs, VhsConfig};
