//! What an estimator says.

/// What a player believes of its network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// kbit/s.
    pub throughput: f64,
    /// From the request to the first byte, in ms.
    pub latency: f64,
}

/// Learns from downloads.
pub trait Estimator: Send {
    /// Takes a sample: the time of the body in ms, its throughput in kbit/s, and the latency before it
    /// in ms. Returns the new estimate.
    fn push(&mut self, time: f64, throughput: f64, latency: f64) -> Estimate;
}

impl<T: Estimator + ?Sized> Estimator for &mut T {
    fn push(&mut self, time: f64, throughput: f64, latency: f64) -> Estimate {
        (**self).push(time, throughput, latency)
    }
}

impl<T: Estimator + ?Sized> Estimator for Box<T> {
    fn push(&mut self, time: f64, throughput: f64, latency: f64) -> Estimate {
        (**self).push(time, throughput, latency)
    }
}
