//! Common Media Client Data (CTA-5004 and CTA-5004-B): the data that players report, read from headers,
//! queries, JSON, and the bodies they post.

mod body;
mod dictionary;
mod report;

pub use body::{CmcdBody, Posted};
pub use report::{Cmcd, HEADERS as CMCD_HEADERS, ObjectType, UnknownVersion};
