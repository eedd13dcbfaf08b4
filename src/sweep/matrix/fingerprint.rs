//! What a sweep is made of, as one short text: two sweeps of the same command with other profiles differ in it.

use super::Plan;
use crate::seed::Seed;
use std::{fmt::Write as _, fs};

impl Plan {
    /// 16 hexadecimal digits of the networks, the presentation and the user's own scripts as they are, whatever their
    /// names are. It is against mistakes, not against forgery. A program (`cmd:`) counts by its command only.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut what = format!("{:?} {:?}", self.nets, self.presentations);
        for name in self.options.algorithms.iter().filter(|name| name.ends_with(".rhai")) {
            // A script that can no longer be read differs from all that can.
            // Writing to a String can't fail.
            let _ = write!(what, " {:?}", fs::read_to_string(name).ok());
        }
        format!("{:016x}", Seed::new(0).named(&what).value())
    }
}
