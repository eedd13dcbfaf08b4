// The JSON that the API answers with, as types. Times `*_ms` are session time: 0 is the session's first request.

/**
 * @typedef {{id: string, ordinal: number, label: string | null, seed: number | string, profile: string,
 *   started_unix_ms: number, now_ms: number, ended: boolean}} SessionInfo
 */

/**
 * @typedef {{id: number, start_ms: number, end_ms: number, under_way: boolean, method: string, path: string,
 *   attempt: number, status: number, outcome: string | null, bytes: number, protocol: string, kind: string,
 *   media: string, rendition?: string | null, rung?: number | null, bandwidth_bps?: number | null,
 *   index?: number | null, number?: number | null, media_ms?: number | null, duration_ms?: number | null,
 *   ttfb_ms?: number | null, parts: Parts | null, faults: {rule: string, effect: string, at_byte: number | null}[],
 *   drops: number, upstream_failure: string | null}} RequestJson
 */

/**
 * @typedef {{latency: number, fault: number, origin: number, token: number, stall: number, transfer: number}} Parts
 */

/** @typedef {{at_ms: number, kind: string, text: string, rule: string | null, request: number | null}} MarkJson */

/**
 * `GET /api/v1/sessions/{id}/timeline`
 * @typedef {{schema: number, session: SessionInfo, requests: RequestJson[], requests_left_off: number,
 *   link: {bin_ms: number, bins: {at_ms: number, granted_bps: number | null, delivered_bps: number}[]},
 *   renditions: {at_ms: number, media: string, rung: number | null, bandwidth_bps: number | null,
 *     rendition: string | null}[],
 *   buffer: {source: string, points: {at_ms: number, estimated_ms: number | null, cmcd_ms: number | null,
 *     media: string | null}[], player: {at_ms: number, buffer_ms: number}[]},
 *   stalls: {at_ms: number, lasts_ms: number}[],
 *   rebuffers: {at_ms: number, lasts_ms: number | null, source: string}[],
 *   throughput: {at_ms: number, delivered_bps: number | null, mtp_bps: number | null}[],
 *   live_latency: {at_ms: number, latency_ms: number, source: string}[],
 *   marks: MarkJson[]}} TimelineJson
 */

/** `GET /api/v1/sessions/{id}/qoe` has these and more. @typedef {{schema: number, qoe: Record<string, number | null>, source: Record<string, string>, [key: string]: any}} QoeJson */

/** @typedef {{timeline: TimelineJson, qoe: QoeJson | null, events: object[]}} SavedSession */

/**
 * `GET /api/v1/sessions/{id}/run`: a saved run.
 * @typedef {{format: "vsps-run", version: number,
 *   meta: {vsps: string, saved_unix_ms: number, label: string | null, profile: string, seed: number | string},
 *   sessions: SavedSession[]}} RunFile
 */

/**
 * An entry of `GET /api/v1/sessions`.
 * @typedef {{id: string, ordinal: number, label: string | null, url: string, seed: number | string, profile: string,
 *   rate: string | null, rate_set: string | null, origin: string, age_seconds: number, time_seconds: number | null,
 *   idle_seconds: number, exchanges: number, delivered_bytes: number, paused?: boolean, buffer_ms?: number | null,
 *   rebuffers?: number, rung?: Record<string, number>, requests?: number,
 *   link?: {name: string, sharing: string}}} SessionJson
 */

/**
 * `GET /api/v1/sessions/{id}`
 * @typedef {SessionJson & {paused: boolean, faults: FaultJson[], reverts: {member: string, in_seconds: number}[],
 *   undoable: number, rtt_set?: string | null, loss_set?: number | null, ladder: {protocol: string, media: string, rung: number | null, bandwidth: string | null,
 *   name: string | null}[]}} FullSession
 */

/** @typedef {{name: string, times: number, rules: object[], [key: string]: any}} FaultJson */

/** `GET /api/v1/status`. @typedef {{version: string, players_url: string, profile: string, seed: number | string, origin: string, built_in_origin: boolean, sessions: number, draining: boolean}} StatusJson */

/** `GET /api/v1/profiles`. @typedef {{name: string, summary: string}} ProfileJson */

/** `GET /api/v1/profiles/{name}/plot`. @typedef {{seed: number | string, seconds: number, rates: [number, number][], stalls: [number, number][], latencies: [number, number][]}} PlotJson */

/** `GET /api/v1/faults`. @typedef {{name: string, id: string | null, summary: string, source: string, text: string}} FaultSummary */

export {};
