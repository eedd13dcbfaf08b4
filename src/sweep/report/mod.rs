//! A sweep as one HTML file: tables and pictures, without other files. Where scripts run, sessions are timelines.

mod cdf;
mod drill_down;
mod frame;
mod heat_map;
mod key;
mod means;
mod page;
mod pairs;
mod policy;
mod session;
mod text;
mod trade_off;

pub use page::{RealSession, report, report_with};
