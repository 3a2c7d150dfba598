// The lines of an attempt's log, read by byte offset in chunks: opens at the tail, learns the line numbers in the background,
// keeps only what was looked at lately. Nothing here touches the page.
import { reactive, shallowRef, triggerRef } from "vue";
import { get } from "callboard/live.js";
import { PLAIN, carried, styleAt } from "callboard/ansi.js";

const CHUNK = 256 * 1024;
const KEPT = 48; // texts of chunks kept, about 12 MiB
const LONG = 1024 * 1024; // what is left of a longer log is not read, only where its lines are
const encoder = new TextEncoder();

// A chunk is a stretch of whole lines: bytes [start, end), `lines` of them, the first with number `first` from 0.
export class Logbook {
  constructor(task) {
    this.task = task;
    this.chunks = shallowRef([]); // from the beginning of the log, without gaps, as far as it is known
    this.tail = null; // before all is known: the lines at the end, without numbers
    this.texts = new Map();
    this.state = reactive({ attempt: null, size: 0, known: 0, indexing: false, ended: false, missing: "", version: 0 });
    this.partial = ""; // a last line that has no end yet
    this.style = PLAIN; // the colours in force after the last whole line
    this.generation = 0;
  }

  get total() {
    void this.chunks.value;
    void this.state.version;
    const last = this.chunks.value[this.chunks.value.length - 1];
    return (last ? last.first + last.lines : 0) + (this.partial ? 1 : 0);
  }

  get complete() {
    return this.state.known >= this.state.size;
  }

  async read(offset, limit = CHUNK) {
    const attempt = this.state.attempt == null ? "" : `&attempt=${this.state.attempt}`;
    return get(`/tasks/${this.task}/log?offset=${offset}&limit=${limit}${attempt}`);
  }

  // Starts with the tail that came with the page, or reads it.
  async open(attempt, tail) {
    const mine = ++this.generation;
    Object.assign(this.state, { attempt, size: 0, known: 0, indexing: false, missing: "", ended: false });
    this.chunks.value = [];
    this.texts.clear();
    this.partial = "";
    this.style = PLAIN;
    this.tail = null;
    try {
      tail ??= await this.read(-CHUNK, CHUNK);
    } catch (problem) {
      if (mine === this.generation) this.state.missing = problem.message;
      return;
    }
    if (mine !== this.generation) return;
    this.state.size = tail.size;
    this.state.ended = !!tail.ended;
    if (tail.offset === 0 && tail.next >= tail.size) {
      this.take(0, tail.text, tail.next);
    } else {
      const lines = tail.text.split("\n");
      if (tail.offset > 0) lines.shift();
      if (lines[lines.length - 1] === "") lines.pop();
      this.tail = lines;
    }
    this.state.version++;
    this.index();
  }

  // Learns on from what is known to the end, so that every line has its number: where the lines are is asked of the server, text is
  // read only of the last stretch.
  async index() {
    if (this.state.indexing) return;
    const mine = this.generation;
    this.state.indexing = true;
    try {
      while (mine === this.generation && this.have < this.state.size) {
        const from = this.have;
        if (this.state.size - from > LONG) await this.survey(mine);
        if (mine !== this.generation) return;
        const part = await this.read(this.have, 1024 * 1024);
        if (mine !== this.generation) return;
        this.state.size = Math.max(this.state.size, part.size);
        this.state.ended = !!part.ended;
        if (part.next > this.have) this.take(this.state.known, this.partial + part.text, part.next);
        if (this.have <= from) break;
      }
      const last = this.chunks.value[this.chunks.value.length - 1];
      if (this.tail && last && !this.texts.has(last.start)) await this.fetch(last);
      this.state.missing = "";
    } catch (problem) {
      if (mine === this.generation) this.state.missing = problem.message;
    } finally {
      if (mine === this.generation) {
        this.state.indexing = false;
        if (this.tail && this.have >= this.state.size) this.tail = null;
        this.state.version++;
      }
    }
  }

  // Bytes that are known, with those of a last line that has no end yet.
  get have() {
    return this.state.known + (this.partial ? encoder.encode(this.partial).length : 0);
  }

  async survey(mine) {
    const chunks = this.chunks.value;
    const last = chunks[chunks.length - 1];
    const attempt = this.state.attempt == null ? "" : `&attempt=${this.state.attempt}`;
    const found = await get(`/tasks/${this.task}/log/index?offset=${this.state.known}&first=${last ? last.first + last.lines : 0}${attempt}`);
    if (mine !== this.generation || !found.chunks.length) return;
    for (const [start, end, first, lines, style] of found.chunks) chunks.push({ start, end, first, lines, style: carried(style, PLAIN) });
    this.state.known = chunks[chunks.length - 1].end;
    this.partial = "";
    this.style = carried(found.style, PLAIN);
    triggerRef(this.chunks);
    this.state.version++;
  }

  // Folds text that begins at byte `start`, a beginning of a line, and ends at byte `next`, into chunks of whole lines.
  take(start, text, next) {
    const end = text.lastIndexOf("\n");
    this.partial = text.slice(end + 1);
    this.state.known = end < 0 ? start : next - encoder.encode(this.partial).length;
    this.state.size = Math.max(this.state.size, next);
    if (end < 0) return void this.state.version++;
    const chunks = this.chunks.value;
    let from = 0;
    let at = start;
    while (from <= end) {
      let to = from + CHUNK >= end ? end : text.indexOf("\n", from + CHUNK);
      if (to < 0 || to > end) to = end;
      const body = text.slice(from, to + 1);
      const last = chunks[chunks.length - 1];
      const stop = to === end ? this.state.known : at + encoder.encode(body).length;
      const first = last ? last.first + last.lines : 0;
      if (last && last.end - last.start + body.length < CHUNK && this.texts.has(last.start)) {
        const lines = split(body);
        this.texts.get(last.start).push(...lines);
        last.lines += lines.length;
        last.end = stop;
      } else {
        const lines = split(body);
        chunks.push({ start: at, end: stop, first, lines: lines.length, style: this.style });
        this.keep(at, lines);
      }
      this.style = carried(body, this.style);
      at = stop;
      from = to + 1;
    }
    triggerRef(this.chunks);
    this.state.version++;
  }

  keep(start, lines) {
    this.texts.delete(start);
    this.texts.set(start, lines);
    const last = this.chunks.value[this.chunks.value.length - 1]?.start;
    for (const old of this.texts.keys()) {
      if (this.texts.size <= KEPT) break;
      if (old !== last && old !== start) this.texts.delete(old);
    }
  }

  // A live piece of the log; a gap is read from the server.
  hear(message) {
    if (this.state.attempt != null && message.attempt !== this.state.attempt) return;
    const have = this.have;
    const next = message.next ?? message.offset + encoder.encode(message.text).length;
    this.state.size = Math.max(this.state.size, next);
    if (this.tail || this.state.indexing) {
      if (this.tail) this.grow(split(message.text));
      this.state.version++;
    } else if (message.offset === have) this.take(this.state.known, this.partial + message.text, next);
    if (!this.state.indexing && this.have < this.state.size) this.index();
  }

  grow(lines) {
    this.tail.push(...lines);
    if (this.tail.length <= 20000) return;
    const style = styleAt(this.tail, 10000);
    this.tail.splice(0, 10000);
    this.tail.styles = [style];
  }

  // The colours with which a line begins.
  styleOf(number) {
    const chunk = this.chunkOf(number);
    if (!chunk || number >= chunk.first + chunk.lines) return this.style;
    const lines = this.texts.get(chunk.start);
    return lines ? styleAt(lines, number - chunk.first, chunk.style) : PLAIN;
  }

  // The number of the line that holds a byte of the log; -1 when it is not there.
  async lineAtByte(offset) {
    const chunks = this.chunks.value;
    const chunk = chunks.find((c) => offset >= c.start && offset < c.end);
    if (!chunk) return this.partial && offset >= this.state.known ? this.total - 1 : -1;
    if (!this.texts.has(chunk.start)) await this.fetch(chunk);
    const lines = this.texts.get(chunk.start) ?? [];
    let at = chunk.start;
    for (let i = 0; i < lines.length; i++) if ((at += encoder.encode(lines[i]).length + 1) > offset) return chunk.first + i;
    return chunk.first + lines.length - 1;
  }

  chunkOf(line) {
    const chunks = this.chunks.value;
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (chunks[middle].first <= line) low = middle;
      else high = middle - 1;
    }
    return chunks[low];
  }

  // The line, or null while its chunk is being read.
  line(number) {
    void this.state.version;
    const chunk = this.chunkOf(number);
    if (!chunk || number >= chunk.first + chunk.lines) return this.partial && number === this.total - 1 ? this.partial : "";
    const lines = this.texts.get(chunk.start);
    if (lines) return lines[number - chunk.first] ?? "";
    this.fetch(chunk);
    return null;
  }

  async fetch(chunk) {
    if (chunk.coming) return chunk.coming;
    const mine = this.generation;
    chunk.coming = this.read(chunk.start, Math.min(LONG, chunk.end - chunk.start))
      .then((part) => {
        if (mine !== this.generation) return;
        this.keep(chunk.start, split(part.text));
        this.state.version++;
      })
      .catch((problem) => void (this.state.missing = problem.message))
      .finally(() => (chunk.coming = null));
    return chunk.coming;
  }
}

function split(text) {
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}
