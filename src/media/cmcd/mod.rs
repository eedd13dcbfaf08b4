//! Common Media Client Data (CTA-5004 and CTA-5004-B): the data that players report, read from headers,
//! queries, JSON, and the bodies they post; and written as a player writes it.

mod body;
mod dictionary;
mod report;
mod writer;

pub use body::{CmcdBody, Posted};
pub use report::{Cmcd, HEADERS as CMCD_HEADERS, ObjectType, UnknownVersion};
pub use writer::{CmcdVersion, CmcdWriter};
