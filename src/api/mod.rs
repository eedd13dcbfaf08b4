//! The control plane: health, metrics, sessions and profiles over HTTP, on an address of its own.
//!
//! | address | methods | what |
//! |---|---|---|
//! | `/` | GET | a page that lists these addresses |
//! | `/healthz`, `/readyz` | GET | 200 while the process lives; 503 from the second one while it drains |
//! | `/metrics` | GET | Prometheus text |
//! | `/api/v1/openapi.json` | GET | all of this, for programs |
//! | `/api/v1/sessions` | GET | a JSON array of sessions, oldest first; `?label=NAME`: those that have it |
//! | | POST | arms a session: `profile`, `seed`, `rules`, `origin`, `link`, `label`, each optional |
//! | | PATCH | `?label=NAME`: changes all that have it, or none |
//! | `/api/v1/sessions/faults`, `…/undo`, `…/reset` | POST | `?label=NAME`: the same for all that have it |
//! | `/api/v1/sessions/{id}` | GET | one session in full |
//! | | PATCH | a JSON merge patch (RFC 7396) of `profile`, `rate`, `rules`, `paused`, for good or for a `ttl`: felt by responses in flight |
//! | | DELETE | ends it |
//! | `/api/v1/sessions/{id}/faults` | GET | faults fired by hand |
//! | | POST | fires one: `fault` (a ready one) or `rule`, and `times`, `name`, `ttl` |
//! | `/api/v1/sessions/{id}/faults/{name}` | GET, DELETE | one fault; takes it back |
//! | `/api/v1/sessions/{id}/undo` | POST | undoes the last command, of the last 64 |
//! | `/api/v1/sessions/{id}/reset` | POST | as it was armed, with nothing counted |
//! | `/api/v1/sessions/{id}/events`, `/api/v1/events` | GET | server-sent events, in the JSON of the event log |
//! | `/api/v1/sessions/{id}/har` | GET | its last exchanges as HAR 1.2, also for a while after its end |
//! | `/api/v1/rules` | GET, PUT | the rules of all sessions, between each one's own and its profile's |
//! | `/api/v1/reset` | POST | all sessions as they were armed, the rules of all as on the command line |
//! | `/api/v1/profiles` | GET | a JSON array of names and summaries |
//! | `/api/v1/profiles/{name}` | GET | one profile in full |
//!
//! Quantities carry their unit, as in files: `"rate": "5 Mbit/s"`; only what is named `_seconds` is
//! a plain number. Seeds are whole numbers up to 2⁶⁴ − 1: JavaScript's numbers round those above
//! 2⁵³, so a seed is also accepted as a text of digits.
//!
//! In a patch each member stands for itself: a `rate` that was set outlasts a change of `profile`,
//! until `null` takes it back to the profile's. `null` for `profile` is that of the command line,
//! for `rules` none. A patch is checked as a whole and made as a whole, or not at all.
//!
//! With a `ttl`, what a patch sets reverts by itself to what was lastingly set before; a later patch
//! of the same member supersedes it. A pause holds bodies where they are and lets them go on from
//! there; the schedules of the link run on underneath. Sessions and rules have an `ETag`; with
//! `If-Match`, a change of what has changed since is refused (412).
//!
//! Every failure is a problem document (RFC 9457); one that is about what was sent lists each fault
//! under `errors`, with a JSON pointer to the place.

mod arming_entry;
mod auth;
mod change;
mod events;
mod fault_entry;
mod faults;
mod group;
mod har;
mod home;
mod json_body;
mod name;
mod openapi;
mod players;
mod probes;
mod problem;
mod profiles;
mod router;
mod rules;
mod server;
mod session_view;
mod sessions;
mod state;
mod version;

pub use server::serve;
pub use state::State;
