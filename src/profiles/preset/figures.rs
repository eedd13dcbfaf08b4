//! The values of a preset.

/// A network with constant values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preset {
    /// Its name in the file, if it has one.
    pub name: Option<String>,
    /// The tool whose format it is.
    pub tool: &'static str,
    /// The downlink in bit/s; `None` = no limit.
    pub down: Option<f64>,
    /// The uplink in bit/s; `None` = no limit.
    pub up: Option<f64>,
    /// The delays.
    pub delays: Delays,
    /// Packet loss of the downlink in percent.
    pub loss_down: f64,
    /// Packet loss of the uplink in percent.
    pub loss_up: f64,
}

/// The delay of packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delays {
    /// A round trip, in ms.
    RoundTrip(f64),
    /// One-way delays, in ms: up and down.
    EachWay(f64, f64),
}

impl Default for Delays {
    fn default() -> Self {
        Self::RoundTrip(0.0)
    }
}

/// An error in a file of presets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {hint}")]
pub struct PresetError {
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

impl PresetError {
    pub(super) fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: hint.into() }
    }
}

impl Preset {
    /// Checks that its values are possible.
    pub(super) fn check(&self) -> Result<(), PresetError> {
        let (up, down) = match self.delays {
            Delays::RoundTrip(whole) => (whole, 0.0),
            Delays::EachWay(up, down) => (up, down),
        };
        let rates = [self.down, self.up].into_iter().flatten();
        let name = self.name.as_deref().unwrap_or(self.tool);
        for (what, value, most) in [("delay", up, 1e7), ("delay", down, 1e7)]
            .into_iter()
            .chain([("loss", self.loss_down, 100.0), ("loss", self.loss_up, 100.0)])
            .chain(rates.map(|rate| ("rate", rate, 1e12)))
        {
            if !(0.0..=most).contains(&value) {
                let problem = format!("`{name}` has a {what} of {value}");
                return Err(PresetError::new(problem, format!("write a {what} from 0 to {most}")));
            }
        }
        Ok(())
    }
}
