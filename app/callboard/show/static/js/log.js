// Shows a logbook: only the lines that are in sight exist, however long the log is.
import { computed, nextTick, onBeforeUnmount, onMounted, reactive, ref, watch } from "vue";
import { levelOf, pieces, plain, styleAt } from "callboard/ansi.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const HEIGHT = 18;
const TALLEST = 8_000_000; // pixels that every browser can scroll; a longer log scrolls by proportion
const FAILURE = /^(E {2,}\S|FAILED\b|ERROR\b|Traceback|.*\b(AssertionError|Error:|error:|FAIL(ED)?\b|fatal:|panic:|Exception:))/;

export function marked(found, query) {
  if (!query) return found;
  const low = query.toLowerCase();
  const out = [];
  for (const p of found) {
    const text = p.text.toLowerCase();
    let from = 0;
    for (let at = text.indexOf(low); at >= 0; at = text.indexOf(low, from)) {
      if (at > from) out.push({ ...p, text: p.text.slice(from, at) });
      out.push({ ...p, text: p.text.slice(at, at + low.length), mark: true });
      from = at + low.length;
    }
    if (from < p.text.length) out.push({ ...p, text: p.text.slice(from) });
  }
  return out;
}

export const CbLog = {
  components: PARTS,
  props: { book: Object, attempts: Array, task: Object, startAt: [Number, String] },
  setup(props) {
    const book = props.book;
    const box = ref(null);
    const view = reactive({ top: 0, room: 600, follow: true, query: "", level: "", only: false, at: -1, busy: "", hits: null, note: "" });
    const filtering = computed(() => !!view.level || (view.only && !!view.query));
    const matches = ref(null);
    const tailing = computed(() => (void book.state.version, !!book.tail && !filtering.value));
    const rows = computed(() => (void book.state.version, filtering.value ? (matches.value?.length ?? 0) : tailing.value ? book.tail.length : book.total));
    const tall = computed(() => rows.value * HEIGHT);
    const height = computed(() => Math.min(tall.value, TALLEST));
    const scaled = computed(() => tall.value > TALLEST);
    const first = computed(() => {
      const inSight = Math.ceil(view.room / HEIGHT);
      if (!scaled.value) return Math.max(0, Math.floor(view.top / HEIGHT) - 12);
      const part = view.top / Math.max(1, height.value - view.room);
      return Math.max(0, Math.round(part * Math.max(0, rows.value - inSight + 1)));
    });
    const shown = computed(() => {
      void book.state.version;
      const from = first.value;
      const to = Math.min(rows.value, from + Math.ceil(view.room / HEIGHT) + (scaled.value ? 1 : 26));
      const found = [];
      for (let row = from; row < to; row++) {
        const number = filtering.value ? matches.value[row] : row;
        const text = tailing.value ? book.tail[row] : book.line(number);
        const level = text ? levelOf(plain(text)) : "";
        found.push({ key: row, number: tailing.value ? null : number, level, parts: text == null ? [{ text: "…", classes: ["quiet"], css: {} }] : marked(pieces(text, tailing.value ? styleAt(book.tail, row) : book.styleOf(number)), view.query) });
      }
      return found;
    });
    const shift = computed(() => (scaled.value ? view.top : first.value * HEIGHT));
    const pixel = (row) => {
      if (!scaled.value) return row * HEIGHT;
      const inSight = Math.ceil(view.room / HEIGHT);
      return (row / Math.max(1, rows.value - inSight + 1)) * (height.value - view.room);
    };
    const toEnd = () => nextTick(() => box.value && (box.value.scrollTop = box.value.scrollHeight));
    function show(number) {
      const row = filtering.value ? matches.value.indexOf(number) : number;
      if (row < 0) return;
      view.at = number;
      view.follow = false;
      nextTick(() => {
        if (!box.value) return;
        box.value.scrollTop = Math.max(0, pixel(Math.max(0, row - Math.floor(view.room / HEIGHT / 3))));
      });
    }
    let wheelDown = 0;
    function scrolled() {
      view.top = box.value.scrollTop;
      const end = box.value.scrollHeight - view.top - box.value.clientHeight;
      if (end > 60 && performance.now() - wheelDown < 600) view.follow = false;
    }
    const byHand = () => (wheelDown = performance.now());
    watch(rows, () => view.follow && toEnd(), { flush: "post" });
    watch(() => view.follow, (on) => on && toEnd());
    // When the numbers of all lines become known, what was in sight stays in sight.
    watch(tailing, (now, before) => {
      if (now || !before || view.follow || !box.value) return;
      const fromEnd = box.value.scrollHeight - box.value.scrollTop;
      nextTick(() => box.value && (box.value.scrollTop = box.value.scrollHeight - fromEnd));
    });

    let sifting = 0;
    async function sift() {
      const mine = ++sifting;
      if (!filtering.value) return void (matches.value = null);
      matches.value = [];
      const q = view.only ? view.query.toLowerCase() : "";
      let found = [];
      const fits = (text) => {
        const level = view.level ? levelOf(text) : "";
        return (!view.level || level === "error" || (view.level === "warning" && level === "warning")) && (!q || text.toLowerCase().includes(q));
      };
      view.busy = "sifting";
      let shownAt = performance.now();
      await book.walk((text, number) => {
        if (fits(text)) found.push(number);
        if (performance.now() - shownAt > 150) (shownAt = performance.now()), mine === sifting && (matches.value = [...found]);
        return false;
      }, { alive: () => mine === sifting });
      if (mine !== sifting) return;
      matches.value = found;
      view.busy = "";
    }
    let soon;
    watch(() => [view.level, view.only, view.only ? view.query : "", filtering.value && book.total], () => (clearTimeout(soon), (soon = setTimeout(sift, 200))));

    async function find(back) {
      if (!view.query || view.busy) return;
      view.busy = "searching";
      view.note = "";
      const q = view.query.toLowerCase();
      let hit = -1;
      const visit = (text, number) => text.toLowerCase().includes(q) && ((hit = number), true);
      const from = view.at < 0 ? (back ? book.total - 1 : 0) : view.at + (back ? -1 : 1);
      await book.walk(visit, { from, back });
      if (hit < 0) await book.walk(visit, { from: back ? book.total - 1 : 0, back });
      view.busy = "";
      if (hit < 0) view.note = "not found";
      else mark(hit);
    }
    // Until every line has its number.
    async function numbered() {
      while (book.state.indexing) await new Promise((next) => setTimeout(next, 60));
      await nextTick();
    }
    async function failure() {
      if (view.busy) return;
      view.busy = "searching";
      view.note = "";
      let hit = -1;
      await numbered();
      await book.walk((text, number) => FAILURE.test(text) && ((hit = number), true));
      if (hit < 0) await book.walk((text, number) => levelOf(text) === "error" && ((hit = number), true));
      view.busy = "";
      if (hit < 0) view.note = "no line says that it failed";
      else mark(hit);
    }
    function mark(number) {
      show(number);
      history.replaceState(null, "", `${location.search}#L${number + 1}`);
    }
    function lineClick(event, number) {
      event.preventDefault();
      view.at = number;
      view.follow = false;
      history.replaceState(null, "", `${location.search}#L${number + 1}`);
    }
    async function fromAddress() {
      const wish = location.hash.match(/^#([LB])(\d+)$/);
      if (location.hash === "#first-failure") return failure();
      if (!wish) return;
      view.follow = false;
      await numbered();
      const number = wish[1] === "L" ? Number(wish[2]) - 1 : await book.lineAtByte(Number(wish[2]));
      if (wish[1] === "B" && number >= 0) return mark(number);
      if (number < 0) view.note = "that line is not in this log any more";
      else if (book.total > number) show(number);
      else view.note = `this log has only ${book.total} lines`;
    }
    let sizes;
    onMounted(() => {
      sizes = new ResizeObserver(() => box.value && (view.room = box.value.clientHeight));
      sizes.observe(box.value);
      view.room = box.value.clientHeight;
      if (!location.hash) toEnd();
      fromAddress();
      window.addEventListener("hashchange", fromAddress);
    });
    onBeforeUnmount(() => {
      sizes?.disconnect();
      window.removeEventListener("hashchange", fromAddress);
    });
    const failed = computed(() => words.BAD.has(words.shown(props.task)));
    const download = computed(() => `/api/v1/tasks/${props.task.id}/log?offset=0${book.state.attempt == null ? "" : "&attempt=" + book.state.attempt}`);
    return { box, view, shown, shift, height, rows, scrolled, byHand, filtering, tailing, find, failure, lineClick, failed, words, state: book.state, book, download };
  },
  template: `
    <div class="panel">
      <header class="tools">
        <input type="search" data-search v-model="view.query" placeholder="Search the log  /" aria-label="Search the log" @keydown.enter.prevent="find($event.shiftKey)"/>
        <button type="button" class="button small" @click="find(true)" :disabled="!view.query" aria-label="Previous match">↑</button>
        <button type="button" class="button small" @click="find(false)" :disabled="!view.query" aria-label="Next match">↓</button>
        <button type="button" class="chip" :aria-pressed="view.only" @click="view.only = !view.only" title="Show only the lines that match">only matches</button>
        <select v-model="view.level" aria-label="Level">
          <option value="">all lines</option>
          <option value="warning">warnings and errors</option>
          <option value="error">errors</option>
        </select>
        <button v-if="failed" type="button" class="button small danger" @click="failure">First failing line</button>
        <button type="button" class="chip" style="margin-left: auto" :aria-pressed="view.follow" @click="view.follow = !view.follow">follow</button>
      </header>
      <div v-if="!rows && !state.indexing && !filtering" class="log" ref="box">
        <CbEmpty :title="state.missing ? 'The log cannot be read' : 'Nothing written yet'">{{ state.missing || 'What the attempt prints appears here at once.' }}</CbEmpty>
      </div>
      <div v-else class="log" ref="box" tabindex="0" role="log" aria-label="Log" @scroll.passive="scrolled" @wheel.passive="byHand" @touchmove.passive="byHand" @keydown="byHand" @pointerdown="byHand">
        <div class="log-room" :style="{height: height + 'px'}">
          <div class="log-lines" :style="{transform: 'translateY(' + shift + 'px)'}">
            <div v-for="l in shown" :key="l.key" class="log-line" :class="[l.level ? 'l-' + l.level : '', {at: l.number != null && l.number === view.at}]" :data-line="l.number == null ? undefined : l.number + 1">
              <a v-if="l.number != null" class="log-number" :href="'#L' + (l.number + 1)" @click="lineClick($event, l.number)" tabindex="-1">{{ l.number + 1 }}</a>
              <span v-else class="log-number" title="its number is being counted">·</span>
              <span class="log-text">
                <template v-for="(p, i) in l.parts" :key="i">
                  <mark v-if="p.mark" :class="p.classes" :style="p.css">{{ p.text }}</mark>
                  <span v-else :class="p.classes" :style="p.css">{{ p.text }}</span>
                </template>
              </span>
            </div>
          </div>
        </div>
      </div>
      <div class="log-foot">
        <span v-if="filtering">{{ words.count(rows) }} of {{ words.count(book.total) }} lines</span>
        <span v-else-if="!tailing">{{ words.plural(rows, 'line') }}</span>
        <span v-else>the last {{ words.count(rows) }} lines; counting the others, {{ Math.floor(state.known / Math.max(1, state.size) * 100) }} %</span>
        <span>{{ words.bytes(state.size) }}</span>
        <span v-if="view.busy">{{ view.busy }}…</span>
        <span v-if="view.note">{{ view.note }}</span>
        <span v-if="state.missing && rows" class="t-bad" style="color: var(--tone)">{{ state.missing }}</span>
      </div>
    </div>
  `,
};
