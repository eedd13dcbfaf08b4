import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { BinaryNotFoundError } from "./errors.js";

const NAME = process.platform === "win32" ? "vsps.exe" : "vsps";

/**
 * Finds the program: `VSPS_BIN`, else `PATH`, else `target/` of `folder` or of a folder above it. Of the builds in
 * `target/`, the newest is taken.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [folder]
 * @returns {string}
 */
export function findBinary(env = process.env, folder = process.cwd()) {
  if (env.VSPS_BIN) {
    if (!isProgram(env.VSPS_BIN)) throw new BinaryNotFoundError(`VSPS_BIN is ${env.VSPS_BIN}, which is no program`);
    return env.VSPS_BIN;
  }
  for (const part of (env.PATH ?? "").split(delimiter)) {
    if (part && isProgram(join(part, NAME))) return join(part, NAME);
  }
  for (let parent = resolve(folder); ; parent = dirname(parent)) {
    const builds = ["release", "debug"].map((kind) => join(parent, "target", kind, NAME)).filter(isProgram);
    if (builds.length > 0) return builds.reduce((one, other) => (changed(other) > changed(one) ? other : one));
    if (parent === dirname(parent)) break;
  }
  throw new BinaryNotFoundError(
    "there is no program vsps: set VSPS_BIN to its path, put it in PATH, or build it with cargo build",
  );
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** @param {string} path */
function changed(path) {
  return statSync(path).mtimeMs;
}
