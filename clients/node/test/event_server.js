/** A control plane that sends what a test says, one step for each connection; the last one for all others. */
import { once } from "node:events";
import { createServer } from "node:http";
import { Control } from "../src/index.js";
import { EventStream } from "../src/events.js";

/**
 * @param {import("node:test").TestContext} context
 * @param {((response: import("node:http").ServerResponse) => void)[]} steps
 */
export async function serveEvents(context, steps) {
  /** The header `last-event-id` of each request. @type {(string | undefined)[]} */
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(/** @type {string | undefined} */ (request.headers["last-event-id"]));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    steps[Math.min(asked.length, steps.length) - 1](response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  context.after(close);
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  /** @param {number} [after] @param {{ silence?: number, outage?: number }} [limits] */
  const open = async (after, limits) => {
    const stream = new EventStream(new Control(`127.0.0.1:${port}`), "/api/v1/events", after, limits);
    context.after(() => stream.close());
    return stream.connect();
  };
  return { asked, open, close };
}

/** @param {number} [id] */
export function schema(id) {
  return `${id === undefined ? "" : `id: ${id}\n`}event: schema\ndata: {"schema":1}\n\n`;
}

/** @param {number} id @param {string} [name] */
export function event(id, name = "stalled") {
  return `id: ${id}\nevent: ${name}\ndata: {"text":"é"}\n\n`;
}
