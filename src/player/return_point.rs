//! Where requests go back to: as in dash.js, from there on everything is downloaded again.

/// How many of the last segments are downloaded again, in order.
///
/// dash.js 5.2.1 (`StreamProcessor._prepareForFastQualitySwitch`) goes back to the segment that is shown. It means to spare
/// one and a half segments from there on, but the representations that its rules propose have no `fragmentDuration` yet,
/// and 1.5 times nothing is 0.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReturnPoint {
    left: usize,
}

impl ReturnPoint {
    /// The segment to download in place of the next one, counted from the end (1 = the last), if `rung` was chosen after
    /// `last`. `held` is the rung that is shown, and how many segments are buffered from it on.
    ///
    /// Another rung goes back to what is shown, if that is of a lower one. From there on each segment is downloaded again,
    /// also one of a higher rung, or one that was shown meanwhile.
    pub fn choose(
        &mut self,
        held: Option<(usize, usize)>,
        rung: usize,
        last: usize,
    ) -> Option<usize> {
        if let Some((shown, buffered)) = held.filter(|_| rung != last)
            && shown < rung
        {
            self.left = buffered;
        }
        Some(self.left).filter(|left| *left > 0)
    }

    /// A segment was downloaded again.
    pub const fn go_on(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// What is buffered stays.
    pub const fn leave(&mut self) {
        self.left = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_from_what_is_shown_on_is_downloaded_again() {
        let mut back = ReturnPoint::default();
        // The same rung as before changes nothing.
        assert_eq!(back.choose(Some((0, 4)), 2, 2), None);
        assert_eq!(back.choose(Some((0, 4)), 2, 0), Some(4));
        back.go_on();
        // A lower rung does not end it, nor does the end of what was shown.
        assert_eq!(back.choose(Some((2, 2)), 1, 2), Some(3));
        back.go_on();
        assert_eq!(back.choose(Some((2, 2)), 1, 1), Some(2));
        // A higher rung begins anew, at what is shown then.
        assert_eq!(back.choose(Some((1, 1)), 3, 1), Some(1));
        back.go_on();
        assert_eq!(back.choose(Some((3, 1)), 3, 3), None);
        assert_eq!(back.choose(None, 4, 3), None);
    }

    #[test]
    fn what_is_left_stays() {
        let mut back = ReturnPoint::default();
        assert_eq!(back.choose(Some((0, 4)), 1, 0), Some(4));
        back.leave();
        assert_eq!(back.choose(Some((0, 4)), 1, 1), None);
    }
}
