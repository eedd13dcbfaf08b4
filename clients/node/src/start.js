import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { findBinary } from "./binary.js";
import { Control, parse } from "./control.js";
import { StartError } from "./errors.js";
import { Proxy } from "./proxy.js";

const LINES_KEPT = 400;
const GRACE_MS = 2_000;
const KILL_MS = 5_000;

/** @typedef {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} Child */

/**
 * Sends SIGTERM to the process `$0` when the input ends without a line. A killed process can't stop its proxy itself; the
 * system closes its end of the pipe.
 */
const WATCH = 'read -r line || kill -s TERM "$0"';

/**
 * A proxy that this process has started. It is stopped by `stop`, at the end of an `await using` block, or with this process,
 * however that ends. It does not keep this process running.
 */
export class StartedProxy extends Proxy {
  #lines;

  /**
   * @param {Child} process
   * @param {{ admin: string, listen: string, seed: number | string }} ready
   * @param {string[]} lines
   * @param {string | undefined} token
   */
  constructor(process, ready, lines, token) {
    super(new Control(`http://${ready.admin}`, { token }));
    this.process = process;
    /** Host and port for players. */
    this.listen = ready.listen;
    /** The seed of the run, from which the seeds of sessions that players start follow. */
    this.seed = ready.seed;
    this.#lines = lines;
  }

  /** The last lines of its standard error. */
  get log() {
    return this.#lines.join("\n");
  }

  /** Stops it, and returns its exit code. Responses have two seconds to finish. */
  stop() {
    return stop(this.process);
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }
}

/**
 * @typedef {object} StartOptions
 * @property {string} [origin] the origin; without it, the built-in streams below `/demo/`
 * @property {string} [profile]
 * @property {number | bigint | string} [seed] 0 to 2^64 - 1; above 2^53 as a bigint or a string
 * @property {string} [rules]
 * @property {string[]} [options] further options of `vsps run`
 * @property {string} [binary] the program; see `findBinary`
 * @property {Record<string, string>} [env] variables beside those of this process
 * @property {number} [startTimeout] in ms
 */

/**
 * Starts a proxy on free ports of this machine, and waits until it listens.
 *
 * @param {StartOptions} [start]
 */
export async function startProxy({ options = [], binary, env, startTimeout = 20_000, ...named } = {}) {
  const wholeEnv = { ...process.env, ...env };
  const command = ["run", "--log", "json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
  for (const [name, value] of Object.entries(named)) {
    if (value !== undefined) command.push(`--${name}`, String(value));
  }
  command.push(...options);
  const child = spawn(binary ?? findBinary(wholeEnv), command, { env: wholeEnv, stdio: ["ignore", "pipe", "pipe"] });
  endWithThisProcess(child);
  /** @type {string[]} */
  const lines = [];
  createInterface(child.stderr).on("line", (line) => {
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
  });
  try {
    const ready = await untilReady(child, lines, startTimeout);
    const token = optionOf(command, "--admin-token") ?? wholeEnv.VSPS_ADMIN_TOKEN;
    for (const part of [child, child.stdout, child.stderr]) /** @type {import("node:net").Socket} */ (part).unref();
    return new StartedProxy(child, ready, lines, token);
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** @param {Child} child */
function endWithThisProcess(child) {
  const end = () => void child.kill();
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  if (process.platform === "win32" || child.pid === undefined) return;
  // In a group of its own, where Ctrl-C does not reach it.
  const watcher = spawn("/bin/sh", ["-c", WATCH, String(child.pid)], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  watcher.on("error", () => {});
  watcher.stdin.on("error", () => {});
  watcher.unref();
  /** @type {import("node:net").Socket} */ (watcher.stdin).unref();
  // Before the number of the process can be given to another one.
  child.once("exit", () => watcher.stdin.end("\n"));
}

/**
 * @param {Child} child
 * @param {string[]} lines
 * @param {number} timeout
 * @returns {Promise<{ admin: string, listen: string, seed: number | string }>}
 */
function untilReady(child, lines, timeout) {
  return new Promise((resolve, reject) => {
    /** @param {string} text */
    const fail = (text) => reject(new StartError([text, ...lines].join("\n")));
    const timer = setTimeout(() => fail(`vsps is not ready after ${timeout} ms`), timeout);
    createInterface(child.stdout).on("line", (line) => {
      const answer = readyOrUndefined(line);
      if (!answer) return;
      clearTimeout(timer);
      resolve(answer);
    });
    child.once("error", (error) => {
      clearTimeout(timer);
      fail(`${child.spawnfile} cannot be started: ${error.message}`);
    });
    // After its outputs are read.
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      fail(`vsps ended with exit code ${code ?? signal} before it was ready`);
    });
  });
}

/** @param {string} line */
function readyOrUndefined(line) {
  try {
    const answer = parse(line);
    return answer?.event === "ready" ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string[]} command @param {string} name */
function optionOf(command, name) {
  const at = command.findIndex((text) => text === name || text.startsWith(`${name}=`));
  if (at < 0) return undefined;
  return command[at] === name ? command[at + 1] : command[at].slice(name.length + 1);
}

/**
 * Stops a process: asks it, asks again (which aborts responses), and ends it.
 *
 * @param {Child} child
 * @returns {Promise<number | null>}
 */
async function stop(child) {
  // The waits below keep this process running.
  child.ref();
  const signals = /** @type {const} */ ([
    ["SIGTERM", GRACE_MS],
    ["SIGTERM", KILL_MS],
    ["SIGKILL", KILL_MS],
  ]);
  for (const [signal, ms] of signals) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) break;
    const over = new AbortController();
    const ended = once(child, "exit", { signal: over.signal }).catch(() => {});
    child.kill(signal);
    const timer = setTimeout(() => over.abort(), ms);
    await ended;
    clearTimeout(timer);
  }
  return child.exitCode;
}
