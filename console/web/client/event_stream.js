// Server-sent events with the headers of the API, and with reconnection. `EventSource` cannot send a token.

import { authorization, connection, parse } from "./api.js";
import { reportFault } from "./fault.js";

/** Waits before the first and before later attempts, in milliseconds. */
const WAITS = [500, 1000, 2000, 4000];

/**
 * Reads events until `stop` is called. After an interruption it connects again with `Last-Event-ID`.
 * @param {string} path
 * @param {(name: string, data: any) => void} onEvent
 * @returns {() => void} stops it
 */
export function subscribe(path, onEvent) {
  const abort = new AbortController();
  let last = "";
  const run = async () => {
    for (let attempt = 0; !abort.signal.aborted; attempt += 1) {
      try {
        const headers = { ...authorization(), accept: "text/event-stream", ...(last ? { "last-event-id": last } : {}) };
        const response = await fetch(path, { headers, signal: abort.signal });
        if (response.status === 404) return;
        if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
        connection.report(true);
        attempt = 0;
        await read(response.body, (name, data, id) => {
          last = lastAfter(last, name, id);
          onEvent(name, data);
        });
      } catch {
        if (abort.signal.aborted) return;
      }
      await new Promise((done) => setTimeout(done, WAITS[Math.min(attempt, WAITS.length - 1)]));
    }
  };
  void run();
  return () => abort.abort();
}

/**
 * The number after which a stream goes on. Its first event, `schema`, may have the number of the last event before the
 * stream: that counts only as long as there is no other.
 * @param {string} last
 * @param {string} name
 * @param {string} id
 */
export function lastAfter(last, name, id) {
  return name === "schema" ? last || id : id || last;
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {(name: string, data: any, id: string) => void} onEvent
 */
async function read(body, onEvent) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      try {
        dispatch(frame, onEvent);
      } catch (error) {
        // An error of the listener ends neither the stream nor the events that follow.
        reportFault(error);
      }
    }
  }
}

/**
 * Reads one frame of an event stream. An error of `onEvent` is thrown; data that are not JSON are no event of this API, and
 * are told in the browser's console.
 * @param {string} frame
 * @param {(name: string, data: any, id: string) => void} onEvent
 */
export function dispatch(frame, onEvent) {
  const fields = { event: "message", data: "", id: "" };
  for (const line of frame.split("\n")) {
    const colon = line.indexOf(":");
    const [name, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    if (name === "data") fields.data += value;
    else if (name === "event" || name === "id") fields[name] = value;
  }
  if (fields.data === "") return;
  let data;
  try {
    data = parse(fields.data);
  } catch {
    console.warn(`The event ${fields.event} is not JSON: ${fields.data.slice(0, 200)}`);
    return;
  }
  onEvent(fields.event, data, fields.id);
}
