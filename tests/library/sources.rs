//! The values of the sources, transcribed independently of the profile files.

/// Presets with a constant rate: kbit/s down, round trip in ms, loss in percent.
pub(super) const CONSTANTS: &[(&str, f64, u64, f64)] = &[
    // WebPageTest, connectivity.ini.sample: latency is a round trip.
    ("wpt-cable", 5000.0, 28, 0.0),
    ("wpt-dsl", 1500.0, 50, 0.0),
    ("wpt-3g-slow", 400.0, 400, 0.0),
    ("wpt-3g", 1600.0, 300, 0.0),
    ("wpt-3g-fast", 1600.0, 150, 0.0),
    ("wpt-4g", 9000.0, 170, 0.0),
    ("wpt-4g-fast", 10_240.0, 40, 0.0),
    ("wpt-lte", 12_000.0, 70, 0.0),
    ("wpt-edge", 240.0, 840, 0.0),
    ("wpt-2g", 280.0, 800, 0.0),
    ("wpt-dial", 49.0, 120, 0.0),
    ("wpt-fios", 20_000.0, 4, 0.0),
    // The same under their short names.
    ("cable", 5000.0, 28, 0.0),
    ("dsl", 1500.0, 50, 0.0),
    ("3g-slow", 400.0, 400, 0.0),
    ("lte", 12_000.0, 70, 0.0),
    ("edge", 240.0, 840, 0.0),
    // Chrome DevTools: target values, a round trip.
    ("devtools-3g", 500.0, 400, 0.0),
    ("devtools-slow-4g", 1600.0, 150, 0.0),
    ("devtools-fast-4g", 9000.0, 60, 0.0),
    // Lighthouse: 1.6 and 10 times 1024 kbit/s.
    ("lighthouse-mobile", 1638.4, 150, 0.0),
    ("lighthouse-desktop", 10_240.0, 40, 0.0),
    // Apple Network Link Conditioner: 100 + 100, 5 + 5, 400 + 440, 50 + 65, 500 + 500 one way.
    ("nlc-3g", 780.0, 200, 0.0),
    ("nlc-dsl", 2000.0, 10, 0.0),
    ("nlc-edge", 240.0, 840, 0.0),
    ("nlc-lte", 50_000.0, 115, 0.0),
    ("nlc-very-bad-network", 1000.0, 1000, 10.0),
    ("nlc-3g-lossy", 780.0, 200, 1.0),
    // Facebook ATC: 650 + 650, 100 + 100, 90 + 100, 2 + 2, 5 + 5, 400 + 440, 350 + 370 one way.
    ("atc-2g-rural", 20.0, 1300, 2.0),
    ("atc-2g-urban", 35.0, 1300, 0.0),
    ("atc-3g-average", 780.0, 200, 0.0),
    ("atc-3g-good", 850.0, 190, 0.0),
    ("atc-cable", 6000.0, 4, 0.0),
    ("atc-dsl", 2000.0, 10, 0.0),
    ("atc-edge-average", 240.0, 840, 0.0),
    ("atc-edge-good", 250.0, 720, 0.0),
    ("atc-edge-lossy", 240.0, 840, 1.0),
    // Firefox: the documentation does not state the direction; taken as a round trip.
    ("firefox-gprs", 50.0, 500, 0.0),
    ("firefox-2g-regular", 250.0, 300, 0.0),
    ("firefox-2g-good", 450.0, 150, 0.0),
    ("firefox-3g-regular", 750.0, 100, 0.0),
    ("firefox-3g-good", 1500.0, 40, 0.0),
    ("firefox-4g-regular", 4000.0, 20, 0.0),
    ("firefox-dsl", 2000.0, 5, 0.0),
    ("firefox-wifi", 30_000.0, 2, 0.0),
    ("wifi", 30_000.0, 2, 0.0),
];

/// Patterns of steps: kbit/s × seconds.
pub(super) const PATTERNS: &[(&str, &[(u64, f64)])] = &[
    ("mmsys-cascade", &[(1200, 30.), (800, 30.), (400, 30.), (800, 30.), (1200, 30.)]),
    (
        "mmsys-intra-cascade",
        &[
            (1000, 15.),
            (800, 15.),
            (600, 15.),
            (400, 15.),
            (200, 15.),
            (400, 15.),
            (600, 15.),
            (800, 15.),
            (1000, 15.),
        ],
    ),
    ("mmsys-spike", &[(1200, 10.), (300, 10.), (800, 10.)]),
    ("spike", &[(1200, 10.), (300, 10.), (800, 10.)]),
    ("mmsys-slow-jitters", &[(500, 5.), (1200, 5.), (500, 5.), (1200, 5.), (500, 5.), (1200, 5.)]),
    (
        "mmsys-fast-jitters",
        &[(500, 0.25), (1200, 5.), (500, 0.1), (1200, 1.), (500, 0.25), (1200, 5.)],
    ),
    (
        "dashif-low-high-low",
        &[
            (1500, 30.),
            (2000, 30.),
            (3000, 30.),
            (4000, 30.),
            (5000, 30.),
            (4000, 30.),
            (3000, 30.),
            (2000, 30.),
        ],
    ),
];

/// The published figures of a recording. Rates in kbit/s over whole seconds; `None` where nothing is published.
/// `out`: the share of time under 100 kbit/s.
pub(super) struct Recording {
    pub(super) name: &'static str,
    pub(super) mean: f64,
    pub(super) p5: Option<f64>,
    pub(super) p50: Option<f64>,
    pub(super) p95: Option<f64>,
    pub(super) out: Option<f64>,
}

const fn recording(name: &'static str, mean: f64) -> Recording {
    Recording { name, mean, p5: None, p50: None, p95: None, out: None }
}

impl Recording {
    const fn quantiles(self, p5: f64, p50: f64, p95: f64) -> Self {
        Self { p5: Some(p5), p50: Some(p50), p95: Some(p95), ..self }
    }

    const fn out(self, share: f64) -> Self {
        Self { out: Some(share), ..self }
    }
}

/// Every profile with a random rate.
pub(super) const RECORDINGS: &[Recording] = &[
    // HSDPA in Norway: the mean of seconds without the long dead gaps, the share of the fit.
    recording("3g", 1168.6).out(0.0922),
    recording("3g-dead-spots", 1164.0).out(0.0922),
    // LTE in Ghent: means by mode of transport, shares of the two-state outage process. (`4g` has a very low
    // rate where the logs have zero, so its share differs from theirs.)
    recording("4g", 30_219.0).quantiles(4989.0, 28_776.0, 58_818.0),
    recording("4g-bicycle", 28_200.0).out(0.0095),
    recording("4g-bus", 31_900.0).out(0.0068),
    recording("4g-car", 33_900.0).out(0.0067),
    recording("4g-foot", 29_300.0).out(0.0121),
    recording("4g-train", 22_500.0).out(0.0409),
    recording("4g-tram", 29_200.0).out(0.0177),
    // Irish 5G, downloads: about a tenth under 100 kbit/s (p10: 66 and 3 kbit/s).
    recording("5g-static", 66_656.0).quantiles(2.0, 29_359.0, 228_811.0).out(0.10),
    recording("5g-driving", 27_597.0).quantiles(1.0, 8058.0, 160_824.0).out(0.13),
    // FCC's Measuring Broadband America.
    recording("fcc-broadband", 6081.0).quantiles(306.0, 7703.0, 11_142.0),
    // mahimahi, in bins of a second.
    recording("mahimahi-lte-verizon", 5028.0).quantiles(1080.0, 4344.0, 11_112.0),
    recording("mahimahi-lte-driving", 12_770.0).quantiles(2880.0, 9996.0, 30_540.0),
    recording("mahimahi-umts-driving", 2020.0).quantiles(12.0, 1896.0, 5376.0),
    recording("mahimahi-evdo-driving", 521.0).quantiles(12.0, 408.0, 1452.0),
    // Synthetic: the values of their own descriptions.
    recording("flaky-wifi", 20_000.0 * 12.0 / 12.9).out(0.9 / 12.9),
    recording("satellite-leo", 100_000.0 * 14.85 / 15.0),
    recording("train", 9300.0).out(0.11),
    recording("congested-cell", 950.0),
    recording("hotel-wifi", 3200.0),
];

/// Round trips of a loaded cell (Irish 5G logs): median and 90th percentile in ms.
pub(super) const WAITS: &[(&str, f64, f64)] = &[
    ("rtt-5g", 72.0, 83.0),
    ("5g-static", 72.0, 83.0),
    ("5g-driving", 72.0, 83.0),
    ("rtt-lte", 84.0, 101.0),
    ("4g", 84.0, 101.0),
    ("4g-train", 84.0, 101.0),
    ("rtt-hspa", 123.0, 295.0),
    ("3g", 123.0, 295.0),
    ("3g-dead-spots", 123.0, 295.0),
];
