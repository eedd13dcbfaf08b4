//! Whether the delay before the first byte is the configured one.

use crate::{
    clock,
    effort::Effort,
    figure::Figure,
    http,
    proxy::Proxy,
    report::{Report, Table},
    rig::Rig,
};
use std::io::Read as _;

const ASKED: [u32; 3] = [30, 100, 300];
const BYTES: u64 = 1024;

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let mut table = Table::new(
        "Latency",
        "Time from request to first byte on a warm connection, less the median without latency.",
        &["asked ms", "added ms", "mean error ms", "largest error ms"],
    );
    eprintln!("latency");
    let plain = Figure::new(waits(&rig.proxy("")?, effort.requests)?).median();
    for &asked in effort.of(&ASKED) {
        let proxy = rig.proxy(&format!("[latency]\nrtt = \"{asked} ms\""))?;
        rig.patience.wait_for_quiet();
        let waits = waits(&proxy, effort.requests)?;
        let errors: Vec<f64> = waits.iter().map(|wait| wait - plain - f64::from(asked)).collect();
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let largest =
            errors.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        let added = Figure::new(waits.iter().map(|wait| wait - plain));
        table.rows.push(vec![
            asked.to_string(),
            format!("{added:.2}"),
            format!("{mean:+.2}"),
            format!("{largest:+.2}"),
        ]);
    }
    report.table(table);
    Ok(())
}

/// Milliseconds to the first byte of `requests` answers; one before them warms the way.
fn waits(proxy: &Proxy, requests: usize) -> anyhow::Result<Vec<f64>> {
    let path = proxy.session()?.path(BYTES);
    let mut socket = http::connect(proxy.listen)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut waits = Vec::with_capacity(requests);
    for n in 0..=requests {
        let asked = clock::now();
        http::get(&mut socket, &path)?;
        let (with_head, length) = http::head(&mut socket, &mut buffer)?;
        let wait = clock::now() - asked;
        socket.read_exact(&mut buffer[..length as usize - with_head])?;
        if n > 0 {
            waits.push(wait.as_secs_f64() * 1e3);
        }
    }
    Ok(waits)
}
