// Turns one line with ANSI colours into pieces of plain text with classes and colours; every other escape is dropped.
const BASIC = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]/g;

export function plain(line) {
  return carriage(line).replace(ESCAPES, "");
}

// What a terminal would show after the last carriage return.
function carriage(line) {
  if (!line.includes("\r")) return line;
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.length ? parts[parts.length - 1] : "";
}

function cube(n) {
  if (n < 16) return null;
  if (n >= 232) return [8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10];
  const step = (v) => (v ? 55 + v * 40 : 0);
  const i = n - 16;
  return [step(Math.floor(i / 36)), step(Math.floor(i / 6) % 6), step(i % 6)];
}

function extended(codes, at, style, key) {
  if (codes[at + 1] === 5) {
    const n = codes[at + 2] & 255;
    if (n < 16) style[key] = { name: BASIC[n % 8], bright: n > 7 };
    else style[key] = { rgb: cube(n) };
    return at + 2;
  }
  if (codes[at + 1] === 2) {
    style[key] = { rgb: [codes[at + 2] & 255, codes[at + 3] & 255, codes[at + 4] & 255] };
    return at + 4;
  }
  return at;
}

function apply(style, words) {
  const codes = words.split(/[;:]/).map((w) => parseInt(w || "0", 10) || 0);
  for (let i = 0; i < codes.length; i++) {
    const c = codes[i];
    if (c === 0) for (const key of Object.keys(style)) delete style[key];
    else if (c === 1) style.bold = true;
    else if (c === 2) style.dim = true;
    else if (c === 3) style.italic = true;
    else if (c === 4) style.underline = true;
    else if (c === 7) style.inverse = true;
    else if (c === 22) delete style.bold, delete style.dim;
    else if (c === 23) delete style.italic;
    else if (c === 24) delete style.underline;
    else if (c === 27) delete style.inverse;
    else if (c >= 30 && c <= 37) style.fg = { name: BASIC[c - 30] };
    else if (c >= 90 && c <= 97) style.fg = { name: BASIC[c - 90], bright: true };
    else if (c >= 40 && c <= 47) style.bg = { name: BASIC[c - 40] };
    else if (c >= 100 && c <= 107) style.bg = { name: BASIC[c - 100], bright: true };
    else if (c === 39) delete style.fg;
    else if (c === 49) delete style.bg;
    else if (c === 38) i = extended(codes, i, style, "fg");
    else if (c === 48) i = extended(codes, i, style, "bg");
  }
}

function piece(text, style) {
  const classes = [];
  const css = {};
  for (const key of ["bold", "dim", "italic", "underline", "inverse"]) if (style[key]) classes.push(`a-${key}`);
  for (const [key, property] of [["fg", "color"], ["bg", "backgroundColor"]]) {
    const colour = style[key];
    if (colour?.name) classes.push(`a-${key}-${colour.bright ? "bright-" : ""}${colour.name}`);
    else if (colour?.rgb) css[property] = `rgb(${colour.rgb.join(",")})`;
  }
  return { text, classes, css };
}

export const PLAIN = Object.freeze({});
const COLOUR = /\x1b\[([0-9;:]*)m/g; // eslint-disable-line no-control-regex

// The style that is in force after a stretch of text that began with `style`; a terminal carries it over line breaks.
export function carried(raw, style = PLAIN) {
  if (!raw.includes("\x1b[")) return style;
  const reset = Math.max(raw.lastIndexOf("\x1b[0m"), raw.lastIndexOf("\x1b[m"));
  const now = reset < 0 ? { ...style } : {};
  for (const match of (reset < 0 ? raw : raw.slice(reset)).matchAll(COLOUR)) apply(now, match[1]);
  return Object.keys(now).length ? Object.freeze(now) : PLAIN;
}

// The style with which line `at` begins, the first one with `start`; what was worked out is kept with the lines.
export function styleAt(lines, at, start = PLAIN) {
  const styles = (lines.styles ??= [start]);
  for (let n = styles.length; n <= at; n++) styles.push(carried(lines[n - 1], styles[n - 1]));
  return styles[at];
}

// [{text, classes, css}] of a line that begins with a style; the texts together are the line without escapes.
export function pieces(raw, start = PLAIN) {
  const line = carriage(raw);
  const found = [];
  const style = { ...(line.length < raw.length ? carried(raw.slice(0, raw.lastIndexOf(line)), start) : start) };
  let from = 0;
  for (const match of line.matchAll(ESCAPES)) {
    if (match.index > from) found.push(piece(line.slice(from, match.index), style));
    from = match.index + match[0].length;
    if (match[1] !== undefined) apply(style, match[1]);
  }
  if (from < line.length) found.push(piece(line.slice(from), style));
  return found;
}

const ERROR = /\b(error|errors|failed|failure|fatal|critical|traceback|exception|panic)\b|^E\s{2,}|^\s*[✗✘×]/i;
const CLEAN = /\b(0|no) (errors?|failed|failures?)\b/i;
const WARNING = /\b(warn|warning|warnings|deprecated)\b/i;

// 'error', 'warning' or '': read off the words of a plain line. The server goes by the same, in record/searching.py.
export function levelOf(text) {
  if (text.startsWith("$ ")) return ""; // a command that is about to run
  if (ERROR.test(text) && !CLEAN.test(text)) return "error";
  return WARNING.test(text) ? "warning" : "";
}
