//! The web console: its pages are embedded in the program and served at `/` of the control plane.
//!
//! The files are those of `console/web/`, unchanged: HTML, CSS and ES modules that a browser runs as they are. They get
//! all data from the API, so this module depends on no other.
//!
//! hls.js, dash.js and Shaka Player are embedded if `console/node_modules` had them when the program was built. The page
//! reads in `/players.json` which of them are there.

mod bundle;
mod files;
mod response;
mod router;

pub use bundle::bundle;
pub use router::router;
