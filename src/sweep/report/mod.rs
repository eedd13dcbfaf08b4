//! A sweep as one HTML file: tables and pictures, without script and without other files.

mod cdf;
mod frame;
mod heat_map;
mod key;
mod means;
mod page;
mod pairs;
mod session;
mod text;
mod trade_off;

pub use page::{RealSession, report, report_with};
