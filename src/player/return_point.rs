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
    /// also one of a higher rung, or one that was shown meanwhile. One that `buffer` has at `rung` already is passed over:
    /// it would come from the browser's cache, at once, and is no sample. `buffer` says the rung of the segment that is so
    /// far from the end.
    pub fn choose(
        &mut self,
        held: Option<(usize, usize)>,
        rung: usize,
        last: usize,
        buffer: impl Fn(usize) -> Option<usize>,
    ) -> Option<usize> {
        if let Some((shown, buffered)) = held.filter(|_| rung != last)
            && shown < rung
        {
            self.left = buffered;
        }
        while self.left > 0 && buffer(self.left) == Some(rung) {
            self.go_on();
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

    /// The buffer has no segment at the rung that is chosen.
    const NONE_HELD: fn(usize) -> Option<usize> = |_| None;

    #[test]
    fn all_from_what_is_shown_on_is_downloaded_again() {
        let mut back = ReturnPoint::default();
        // The same rung as before changes nothing.
        assert_eq!(back.choose(Some((0, 4)), 2, 2, NONE_HELD), None);
        assert_eq!(back.choose(Some((0, 4)), 2, 0, NONE_HELD), Some(4));
        back.go_on();
        // A lower rung does not end it, nor does the end of what was shown.
        assert_eq!(back.choose(Some((2, 2)), 1, 2, NONE_HELD), Some(3));
        back.go_on();
        assert_eq!(back.choose(Some((2, 2)), 1, 1, NONE_HELD), Some(2));
        // A higher rung begins anew, at what is shown then.
        assert_eq!(back.choose(Some((1, 1)), 3, 1, NONE_HELD), Some(1));
        back.go_on();
        assert_eq!(back.choose(Some((3, 1)), 3, 3, NONE_HELD), None);
        assert_eq!(back.choose(None, 4, 3, NONE_HELD), None);
    }

    #[test]
    fn what_is_left_stays() {
        let mut back = ReturnPoint::default();
        assert_eq!(back.choose(Some((0, 4)), 1, 0, NONE_HELD), Some(4));
        back.leave();
        assert_eq!(back.choose(Some((0, 4)), 1, 1, NONE_HELD), None);
    }

    #[test]
    fn what_the_buffer_has_at_this_rung_is_not_downloaded_again() {
        let mut back = ReturnPoint::default();
        // From the end of the buffer: rungs 0, 2, 2, 1, and 0, which is shown.
        let buffer = |from_end: usize| [0, 2, 2, 1, 0].get(from_end.checked_sub(1)?).copied();
        assert_eq!(back.choose(Some((0, 5)), 2, 0, buffer), Some(5));
        back.go_on();
        assert_eq!(back.choose(Some((2, 5)), 2, 2, buffer), Some(4));
        back.go_on();
        assert_eq!(back.choose(Some((2, 4)), 2, 2, buffer), Some(1));
        back.go_on();
        assert_eq!(back.choose(Some((2, 3)), 2, 2, buffer), None);
    }

    /// Where the rung changes on the way, it is the new one that counts.
    #[test]
    fn only_the_rung_that_is_chosen_is_passed_over() {
        let mut back = ReturnPoint::default();
        let buffer = |from_end: usize| [1, 1, 0].get(from_end.checked_sub(1)?).copied();
        assert_eq!(back.choose(Some((0, 3)), 1, 0, buffer), Some(3));
        back.go_on();
        assert_eq!(back.choose(Some((1, 3)), 0, 1, buffer), Some(2));
        // All that is left is there.
        assert_eq!(back.choose(Some((1, 3)), 1, 0, buffer), None);
    }
}
