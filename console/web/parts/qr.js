// QR codes (ISO/IEC 18004): byte mode, error correction level M, versions 1 to 12, which is up to 287 bytes.

/** Per version: error correction bytes of each block, blocks with their data bytes. */
const BLOCKS = [
  [10, [16]],
  [16, [28]],
  [26, [44]],
  [18, [32, 32]],
  [24, [43, 43]],
  [16, [27, 27, 27, 27]],
  [18, [31, 31, 31, 31]],
  [22, [38, 38, 39, 39]],
  [22, [36, 36, 36, 37, 37]],
  [26, [43, 43, 43, 43, 44]],
  [30, [50, 51, 51, 51, 51]],
  [22, [36, 36, 36, 36, 36, 36, 37, 37]],
];

/** Per version: the centres of alignment patterns. */
const ALIGNMENT = [
  [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50], [6, 30, 54],
  [6, 32, 58],
];

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i += 1) {
  EXP[i] = EXP[i + 255] = x;
  LOG[x] = i;
  x = (x << 1) ^ (x & 128 ? 0x11d : 0);
}

/**
 * The modules of the code for `text`, row by row; true = dark. `null` if the text is too long.
 * @param {string} text
 * @returns {boolean[][] | null}
 */
export function qrModules(text) {
  const data = new TextEncoder().encode(text);
  const version = 1 + BLOCKS.findIndex(([, blocks], n) => data.length + (n >= 9 ? 3 : 2) <= sum(/** @type {number[]} */ (blocks)));
  if (version === 0) return null;
  const bits = codewords(data, version);
  /** @type {{modules: boolean[][], penalty: number} | undefined} */
  let best;
  for (let mask = 0; mask < 8; mask += 1) {
    const modules = draw(bits, version, mask);
    const penalty = score(modules);
    if (!best || penalty < best.penalty) best = { modules, penalty };
  }
  return best?.modules ?? null;
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * Data and error correction bytes, interleaved.
 * @param {Uint8Array} data
 * @param {number} version
 */
function codewords(data, version) {
  const [correction, sizes] = /** @type {[number, number[]]} */ (BLOCKS[version - 1]);
  const room = sum(sizes);
  /** @type {number[]} */
  const bits = [];
  const put = (/** @type {number} */ value, /** @type {number} */ length) => {
    for (let i = length - 1; i >= 0; i -= 1) bits.push((value >> i) & 1);
  };
  put(4, 4);
  put(data.length, version > 9 ? 16 : 8);
  data.forEach((byte) => put(byte, 8));
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  /** @type {number[]} */
  const bytes = [];
  for (let i = 0; i < bits.length; i += 8) bytes.push(bits.slice(i, i + 8).reduce((byte, bit) => byte * 2 + bit, 0));
  for (let pad = 0xec; bytes.length < room; pad ^= 0xec ^ 0x11) bytes.push(pad);
  const generator = generatorOf(correction);
  let at = 0;
  const blocks = sizes.map((size) => bytes.slice(at, (at += size)));
  const corrections = blocks.map((block) => remainder(block, generator));
  /** @type {number[]} */
  const result = [];
  for (let i = 0; i < Math.max(...sizes); i += 1) for (const block of blocks) if (i < block.length) result.push(block[i]);
  for (let i = 0; i < correction; i += 1) for (const block of corrections) result.push(block[i]);
  return result;
}

/** @param {number} degree */
function generatorOf(degree) {
  let poly = [1];
  for (let i = 0; i < degree; i += 1) {
    const next = new Array(poly.length + 1).fill(0);
    poly.forEach((factor, n) => {
      next[n] ^= factor;
      if (factor) next[n + 1] ^= EXP[LOG[factor] + i];
    });
    poly = next;
  }
  return poly;
}

/**
 * @param {number[]} block
 * @param {number[]} generator
 */
function remainder(block, generator) {
  const rest = [...block, ...new Array(generator.length - 1).fill(0)];
  for (let i = 0; i < block.length; i += 1) {
    const lead = rest[i];
    if (lead === 0) continue;
    generator.forEach((factor, n) => {
      if (factor) rest[i + n] ^= EXP[LOG[factor] + LOG[lead]];
    });
  }
  return rest.slice(block.length);
}

const MASKS = [
  (/** @type {number} */ r, /** @type {number} */ c) => (r + c) % 2 === 0,
  (/** @type {number} */ r) => r % 2 === 0,
  (/** @type {number} */ r, /** @type {number} */ c) => c % 3 === 0,
  (/** @type {number} */ r, /** @type {number} */ c) => (r + c) % 3 === 0,
  (/** @type {number} */ r, /** @type {number} */ c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (/** @type {number} */ r, /** @type {number} */ c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (/** @type {number} */ r, /** @type {number} */ c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (/** @type {number} */ r, /** @type {number} */ c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/**
 * @param {number[]} bytes
 * @param {number} version
 * @param {number} mask
 */
function draw(bytes, version, mask) {
  const size = 17 + 4 * version;
  /** @type {(boolean | null)[][]} */
  const grid = Array.from({ length: size }, () => new Array(size).fill(null));
  patterns(grid, version);
  format(grid, mask);
  let bit = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    const column = right <= 6 ? right - 1 : right;
    const upwards = ((size - 1 - right) >> 1) % 2 === 0;
    for (let n = 0; n < size; n += 1) {
      const row = upwards ? size - 1 - n : n;
      for (const c of [column, column - 1]) {
        if (grid[row][c] !== null) continue;
        const value = ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        bit += 1;
        grid[row][c] = (value === 1) !== MASKS[mask](row, c);
      }
    }
  }
  return grid.map((row) => row.map(Boolean));
}

/**
 * Finder, timing and alignment patterns, and the version.
 * @param {(boolean | null)[][]} grid
 * @param {number} version
 */
function patterns(grid, version) {
  const size = grid.length;
  const square = (/** @type {number} */ row, /** @type {number} */ column, /** @type {number} */ reach, /** @type {number[]} */ dark) => {
    for (let r = -reach; r <= reach; r += 1) {
      for (let c = -reach; c <= reach; c += 1) {
        if (grid[row + r]?.[column + c] === undefined) continue;
        grid[row + r][column + c] = dark.includes(Math.max(Math.abs(r), Math.abs(c)));
      }
    }
  };
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]]) square(row, column, 4, [0, 1, 3]);
  const centres = ALIGNMENT[version - 1];
  for (const row of centres) {
    for (const column of centres) if (grid[row][column] === null) square(row, column, 2, [0, 2]);
  }
  for (let i = 8; i < size - 8; i += 1) {
    grid[6][i] ??= i % 2 === 0;
    grid[i][6] ??= i % 2 === 0;
  }
  grid[size - 8][8] = true;
  if (version < 7) return;
  let rest = version << 12;
  for (let i = 17; i >= 12; i -= 1) if (rest & (1 << i)) rest ^= 0x1f25 << (i - 12);
  const code = (version << 12) | rest;
  for (let i = 0; i < 18; i += 1) {
    const [row, column] = [Math.floor(i / 3), size - 11 + (i % 3)];
    grid[row][column] = grid[column][row] = ((code >> i) & 1) === 1;
  }
}

/**
 * The error correction level (M) and the mask, twice.
 * @param {(boolean | null)[][]} grid
 * @param {number} mask
 */
function format(grid, mask) {
  const size = grid.length;
  let rest = mask << 10;
  for (let i = 14; i >= 10; i -= 1) if (rest & (1 << i)) rest ^= 0x537 << (i - 10);
  const code = ((mask << 10) | rest) ^ 0x5412;
  for (let i = 0; i < 15; i += 1) {
    const dark = ((code >> i) & 1) === 1;
    grid[i < 6 ? i : i < 8 ? i + 1 : size - 15 + i][8] = dark;
    grid[8][i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i] = dark;
  }
}

/**
 * The penalty of a mask: the lower, the easier to scan.
 * @param {boolean[][]} grid
 */
function score(grid) {
  const size = grid.length;
  let penalty = 0;
  let dark = 0;
  for (const line of [...grid, ...grid[0].map((_, c) => grid.map((row) => row[c]))]) {
    for (let i = 0; i < size; ) {
      let run = 1;
      while (i + run < size && line[i + run] === line[i]) run += 1;
      if (run >= 5) penalty += run - 2;
      i += run;
    }
    const text = line.map((module) => (module ? "1" : "0")).join("");
    for (let at = text.indexOf("1011101"); at >= 0; at = text.indexOf("1011101", at + 1)) {
      if (text.slice(at - 4, at) === "0000" || text.slice(at + 7, at + 11) === "0000") penalty += 40;
    }
  }
  grid.forEach((row, r) =>
    row.forEach((module, c) => {
      dark += Number(module);
      const below = grid[r + 1];
      if (below && c + 1 < size && row[c + 1] === module && below[c] === module && below[c + 1] === module) penalty += 3;
    }),
  );
  return penalty + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}

/**
 * The code for `text` as an SVG element; a note if the text is too long.
 * @param {string} text
 */
export function qrCode(text) {
  const modules = qrModules(text);
  if (!modules) return document.createTextNode("The address is too long for a QR code.");
  const quiet = 4;
  const size = modules.length + 2 * quiet;
  const path = modules.flatMap((row, r) => row.map((dark, c) => (dark ? `M${c + quiet} ${r + quiet}h1v1h-1z` : ""))).join("");
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `QR code of ${text}`);
  const ground = document.createElementNS(space, "rect");
  ground.setAttribute("width", String(size));
  ground.setAttribute("height", String(size));
  ground.setAttribute("fill", "#fff");
  const shape = document.createElementNS(space, "path");
  shape.setAttribute("d", path);
  shape.setAttribute("fill", "#000");
  svg.append(ground, shape);
  return svg;
}
