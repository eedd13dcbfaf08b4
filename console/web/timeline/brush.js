// Draws on the canvas of one track, with the colours of the timeline's style.

/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./tracks.js").LineSeries} LineSeries */

/** The colours in force, each read once from the style. */
export class Palette {
  /** @param {CSSStyleDeclaration} style the computed style of the timeline */
  constructor(style) {
    this.style = style;
    /** @type {Map<string, string>} */
    this.known = new Map();
  }

  /**
   * The value of a custom property, such as `--grid`.
   * @param {string} name
   */
  colour(name) {
    let value = this.known.get(name);
    if (value === undefined) {
      value = this.style.getPropertyValue(name).trim() || "#888";
      this.known.set(name, value);
    }
    return value;
  }
}

/** A canvas, its size in CSS pixels, and the colours in force. */
export class Brush {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Viewport} view
   * @param {Palette} palette
   */
  constructor(canvas, view, palette) {
    this.view = view;
    this.palette = palette;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    this.context.font = "11px system-ui, sans-serif";
  }

  /**
   * The value of a custom property, such as `--grid`.
   * @param {string} name
   */
  colour(name) {
    return this.palette.colour(name);
  }

  /**
   * A horizontal line of the grid.
   * @param {number} y
   */
  rule(y) {
    this.context.fillStyle = this.colour("--grid");
    this.context.fillRect(0, y, this.width, 1);
  }

  /**
   * Small text.
   * @param {string} text
   * @param {number} x
   * @param {number} baseline
   */
  label(text, x, baseline) {
    const { context } = this;
    context.fillStyle = this.colour("--muted");
    context.fillText(text, x, baseline);
  }

  /**
   * A rectangle.
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {string} colour the name of a custom property
   * @param {number} [strength] from 0 to 1
   */
  block(x, y, width, height, colour, strength = 1) {
    this.context.globalAlpha = strength;
    this.context.fillStyle = this.colour(colour);
    this.context.fillRect(x, y, width, height);
    this.context.globalAlpha = 1;
  }

  /**
   * Text within a span of pixels; what does not fit is left out.
   * @param {string} text
   * @param {number} from
   * @param {number} to
   * @param {number} baseline
   */
  inside(text, from, to, baseline) {
    const start = Math.max(from, 0) + 4;
    const room = Math.min(to, this.width) - start - 4;
    if (room < 12) return;
    const { context } = this;
    let shown = text;
    if (context.measureText(shown).width > room) {
      const letters = Math.floor((room / context.measureText(shown).width) * shown.length) - 1;
      if (letters < 2) return;
      shown = `${shown.slice(0, letters)}…`;
    }
    context.fillStyle = this.colour("--ink");
    context.fillText(shown, start, baseline);
  }

  /**
   * A dense curve: for each column of pixels its bottom and its top.
   * @param {number[]} triples column, bottom, top
   * @param {LineSeries} series
   */
  columns(triples, series) {
    this.context.fillStyle = this.colour(series.colour);
    this.context.beginPath();
    for (let i = 0; i < triples.length; i += 3) {
      const height = Math.max(triples[i + 1] - triples[i + 2], 1.5);
      this.context.rect(triples[i], triples[i + 2], 1, height);
    }
    this.context.fill();
  }

  /**
   * Runs of pixel coordinates as one curve.
   * @param {number[][]} runs
   * @param {LineSeries} series
   * @param {number} base where zero is
   */
  curve(runs, series, base) {
    const { context } = this;
    const colour = this.colour(series.colour);
    for (const run of runs) {
      context.beginPath();
      context.moveTo(run[0], run[1]);
      for (let i = 2; i < run.length; i += 2) context.lineTo(run[i], run[i + 1]);
      if (series.shape.startsWith("area")) {
        const line = new Path2D();
        line.moveTo(run[0], run[1]);
        for (let i = 2; i < run.length; i += 2) line.lineTo(run[i], run[i + 1]);
        context.lineTo(run[run.length - 2], base);
        context.lineTo(run[0], base);
        context.globalAlpha = 0.18;
        context.fillStyle = colour;
        context.fill();
        context.globalAlpha = 1;
        this.#stroke(line, colour, series.dashed);
      } else {
        context.setLineDash(series.dashed ? [4, 3] : []);
        context.strokeStyle = colour;
        context.lineWidth = 1.5;
        context.stroke();
        context.setLineDash([]);
      }
    }
  }

  /**
   * @param {Path2D} path
   * @param {string} colour
   * @param {boolean | undefined} dashed
   */
  #stroke(path, colour, dashed) {
    this.context.setLineDash(dashed ? [4, 3] : []);
    this.context.strokeStyle = colour;
    this.context.lineWidth = 1.5;
    this.context.stroke(path);
    this.context.setLineDash([]);
  }
}
