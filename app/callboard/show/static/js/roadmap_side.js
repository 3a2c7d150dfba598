// Beside the layers: milestones with their due dates, and how the work burnt up over time.
import { computed, ref } from "vue";
import { momentsOf, ticksTo } from "callboard/chart.js";
import { PARTS } from "callboard/parts.js";
import { CbEta, dayWords, share } from "callboard/roadmap.js";
import * as words from "callboard/words.js";

const W = 1000;
const H = 150;
const TABLE = `[milestones.beta]
title = "Beta"
due = "2027-01-15"
changes = ["add-login"]`;
const MOST_LINES = 60; // of the table; a longer story is told in steps

export const CbMilestones = {
  components: { CbEta, ...PARTS },
  props: { stones: Array, titles: Map, known: String },
  setup() {
    const dueAt = (stone) => (stone.due ? new Date(`${stone.due}T23:59:59`).getTime() / 1000 : null);
    const left = (stone) => {
      const at = dueAt(stone);
      if (at == null || Number.isNaN(at)) return "";
      const days = Math.floor((at - words.clock.now) / 86400);
      return days < 0 ? `${words.plural(-days, "day")} over` : days === 0 ? "today" : `in ${words.plural(days, "day")}`;
    };
    return { TABLE, dueAt, left, share, dayWords, words };
  },
  template: `
    <section class="panel" aria-labelledby="h-stones">
      <header><h2 id="h-stones">Milestones</h2><span v-if="stones.length" class="quiet num">{{ stones.length }}</span></header>
      <ul v-if="stones.length" class="rows stones">
        <li v-for="m in stones" :key="m.name" :data-milestone="m.name" :class="{late: m.late}">
          <p class="stone-line"><span class="name">{{ m.title || m.name }}</span><span v-if="m.total && m.done === m.total" class="t-good tinted">complete</span><span v-else-if="m.late" class="state t-bad" :title="m.late_why || undefined"><svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path d="M8 2.500L14 13H2zM8 6.500v3M8 11.300v.1"/></svg><span>late</span></span></p>
          <CbBar :value="share(m) ?? 0" :tone="m.late ? 'bad' : m.total && m.done === m.total ? 'good' : 'velvet'" :label="'progress of ' + (m.title || m.name)"/>
          <p class="stone-facts"><span class="num"><b>{{ words.count(m.done) }}</b> of {{ words.count(m.total) }}</span><span v-if="m.due" :title="m.due">due <b class="num">{{ dayWords(dueAt(m)) }}</b>, {{ left(m) }}</span><span v-else>no due date</span></p>
          <p v-if="!m.total || m.done < m.total" class="stone-facts">expected <CbEta :eta="m.eta" :why="m.eta_why" :known="known"/></p>
          <p v-if="m.changes.length" class="stone-changes"><template v-for="(id, i) in m.changes" :key="id">{{ i ? ', ' : '' }}<a :href="'/roadmap/' + words.segment(id)" :title="titles.get(id)">{{ id }}</a></template></p>
        </li>
      </ul>
      <div v-else class="side-none"><p class="quiet">A date, and the changes that belong to it, in <code>callboard.toml</code>:</p><pre tabindex="0" aria-label="The table of a milestone">{{ TABLE }}</pre></div>
    </section>
  `,
};

// Done against total; moves by steps, as tasks are ticked and added.
export const CbBurnup = {
  components: PARTS,
  props: { points: Array, pace: Object, calibration: Object },
  setup(props) {
    const at = ref(null); // which point is looked at; null for the newest
    const plot = ref(null);
    const span = computed(() => ({ from: props.points[0]?.[0] ?? 0, to: props.points.at(-1)?.[0] ?? 1 }));
    const long = computed(() => Math.max(1, span.value.to - span.value.from));
    const top = computed(() => Math.max(1, ...props.points.map((p) => p[2])) * 1.08);
    const x = (t) => ((t - span.value.from) / long.value) * W;
    const y = (n) => H - (n / top.value) * (H - 4);
    const steps = (n) => props.points.map((p, i) => (i ? `H${x(p[0]).toFixed(1)}V${y(p[n]).toFixed(1)}` : `M${x(p[0]).toFixed(1)},${y(p[n]).toFixed(1)}`)).join("");
    const lines = computed(() => ({ done: steps(1), total: steps(2), area: `${steps(1)}V${H}H0Z` }));
    const ticks = computed(() => ticksTo(top.value / 1.08).filter(Number.isInteger));
    const times = computed(() => (long.value > 3600 ? momentsOf(span.value, 3) : []));
    const here = computed(() => props.points[at.value ?? props.points.length - 1] ?? [0, 0, 0]);
    const part = (t) => `${((x(t) / W) * 100).toFixed(2)}%`;
    const told = computed(() => `${words.moment(here.value[0])}: ${words.count(here.value[1])} of ${words.count(here.value[2])} tasks done`);
    function near(event) {
      const box = plot.value.getBoundingClientRect();
      const t = span.value.from + ((event.clientX - box.left) / box.width) * long.value;
      let best = 0;
      props.points.forEach((p, i) => p[0] <= t && (best = i));
      at.value = best;
    }
    function key(event) {
      const last = props.points.length - 1;
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -1e6, End: 1e6 }[event.key];
      if (event.key === "Escape") at.value = null;
      else if (step) at.value = Math.min(last, Math.max(0, (at.value ?? last) + step));
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    const rows = computed(() => {
      const every = Math.max(1, Math.ceil(props.points.length / MOST_LINES));
      return props.points.filter((_, i) => (props.points.length - 1 - i) % every === 0).reverse();
    });
    return { at, plot, W, H, y, lines, ticks, times, here, part, told, near, key, rows, words };
  },
  template: `
    <section class="panel burnup" aria-labelledby="h-burn">
      <header><h2 id="h-burn">Burn-up</h2><span class="burn-now num" aria-hidden="true"><span class="t-velvet"><i></i><b>{{ words.count(here[1]) }}</b> done</span><span class="t-ink"><i></i><b>{{ words.count(here[2]) }}</b> in all</span></span></header>
      <template v-if="points.length > 1">
        <div class="burn-area">
          <div ref="plot" class="burn-plot" tabindex="0" role="slider" aria-label="Tasks done against tasks in all, over time" :aria-valuetext="told" aria-valuemin="0" :aria-valuemax="points.length - 1" :aria-valuenow="at ?? points.length - 1" @pointermove="near" @pointerdown="near" @pointerleave="at = null" @blur="at = null" @keydown="key">
            <svg :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" aria-hidden="true">
              <line v-for="t in ticks" :key="t" x1="0" :x2="W" :y1="y(t)" :y2="y(t)" class="chart-rule"/>
              <path :d="lines.area" class="burn-fill"/><path :d="lines.total" class="burn-line t-ink"/><path :d="lines.done" class="burn-line t-velvet"/>
            </svg>
            <span v-for="t in ticks" :key="t" class="chart-tick num" :style="{top: (y(t) / H) * 100 + '%'}">{{ words.count(t) }}</span>
            <span v-if="at != null" class="chart-hair" :style="{left: part(here[0])}"></span>
          </div>
          <div class="burn-times num" aria-hidden="true"><template v-if="at == null"><span v-for="m in times" :key="m.at" :style="{left: part(m.at)}">{{ m.words }}</span></template><span v-else class="burn-at" :style="{left: part(here[0])}">{{ words.moment(here[0]) }}</span></div>
        </div>
      </template>
      <p v-else class="side-none quiet">The line begins with the second reading that differs: tick a task, or add one.</p>
      <p class="burn-words">{{ pace.words }}<template v-if="calibration?.words && calibration.words !== pace.words"><br><span class="quiet">{{ calibration.words }}</span></template></p>
      <details v-if="points.length > 1" class="burn-table">
        <summary>As a table</summary>
        <div tabindex="0" role="region" aria-label="Burn-up as a table"><table class="table"><thead><tr><th>When</th><th class="right">Done</th><th class="right">In all</th></tr></thead><tbody><tr v-for="p in rows" :key="p[0]"><td class="num">{{ words.moment(p[0]) }}</td><td class="right num">{{ words.count(p[1]) }}</td><td class="right num">{{ words.count(p[2]) }}</td></tr></tbody></table></div>
      </details>
    </section>
  `,
};
