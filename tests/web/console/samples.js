// Small answers of the API, for tests.

/**
 * @param {number} id
 * @param {number} start
 * @param {number} end
 * @param {object} [more]
 * @returns {any}
 */
export function request(id, start, end, more = {}) {
  return {
    id, start_ms: start, end_ms: end, under_way: false, method: "GET", path: `/seg-${id}.m4s`, attempt: 1, status: 200,
    outcome: "complete", bytes: 1000, protocol: "hls", kind: "segment", media: "video", rung: 1, faults: [], drops: 0,
    upstream_failure: null,
    parts: { latency: 10, fault: 0, origin: 5, token: 20, stall: 0, transfer: Math.max(0, end - start - 35) }, ...more,
  };
}

/**
 * @param {{now?: number, requests?: any[], bins?: number[][], marks?: [number, string][], stalls?: number[][]}} what
 * @returns {any}
 */
export function timeline({ now = 0, requests = [], bins = [], marks = [], stalls = [] }) {
  return {
    schema: 1,
    session: { id: "abc", ordinal: 1, label: null, seed: 7, profile: "3g", started_unix_ms: 1, now_ms: now, ended: false },
    requests, requests_left_off: 0,
    link: { bin_ms: 500, bins: bins.map(([at_ms, granted_bps, delivered_bps]) => ({ at_ms, granted_bps, delivered_bps })) },
    renditions: [], buffer: { source: "none", points: [], player: [] },
    stalls: stalls.map(([at_ms, lasts_ms]) => ({ at_ms, lasts_ms })), rebuffers: [], throughput: [], live_latency: [],
    marks: marks.map(([at_ms, kind]) => ({ at_ms, kind, text: kind, rule: null, request: null })),
  };
}
