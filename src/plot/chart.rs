//! Draws simulations over each other, as SVG or PNG.

use super::{
    error::PlotError,
    png::png,
    scale::{ceiling, rate, short},
    simulation::Simulation,
};
use crate::profiles::Profile;
use plotters::{
    coord::Shift,
    prelude::*,
    style::{FontStyle, register_font},
};
use std::{fs, path::Path, sync::Once, time::Duration};

/// Digits, letters and a few signs of DejaVu Sans (public domain changes to Bitstream Vera, whose
/// licence allows subsets under another name). A PNG needs an embedded font.
static PLAIN: &[u8] = include_bytes!("plain.ttf");
static FONT: Once = Once::new();

const SIZE: (u32, u32) = (960, 520);
const INK: RGBColor = RGBColor(40, 48, 58);
const FAINT: RGBColor = RGBColor(222, 227, 233);
const STALL: RGBColor = RGBColor(214, 69, 65);
const COURSES: [RGBColor; 5] = [
    RGBColor(31, 119, 180),
    RGBColor(230, 130, 20),
    RGBColor(44, 140, 80),
    RGBColor(148, 103, 189),
    RGBColor(120, 100, 90),
];

/// A picture's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable; for documents.
    Svg,
    /// Pixels; for chats and tickets.
    Png,
}

impl Format {
    /// The format for the extension of a file name.
    ///
    /// # Errors
    /// If it is neither `.svg` nor `.png`.
    pub fn of(path: &Path) -> Result<Self, PlotError> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => Err(PlotError::Format(path.to_owned())),
        }
    }
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Draws simulations of `profile`, each `span` long, into the file `path`.
///
/// # Errors
/// If the extension is not that of a known format, or the file can't be written.
pub fn chart(
    profile: &Profile,
    courses: &[Simulation],
    span: Duration,
    path: &Path,
) -> Result<(), PlotError> {
    FONT.call_once(|| {
        // It fails only for an invalid font, which the tests would detect.
        let _ = register_font("sans-serif", FontStyle::Normal, PLAIN);
    });
    let drawn = match Format::of(path)? {
        Format::Svg => {
            draw(&SVGBackend::new(path, SIZE).into_drawing_area(), profile, courses, span)
        }
        Format::Png => draw_pixels(profile, courses, span, path),
    };
    drawn.map_err(|problem| PlotError::Drawing {
        path: path.to_owned(),
        problem: problem.to_string(),
    })
}

fn draw_pixels(profile: &Profile, courses: &[Simulation], span: Duration, path: &Path) -> Drawn {
    let (width, height) = SIZE;
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area();
    draw(&area, profile, courses, span)?;
    drop(area);
    fs::write(path, png(&pixels, width, height)?)?;
    Ok(())
}

fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    profile: &Profile,
    courses: &[Simulation],
    span: Duration,
) -> Drawn
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE)?;
    let title = format!("{}: {}", profile.name, profile.summary);
    let area = area.titled(&title, ("sans-serif", 17).into_font().color(&INK))?;
    let has_latency = courses.iter().any(|course| !course.latencies.is_empty());
    let height = area.dim_in_pixel().1 as i32;
    let (upper, lower) = area.split_vertically(if has_latency { height * 7 / 10 } else { height });
    rates(&upper, courses, span)?;
    if has_latency {
        latencies(&lower, courses, span)?;
    }
    area.present()?;
    Ok(())
}

fn rates<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    courses: &[Simulation],
    span: Duration,
) -> Drawn
where
    B::ErrorType: 'static,
{
    let all = courses.iter().flat_map(|course| &course.rates);
    let top = ceiling(all.map(|(_, bits)| *bits).fold(1e3, f64::max));
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_right(28)
        .x_label_area_size(26)
        .y_label_area_size(58)
        .build_cartesian_2d(0.0..span.as_secs_f64(), 0.0..top)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(INK)
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .x_label_formatter(&|seconds| format!("{} s", short(*seconds)))
        .y_label_formatter(&|bits| rate(*bits))
        .y_desc("bit/s")
        .draw()?;
    for (course, color) in courses.iter().zip(COURSES.iter().cycle()) {
        for stall in &course.stalls {
            let (from, to) = (stall.at.since_zero(), stall.end().since_zero().min(span));
            let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
            let bar = Rectangle::new([(from, top * 0.98), (to, top)], STALL.filled());
            chart.draw_series(std::iter::once(bar))?;
        }
        let step = course.rates.get(1).map_or(Duration::ZERO, |(at, _)| *at);
        let stairs = course
            .rates
            .iter()
            .flat_map(|&(at, bits)| [(at.as_secs_f64(), bits), ((at + step).as_secs_f64(), bits)]);
        chart.draw_series(LineSeries::new(stairs, color.stroke_width(2)))?;
    }
    if courses.iter().all(|course| course.rates.is_empty()) {
        let style = ("sans-serif", 14).into_font().color(&INK);
        let text = Text::new("no rate limit", (span.as_secs_f64() * 0.02, top * 0.5), style);
        chart.draw_series(std::iter::once(text))?;
    }
    Ok(())
}

fn latencies<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    courses: &[Simulation],
    span: Duration,
) -> Drawn
where
    B::ErrorType: 'static,
{
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let all = courses.iter().flat_map(|course| &course.latencies);
    let top = ceiling(all.map(|(_, latency)| ms(*latency)).fold(1.0, f64::max));
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_right(28)
        .x_label_area_size(22)
        .y_label_area_size(58)
        .build_cartesian_2d(0.0..span.as_secs_f64(), 0.0..top)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(INK)
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .x_label_formatter(&|seconds| format!("{} s", short(*seconds)))
        .y_label_formatter(&|ms| format!("{} ms", short(*ms)))
        .y_labels(4)
        .y_desc("latency")
        .draw()?;
    for (course, color) in courses.iter().zip(COURSES.iter().cycle()) {
        let dots = course
            .latencies
            .iter()
            .map(|&(at, latency)| Circle::new((at.as_secs_f64(), ms(latency)), 2, color.filled()));
        chart.draw_series(dots)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profiles::Catalog, seed::Seed};

    /// Both formats are written, and hold what was drawn.
    #[test]
    fn pictures_of_every_profile() {
        let folder = std::env::temp_dir().join(format!("vsps-plots-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let span = Duration::from_secs(60);
        for profile in Catalog::new().list().unwrap() {
            let courses: Vec<Simulation> =
                (1..=2).map(|seed| Simulation::run(&profile, Seed::new(seed), span)).collect();
            let svg = folder.join(format!("{}.svg", profile.name));
            chart(&profile, &courses, span, &svg).unwrap();
            let text = fs::read_to_string(&svg).unwrap();
            assert!(text.starts_with("<svg") && text.contains(&profile.name));
        }
        let flaky = Catalog::new().named("flaky-wifi").unwrap();
        let courses = [Simulation::run(&flaky, Seed::new(1), span)];
        let png = folder.join("flaky.png");
        chart(&flaky, &courses, span, &png).unwrap();
        assert_eq!(fs::read(&png).unwrap()[..4], *b"\x89PNG");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_ending_names_the_format() {
        insta::assert_snapshot!(Format::of(Path::new("a.jpg")).unwrap_err(), @"a.jpg: plots are SVG or PNG; write a file name that ends in .svg or .png");
    }
}
