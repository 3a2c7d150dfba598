// The lines of many attempts in the order in which they were heard: bounded, without gaps that are not said. Nothing here touches the page.
import { PLAIN, carried, levelOf, plain } from "callboard/ansi.js";

const MOST = 20_000;
const SLACK = 1_000; // dropped in one go
const LONGEST = 4_000; // characters of a line that are kept
const MOST_LOGS = 500;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

// A line: {seq, task, attempt, name, agent, at: its byte in the attempt's log, raw, style, text, level, gap}.
export class Ring {
  constructor(most = MOST) {
    this.most = most;
    this.lines = [];
    this.dropped = 0;
    this.next = 1;
    this.logs = new Map(); // by attempt: how far it was heard, colours in force, the line that has no end yet
  }

  // Takes a part of a log in; gives the lines that are new or have grown.
  hear(part) {
    const key = `${part.task}#${part.attempt}`;
    const log = this.logs.get(key) ?? { heard: null, style: PLAIN, line: null };
    this.logs.delete(key);
    this.logs.set(key, log);
    if (this.logs.size > MOST_LOGS) this.logs.delete(this.logs.keys().next().value);
    let { text, offset } = part;
    if (log.heard != null && offset < log.heard) {
      if (part.next <= log.heard) return [];
      text = decoder.decode(encoder.encode(text).slice(log.heard - offset));
      offset = log.heard;
    }
    const touched = new Set();
    const missing = Math.max(part.left_out, log.heard == null ? 0 : offset - log.heard);
    if (missing > 0) {
      Object.assign(log, { style: PLAIN, line: null });
      touched.add(this.add(part, offset - missing, PLAIN, { gap: missing }));
    }
    log.heard = part.next;
    let at = offset;
    const pieces = text.split("\n");
    pieces.forEach((piece, n) => {
      const whole = n < pieces.length - 1;
      if (piece || whole) {
        const line = (log.line ??= this.add(part, at, log.style));
        touched.add(line);
        if (line.raw.length < LONGEST) line.raw = (line.raw + piece).slice(0, LONGEST);
        log.style = carried(piece, log.style);
      }
      if (!whole) return;
      log.line = null;
      at += encoder.encode(piece).length + 1;
    });
    for (const line of touched) {
      line.text = plain(line.raw);
      line.level = levelOf(line.text);
    }
    if (this.lines.length > this.most + Math.min(SLACK, this.most)) this.drop(this.lines.length - this.most);
    return [...touched];
  }

  add(part, at, style, more = {}) {
    const line = { seq: this.next++, task: part.task, attempt: part.attempt, name: part.name, agent: part.agent, at, raw: "", text: "", level: "", style, gap: 0, ...more };
    this.lines.push(line);
    return line;
  }

  // Forgets the lines, not how far each log was heard; a line without an end goes on as a new one.
  clear() {
    this.lines = [];
    for (const log of this.logs.values()) log.line = null;
  }

  // Drops the oldest lines of the attempts that have more than their share, so that a flood carries no quiet one away.
  drop(many) {
    this.dropped += many;
    const counts = new Map();
    const key = (line) => `${line.task}#${line.attempt}`;
    for (const line of this.lines) counts.set(key(line), (counts.get(key(line)) ?? 0) + 1);
    const share = Math.floor(this.most / counts.size);
    this.lines = this.lines.filter((line) => {
      const count = counts.get(key(line));
      if (!many || count <= share) return true;
      counts.set(key(line), count - 1);
      many--;
      line.gone = true;
      return false;
    });
  }
}
