//! How many entries of a newer version of a list repeat an older one.

/// The most entries compared at once.
const STRIDE: usize = 512;

/// The number of equal entries from the first one on; `alike` compares a range of them, and returns `false`
/// when the range ends past the last.
///
/// The ranges grow while all entries are equal, then shrink to the first difference: no entry is compared more
/// than a few times, and most of them many at a time.
pub(super) fn repeated(mut alike: impl FnMut(usize, usize) -> bool) -> usize {
    let (mut known, mut stride, mut grows) = (0, 1, true);
    while stride > 0 {
        #[cfg(test)]
        tests::COMPARED.set(tests::COMPARED.get() + stride);
        if alike(known, known + stride) {
            known += stride;
            stride = if grows { (stride * 2).min(STRIDE) } else { stride };
        } else {
            (stride, grows) = (stride / 2, false);
        }
    }
    known
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        /// How many entries were compared on this thread.
        pub(crate) static COMPARED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn all_that_is_alike_is_found() {
        for len in (0..70).chain([511, 512, 513, 1023, 1024, 4999, 5000]) {
            let (mut looks, mut looked) = (0, 0);
            let found = repeated(|from, to| {
                looks += 1;
                looked += to - from;
                to <= len
            });
            assert_eq!(found, len);
            assert!(looks <= 30 + len / STRIDE && looked <= 4 * len + 2, "{looks} of {len}");
        }
    }
}
