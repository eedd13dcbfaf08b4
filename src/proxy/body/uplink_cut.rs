//! What ended a request on the uplink.

use crate::model::OnDrop;
use std::sync::{Arc, OnceLock};

/// The loss action that ended a request on the uplink, if one did.
pub(in crate::proxy) type UplinkCut = Arc<OnceLock<OnDrop>>;
