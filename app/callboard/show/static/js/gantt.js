// What ran as solid bars, what is planned as light ones with their range; one row a task.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

const GanttRow = {
  components: PARTS,
  props: { t: Object, from: Number, span: Number, plan: Boolean },
  setup(props) {
    const tone = computed(() => (props.plan ? "ink" : words.stateOf(words.shown(props.t)).tone));
    const place = (a, b) => ({ left: `${Math.max(0, ((a - props.from) / props.span) * 100)}%`, width: `${Math.max(0, ((b - a) / props.span) * 100)}%` });
    const live = computed(() => props.t.started != null && props.t.ended == null && words.LIVE.has(props.t.state));
    const real = computed(() => (props.t.started == null ? null : place(props.t.started, props.t.ended ?? words.clock.now)));
    const waited = computed(() => (props.t.ready != null && props.t.started != null && props.t.started - props.t.ready > props.span / 400 ? place(props.t.ready, props.t.started) : null));
    const planned = computed(() => {
      const t = props.t;
      if (props.plan) return t.start && t.end ? place(t.start.p50, t.end.p50) : null;
      if (t.expected_end == null || t.ended != null) return null;
      const from = t.started != null ? words.clock.now : t.expected_start;
      return from == null || t.expected_end <= Math.max(from, words.clock.now) ? null : place(Math.max(from, words.clock.now), t.expected_end);
    });
    const range = computed(() => {
      const t = props.t;
      if (props.plan) return t.end?.p80 > t.end?.p50 ? place(t.end.p50, t.end.p80) : null;
      if (t.expected_end_late == null || t.expected_end == null || t.ended != null) return null;
      const from = Math.max(t.expected_end, words.clock.now);
      return t.expected_end_late > from ? place(from, t.expected_end_late) : null;
    });
    const title = computed(() => {
      const t = props.t;
      if (props.plan) return t.end ? `${t.name}: starts after ${words.duration(t.start.p50)}, ends after ${words.duration(t.end.p50)}, at the latest likely after ${words.duration(t.end.p80)}` : t.name;
      const late = t.expected_end_late > t.expected_end ? `, at the latest likely ${words.clockTime(t.expected_end_late)}` : "";
      if (t.started != null && t.ended != null) return `${t.name}: ${t.state}, ${words.clockTime(t.started)} to ${words.clockTime(t.ended)}, ${words.duration(words.elapsed(t))}`;
      if (t.started != null) return `${t.name}: ${t.state} since ${words.clockTime(t.started)}, ${words.duration(words.elapsed(t))}` + (t.expected_end == null ? "" : `; expected to end ${words.clockTime(t.expected_end)}${late}`);
      return t.expected_start == null ? `${t.name}: ${t.state}, no forecast` : `${t.name}: expected ${words.clockTime(t.expected_start)} to ${words.clockTime(t.expected_end)}${late}`;
    });
    return { tone, live, real, waited, planned, range, title, words };
  },
  template: `
    <div class="gantt-row" :class="'t-' + tone" :title="title" :data-bar="t.id">
      <span class="gantt-name">
        <CbState v-if="!plan" :word="words.shown(t)" bare/>
        <a v-if="!plan" :href="'/tasks/' + t.id">{{ t.name }}</a>
        <span v-else>{{ t.name }}</span>
      </span>
      <span class="gantt-track">
        <i v-if="waited" class="gantt-bar waited" :style="waited"></i>
        <i v-if="planned" class="gantt-bar planned" :style="planned"></i>
        <i v-if="range" class="gantt-bar range" :style="range"></i>
        <i v-if="real" class="gantt-bar" :class="{live, critical: t.critical}" :style="real"></i>
      </span>
    </div>
  `,
};

export const CbGantt = {
  components: { GanttRow, ...PARTS },
  props: { tasks: Array, plan: Boolean },
  setup(props) {
    const from = computed(() => {
      if (props.plan) return 0;
      const began = props.tasks.reduce((least, t) => Math.min(least, t.started ?? Infinity), Infinity);
      return Number.isFinite(began) ? began : props.tasks.reduce((least, t) => Math.min(least, t.expected_start ?? Infinity), Infinity);
    });
    const open = computed(() => !props.plan && props.tasks.some((t) => t.ended == null && !words.FINAL.has(t.state)));
    const span = computed(() => {
      let to = 0;
      for (const t of props.tasks) to = Math.max(to, props.plan ? (t.end?.p80 ?? t.end?.p50 ?? 0) : (t.ended ?? t.expected_end_late ?? t.expected_end ?? t.started ?? 0));
      if (open.value) to = Math.max(to, words.clock.now);
      const raw = Math.max(1, (to - from.value) * 1.02);
      const step = STEPS.find((s) => raw / s <= 24) ?? 86400; // the axis grows in steps, so that bars stay where they are
      return Math.ceil(raw / step) * step;
    });
    const step = computed(() => STEPS.find((s) => span.value / s <= 7) ?? 86400);
    const ticks = computed(() => {
      const found = [];
      for (let at = 0; at <= span.value * 0.97; at += step.value) found.push({ at, left: `${(at / span.value) * 100}%`, text: at ? `+${words.duration(at).replace(/\.0 s/, " s")}` : props.plan ? "start" : words.clockTime(from.value) });
      return found;
    });
    const now = computed(() => (open.value ? `${Math.min(100, ((words.clock.now - from.value) / span.value) * 100)}%` : null));
    const rows = computed(() => [...props.tasks].sort((a, b) => begin(a) - begin(b)));
    const begin = (t) => (props.plan ? (t.start?.p50 ?? 1e12) : (t.started ?? (t.ended == null ? 1e11 + (t.expected_start ?? 1e10) : 1e12)));
    const any = computed(() => Number.isFinite(from.value));
    return { from, span, ticks, now, rows, any };
  },
  template: `
    <div class="gantt" v-if="any">
      <div class="gantt-grid" aria-hidden="true">
        <i v-for="k in ticks" :key="k.at" :style="{left: k.left}"></i>
        <i v-if="now" class="now" :style="{left: now}"></i>
      </div>
      <div class="gantt-row gantt-axis">
        <span></span>
        <span class="gantt-track">
          <span v-for="k in ticks" :key="k.at" class="gantt-tick num" :style="{left: k.left}">{{ k.text }}</span>
        </span>
      </div>
      <GanttRow v-for="t in rows" :key="t.id" :t="t" :from="from" :span="span" :plan="plan"/>
    </div>
    <CbEmpty v-else title="Nothing to draw yet">Bars appear when the first task starts, or when there is a forecast.</CbEmpty>
  `,
};
