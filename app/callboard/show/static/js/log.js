// Shows a logbook: only the lines that are in sight exist, however long the log is.
import { computed, nextTick, onBeforeUnmount, onMounted, reactive, ref, watch } from "vue";
import { address, addressOf, asked } from "callboard/address.js";
import { levelOf, pieces, plain, styleAt } from "callboard/ansi.js";
import { useCommands } from "callboard/commands.js";
import { toast } from "callboard/live.js";
import { Hits } from "callboard/log_hits.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const HEIGHT = 18;
const TALLEST = 8_000_000; // pixels that every browser can scroll; a longer log scrolls by proportion
const ABOVE = 12;
const MOST_COPIED = 20_000; // lines
const LARGEST_JUMP = 4_000_000; // bytes: a longer log opens at its end, and the first failing line is a key away
const SOON_MS = 220;
const AGAIN_MS = 1000;

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
  props: { book: Object, task: Object },
  setup(props) {
    const book = props.book;
    const box = ref(null);
    const view = reactive({ top: 0, room: 600, follow: true, query: asked("q"), level: asked("level"), only: !!asked("only"), wrap: !!asked("wrap"), at: -1, to: -1, note: "" });
    const found = new Hits(book); // what is searched for
    const failing = new Hits(book); // what says that something failed
    const sifted = new Hits(book); // what is left by the filter
    const filtering = computed(() => !!view.level || (view.only && !!view.query));
    const failed = computed(() => words.BAD.has(words.shown(props.task)));
    const tailing = computed(() => (void book.state.version, !!book.tail && !filtering.value));
    const matches = computed(() => (filtering.value ? (sifted.state.numbers ?? []) : null));
    const rows = computed(() => (void book.state.version, filtering.value ? matches.value.length : tailing.value ? book.tail.length : book.total));

    // -- what is in sight: each line has a height of its own only when lines are wrapped; then the place is one by proportion --
    const inSight = computed(() => Math.ceil(view.room / HEIGHT));
    const height = computed(() => Math.min(rows.value * HEIGHT, TALLEST));
    const scaled = computed(() => view.wrap || rows.value * HEIGHT > TALLEST);
    const atEnd = computed(() => view.wrap && view.top >= height.value - view.room - 2);
    const first = computed(() => {
      if (!scaled.value) return Math.max(0, Math.floor(view.top / HEIGHT) - ABOVE);
      if (atEnd.value) return Math.max(0, rows.value - inSight.value);
      const part = Math.min(1, view.top / Math.max(1, height.value - view.room));
      return Math.max(0, Math.round(part * Math.max(0, rows.value - inSight.value + 1)));
    });
    const shown = computed(() => {
      void book.state.version;
      const from = first.value;
      const to = Math.min(rows.value, from + inSight.value + (scaled.value ? 1 : 2 * ABOVE + 2));
      const lines = [];
      for (let row = from; row < to; row++) {
        const number = filtering.value ? matches.value[row] : row;
        const text = tailing.value ? book.tail[row] : book.line(number);
        const level = text ? levelOf(plain(text)) : "";
        const parts = text == null ? [{ text: "…", classes: ["quiet"], css: {} }] : marked(pieces(text, tailing.value ? styleAt(book.tail, row) : book.styleOf(number)), view.query);
        lines.push({ key: row, number: tailing.value ? null : number, level, parts, at: !tailing.value && number >= view.at && number <= Math.max(view.at, view.to) && view.at >= 0 });
      }
      return lines;
    });
    const place = computed(() => (atEnd.value ? { bottom: 0 } : { transform: `translateY(${scaled.value ? view.top : first.value * HEIGHT}px)` }));
    const pixel = (row) => (scaled.value ? (row / Math.max(1, rows.value - inSight.value + 1)) * (height.value - view.room) : row * HEIGHT);
    const toEnd = () => nextTick(() => box.value && (box.value.scrollTop = box.value.scrollHeight));
    let byHandAt = 0;
    const byHand = () => (byHandAt = performance.now());
    function scrolled() {
      view.top = box.value.scrollTop;
      const end = box.value.scrollHeight - view.top - box.value.clientHeight;
      if (end > 60 && performance.now() - byHandAt < 600) view.follow = false;
    }
    watch(rows, () => view.follow && toEnd(), { flush: "post" });
    watch(() => view.follow, (on) => on && toEnd());
    watch(() => view.wrap, () => (view.follow ? toEnd() : view.at >= 0 && show(view.at)), { flush: "post" });
    // When the numbers of all lines become known, what was in sight stays in sight.
    watch(tailing, (now, before) => {
      if (now || !before || view.follow || !box.value) return;
      const fromEnd = box.value.scrollHeight - box.value.scrollTop;
      nextTick(() => box.value && (box.value.scrollTop = box.value.scrollHeight - fromEnd));
    });

    // -- lines by number --
    const numbered = async () => {
      while (book.state.indexing || book.tail) await new Promise((next) => setTimeout(next, 40));
      await nextTick();
    };
    function show(number) {
      const row = filtering.value ? matches.value.indexOf(number) : number;
      if (row < 0) return;
      view.follow = false;
      nextTick(() => box.value && (box.value.scrollTop = Math.max(0, pixel(Math.max(0, row - Math.floor(inSight.value / 3))))));
    }
    const hashOf = (from, to) => `#L${from + 1}${to > from ? `-L${to + 1}` : ""}`;
    function mark(number, to = -1) {
      Object.assign(view, { at: number, to, note: "" });
      anchor = number;
      show(number);
      address({}, { hash: hashOf(number, to) });
    }
    let anchor = -1;
    function lineClick(event, number) {
      if (event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      const range = event.shiftKey && anchor >= 0;
      if (!range) anchor = number;
      Object.assign(view, { follow: false, note: "", at: Math.min(anchor, number), to: range ? Math.max(anchor, number) : -1 });
      address({}, { hash: hashOf(view.at, view.to) });
    }

    // -- search, failing lines, filter: the server goes through the whole log --
    async function go(hits, back) {
      if (!hits.state.numbers?.length) return;
      await numbered();
      mark(hits.state.numbers[hits.next(view.at, back)]);
    }
    async function find(back) {
      if (!view.query) return;
      clearTimeout(soon);
      if (found.state.q !== view.query || found.state.lines < book.total) if (!(await found.look(view.query, ""))) return;
      await go(found, back);
    }
    async function failure(back, quiet = false) {
      const fresh = !failing.state.numbers;
      if (fresh || failing.state.lines < book.total) await failing.look("", failing.state.level || "failure");
      if (!failing.state.numbers?.length && failing.state.level === "failure") await failing.look("", "error");
      if (failing.state.numbers?.length) return fresh && !back ? (await numbered(), quiet ? quietly(failing.state.numbers[0]) : mark(failing.state.numbers[0])) : go(failing, back);
      if (!quiet && !failing.state.trouble) view.note = "no line says that it failed";
    }
    function quietly(number) {
      view.at = number;
      show(number);
    }
    let soon;
    watch(() => view.query, (q) => {
      clearTimeout(soon);
      address({ q, only: view.only && !!q });
      if (!q) return found.clear();
      soon = setTimeout(() => found.state.q !== q && found.look(q, ""), SOON_MS);
    });
    let later;
    // What is left stands around the line that was looked at, and so does the whole log once the filter is gone.
    async function sift() {
      const before = `${sifted.state.level} ${sifted.state.q}`;
      if (filtering.value) await sifted.look(view.only ? view.query : "", view.level);
      else sifted.clear();
      if (view.follow || view.at < 0 || before === `${sifted.state.level} ${sifted.state.q}`) return;
      const near = filtering.value ? Math.max(0, sifted.next(view.at - 1)) : view.at;
      await nextTick();
      if (box.value) box.value.scrollTop = Math.max(0, pixel(Math.max(0, near - Math.floor(inSight.value / 3))));
    }
    watch(() => [view.level, view.only, view.only && view.query], () => {
      address({ level: view.level, only: view.only && !!view.query });
      clearTimeout(later);
      later = setTimeout(sift, SOON_MS);
    });
    watch(() => book.total, () => filtering.value && !sifted.state.busy && ((later = null), clearTimeout(later), (later = setTimeout(sift, AGAIN_MS))));
    watch(() => view.wrap, (wrap) => address({ wrap }));
    const place1 = (hits) => (view.at < 0 || !hits.state.numbers ? -1 : hits.state.numbers.indexOf(view.at));
    const told = (hits, one) => {
      const { numbers, count, whole, busy } = hits.state;
      if (busy && !numbers) return "searching…";
      if (!numbers) return "";
      if (!count) return `no ${one}`;
      const at = place1(hits);
      const all = words.count(count) + (whole ? "" : " or more");
      return at < 0 ? (one === "match" ? (count === 1 ? "1 match" : `${all} matches`) : words.plural(count, one)) : `${words.count(at + 1)} of ${all}`;
    };

    async function copy() {
      const range = view.at >= 0 ? [view.at, Math.max(view.at, view.to)] : filtering.value ? null : [0, book.total - 1];
      const wanted = range ? Array.from({ length: Math.min(MOST_COPIED + 1, range[1] - range[0] + 1) }, (_, n) => range[0] + n) : matches.value;
      if (wanted.length > MOST_COPIED) return toast(`Only ${words.count(MOST_COPIED)} lines are copied at once: choose lines (click a number, Shift-click another) or download the log`);
      const lines = [];
      for (const number of wanted) {
        const chunk = book.chunkOf(number);
        if (chunk && number < chunk.first + chunk.lines && !book.texts.has(chunk.start)) await book.fetch(chunk);
        lines.push(plain(book.line(number) ?? ""));
      }
      try {
        await navigator.clipboard.writeText(lines.join("\n") + "\n");
        toast(`${words.plural(lines.length, "line")} copied`, "good");
      } catch {
        toast("The browser does not let this page copy");
      }
    }
    const link = async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        toast(view.at < 0 ? "Link to this log copied" : "Link to the line copied", "good");
      } catch {
        toast("The browser does not let this page copy; the link is in its address");
      }
    };

    async function fromAddress() {
      const wish = location.hash.match(/^#([LB])(\d{1,15})(?:-L?(\d{1,15}))?$/);
      if (location.hash === "#first-failure") return failure(false);
      if (!wish) return;
      view.follow = false;
      await numbered();
      if (wish[1] === "B") {
        const number = await book.lineAtByte(Number(wish[2]));
        return number < 0 ? void (view.note = "that line is not in this log any more") : mark(number);
      }
      const [from, to] = [Number(wish[2]) - 1, Number(wish[3] ?? 0) - 1];
      if (from < 0 || book.total <= from) return void (view.note = `this log has only ${words.plural(book.total, "line")}`);
      Object.assign(view, { at: from, to: Math.min(to, book.total - 1), note: "" });
      show(from);
    }
    let sizes;
    onMounted(() => {
      sizes = new ResizeObserver(() => box.value && (view.room = box.value.clientHeight));
      sizes.observe(box.value);
      view.room = box.value.clientHeight;
      if (!location.hash) toEnd();
      fromAddress();
      if (view.query) found.look(view.query, "");
      sift();
      if (failed.value && !/^#([LB]\d|first-failure)/.test(location.hash) && !view.query && !filtering.value && book.state.size <= LARGEST_JUMP) failure(false, true);
      window.addEventListener("hashchange", fromAddress);
    });
    onBeforeUnmount(() => {
      sizes?.disconnect();
      for (const timer of [soon, later]) clearTimeout(timer);
      for (const hits of [found, failing, sifted]) hits.clear();
      window.removeEventListener("hashchange", fromAddress);
    });
    watch(failed, (now) => now && failing.look("", "failure"));

    const levels = ["", "warning", "error"];
    useCommands(
      () => [
        { id: "log.next", title: "Next match", keys: "n", when: () => !!view.query, run: () => find(false) },
        { id: "log.back", title: "Match before", keys: "shift+n", when: () => !!view.query, run: () => find(true) },
        { id: "log.failing", title: "Next failing line", keys: "e", run: () => failure(false) },
        { id: "log.failing.back", title: "Failing line before", keys: "shift+e", run: () => failure(true) },
        { id: "log.only", title: view.only ? "Show all lines again" : "Show only the lines that match", keys: "m", run: () => (view.only = !view.only) },
        { id: "log.level", title: "Level: all, warnings, errors", keys: "l", run: () => (view.level = levels[(levels.indexOf(view.level) + 1) % 3]) },
        { id: "log.follow", title: view.follow ? "Stop following the end" : "Follow the end of the log", keys: "f", run: () => (view.follow = !view.follow) },
        { id: "log.wrap", title: view.wrap ? "Do not wrap lines" : "Wrap long lines", keys: "w", run: () => (view.wrap = !view.wrap) },
        { id: "log.copy", title: "Copy the chosen lines, else all", keys: "c", run: copy },
        { id: "log.link", title: "Copy a link to the chosen line", keys: "shift+c", run: link },
        { id: "log.download", title: "Download the log", run: () => (location.href = download.value) },
      ],
      "Log",
    );
    const download = computed(() => `/api/v1/tasks/${props.task.id}/log/text${book.state.attempt == null ? "" : `?attempt=${book.state.attempt}`}`);
    const lineHref = (number) => addressOf({}, `#L${number + 1}`);
    const note = computed(() => view.note || found.state.trouble || failing.state.trouble || sifted.state.trouble);
    return { box, view, shown, place, height, rows, scrolled, byHand, filtering, tailing, find, failure, lineClick, lineHref, failed, words, state: book.state, book, download, found, failing, sifted, told, copy, link, note, atEnd };
  },
  template: `
    <div class="panel log-panel">
      <header class="tools log-tools">
        <span class="log-find">
          <input type="search" data-search v-model="view.query" placeholder="Search the log  /" aria-label="Search the log" @keydown.enter.prevent="find($event.shiftKey)"/>
          <span v-if="view.query" class="log-told num" aria-live="polite">{{ told(found, 'match') }}</span>
        </span>
        <span class="log-pair">
          <button type="button" class="button small" @click="find(true)" :disabled="!view.query" aria-label="Match before" title="Match before (Shift-N)">↑</button>
          <button type="button" class="button small" @click="find(false)" :disabled="!view.query" aria-label="Next match" title="Next match (N)">↓</button>
        </span>
        <button type="button" class="chip" :aria-pressed="view.only" @click="view.only = !view.only" title="Show only the lines that match (M)">only matches</button>
        <select v-model="view.level" aria-label="Level">
          <option value="">all lines</option>
          <option value="warning">warnings and errors</option>
          <option value="error">errors</option>
        </select>
        <span v-if="failed" class="log-pair log-failing">
          <button type="button" class="button small danger" @click="failure(true)" aria-label="Failing line before" title="Failing line before (Shift-E)">↑</button>
          <button type="button" class="button small danger" @click="failure(false)" title="Next failing line (E)">{{ failing.state.numbers ? told(failing, 'failing line') : 'First failing line' }}</button>
          <button type="button" class="button small danger" @click="failure(false)" aria-label="Next failing line" title="Next failing line (E)">↓</button>
        </span>
        <span class="log-acts">
          <button type="button" class="chip" :aria-pressed="view.wrap" @click="view.wrap = !view.wrap" title="Wrap long lines (W)">wrap</button>
          <button type="button" class="chip" :aria-pressed="view.follow" @click="view.follow = !view.follow" title="Follow the end (F)">follow</button>
        </span>
      </header>
      <div v-if="!rows && !state.indexing && !filtering" class="log" ref="box">
        <CbEmpty :title="state.missing ? 'The log cannot be read' : 'Nothing written yet'">{{ state.missing || 'What the attempt prints appears here at once.' }}</CbEmpty>
      </div>
      <div v-else class="log" :class="{wrap: view.wrap}" ref="box" tabindex="0" role="log" aria-live="off" aria-label="Log" @scroll.passive="scrolled" @wheel.passive="byHand" @touchmove.passive="byHand" @keydown="byHand" @pointerdown="byHand">
        <CbEmpty v-if="filtering && !rows" :title="sifted.state.busy ? 'Looking through the log' : 'No line fits'">{{ sifted.state.busy ? 'One moment.' : 'Take the filter away to see all ' + words.plural(book.total, 'line') + '.' }}</CbEmpty>
        <div class="log-room" :style="{height: height + 'px'}">
          <div class="log-lines" :style="place">
            <div v-for="l in shown" :key="l.key" class="log-line" :class="[l.level ? 'l-' + l.level : '', {at: l.at}]" :data-line="l.number == null ? undefined : l.number + 1">
              <a v-if="l.number != null" class="log-number" :href="lineHref(l.number)" @click="lineClick($event, l.number)" tabindex="-1">{{ l.number + 1 }}</a>
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
        <span v-if="filtering">{{ words.count(sifted.state.count) }} of {{ words.plural(book.total, 'line') }}<template v-if="sifted.state.count > rows">, the first {{ words.count(rows) }} are shown</template></span>
        <span v-else-if="!tailing">{{ words.plural(rows, 'line') }}</span>
        <span v-else>the last {{ words.plural(rows, 'line') }}; counting the others</span>
        <span>{{ words.bytes(state.size) }}</span>
        <span v-if="note" role="status">{{ note }}</span>
        <span v-if="state.missing && rows" class="t-bad" style="color: var(--tone)">{{ state.missing }}</span>
        <span class="log-take">
          <button type="button" class="link" @click="link">{{ view.at < 0 ? 'link' : view.to > view.at ? 'link to these lines' : 'link to this line' }}</button>
          <button type="button" class="link" @click="copy">{{ view.at < 0 ? 'copy' : view.to > view.at ? 'copy ' + words.plural(view.to - view.at + 1, 'line') : 'copy line' }}</button>
          <a class="link" :href="download" download>download</a>
        </span>
      </div>
    </div>
  `,
};
