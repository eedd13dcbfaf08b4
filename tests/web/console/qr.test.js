// A reader of QR codes that is not ours reads what ours writes.

import assert from "node:assert/strict";
import { test } from "node:test";
import jsqr from "jsqr";
import { qrModules } from "../../../console/web/parts/qr.js";

/** @param {string} text */
function read(text) {
  const modules = qrModules(text);
  assert.ok(modules);
  const [scale, quiet] = [4, 4];
  const size = (modules.length + 2 * quiet) * scale;
  const pixels = new Uint8ClampedArray(size * size * 4).fill(255);
  modules.forEach((row, r) => row.forEach((dark, c) => {
    if (!dark) return;
    for (let y = 0; y < scale; y += 1) {
      for (let x = 0; x < scale; x += 1) {
        const at = (((r + quiet) * scale + y) * size + (c + quiet) * scale + x) * 4;
        pixels.fill(0, at, at + 3);
      }
    }
  }));
  return (jsqr.default ?? jsqr)(pixels, size, size)?.data;
}

test("addresses of every length up to the limit are read back", () => {
  for (const length of [1, 14, 15, 26, 40, 62, 84, 106, 122, 152, 180, 213, 251, 287]) {
    const text = `http://h/${"x0".repeat(150)}`.slice(0, length);
    assert.equal(read(text), text, `${length} bytes`);
  }
});

test("what is too long has no code", () => {
  assert.equal(qrModules("x".repeat(288)), null);
});
