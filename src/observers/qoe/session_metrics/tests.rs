//! The text is, byte for byte, what the library writes of the same values.

use super::*;
use crate::{
    clock::Timestamp,
    event::{Emitted, Event, Measured, Observer as _, Outcome, RequestDetails, RequestTag},
    media::{Cmcd, Kind, MediaType, Protocol, Resource},
    units::SessionTime,
};
use prometheus::{CounterVec, GaugeVec, Opts, Registry};
use std::time::Duration;

const FORMATS: [Exposition; 2] = [Exposition::Prometheus, Exposition::OpenMetrics];

fn emit(analytics: &Analytics, event: &Event) {
    analytics.observe(Emitted { at: Timestamp::default(), event });
}

fn session(ordinal: u64, label: Option<&str>) -> Arc<SessionTag> {
    let (id, label) = (format!("s{ordinal}").into(), label.map(Into::into));
    Arc::new(SessionTag { id, ordinal, seed: 1, label })
}

fn start(analytics: &Analytics, session: &Arc<SessionTag>, profile: &str) {
    let (session, profile) = (Arc::clone(session), profile.into());
    emit(analytics, &Event::SessionStarted { session, profile, rate: None });
}

/// The series as the library makes them of the same rows.
fn by_the_library(analytics: &Analytics, most: usize, format: Exposition) -> String {
    let registry = Registry::new();
    let gauge = |family: &Family| {
        let gauge = GaugeVec::new(Opts::new(family.name, family.help), family.labels).unwrap();
        registry.register(Box::new(gauge.clone())).unwrap();
        gauge
    };
    let counter = |family: &Family| {
        let counter = CounterVec::new(Opts::new(family.name, family.help), family.labels).unwrap();
        registry.register(Box::new(counter.clone())).unwrap();
        counter
    };
    let info = gauge(&families::SESSION_INFO);
    let requests = counter(&families::SESSION_REQUESTS);
    let delivered = counter(&families::SESSION_DELIVERED_BYTES);
    let link_rate = gauge(&families::SESSION_LINK_RATE);
    let buffer = gauge(&families::SESSION_BUFFER);
    let rung = gauge(&families::SESSION_RUNG);
    let rebuffers = counter(&families::SESSION_REBUFFERS);
    let switches = counter(&families::SESSION_SWITCHES);
    analytics.with_live_records(most, |record| {
        let row = Row::of(record);
        let id = &*record.session.id;
        info.with_label_values(&[id, row.label(), &*row.profile]).set(1.0);
        requests.with_label_values(&[id]).inc_by(row.requests as f64);
        delivered.with_label_values(&[id]).inc_by(row.delivered as f64);
        if let Some(rate) = row.link_rate {
            link_rate.with_label_values(&[id]).set(rate);
        }
        if let Some(seconds) = row.buffer {
            buffer.with_label_values(&[id]).set(seconds);
        }
        for (media, place) in &row.rungs {
            rung.with_label_values(&[id, media]).set((*place).into());
        }
        rebuffers.with_label_values(&[id]).inc_by(row.rebuffers as f64);
        switches.with_label_values(&[id, "up"]).inc_by(row.up as f64);
        switches.with_label_values(&[id, "down"]).inc_by(row.down as f64);
    });
    format.render(&registry, None)
}

/// A segment that `session` requests, in which it reports its buffer, and that arrives.
fn play(analytics: &Analytics, session: &Arc<SessionTag>, media: MediaType, rung: u16) {
    let mut resource = Resource::new(Protocol::Hls, Kind::Segment);
    (resource.media, resource.rung) = (media, Some(rung));
    resource.duration = Some(Duration::from_secs(4));
    let request = Arc::new(RequestTag {
        session: Arc::clone(session),
        profile: "3g".into(),
        method: http::Method::GET,
        path: format!("/{rung}.m4s"),
        attempt: 1,
        resource,
        details: RequestDetails::default(),
    });
    let which = || Arc::clone(&request);
    emit(
        analytics,
        &Event::RequestPlanned { request: which(), latency: Duration::ZERO, plan: None },
    );
    if rung.is_multiple_of(2) {
        let report = Cmcd::of_query("CMCD=bl%3D3200%2Cbs").unwrap().unwrap();
        emit(analytics, &Event::PlayerReported { request: which(), report, collector: None });
    }
    let (measured, outcome) = (Measured::default(), Outcome::Complete);
    let bytes = 1_000_000 * u64::from(rung);
    emit(
        analytics,
        &Event::RequestFinished { request: which(), status: 200, outcome, bytes, measured },
    );
}

/// Sessions with and without labels, rates, buffers and switches, whose ids are not in the order of their starts.
fn eleven_sessions() -> Analytics {
    let analytics = Analytics::default();
    let labels = [Some("b"), None, Some("a\"b\\\n<c>"), Some("b"), Some(""), Some("ü")];
    for (ordinal, label) in (1_u16..=11).zip(labels.into_iter().cycle()) {
        let session = session(ordinal.into(), label);
        start(&analytics, &session, if ordinal % 3 == 0 { "4g" } else { "3g \"mine\"" });
        for (media, rung) in [(MediaType::Video, ordinal), (MediaType::Audio, 1)]
            .into_iter()
            .take(usize::from(ordinal % 3))
        {
            play(&analytics, &session, media, rung);
        }
        for (from, to) in [(1, 4), (4, 2), (2, 3)].into_iter().take(usize::from(ordinal % 4)) {
            let (session, media) = (Arc::clone(&session), MediaType::Video);
            emit(&analytics, &Event::RenditionSwitched { session, media, from, to });
        }
        let (since, at) = (SessionTime::ZERO, SessionTime::from_millis(300));
        let granted = (ordinal % 2 == 0).then_some(33_333 * u64::from(ordinal));
        let delivered = u64::from(ordinal) << 40;
        emit(&analytics, &Event::LinkSampled { session, since, at, delivered, granted });
    }
    analytics
}

#[test]
fn the_text_is_what_the_library_writes() {
    let analytics = eleven_sessions();
    for format in FORMATS {
        for most in [0, 1, 5, 11, 100] {
            let written = analytics.render_metrics(most, format);
            assert_eq!(written, by_the_library(&analytics, most, format), "{most}");
        }
    }
}

/// The text as it was written when the library wrote it.
#[test]
fn the_text_stays_as_it_is() {
    let analytics = eleven_sessions();
    for format in FORMATS {
        insta::assert_snapshot!(analytics.render_metrics(4, format));
    }
}

/// No help text has a character that must be escaped: it is written as it is.
#[test]
fn help_texts_need_no_escapes() {
    for family in families::OF_SESSIONS {
        assert!(!family.help.contains(['\\', '"', '\n']), "{}", family.name);
    }
}

/// The labels of a profile and a session are texts that a client chooses; they are escaped.
#[test]
fn no_more_sessions_than_allowed_have_series() {
    let analytics = Analytics::default();
    (1..=10_000).for_each(|n| start(&analytics, &session(n, Some("a\"b\n<c>")), "3g"));
    assert_eq!(analytics.render_metrics(0, Exposition::Prometheus), "");
    let text = analytics.render_metrics(3, Exposition::Prometheus);
    let shown: Vec<_> = text.lines().filter(|line| line.starts_with("vsps_session_info")).collect();
    assert_eq!(shown.len(), 3, "{text}");
    assert!(shown[0].contains(r#"label="a\"b\n<c>""#) && shown[0].contains("s1"), "{text}");
}
