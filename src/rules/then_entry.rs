//! The entry of a rule's `then`: every effect as written, as a value or as a table; no logic.

use super::distribution::DistributionTable;
use crate::document::{Either, Several, Text, Words, tables};

tables! {
    /// A rule's `then`.
    ThenEntry "a table, as in { delay = \"2 s\" }" {
        delay: Either<DistributionTable>,
        refuse: Text,
        hang: Either<HangTable>,
        status: Either<StatusTable>,
        redirect: Either<RedirectTable>,
        body: Either<BodyTable>,
        range: Text,
        reload: Text,
        rate: Text,
        profile: Text,
        stall: StallTable,
        drip: DripTable,
        coalesce: Text,
        corrupt: Either<CorruptTable>,
        framing: Either<FramingTable>,
        cut: CutTable,
        reset: Text,
        truncate: Text,
        headers: HeadersTable,
        cors: Text,
        date_skew: Text,
        keep_errors: Text,
        close: Text,
        manifest: ManifestTable,
    }

    /// `hang`
    HangTable "a table, as in { at = \"headers\", for = \"5 s\" }" {
        at: Text,
        #[serde(rename = "for")] lasts: Text,
        length: Text,
    }

    /// `status`
    StatusTable "a table, as in { code = 503, retry-after = \"5 s\" }" {
        code: Text,
        retry_after: Text,
        body: Text,
        content_type: Text,
    }

    /// `redirect`
    RedirectTable "a table, as in { host = \"cdn.example\", status = 307 }" {
        to: Text,
        host: Text,
        chain: Text,
        #[serde(rename = "loop")] endless: bool,
        status: Text,
    }

    /// `body`
    BodyTable "a table, as in { text = \"<html></html>\" }" {
        text: Text,
        file: Text,
        junk: Text,
        rung: Text,
        content_type: Text,
    }

    /// `stall`
    StallTable "a table, as in { at = \"50 %\", for = \"5 s\" }" {
        at: Several,
        #[serde(rename = "for")] lasts: Text,
    }

    /// `drip`
    DripTable "a table, as in { bytes = \"1 B\", every = \"1 s\" }" {
        bytes: Text,
        every: Text,
        from: Text,
    }

    /// `corrupt`
    CorruptTable "a table, as in { damage = \"bit-flips\", rate = \"0.1 %\" }" {
        damage: Text,
        rate: Text,
        from: Text,
        to: Text,
    }

    /// `framing`
    FramingTable "a table, as in { bad-chunk = \"50 %\" }" {
        bad_chunk: Text,
    }

    /// `cut`
    CutTable "a table, as in { at = \"50 %\", end = \"reset\" }" {
        at: Text,
        end: Text,
        #[serde(rename = "for")] lasts: Text,
        length: Text,
    }

    /// `headers`
    HeadersTable "a table, as in { set = { age = 3600 }, remove = \"etag\" }" {
        set: Words,
        remove: Several,
    }

    /// `manifest`
    ManifestTable "a table, as in { freeze = \"20 s\" }" {
        freeze: Text,
        go_back: Text,
        lag: Text,
        endlist: Text,
        empty: bool,
        truncate: Text,
        discontinuity: Either<DiscontinuityTable>,
        gap: Text,
        durations: DurationsTable,
        drop_rungs: Several,
        strip: Several,
        bandwidth: Text,
        resolution: Text,
        publish_time: Text,
        utc_timing: Text,
        host: Text,
        preload_hint: Text,
        rendition_report: Either<ReportTable>,
        skip: Text,
    }

    /// `discontinuity`
    DiscontinuityTable "a table, as in { insert = 5 } or { shift = 1 }" {
        insert: Text,
        shift: Text,
    }

    /// `durations`
    DurationsTable "a table, as in { scale = 1.5 }" {
        scale: Text,
        target: Text,
        date_shift: Text,
        date_drift: Text,
    }

    /// `rendition-report`
    ReportTable "a table, as in { stale = 2 }" {
        stale: Text,
        ahead: Text,
    }
}
