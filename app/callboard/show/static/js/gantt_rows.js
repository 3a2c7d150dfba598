// Rows of a Gantt chart: a task, a group of tasks, a lane of what ran one after the other. Each is cut to the time in view.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import { said } from "callboard/tasks.js";
import * as words from "callboard/words.js";

const CLOSE = 0.15; // percent of the width: what lies nearer is one bar

// From a to b in percent of the time in view; null when it lies outside.
export function placed(a, b, from, span) {
  const [left, right] = [((a - from) / span) * 100, ((b - from) / span) * 100];
  if (right < 0 || left > 100) return null;
  const begin = Math.max(0, left);
  return { left: `${begin}%`, width: `${Math.max(0, Math.min(100, right) - begin)}%` };
}

export const GanttRow = {
  components: PARTS,
  props: { t: Object, from: Number, span: Number, plan: Boolean, inside: Boolean },
  setup(props) {
    const tone = computed(() => (props.plan ? "ink" : words.stateOf(words.shown(props.t)).tone));
    const at = (a, b) => placed(a, b, props.from, props.span);
    const live = computed(() => props.t.started != null && props.t.ended == null && words.LIVE.has(props.t.state));
    const real = computed(() => (props.t.started == null ? null : at(props.t.started, props.t.ended ?? words.clock.now)));
    const waited = computed(() => (props.t.ready != null && props.t.started != null && props.t.started - props.t.ready > props.span / 400 ? at(props.t.ready, props.t.started) : null));
    const planned = computed(() => {
      const t = props.t;
      if (props.plan) return t.start && t.end ? at(t.start.p50, t.end.p50) : null;
      if (t.expected_end == null || t.ended != null) return null;
      const from = t.started != null ? words.clock.now : t.expected_start;
      return from == null || t.expected_end <= Math.max(from, words.clock.now) ? null : at(Math.max(from, words.clock.now), t.expected_end);
    });
    const range = computed(() => {
      const t = props.t;
      if (props.plan) return t.end?.p80 > t.end?.p50 ? at(t.end.p50, t.end.p80) : null;
      if (t.expected_end_late == null || t.expected_end == null || t.ended != null) return null;
      const from = Math.max(t.expected_end, words.clock.now);
      return t.expected_end_late > from ? at(from, t.expected_end_late) : null;
    });
    return { tone, live, real, waited, planned, range, title: computed(() => told(props.t, props.plan)), words };
  },
  template: `
    <div class="gantt-row" :class="['t-' + tone, {inside}]" :title="title" :data-bar="t.id">
      <span class="gantt-name">
        <CbState v-if="!plan" :word="words.shown(t)" bare/>
        <a v-if="!plan" data-main :href="'/tasks/' + t.id">{{ t.name }}</a>
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

export function told(t, plan) {
  if (plan) return t.end ? `${t.name}: starts after ${words.duration(t.start.p50)}, ends after ${words.duration(t.end.p50)}, at the latest likely after ${words.duration(t.end.p80)}` : t.name;
  const late = t.expected_end_late > t.expected_end ? `, at the latest likely ${words.clockTime(t.expected_end_late)}` : "";
  const waited = t.ready != null && t.started != null && t.started - t.ready >= 0.1 ? `, waited ${words.duration(t.started - t.ready)} before` : "";
  if (t.started != null && t.ended != null) return `${t.name}: ${t.state}, ${words.clockTime(t.started)} to ${words.clockTime(t.ended)}, ${words.duration(t.ended - t.started)}${waited}`;
  if (t.started != null) return `${t.name}: ${t.state} since ${words.clockTime(t.started)}${waited}` + (t.expected_end == null ? "" : `; expected to end ${words.clockTime(t.expected_end)}${late}`);
  return t.expected_start == null ? `${t.name}: ${t.state}, no forecast` : `${t.name}: expected ${words.clockTime(t.expected_start)} to ${words.clockTime(t.expected_end)}${late}`;
}

// A group: how many of it ran over time, from its first start to its last end.
export const GanttGroup = {
  components: PARTS,
  props: { g: Object, from: Number, span: Number, open: Boolean, toggle: Function },
  setup(props) {
    const whole = computed(() => (props.g.started == null ? null : placed(props.g.started, props.g.open ? words.clock.now : props.g.ended, props.from, props.span)));
    const ahead = computed(() => (props.g.open && props.g.expected > words.clock.now ? placed(words.clock.now, props.g.expected, props.from, props.span) : null));
    const bars = computed(() => dense(props.g.tasks, props.from, props.span));
    const tone = computed(() => words.stateOf(["failed", "timed out", "lost", "needs decision", "unknown", "running", "starting"].find((s) => props.g.counts[s]) ?? (props.g.open ? "waiting" : "succeeded")).tone);
    return { whole, ahead, bars, tone, said, words };
  },
  template: `
    <div class="gantt-row group" :class="'t-' + tone" :title="g.title + ': ' + said(g.counts, 9)" :data-group="g.key">
      <span class="gantt-name">
        <button type="button" class="twist" data-main :aria-expanded="open" :aria-label="(open ? 'Close ' : 'Open ') + g.title" @click="toggle(g.key)"><svg viewBox="0 0 10 10" aria-hidden="true"><path :d="open ? 'M2 3.500l3 3l3-3' : 'M3.500 2l3 3l-3 3'"/></svg></button>
        <span class="gantt-title" @click="toggle(g.key)">{{ g.title }}</span><span class="quiet num">{{ words.count(g.n) }}</span>
      </span>
      <span class="gantt-track">
        <i v-if="whole" class="gantt-bar whole" :style="whole"></i>
        <i v-if="ahead" class="gantt-bar planned" :style="ahead"></i>
        <i v-for="(b, n) in bars" :key="n" class="gantt-bar part" :class="'t-' + b.tone" :style="b.style"></i>
      </span>
    </div>
  `,
};

// What ran, as few bars: neighbours that cannot be told apart are one, in the colour of the worst of them.
export function dense(tasks, from, span) {
  const now = words.clock.now;
  const found = [];
  let last = null;
  const seen = tasks.filter((t) => t.started != null && t.started < from + span && (t.ended ?? now) > from).sort((a, b) => a.started - b.started);
  for (const t of seen) {
    const left = Math.max(0, ((t.started - from) / span) * 100);
    const right = Math.min(100, (((t.ended ?? now) - from) / span) * 100);
    const bad = words.BAD.has(words.shown(t));
    if (last && left - last.right < CLOSE && (bad === last.bad || right - left < CLOSE * 2)) {
      last.right = Math.max(last.right, right);
      last.n++;
      if (bad) (last.bad = true), (last.tone = "bad");
    } else found.push((last = { left, right, bad, n: 1, t, tone: words.stateOf(words.shown(t)).tone }));
  }
  return found.map((b) => ({ ...b, style: { left: `${b.left}%`, width: `${b.right - b.left}%` } }));
}

// A lane of an agent or a lock: what it did one after the other.
export const GanttLane = {
  components: PARTS,
  props: { lane: Object, from: Number, span: Number },
  setup(props) {
    const bars = computed(() => dense(props.lane.tasks, props.from, props.span));
    return { bars, told, words };
  },
  template: `
    <div class="gantt-row lane" :class="{head: lane.head}" :data-lane="lane.id">
      <span class="gantt-name"><template v-if="lane.head"><component :is="lane.href ? 'a' : 'span'" :href="lane.href || undefined" class="gantt-title">{{ lane.title }}</component><span class="quiet num">{{ lane.note }}</span></template></span>
      <span class="gantt-track">
        <template v-for="(b, n) in bars" :key="n">
          <a v-if="b.n === 1" class="gantt-bar lane-bar" :class="'t-' + b.tone" :style="b.style" :href="'/tasks/' + b.t.id" :title="told(b.t)" tabindex="-1" :aria-label="b.t.name"><span>{{ b.t.name }}</span></a>
          <i v-else class="gantt-bar lane-bar" :class="'t-' + b.tone" :style="b.style" :title="words.plural(b.n, 'task') + '; zoom in to tell them apart'"></i>
        </template>
      </span>
    </div>
  `,
};

// As few lanes as ran at once: each task goes to the first lane that is free.
export function lanesOf(rows, keys, title, href) {
  const by = new Map();
  for (const t of rows) if (t.started != null) for (const key of keys(t)) by.has(key) ? by.get(key).push(t) : by.set(key, [t]);
  const found = [];
  for (const [key, tasks] of [...by].sort((a, b) => a[0].localeCompare(b[0]))) {
    const lanes = [];
    for (const t of tasks.sort((a, b) => a.started - b.started || a.place - b.place)) {
      const free = lanes.find((lane) => lane.free <= t.started + 1e-6);
      const lane = free ?? (lanes.push({ tasks: [], free: 0 }), lanes.at(-1));
      lane.tasks.push(t);
      lane.free = t.ended ?? Infinity;
    }
    lanes.forEach((lane, n) => found.push({ id: `${key}#${n}`, tasks: lane.tasks, head: n === 0, title: title(key), href: href?.(key), note: `${words.plural(tasks.length, "task")}${lanes.length > 1 ? `, ${lanes.length} at once` : ""}` }));
  }
  return found;
}
