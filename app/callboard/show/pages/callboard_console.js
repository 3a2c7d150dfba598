// The console: what all running attempts print, as one stream; only the lines in sight exist.
import { computed, nextTick, onBeforeUnmount, onMounted, reactive, ref, watch } from "vue";
import { address } from "callboard/address.js";
import { pieces } from "callboard/ansi.js";
import { useCommands } from "callboard/commands.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { follow, get } from "callboard/live.js";
import { HEIGHT, marked } from "callboard/log.js";
import { PARTS } from "callboard/parts.js";
import { Ring } from "callboard/ring.js";
import * as words from "callboard/words.js";

const ROOM_ABOVE = 12;
const MOST_HELD = 4_000; // parts that wait while the stream is paused or nobody looks
const MOST_CHARACTERS = 4_000_000; // of these
const MOST_TASKS = 200;
const FILTERS = ["agent", "task", "level", "q"];

export default {
  components: { CbFrame, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const first = JSON.parse(props.first);
    const asked = new URLSearchParams(location.search);
    const box = ref(null);
    const ring = new Ring();
    const wish = reactive(Object.fromEntries(FILTERS.map((name) => [name, asked.get(name) ?? ""])));
    const view = reactive({ top: 0, room: 600, follow: true, paused: false, wrap: !!asked.get("wrap"), version: 0, waiting: 0, lost: 0, cleared: 0 });
    const tasks = reactive(new Map()); // id -> {id, name, agent}, the newest last
    let shownLines = []; // what fits the filters
    let held = [];
    let size = 0; // characters held
    const linesOf = (part) => part.text.split("\n").length - 1;

    function fits(line) {
      if (wish.agent && line.agent !== wish.agent) return false;
      if (wish.task && line.task !== wish.task) return false;
      if (line.gap) return true;
      if (wish.level === "error" ? line.level !== "error" : wish.level === "warning" && !line.level) return false;
      return !wish.q || line.text.toLowerCase().includes(wish.q.toLowerCase());
    }
    function show(line) {
      if (line.shown || !fits(line)) return;
      line.shown = true;
      shownLines.push(line);
    }
    function sift() {
      for (const line of ring.lines) line.shown = false;
      shownLines = [];
      ring.lines.forEach(show);
      view.version++;
    }
    // What is in sight stays in sight when lines above it go.
    function prune() {
      const top = Math.floor(view.top / HEIGHT);
      let above = 0;
      for (let n = 0; n < Math.min(top, shownLines.length); n++) above += shownLines[n].gone ? 1 : 0;
      shownLines = shownLines.filter((line) => !line.gone);
      if (above && !view.follow && box.value) box.value.scrollTop = Math.max(0, box.value.scrollTop - above * HEIGHT);
    }
    function take(parts) {
      const before = ring.dropped;
      for (const part of parts) {
        const known = tasks.get(part.task);
        if (!known) tasks.set(part.task, { id: part.task, name: part.name, agent: part.agent });
        if (tasks.size > MOST_TASKS) tasks.delete(tasks.keys().next().value);
        ring.hear(part).forEach(show);
      }
      if (ring.dropped > before) prune();
      view.version++;
    }
    const away = ref(document.hidden); // what nobody sees is held back, within bounds, and not drawn
    function hear(parts) {
      if (!view.paused && !away.value) return take(parts);
      held.push(...parts);
      for (const part of parts) {
        size += part.text.length;
        view.waiting += linesOf(part);
      }
      while (held.length > 1 && (held.length > MOST_HELD || size > MOST_CHARACTERS)) {
        const part = held.shift();
        size -= part.text.length;
        view.lost += linesOf(part);
      }
    }
    function release() {
      if (view.paused || away.value) return;
      const parts = held;
      held = [];
      size = 0;
      Object.assign(view, { waiting: 0, lost: 0 });
      take(parts);
    }
    function pause() {
      view.paused = !view.paused;
      release();
    }
    const seen = () => ((away.value = document.hidden), release());
    document.addEventListener("visibilitychange", seen);
    // Takes away what stands there; what comes is shown, and the logs keep everything.
    function clear() {
      view.cleared += ring.lines.length;
      ring.clear();
      held = [];
      size = 0;
      Object.assign(view, { waiting: 0, lost: 0 });
      shownLines = [];
      view.version++;
    }
    take(first.parts ?? []);
    follow({
      rooms: () => ["console"],
      refetch: async () => {
        const now = await get("/console?limit=2000");
        hear(now.parts);
        return now.seq;
      },
      fold() {},
      onConsole: (m) => hear(m.parts),
    });
    useTitle(() => "Console – Callboard");

    const count = computed(() => (void view.version, shownLines.length));
    const total = computed(() => (void view.version, ring.lines.length));
    const dropped = computed(() => (void view.version, ring.dropped));
    const inSight = computed(() => Math.ceil(view.room / HEIGHT));
    const atEnd = computed(() => view.wrap && view.top >= count.value * HEIGHT - view.room - 2);
    const from = computed(() => {
      if (atEnd.value) return Math.max(0, count.value - inSight.value);
      return Math.max(0, Math.min(Math.floor(view.top / HEIGHT), count.value) - (view.wrap ? 0 : ROOM_ABOVE));
    });
    const place = computed(() => (atEnd.value ? { bottom: 0 } : { transform: `translateY(${view.wrap ? view.top : from.value * HEIGHT}px)` }));
    const shown = computed(() => {
      void view.version;
      return shownLines.slice(from.value, from.value + inSight.value + (view.wrap ? 1 : 2 * ROOM_ABOVE)).map((l) => ({
        ...l,
        href: `/tasks/${l.task}?attempt=${l.attempt}#B${l.at}`,
        parts: l.gap ? [] : marked(pieces(l.raw, l.style), wish.q),
      }));
    });
    const filtering = computed(() => FILTERS.some((name) => wish[name]));
    const agents = computed(() => [...new Set([...tasks.values()].map((t) => t.agent).filter(Boolean))].sort());
    const choices = computed(() => [...tasks.values()].filter((t) => !wish.agent || t.agent === wish.agent).reverse());
    const toEnd = () => nextTick(() => box.value && (box.value.scrollTop = box.value.scrollHeight));
    watch(() => view.version, () => view.follow && toEnd(), { flush: "post" });
    watch(() => view.follow, (on) => on && toEnd());
    watch(() => FILTERS.map((name) => wish[name]), () => {
      address(Object.fromEntries(FILTERS.map((name) => [name, wish[name]])));
      sift();
    });
    watch(() => wish.agent, () => wish.task && !choices.value.some((t) => t.id === wish.task) && (wish.task = ""));
    if (filtering.value) sift();

    let byHandAt = 0;
    const byHand = () => (byHandAt = performance.now());
    function scrolled() {
      view.top = box.value.scrollTop;
      const end = box.value.scrollHeight - view.top - box.value.clientHeight;
      if (end > 60 && performance.now() - byHandAt < 600) view.follow = false;
    }
    let sizes;
    onMounted(() => {
      sizes = new ResizeObserver(() => box.value && (view.room = box.value.clientHeight));
      sizes.observe(box.value);
      toEnd();
    });
    onBeforeUnmount(() => {
      sizes?.disconnect();
      document.removeEventListener("visibilitychange", seen);
    });
    watch(() => view.wrap, (wrap) => (address({ wrap }), view.follow && toEnd()), { flush: "post" });
    const levels = ["", "warning", "error"];
    const bare = () => FILTERS.forEach((name) => (wish[name] = ""));
    const step = (list, now) => list[(list.indexOf(now) + 1) % list.length];
    useCommands(
      () => [
        { id: "console.pause", title: view.paused ? "Let the console go on" : "Pause the console", keys: "p", run: pause },
        { id: "console.follow", title: view.follow ? "Stop following the end" : "Follow the end", keys: "f", run: () => (view.follow = !view.follow) },
        { id: "console.wrap", title: view.wrap ? "Do not wrap lines" : "Wrap long lines", keys: "w", run: () => (view.wrap = !view.wrap) },
        { id: "console.clear", title: "Clear what stands in the console", keys: "c", run: clear },
        { id: "console.level", title: "Level: all, warnings, errors", keys: "l", run: () => (wish.level = step(levels, wish.level)) },
        { id: "console.bare", title: "Take all filters away", keys: "shift+f", when: () => filtering.value, run: bare },
        ...["", ...agents.value].map((name) => ({ id: `console.agent.${name}`, title: name ? `Only lines of ${name}` : "Lines of all agents", run: () => (wish.agent = name) })),
        ...choices.value.slice(0, 30).map((t) => ({ id: `console.task.${t.id}`, title: `Only lines of ${t.id} ${t.name}`, run: () => (wish.task = t.id) })),
      ],
      "Console",
    );
    return { clear, place, bare, away, frame, box, wish, view, count, total, dropped, from, shown, filtering, agents, choices, pause, scrolled, byHand, HEIGHT, words };
  },
  template: `
    <CbFrame :meta="frame" here="/console">
      <div class="head"><h1>Console</h1><p class="quiet">What every running task prints, as it comes.</p></div>
      <div class="panel console">
        <header class="tools">
          <input type="search" data-search v-model="wish.q" placeholder="Only lines with  /" aria-label="Only lines with"/>
          <select v-model="wish.agent" aria-label="Agent">
            <option value="">all agents</option>
            <option v-for="a in agents" :key="a" :value="a">{{ a }}</option>
          </select>
          <select v-model="wish.task" aria-label="Task">
            <option value="">all tasks</option>
            <option v-for="t in choices" :key="t.id" :value="t.id">{{ t.id }} {{ t.name }}</option>
            <option v-if="wish.task && !choices.some((t) => t.id === wish.task)" :value="wish.task">{{ wish.task }}</option>
          </select>
          <select v-model="wish.level" aria-label="Level">
            <option value="">all lines</option>
            <option value="warning">warnings and errors</option>
            <option value="error">errors</option>
          </select>
          <span class="console-acts">
            <button v-if="filtering" type="button" class="link" @click="bare">no filter</button>
            <button type="button" class="chip" @click="clear" :disabled="!total" title="Clear what stands here; the logs keep it (C)">clear</button>
            <button type="button" class="chip" :aria-pressed="view.wrap" @click="view.wrap = !view.wrap" title="Wrap long lines (W)">wrap</button>
            <button type="button" class="chip" :aria-pressed="view.paused" @click="pause" title="Pause the stream (P)">{{ view.paused ? 'go on' : 'pause' }}</button>
            <button type="button" class="chip" :aria-pressed="view.follow" @click="view.follow = !view.follow" title="Follow the end (F)">follow</button>
          </span>
        </header>
        <p v-if="dropped" class="console-note" role="note">{{ words.plural(dropped, 'older line') }} dropped from this page, of the tasks that print most; their logs have them.</p>
        <div class="log" :class="{wrap: view.wrap}" ref="box" tabindex="0" role="log" aria-live="off" aria-label="Console" @scroll.passive="scrolled" @wheel.passive="byHand" @touchmove.passive="byHand" @keydown="byHand" @pointerdown="byHand">
          <CbEmpty v-if="!count" :title="filtering && total ? 'No line fits' : view.cleared ? 'Cleared' : 'Nothing is printed now'">{{ filtering && total ? 'Choose fewer filters, or wait for what comes.' : 'What a running task prints appears here at once.' }}</CbEmpty>
          <div v-else class="log-room" :style="{height: count * HEIGHT + 'px'}">
            <div class="log-lines" :style="place">
              <div v-for="l in shown" :key="l.seq" class="log-line" :class="l.level ? 'l-' + l.level : ''" :data-seq="l.seq">
                <a class="console-from" :href="l.href" :title="l.name + ' ' + l.task + ', attempt ' + l.attempt + ': to this line in its log'"><span class="console-id">{{ l.task }}</span> {{ l.name }}</a>
                <span v-if="l.gap" class="log-text console-gap">{{ words.bytes(l.gap) }} left out here: more was printed than a page can show; the task's log has it</span>
                <span v-else class="log-text">
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
          <span>{{ filtering ? words.count(count) + ' of ' : '' }}{{ words.plural(total, 'line') }}</span>
          <span v-if="view.paused"><b>paused</b>{{ view.waiting ? ', ' + words.plural(view.waiting, 'line') + ' waiting' : '' }}{{ view.lost ? ', ' + words.count(view.lost) + ' of them will be left out' : '' }}</span>
        </div>
      </div>
    </CbFrame>
  `,
};
