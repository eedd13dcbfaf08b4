//! `vsps run`: runs the proxy, from start to summary.

use super::{
    Failure,
    output::{Stdout, tell},
    record::RecordWriter,
    welcome::Welcome,
    wrapped::WrappedCommand,
};
use crate::{
    app::App,
    args::{LogFormat, RunArgs},
    config::Config,
    logging::{self, Log},
    output::LossCounter,
    profiles::Catalog,
    system::{self, StopSignals},
};
use anyhow::Context as _;
use std::{cell::Cell, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// How long aborted tasks have to end.
const END: Duration = Duration::from_secs(2);

pub(super) fn run(args: RunArgs) -> Result<(), Failure> {
    let catalog = Catalog::new();
    let config = Config::new(args, &catalog)?;
    let catalog = Arc::new(catalog.with_own(&config.profile));
    system::raise_open_files();
    let file = config.log_file.clone();
    let log =
        logging::start(config.log, file.as_deref(), config.log_file_size).with_context(|| {
            match &file {
                Some(path) => format!("--log-file {}", path.display()),
                None => "standard error".to_owned(),
            }
        })?;
    let ran = run_with(config, catalog, &log);
    log.flush();
    ran
}

fn run_with(config: Config, catalog: Arc<Catalog>, log: &Log) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let served = runtime.block_on(serve(config, catalog, log.dropped()));
    // A task that blocks in a system call must not delay the end for long.
    runtime.shutdown_timeout(END);
    served
}

async fn serve(config: Config, catalog: Arc<Catalog>, dropped: LossCounter) -> Result<(), Failure> {
    let mut signals = StopSignals::new().context("signals")?;
    let stdout = Stdout::start()?;
    let log = config.log;
    let (profile, drawn) = (Arc::clone(&config.profile), config.id_key.is_some());
    let command = config.command.clone();
    let record = config.record.as_deref().map(RecordWriter::start).transpose()?;
    let observers = record.iter().map(RecordWriter::observer).collect();
    let mut app = App::bind_with(config, catalog, observers).await?;
    // Replicas that share sessions have one seed.
    let seed = app.registry().config().seed;
    // For HTTP/3; each worker has its own.
    app.use_precise_timer().context("the timer could not start")?;
    app.use_workers().context("a worker could not start")?;
    app.show_lost_log_lines(dropped);
    let print = |text: &str| match log {
        // Standard output is the command's, if there is one.
        LogFormat::Text if !command.is_empty() => tell(text),
        _ => stdout.print(text),
    };
    let welcome = Welcome::new(app.ready(), &profile, seed.value(), drawn);
    print(&match log {
        LogFormat::Text => welcome.text(),
        LogFormat::Json => welcome.json_line(),
    });
    let mut wrapped = WrappedCommand::start(&command, app.ready().listen)?;
    let code = Cell::new(0);
    let (stop, stopped) = oneshot::channel();
    let running = app.run(async {
        // The sender is never dropped before the run is over.
        let _ = stopped.await;
    });
    let second_signal = async {
        tokio::select! {
            ended = wrapped.ended() => code.set(ended),
            () = signals.next() => {
                wrapped.terminate();
                tracing::info!(
                    "stopping: waiting for current responses to finish (stop again to abort them)"
                );
            }
        }
        // An error means that the run is over already.
        let _ = stop.send(());
        signals.next().await;
    };
    let report = tokio::select! {
        report = running => report?,
        () = second_signal => return Err(Failure::running("stopped at once: responses were aborted")),
    };
    if let Some(record) = record {
        record.finish();
    }
    print(&match log {
        LogFormat::Text => format!("\n{report}"),
        LogFormat::Json => {
            format!("{}\n", serde_json::json!({ "event": "summary", "summary": report }))
        }
    });
    let printed = stdout.finish();
    match report.events_lost {
        Some(lost) => Err(Failure::running(format_args!("--events: {lost}"))),
        None if code.get() != 0 => Err(Failure::of_command(code.get())),
        None => printed,
    }
}
