//! Benchmarks of ABR algorithms: many sessions in virtual time, and the front ends of published
//! simulators.

pub mod catalogue;
pub mod characterise;
pub mod compare;
pub mod contention;
pub mod decide;
mod decision_lines;
pub mod external;
pub mod live;
pub mod matrix;
pub mod pensieve;
pub mod report;
pub mod sabre;
pub mod virtual_rules;
