/** What the tests share: requests as a player makes them, and the simulated player. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, connect } from "node:net";
import { promisify } from "node:util";
import { findBinary } from "../src/index.js";

export const MANIFEST = "demo/hls/master.m3u8";

/** @param {string} url @returns {Promise<[number, string]>} status and body */
export async function get(url) {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

/** The address of the first media segment of a media playlist. @param {string} playlist */
export async function segmentOf(playlist) {
  const [, text] = await get(playlist);
  const name = text.split("\n").find((line) => line && !line.startsWith("#"));
  return new URL(name ?? "", playlist).href;
}

/** Plays a session; the answer has the figures that the player measured. @param {import("../src/index.js").Session} session @param {string} duration */
export async function play(session, duration) {
  const command = ["play", session.address(MANIFEST), "--duration", duration, "--cmcd", "v2", "--json"];
  const { stdout } = await promisify(execFile)(findBinary(), command, { timeout: 60_000 });
  return JSON.parse(stdout);
}

/** A relay to another port that can cut all its connections. @param {number} port */
export async function startRelay(port) {
  /** @type {Set<import("node:net").Socket>} */
  const open = new Set();
  const relay = { port: 0, accepted: 0, cut, close };
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    relay.accepted += 1;
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on("error", () => {});
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  function cut() {
    for (const socket of open) socket.destroy();
    open.clear();
  }
  function close() {
    server.close();
    cut();
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  relay.port = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  return relay;
}
