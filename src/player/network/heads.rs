//! The sizes of the heads of messages.

/// What the links carry for the heads of messages, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Of a request, on the uplink.
    pub request: u32,
    /// Of a response, on the downlink, before its body.
    pub response: u32,
}

impl Heads {
    /// Nothing.
    pub const NONE: Self = Self { request: 0, response: 0 };
    /// Those of segments between `vsps play` and the built-in origin, as the proxy sends them on: 249 to 261 bytes of a
    /// response, 100 to 120 of a request.
    pub const USUAL: Self = Self { request: 110, response: 250 };
}
