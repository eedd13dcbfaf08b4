//! When the bytes of one download arrived, and the figures computed from it.

use std::time::Duration;

/// The reads of one download, in order.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    asked: Duration,
    reads: Vec<(Duration, usize)>,
}

impl Trace {
    /// A download requested at `asked`; `bytes` of its body arrived with the head, at `first`.
    pub(crate) fn new(asked: Duration, first: Duration, bytes: usize) -> Self {
        let reads = if bytes > 0 { vec![(first, bytes)] } else { Vec::new() };
        Self { asked, reads }
    }

    pub(crate) fn push(&mut self, at: Duration, bytes: usize) {
        self.reads.push((at, bytes));
    }

    pub(crate) fn first(&self) -> Duration {
        self.reads.first().map_or(self.asked, |(at, _)| *at)
    }

    pub(crate) fn last(&self) -> Duration {
        self.reads.last().map_or(self.asked, |(at, _)| *at)
    }

    /// Bit/s between the first read and the last; the bytes of the first read came before.
    pub(crate) fn goodput(&self) -> f64 {
        let bytes: usize = self.reads.iter().skip(1).map(|(_, bytes)| bytes).sum();
        bits_per_second(bytes, self.last() - self.first())
    }

    /// Bit/s of all bytes, from the request on.
    pub(crate) fn whole(&self) -> f64 {
        let bytes: usize = self.reads.iter().map(|(_, bytes)| bytes).sum();
        bits_per_second(bytes, self.last() - self.asked)
    }

    /// Bit/s within `from..to`.
    pub(crate) fn between(&self, from: Duration, to: Duration) -> f64 {
        let start = self.reads.partition_point(|(at, _)| *at < from);
        let end = self.reads.partition_point(|(at, _)| *at < to);
        let bytes = self.reads[start..end].iter().map(|(_, bytes)| bytes).sum();
        bits_per_second(bytes, to - from)
    }

    /// Bit/s from `from` to the last read: the slope of the line that lies closest to the bytes that had come
    /// by each millisecond (least squares). A quotient of bytes and time has an error of one piece at either
    /// end; here all pieces between count.
    pub(crate) fn slope(&self, from: Duration) -> f64 {
        const STEP: Duration = Duration::from_millis(1);
        let (mut reads, mut came) = (self.reads.iter().peekable(), 0);
        let steps = (self.last() - from).as_micros() / STEP.as_micros();
        let (mut n, mut t, mut b, mut tt, mut tb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for step in 0..steps as u32 {
            let at = STEP * step;
            while let Some((_, bytes)) = reads.next_if(|(read, _)| *read <= from + at) {
                came += bytes;
            }
            let (time, bytes) = (at.as_secs_f64(), came as f64);
            (n, t, b) = (n + 1.0, t + time, b + bytes);
            (tt, tb) = (tt + time * time, tb + time * bytes);
        }
        8.0 * (n * tb - t * b) / (n * tt - t * t)
    }

    /// The coefficient of variation of bytes per `window`, from `from` to the last read.
    pub(crate) fn variation(&self, from: Duration, window: Duration) -> f64 {
        let count = ((self.last() - from).as_secs_f64() / window.as_secs_f64()) as usize;
        let mut windows = vec![0.0; count];
        for (at, bytes) in self.reads.iter().filter(|(at, _)| *at >= from) {
            let index = ((*at - from).as_secs_f64() / window.as_secs_f64()) as usize;
            if let Some(window) = windows.get_mut(index) {
                *window += *bytes as f64;
            }
        }
        let mean = windows.iter().sum::<f64>() / count as f64;
        let variance = windows.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
        variance.sqrt() / mean
    }

    /// The longest time without a byte, after `from`.
    pub(crate) fn longest_gap(&self, from: Duration) -> Duration {
        let pairs = self.reads.windows(2).filter(|pair| pair[0].0 >= from);
        pairs.map(|pair| pair[1].0 - pair[0].0).max().unwrap_or_default()
    }

    /// The longest time without a byte within `from..to`.
    pub(crate) fn gap_within(&self, from: Duration, to: Duration) -> Duration {
        let within = self.reads.iter().map(|(at, _)| *at).filter(|at| (from..to).contains(at));
        let moments: Vec<Duration> = [from].into_iter().chain(within).chain([to]).collect();
        moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// How often the client was given bytes.
    pub(crate) fn reads_per_second(&self) -> f64 {
        self.reads.len() as f64 / (self.last() - self.first()).as_secs_f64()
    }

    /// How many bytes came.
    pub(crate) fn bytes(&self) -> usize {
        self.reads.iter().map(|(_, bytes)| bytes).sum()
    }
}

fn bits_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 * 8.0 / time.as_secs_f64()
}
