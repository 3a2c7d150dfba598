// What waiting cost: by cause and day, on the critical path, through flaky checks; what stood idle; what is to come.
import { computed, ref } from "vue";
import { ticksTo } from "callboard/chart.js";
import { PARTS } from "callboard/parts.js";
import { rough } from "callboard/insights.js";
import * as words from "callboard/words.js";

const DAY = 86400;
const MOST = 8; // causes that are shown at once
const W = 100;
const H = 28;
const NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const dayName = (at) => `${NAMES[new Date(at * 1000).getDay()]} ${words.absolute(at).slice(5, 10)}`;

// A value for each day, oldest first; the last is the one of `until`.
export const CbDays = {
  props: { values: Array, until: Number, label: String },
  setup(props) {
    const top = computed(() => Math.max(1e-9, ...props.values.map((v) => v ?? 0)));
    const bars = computed(() => {
      const n = props.values.length;
      const wide = W / Math.max(1, n);
      return props.values.map((v, i) => {
        const tall = v == null ? 0 : v > 0 ? Math.max(1.5, (v / top.value) * (H - 2)) : 0;
        const day = dayName(props.until - (n - 1 - i) * DAY);
        return { key: i, x: i * wide + wide * 0.12, w: wide * 0.76, y: H - tall, h: tall, said: `${day}: ${v == null ? "not known" : rough(v)}` };
      });
    });
    const told = computed(() => `${props.label}: ${bars.value.slice(-14).map((b) => b.said).join(", ")}`);
    return { bars, told, W, H };
  },
  template: `
    <svg v-if="values.length" class="days" :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" role="img" :aria-label="told">
      <line x1="0" :x2="W" :y1="H - .5" :y2="H - .5" class="days-rule"/>
      <rect v-for="b in bars" :key="b.key" :x="b.x" :width="b.w" :y="b.y" :height="b.h"><title>{{ b.said }}</title></rect>
    </svg>
  `,
};

export const SPANS = [
  { name: "1d", title: "24 hours", days: 1 },
  { name: "7d", title: "7 days", days: 7 },
  { name: "30d", title: "30 days", days: 30 },
];

export const CbWaiting = {
  components: { CbDays, ...PARTS },
  props: { of: Object, span: String, choose: Function, busy: Boolean },
  setup(props) {
    const most = computed(() => Math.max(1e-9, ...props.of.causes.map((c) => c.seconds)));
    const days = computed(() => Math.max(1, Math.round((props.of.until - props.of.since) / DAY)));
    const open = ref(false);
    const shown = computed(() => (open.value || props.of.causes.length <= MOST + 1 ? props.of.causes : props.of.causes.slice(0, MOST)));
    const rest = computed(() => props.of.causes.slice(shown.value.length).reduce((sum, c) => sum + c.seconds, 0));
    return { most, days, open, shown, rest, rough, SPANS, words };
  },
  template: `
    <section class="panel waiting" aria-labelledby="h-waiting" :aria-busy="busy">
      <header><h2 id="h-waiting">What waiting cost</h2>
        <span class="more chips" role="group" aria-label="Time that is looked at"><button v-for="s in SPANS" :key="s.name" type="button" class="chip" :aria-pressed="span === s.name" :title="'the last ' + s.title" :data-span="s.name" @click="choose(s.name)">{{ s.title }}</button></span>
      </header>
      <template v-if="of.causes.length">
        <p class="call waiting-call"><b class="num">{{ rough(of.total_s) }}</b> in <span class="num">{{ words.plural(days, 'day') }}</span> tasks stood ready and waited<template v-if="of.causes[0].share != null">; <b class="num">{{ words.percent(of.causes[0].share) }}</b> of it for {{ words.lack(of.causes[0].cause) }}</template>.<span v-if="of.dependency_s" class="waiting-else">Another {{ rough(of.dependency_s) }} they waited for other tasks, which is the order of the work and not counted here.</span></p>
        <p v-if="!of.enough" class="trouble ask waiting-few">{{ of.why }}</p>
        <ol class="wait-list">
          <li v-for="c in shown" :key="c.kind + c.cause" class="wait" :data-cause="c.cause">
            <div class="wait-what">
              <p class="wait-line"><component :is="c.href ? 'a' : 'span'" class="name" :href="c.href || undefined" data-main>{{ words.lack(c.cause) }}</component></p>
              <p class="wait-words">{{ c.words }}</p>
              <p class="wait-facts"><span v-if="c.tasks != null" class="num">{{ words.plural(c.tasks, 'task') }}</span><span v-if="c.agents && c.agents.length">waited: <template v-for="(a, i) in c.agents.slice(0, 5)" :key="a">{{ i ? ', ' : '' }}<a :href="words.agentHref(a)">{{ a }}</a></template><template v-if="c.agents.length > 5"> and {{ c.agents.length - 5 }} more</template></span><span v-if="c.since">since <CbAgo :at="c.since"/></span></p>
              <p v-if="c.relief" class="wait-relief"><span class="quiet">relief:</span> {{ c.relief }}</p>
            </div>
            <div class="wait-cost"><span class="wait-time num"><b>{{ rough(c.seconds) }}</b><span v-if="c.share != null" class="quiet">&ensp;{{ words.percent(c.share) }}</span></span><span class="wait-bar" aria-hidden="true"><i :style="{width: (c.seconds / most) * 100 + '%'}"></i></span></div>
            <CbDays v-if="c.trend && c.trend.length > 1" :values="c.trend" :until="of.until" :label="'Waiting for ' + c.cause + ' each day'"/><span v-else></span>
          </li>
        </ol>
        <p v-if="shown.length < of.causes.length" class="log-foot advice-rest"><button type="button" class="link" data-more @click="open = true">Show {{ of.causes.length - shown.length }} more</button> <span class="quiet num">{{ rough(rest) }} in all</span></p>
      </template>
      <CbEmpty v-else title="Nothing has waited">{{ of.why || 'In this time no task that was ready had to wait.' }}</CbEmpty>
    </section>
  `,
};

// Whose fault the length of a run is: the pieces of its critical path.
export const CbPath = {
  components: PARTS,
  props: { path: Object },
  setup: () => ({ words }),
  template: `
    <section class="panel" aria-labelledby="h-path">
      <header><h2 id="h-path">Why the last run took as long</h2><a v-if="path && path.run" class="more" :href="'/runs/' + path.run + '?tab=gantt'">Run {{ path.run }}</a></header>
      <ol v-if="path && path.blame && path.blame.length" class="rows blame">
        <li v-for="(b, i) in path.blame" :key="i" :class="{waited: /^wait/.test(b.why)}">
          <p class="blame-line"><a class="name" :href="'/tasks/' + b.task">{{ b.name || b.task }}</a><span class="num"><b>{{ words.duration(b.seconds) }}</b> <span class="quiet">{{ words.percent(b.share) }}</span></span></p>
          <span class="blame-bar" aria-hidden="true"><i :style="{width: Math.min(1, b.share || 0) * 100 + '%'}"></i></span>
          <p class="reason">{{ b.why }}</p>
        </li>
      </ol>
      <p v-else class="side-none quiet">No run has ended yet whose longest path could be read.</p>
    </section>
  `,
};

export const CbFlaky = {
  components: PARTS,
  props: { flaky: Object },
  setup: () => ({ rough, words }),
  template: `
    <section class="panel" aria-labelledby="h-flaky">
      <header><h2 id="h-flaky">What flakiness cost</h2><span v-if="flaky && flaky.seconds" class="more num"><b>{{ rough(flaky.seconds) }}</b></span></header>
      <p v-if="flaky && flaky.words" class="side-words">{{ flaky.words }}</p>
      <ul v-if="flaky && flaky.by && flaky.by.length" class="rows pairs-list"><li v-for="(b, i) in flaky.by" :key="i"><component :is="b.href ? 'a' : 'span'" :href="b.href || undefined" class="name">{{ b.name || b.job || b.words }}</component><span class="num">{{ rough(b.seconds) }}<span v-if="b.tries != null" class="quiet">,&ensp;{{ words.plural(b.tries, 'try', 'tries') }}</span></span></li></ul>
      <p v-if="!flaky || (!flaky.words && !(flaky.by || []).length)" class="side-none quiet">Nothing failed and then passed on the same code.</p>
    </section>
  `,
};

export const CbIdle = {
  components: PARTS,
  props: { idle: Object },
  setup: () => ({ words }),
  template: `
    <section class="panel" aria-labelledby="h-idle">
      <header><h2 id="h-idle">What stood idle</h2><span v-if="idle && idle.share != null" class="more num"><b>{{ words.percent(idle.share) }}</b> of the cores' time</span></header>
      <div v-if="idle" class="idle"><CbBar v-if="idle.share != null" :value="1 - idle.share" tone="run" label="Part of the cores' time that was used"/><p>{{ idle.words }}</p></div>
      <p v-else class="side-none quiet">Not measured yet.</p>
    </section>
  `,
};

const LW = 1000;
const LH = 96;
// Work that is expected day by day, as a range; and an honest word while too little is known.
export const CbLoad = {
  components: PARTS,
  props: { load: Object },
  setup(props) {
    const rows = computed(() => props.load?.forecast ?? []);
    const top = computed(() => Math.max(1e-9, ...rows.value.map((r) => r[2] ?? r[1])) * 1.1);
    const y = (v) => LH - (v / top.value) * (LH - 2);
    const bars = computed(() =>
      rows.value.map((r, i) => {
        const wide = LW / rows.value.length;
        return { key: r[0], x: i * wide + wide * 0.2, w: wide * 0.6, y50: y(r[1]), y80: y(r[2] ?? r[1]), day: dayName(r[0]), said: `${dayName(r[0])}: ${rough(r[1])}, up to ${rough(r[2] ?? r[1])}` };
      }),
    );
    const ticks = computed(() => ticksTo(top.value / 1.1 / 3600).map((t) => t * 3600));
    const every = computed(() => Math.ceil(bars.value.length / 7));
    return { bars, ticks, every, y, rough, LW, LH, words };
  },
  template: `
    <section class="panel" aria-labelledby="h-load">
      <header><h2 id="h-load">Load that is expected</h2><span v-if="load && load.n" class="more quiet num">n = {{ load.n }}</span></header>
      <template v-if="bars.length">
        <div class="load-plot" role="img" :aria-label="'Work expected: ' + bars.map((b) => b.said).join('; ')">
          <svg :viewBox="'0 0 ' + LW + ' ' + LH" preserveAspectRatio="none" aria-hidden="true">
            <line v-for="t in ticks" :key="t" x1="0" :x2="LW" :y1="y(t)" :y2="y(t)" class="chart-rule"/>
            <g v-for="b in bars" :key="b.key"><rect :x="b.x" :width="b.w" :y="b.y80" :height="Math.max(0, LH - b.y80)" class="load-80"><title>{{ b.said }}</title></rect><rect :x="b.x" :width="b.w" :y="b.y50" :height="Math.max(0, LH - b.y50)" class="load-50"><title>{{ b.said }}</title></rect></g>
          </svg>
          <span v-for="t in ticks" :key="t" class="chart-tick num" aria-hidden="true" :style="{top: (y(t) / LH) * 100 + '%'}">{{ rough(t) }}</span>
        </div>
        <div class="load-days" aria-hidden="true"><span v-for="(b, i) in bars" :key="b.key">{{ i % every ? '' : b.day.slice(0, 3) }}</span></div>
        <p class="legend"><span><i class="load-50"></i>half of the futures (P50)</span><span><i class="load-80"></i>four of five (P80)</span></p>
      </template>
      <p class="side-words">{{ load ? load.words : 'Not known yet.' }}</p>
    </section>
  `,
};
