//! Sabre's options, read as Python's argparse reads them: long names may be shortened while they are
//! unambiguous, values may follow after `=` or, for one-letter options, at once.

use super::SabreError;
use crate::player::Replacement;
use std::{path::PathBuf, str::FromStr};

/// An algorithm by Sabre's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `bola`
    Bola,
    /// `bolae`
    BolaE,
    /// `throughput`
    Throughput,
    /// `dynamic`
    Dynamic,
    /// `dynamicdash`
    DynamicDash,
}

/// What was asked for; the defaults are Sabre's.
#[derive(Debug, Clone, PartialEq)]
pub struct SabreOptions {
    /// `-n`
    pub network: PathBuf,
    /// `-nm`
    pub network_multiplier: f64,
    /// `-m`
    pub movie: PathBuf,
    /// `-ml`, in seconds
    pub movie_length: Option<f64>,
    /// `-a`
    pub algorithm: Algorithm,
    /// `-ab`
    pub basic: bool,
    /// `-ao`
    pub avoid_oscillation: bool,
    /// `-gp`
    pub gamma_p: f64,
    /// `-noibr` turns it off
    pub insufficient_buffer: bool,
    /// `-ma sliding`
    pub sliding: bool,
    /// `-ws`
    pub windows: Vec<i64>,
    /// `-hl`, in seconds
    pub half_lives: Vec<f64>,
    /// `-s`, in seconds
    pub seek: Option<(f64, f64)>,
    /// `-r`
    pub replacement: Replacement,
    /// `-b`, in seconds; `None` is 25
    pub max_buffer: Option<f64>,
    /// `-noa` turns it off
    pub abandon: bool,
    /// `-rmp`
    pub ramp_up: Option<i64>,
    /// `-v`
    pub verbose: bool,
}

impl Default for SabreOptions {
    fn default() -> Self {
        Self {
            network: "network.json".into(),
            network_multiplier: 1.0,
            movie: "movie.json".into(),
            movie_length: None,
            algorithm: Algorithm::BolaE,
            basic: false,
            avoid_oscillation: false,
            gamma_p: 5.0,
            insufficient_buffer: true,
            sliding: false,
            windows: vec![3],
            half_lives: vec![3.0, 8.0],
            seek: None,
            replacement: Replacement::Never,
            max_buffer: None,
            abandon: true,
            ramp_up: None,
            verbose: false,
        }
    }
}

/// Each option: its short name, its long name, what it takes, what it does.
const OPTIONS: &[(&str, &str, Values, &str)] = &[
    ("-n", "--network", Values::One, "the network, in Sabre's JSON [network.json]"),
    ("-nm", "--network-multiplier", Values::One, "multiplies the bandwidths [1]"),
    ("-m", "--movie", Values::One, "the movie, in Sabre's JSON [movie.json]"),
    ("-ml", "--movie-length", Values::One, "cuts or repeats the movie to this many seconds"),
    ("-a", "--abr", Values::One, "bola, bolae, throughput, dynamic or dynamicdash [bolae]"),
    ("-ab", "--abr-basic", Values::None, "BOLA-BASIC"),
    ("-ao", "--abr-osc", Values::None, "BOLA-O: fewer oscillations"),
    ("-gp", "--gamma-p", Values::One, "gamma p, in segments [5]"),
    ("-noibr", "--no-insufficient-buffer-rule", Values::None, "no insufficient-buffer rule"),
    ("-ma", "--moving-average", Values::One, "ewma or sliding [ewma]"),
    ("-ws", "--window-size", Values::Many, "windows of the sliding mean, in downloads [3]"),
    ("-hl", "--half-life", Values::Many, "half-lives of the EWMA, in seconds [3 8]"),
    ("-s", "--seek", Values::Two, "at media time WHEN jump to media time WHERE, in seconds"),
    ("-r", "--replace", Values::One, "none, left or right: what is replaced [none]"),
    ("-b", "--max-buffer", Values::One, "the maximum buffer in seconds [25]"),
    ("-noa", "--no-abandon", Values::None, "no abandonment"),
    ("-rmp", "--rampup-threshold", Values::One, "the rung at which playback is ramped up"),
    ("-v", "--verbose", Values::None, "a line for each event"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    None,
    One,
    Two,
    Many,
}

impl SabreOptions {
    /// The options, a line each.
    #[must_use]
    pub fn help() -> String {
        let mut help = "The options of Sabre (Spiteri et al., MMSys 2018):\n\n".to_owned();
        for (short, long, values, about) in OPTIONS {
            let values = match values {
                Values::None => "",
                Values::One => " VALUE",
                Values::Two => " VALUE VALUE",
                Values::Many => " VALUE…",
            };
            let names = format!("{short}, {long}{values}");
            help.push_str(&format!("  {names:<44} {about}\n"));
        }
        help.push_str("\nExample: vsps bench sabre -n network.json -m movie.json -a bolae -b 25\n");
        help
    }

    /// The maximum buffer in ms.
    #[must_use]
    pub fn max_buffer_ms(&self) -> f64 {
        self.max_buffer.unwrap_or(25.0) * 1000.0
    }

    /// Reads the arguments after `vsps bench sabre`.
    ///
    /// # Errors
    /// When an option is unknown or ambiguous, or a value is missing or cannot be read.
    pub fn parse(arguments: &[String]) -> Result<Self, SabreError> {
        let mut options = Self::default();
        let mut rest = arguments.iter().map(String::as_str).peekable();
        while let Some(argument) = rest.next() {
            let (name, values, attached) = recognise(argument)?;
            let mut found: Vec<&str> = attached.into_iter().collect();
            let most = match values {
                Values::None => 0,
                Values::One => 1,
                Values::Two => 2,
                Values::Many => usize::MAX,
            };
            // A value attached with `=` is the only one.
            while attached.is_none() && found.len() < most {
                let Some(value) = rest.next_if(|next| is_value(next)) else { break };
                found.push(value);
            }
            let enough = match values {
                Values::Many => !found.is_empty(),
                _ => found.len() == most,
            };
            if !enough {
                let wanted = if values == Values::Two { "two values" } else { "a value" };
                return Err(usage(format!("{name} needs {wanted}")));
            }
            options.set(name, &found)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, values: &[&str]) -> Result<(), SabreError> {
        let value = values.first().copied().unwrap_or_default();
        match name {
            "--network" => self.network = value.into(),
            "--network-multiplier" => self.network_multiplier = number(name, value)?,
            "--movie" => self.movie = value.into(),
            "--movie-length" => self.movie_length = Some(number(name, value)?),
            "--abr" => self.algorithm = algorithm(value)?,
            "--abr-basic" => self.basic = true,
            "--abr-osc" => self.avoid_oscillation = true,
            "--gamma-p" => self.gamma_p = number(name, value)?,
            "--no-insufficient-buffer-rule" => self.insufficient_buffer = false,
            "--moving-average" => self.sliding = is_sliding(value)?,
            "--window-size" => self.windows = numbers(name, values)?,
            "--half-life" => self.half_lives = numbers(name, values)?,
            "--seek" => self.seek = Some((number(name, value)?, number(name, values[1])?)),
            "--replace" => self.replacement = replacement(value)?,
            "--max-buffer" => self.max_buffer = Some(number(name, value)?),
            "--no-abandon" => self.abandon = false,
            "--rampup-threshold" => self.ramp_up = Some(number(name, value)?),
            _ => self.verbose = true,
        }
        Ok(())
    }
}

/// The long name of an option, what it takes, and the value that stands in the same argument.
fn recognise(argument: &str) -> Result<(&'static str, Values, Option<&str>), SabreError> {
    let exact =
        |text: &str| OPTIONS.iter().find(|(short, long, ..)| *short == text || *long == text);
    if let Some(&(_, long, values, _)) = exact(argument) {
        return Ok((long, values, None));
    }
    if !argument.starts_with('-') {
        return Err(usage(format!("unexpected argument '{argument}'")));
    }
    let (name, attached) = match argument.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (argument, None),
    };
    if let Some(&(_, long, values, _)) =
        exact(name).filter(|(_, _, values, _)| *values != Values::None)
    {
        return Ok((long, values, attached));
    }
    let mut found: Vec<(&'static str, Values, Option<&str>)> = Vec::new();
    for &(short, long, values, _) in OPTIONS {
        let shortened = long.starts_with(name) && name.starts_with("--")
            || short.starts_with(name) && !name.starts_with("--");
        if shortened {
            found.push((long, values, attached));
        } else if short.len() == 2 && values != Values::None && argument.starts_with(short) {
            found.push((long, values, argument.get(2..)));
        }
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            Err(usage(format!("there is no option '{argument}'; `vsps bench sabre -h` lists them")))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(long, ..)| *long).collect();
            Err(usage(format!("'{argument}' could be {}", names.join(" or "))))
        }
    }
}

/// Whether an argument is a value: it does not start with `-`, or is a negative number.
fn is_value(argument: &str) -> bool {
    !argument.starts_with('-') || argument == "-" || argument.parse::<f64>().is_ok()
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, SabreError> {
    value.trim().parse().map_err(|_| usage(format!("{name}: '{value}' is not a number it takes")))
}

fn numbers<T: FromStr>(name: &str, values: &[&str]) -> Result<Vec<T>, SabreError> {
    values.iter().map(|value| number(name, value)).collect()
}

fn algorithm(name: &str) -> Result<Algorithm, SabreError> {
    Ok(match name {
        "bola" => Algorithm::Bola,
        "bolae" => Algorithm::BolaE,
        "throughput" => Algorithm::Throughput,
        "dynamic" => Algorithm::Dynamic,
        "dynamicdash" => Algorithm::DynamicDash,
        "bba" => {
            let hint = "Sabre has no rule behind 'bba'; `vsps bench --abr bba` has one";
            return Err(usage(hint.to_owned()));
        }
        python if python.ends_with(".py") => {
            let hint =
                "Python modules are not loaded; `vsps bench --abr cmd:PROGRAM` runs a program";
            return Err(usage(format!("{python}: {hint}")));
        }
        other => {
            let known = "bola, bolae, throughput, dynamic or dynamicdash";
            return Err(usage(format!("there is no algorithm '{other}'; write {known}")));
        }
    })
}

fn is_sliding(name: &str) -> Result<bool, SabreError> {
    match name {
        "ewma" => Ok(false),
        "sliding" => Ok(true),
        other => Err(usage(format!("there is no average '{other}'; write ewma or sliding"))),
    }
}

/// Sabre knows two names of replacements; with any other it replaces nothing. It ignores a module of the user's.
fn replacement(name: &str) -> Result<Replacement, SabreError> {
    match name {
        "left" => Ok(Replacement::First),
        "right" => Ok(Replacement::Last),
        python if python.ends_with(".py") => Err(usage(format!(
            "{python}: Python modules are not loaded; write none, left or right"
        ))),
        _ => Ok(Replacement::Never),
    }
}

const fn usage(message: String) -> SabreError {
    SabreError::Usage(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<SabreOptions, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        SabreOptions::parse(&arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn options_are_read_as_argparse_reads_them() {
        // As in Sabre: what follows a one-letter option without a space is its value.
        let known = "write bola, bolae, throughput, dynamic or dynamicdash";
        assert_eq!(parse("-abr-b"), Err(format!("there is no algorithm 'br-b'; {known}")));
        let options =
            parse("-n a.json -nm 0.5 -b25 -ao --abr-b -a bola -ws 3 8 -s 10 20 --half=4").unwrap();
        assert_eq!(options.network, PathBuf::from("a.json"));
        assert_eq!((options.network_multiplier, options.max_buffer), (0.5, Some(25.0)));
        assert!(options.avoid_oscillation && options.basic);
        assert_eq!((options.windows, options.half_lives), (vec![3, 8], vec![4.0]));
        assert_eq!(options.seek, Some((10.0, 20.0)));
        assert_eq!(options.algorithm, Algorithm::Bola);
    }

    #[test]
    fn bad_options_are_named() {
        assert_eq!(
            parse("-no").unwrap_err(),
            "'-no' could be --network or --no-insufficient-buffer-rule or --no-abandon"
        );
        assert_eq!(parse("-s 10").unwrap_err(), "--seek needs two values");
        assert_eq!(parse("-b x").unwrap_err(), "--max-buffer: 'x' is not a number it takes");
        assert_eq!(parse("x").unwrap_err(), "unexpected argument 'x'");
        assert!(parse("-a bba").unwrap_err().contains("no rule behind"));
    }
}
