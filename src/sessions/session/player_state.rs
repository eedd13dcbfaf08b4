//! What a session remembers of its player's requests, and of the manifests that the player was sent.

use super::Session;
use crate::{
    media::{Ladder, MediaType, Resource, edit::EditMemory},
    sessions::{
        cookies::CookieScope, error_cache::CachedError, pending_redirects::RedirectedRequest,
        upstream_url::UpstreamUrl,
    },
    units::{SessionTime, UnixTime},
};
use http::Method;
use std::{sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

impl Session {
    /// Reads or changes what is known from the manifests. Every request needs it: `work` must be short.
    pub fn with_ladder<T>(&self, work: impl FnOnce(&mut Ladder) -> T) -> T {
        work(&mut self.ladder.lock())
    }

    /// Records that the origin's clock shows `date`. If the ladder is in use, the next response will do.
    pub fn note_origin_time(&self, date: UnixTime) {
        if let Some(mut ladder) = self.ladder.try_lock() {
            ladder.tell_time(self.now(), date);
        }
    }

    /// Waits until no other long manifest is queued to be read.
    pub async fn next_manifest(&self) -> Option<OwnedSemaphorePermit> {
        self.reading.next().await
    }

    /// Starts reading a long manifest. Requests wait until the permit is dropped, see [`Self::settled`].
    pub async fn begin_reading(&self) -> Option<OwnedSemaphorePermit> {
        self.reading.begin().await
    }

    /// Waits while a long manifest is read, since it may describe the requested resource.
    pub async fn settled(&self) {
        self.reading.settled().await;
    }

    /// Edits a manifest with the state of earlier edits.
    pub fn with_edits<T>(&self, edit: impl FnOnce(&mut EditMemory) -> T) -> T {
        edit(&mut self.edits.lock())
    }

    /// Stores an error response to requests for `url`, for `time`.
    pub fn store_error(&self, url: &UpstreamUrl, time: Duration, error: CachedError) {
        let until = self.now().saturating_add(time);
        self.error_cache.lock().keep(&url.text(), until, error);
    }

    /// The error response stored for `url`, while the rule that stored it is in force.
    #[must_use]
    pub fn stored_error(&self, url: &UpstreamUrl) -> Option<CachedError> {
        let mut cache = self.error_cache.lock();
        if cache.is_empty() {
            return None;
        }
        let rules = &self.arming().rules;
        let in_force = |rule: &str| rules.iter().any(|known| known.name() == rule);
        cache.get(&url.text(), self.now(), in_force)
    }

    /// Records a request for segment `resource` at `url`.
    pub fn note_segment(&self, resource: &Resource, url: &UpstreamUrl) {
        self.recent_segments.lock().note(resource, url);
    }

    /// The URL of the nearest requested segment before `resource` in the same rendition.
    #[must_use]
    pub fn segment_before(&self, resource: &Resource) -> Option<UpstreamUrl> {
        self.recent_segments.lock().before(resource)
    }

    /// Records a request for a segment of `rung`. Returns the previous rung if it was different.
    #[must_use]
    pub fn switch(&self, media: MediaType, rung: u16) -> Option<u16> {
        let mut rungs = self.rungs.lock();
        match rungs.iter_mut().find(|(of, _)| *of == media) {
            Some((_, last)) => {
                let before = std::mem::replace(last, rung);
                (before != rung).then_some(before)
            }
            None => {
                rungs.push((media, rung));
                None
            }
        }
    }

    /// Whether the player may still follow a redirect.
    #[must_use]
    pub fn awaits_redirects(&self) -> bool {
        !self.pending_redirects.lock().is_empty()
    }

    /// Records that a request of `method` was redirected to `url`, and keeps its state for the request that follows.
    /// `marked`: the URL is marked as part of a chain that a rule made.
    pub fn expect_redirect(
        &self,
        method: Method,
        url: &str,
        marked: bool,
        redirected: RedirectedRequest,
    ) {
        self.pending_redirects.lock().expect(method, url, marked, self.now(), redirected);
    }

    /// Takes the state of the request that was redirected to `url`, if a request of `method` at session time `now`
    /// may follow it.
    #[must_use]
    pub fn take_redirect(
        &self,
        method: &Method,
        url: &str,
        marked: bool,
        now: SessionTime,
    ) -> Option<RedirectedRequest> {
        self.pending_redirects.lock().take(method, url, marked, now)
    }

    /// Records that the player receives a cookie with this scope.
    pub fn note_cookie(&self, scope: CookieScope) {
        self.cookies.lock().note(scope);
    }

    /// Whether a cookie is recorded that is for several hosts.
    #[must_use]
    pub fn shares_cookies(&self) -> bool {
        !self.cookies.lock().is_empty()
    }

    /// Whether the cookie `name` may be sent to `url`. A cookie that is not recorded may.
    #[must_use]
    pub fn may_send_cookie(&self, name: &str, url: &UpstreamUrl) -> bool {
        self.cookies.lock().may_go(name, &url.origin, &url.path)
    }

    /// Records the `sid` of the CMCD data in a request of its player.
    pub fn note_cmcd_id(&self, id: &Arc<str>) {
        self.player.note_id(id);
    }

    /// Whether the CMCD data of its player's last requests had this `sid`.
    #[must_use]
    pub fn has_cmcd_id(&self, id: &str) -> bool {
        self.player.has_id(id)
    }

    /// Records a request for media. Returns whether it is the first.
    #[must_use]
    pub fn note_media(&self) -> bool {
        self.player.note_media()
    }

    /// Whether `body`, posted to `collector`, is a report that was not counted yet. Remembers it.
    #[must_use]
    pub fn is_new_report(&self, collector: &str, body: &[u8]) -> bool {
        self.recent_reports.lock().is_news(collector, body)
    }
}
