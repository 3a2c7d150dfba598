// Lines of a log that fit, as the server finds them: numbers from 0, in order, that grow as the log does.
import { reactive } from "vue";
import { get } from "callboard/live.js";

export class Hits {
  constructor(book) {
    this.book = book;
    this.turn = 0;
    this.state = reactive({ q: "", level: "", numbers: null, count: 0, lines: 0, whole: true, most: 0, busy: false, trouble: "" });
  }

  clear() {
    this.turn++;
    Object.assign(this.state, { q: "", level: "", numbers: null, count: 0, lines: 0, whole: true, busy: false, trouble: "" });
  }

  // Looks for a text and a level; the same again only looks through what came since.
  async look(q, level) {
    const { state, book } = this;
    const more = state.numbers && state.q === q && state.level === level;
    const mine = ++this.turn;
    const start = more ? Math.max(0, state.lines - 1) : 0; // the last line may not have been whole
    Object.assign(state, { q, level, busy: true, trouble: "" });
    const words = new URLSearchParams({ q: q.toWellFormed?.() ?? q, level, start });
    if (book.state.attempt != null) words.set("attempt", book.state.attempt);
    try {
      const found = await get(`/tasks/${book.task}/log/search?${words}`);
      if (mine !== this.turn) return false;
      const before = more ? state.numbers.filter((n) => n < start) : [];
      const lost = more ? state.numbers.length - before.length : 0;
      state.numbers = before.concat(found.numbers);
      state.count = (more ? state.count - lost : 0) + found.count;
      Object.assign(state, { lines: found.lines, whole: found.whole, most: found.most });
    } catch (problem) {
      if (mine === this.turn) state.trouble = problem.message;
    } finally {
      if (mine === this.turn) state.busy = false;
    }
    return mine === this.turn && !state.trouble;
  }

  // The place among the hits of the one after line `at`, or before it; goes round at the ends. -1 when there is none.
  next(at, back = false) {
    const all = this.state.numbers ?? [];
    if (!all.length) return -1;
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle] < at || (!back && all[middle] === at)) low = middle + 1;
      else high = middle;
    }
    return back ? (low - 1 + all.length) % all.length : low % all.length;
  }
}
