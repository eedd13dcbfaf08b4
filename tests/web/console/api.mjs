// What the scenarios need of the proxy besides the page.

/**
 * A request to the API; the JSON of the answer.
 * @param {string} admin
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
export async function api(admin, method, path, body) {
  const response = await fetch(admin + path, {
    method,
    headers: body ? { "content-type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}

/**
 * A viewer that always wants more: it downloads segments of the built-in stream one after the other.
 * @param {string} url the session's address
 * @returns {() => void} stops it
 */
export function hungryViewer(url) {
  const abort = new AbortController();
  const read = async () => {
    const get = (/** @type {string} */ path) => fetch(new URL(path, url), { signal: abort.signal }).then((response) => response.arrayBuffer());
    await get("demo/hls/master.m3u8");
    await get("demo/hls/v4.m3u8");
    for (let n = 1; ; n = (n % 100) + 1) await get(`demo/media/v4/seg-${n}.m4s`);
  };
  read().catch(() => {});
  return () => abort.abort();
}

/**
 * Waits until `what` is true, and says what was waited for if it never is.
 * @param {string} name
 * @param {number} ms
 * @param {() => Promise<unknown>} what
 */
export async function until(name, ms, what) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    last = await what();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${name}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
