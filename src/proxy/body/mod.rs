//! Message bodies: the sources of their bytes, and when the bytes are sent.

pub(super) mod head_shaping;
pub(super) mod incoming_body;
pub(super) mod link_driver;
pub(super) mod observed_body;
mod packet_corruption;
pub(super) mod read_ahead;
pub(super) mod request_body;
pub(super) mod response_body;
pub(super) mod rule_link;
pub(super) mod session_timer;
pub(super) mod shaped_body;
pub(super) mod source;
pub(super) mod splice_pipes;
pub(super) mod timer;
pub(super) mod uplink_cut;
pub(super) mod uplink_loss;
pub(super) mod upload;
pub(super) mod wake_schedule;
