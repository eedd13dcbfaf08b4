//! The control plane: health, metrics, sessions and profiles over HTTP, on a separate address.
//!
//! | address | methods | what |
//! |---|---|---|
//! | `/healthz`, `/readyz` | GET | 200 while the process runs; `/readyz` answers 503 while it drains |
//! | `/metrics` | GET | Prometheus text, or OpenMetrics |
//! | `/api/v1/openapi.json` | GET | the OpenAPI description |
//! | `/api/v1/sessions` | GET | a JSON array of sessions, oldest first; `?label=NAME`: only those with this label |
//! | | POST | arms a session: `profile`, `seed`, `rules`, `origin`, `link`, `label`, each optional |
//! | | PATCH | `?label=NAME`: changes all sessions with this label, or none |
//! | `/api/v1/sessions/faults`, `…/undo`, `…/reset` | POST | `?label=NAME`: the same for all sessions with this label |
//! | `/api/v1/sessions/{id}` | GET | one session in full |
//! | | PATCH | a JSON merge patch (RFC 7396) of `profile`, `rate`, `rules`, `paused`, permanent or for a `ttl`; it also applies to responses in flight |
//! | | DELETE | ends it |
//! | `/api/v1/sessions/{id}/faults` | GET | the armed faults |
//! | | POST | arms one: `fault` (a built-in one) or `rule`, and `times`, `name`, `ttl` |
//! | `/api/v1/sessions/{id}/faults/{name}` | GET, DELETE | shows or removes one fault |
//! | `/api/v1/sessions/{id}/undo` | POST | undoes the last command, of the last 64 |
//! | `/api/v1/sessions/{id}/reset` | POST | restores the initial settings, and resets the counters |
//! | `/api/v1/sessions/{id}/events`, `/api/v1/events` | GET | server-sent events, in the JSON of the event log; with `Last-Event-ID`, those missed come first |
//! | `/api/v1/sessions/{id}/har` | GET | its last exchanges as HAR 1.2, also for a while after its end |
//! | `/api/v1/sessions/{id}/timeline` | GET | requests, link, buffer, renditions and marks on one time axis; `?since_ms=N`: from this session time on |
//! | `/api/v1/sessions/{id}/qoe` | GET | its quality of experience, and where the time of its requests went |
//! | `/api/v1/sessions/{id}/run` | GET | a run file: timeline, QoE and events in one JSON document |
//! | `/api/v1/timeline`, `/api/v1/qoe`, `/api/v1/run` | GET | `?label=NAME`: the same of all sessions with this label, also of ended ones |
//! | `/api/v1/rules` | GET, PUT | the rules of all sessions, after each session's own and before its profile's |
//! | `/api/v1/reset` | POST | resets all sessions, and restores the rules of the command line |
//! | `/api/v1/profiles` | GET | a JSON array of names and summaries |
//! | `/api/v1/profiles/{name}` | GET | one profile in full |
//! | `/api/v1/profiles/{name}/plot` | GET | its rate, stalls and latency over time; `?seed=N&seconds=N` |
//! | `/api/v1/faults` | GET | the built-in faults: names, summaries, and their rules as text |
//! | `/api/v1/status` | GET | version, the address for players, default profile, seed and origin |
//!
//! Quantities have a unit, as in files: `"rate": "5 Mbit/s"`. Only members whose name ends with `_seconds` are plain
//! numbers. Seeds are whole numbers up to 2⁶⁴ − 1. JavaScript rounds numbers above 2⁵³, so a seed is also accepted as a
//! string of digits.
//!
//! In a patch each member is independent: a `rate` stays when `profile` changes, until `null` restores the profile's
//! rate. `null` for `profile` restores the profile of the command line, and for `rules` it removes the session's own
//! rules. A patch is validated and applied as a whole, or not at all.
//!
//! With a `ttl`, what a patch sets reverts automatically to the last permanent value; a later patch of the same member
//! replaces it. A pause stops bodies, and they continue from there afterwards; the schedules of the link continue during
//! the pause. Sessions and rules have an `ETag`. With `If-Match`, a change of an outdated version is refused (412).
//!
//! Every error response is a problem document (RFC 9457). If the request body is invalid, it lists each fault under
//! `errors`, with a JSON pointer to the place.

mod analytics;
mod arming_entry;
mod audit;
mod auth;
mod caller;
mod change;
mod events;
mod fault_catalogue;
mod fault_entry;
mod fault_view;
mod faults;
mod group;
mod har;
mod json_body;
mod measured_buffer;
mod name;
mod openapi;
mod players;
mod plot;
mod probes;
mod problem;
mod profiles;
mod router;
mod rules;
mod server;
mod session_view;
mod sessions;
mod state;
mod status;
mod version;

pub use audit::AuditLog;
pub use server::serve;
pub use state::State;
