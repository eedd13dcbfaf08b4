//! What lies between a simulated player and its origin.

mod attempt;
mod connection;
mod deadlines;
mod downlink;
mod download;
mod effects;
mod exchange;
mod heads;
mod link;
mod pensieve;
mod quanta;
mod request;
mod request_seeds;
mod sabre;
mod together;
mod transmission;
mod uplink;
mod virtual_response;

pub use deadlines::Deadlines;
pub use downlink::Carrier;
pub use download::{CapacityChange, Concurrent, Download, Network, NeverEnds, Progress};
pub use effects::{Answer, BodyPoint, EarlyEnd, EffectSource, RequestAttempt, RequestEffects};
pub use heads::Heads;
pub use link::LinkNetwork;
pub use pensieve::PensieveNetwork;
pub use quanta::{Watch, WatchTimes};
pub use request::{Object, Request};
pub use sabre::{Period, SabreNetwork};
pub use together::{JointRate, TwoLimits};
pub use transmission::Transmission;
pub use virtual_response::{Response, VirtualResponse};
