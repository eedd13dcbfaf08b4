//! Requests of HTTP/1.1 in their usual form, and their responses: most players send no others. hyper serves a connection
//! from the first other request, or the first other response, to its end. It then reads that request again.

mod connection;
mod date_line;
mod request;
mod response;
mod sending;
#[cfg(test)]
mod tests;

pub(super) use connection::{PlainConnection, PlainEnd, Unusual};
