// What stands in a picture of a run: tasks, groups of tasks, groups that are open.
import { computed } from "vue";
import { said } from "callboard/tasks.js";
import * as words from "callboard/words.js";

const LONGEST = 22;
const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
// Long names differ at their ends: the middle is left out.
const short = (name, most = LONGEST) => (name.length > most ? `${name.slice(0, 10)}…${name.slice(11 - most)}` : name);

export const GraphTask = {
  props: { tasks: Object, n: Object, near: Boolean, chosen: Boolean },
  setup(props) {
    const t = computed(() => props.tasks.get(props.n.id));
    const s = computed(() => words.stateOf(words.shown(t.value)));
    const sub = computed(() => {
      const row = t.value;
      if (row.state === undefined) return row.estimate == null ? "" : `about ${words.duration(row.estimate)}`;
      const word = words.shown(row) + (row.by_hand ? " by hand" : "");
      if (row.started != null && row.ended != null) return `${word} · ${words.duration(row.ended - row.started)}`;
      if (words.LIVE.has(row.state)) return cut(row.note ? `${word} · ${row.note}` : word, 30);
      return row.hold ? cut(`waits · ${row.hold.kind}`, 30) : word;
    });
    const progress = computed(() => (words.LIVE.has(t.value.state) ? words.progressOf(t.value) : null));
    const name = computed(() => short(t.value.name));
    return { t, s, sub, progress, name };
  },
  template: `
    <g v-if="t" class="node" :class="['t-' + s.tone, {near, chosen}]" :transform="'translate(' + n.x + ' ' + n.y + ')'" :data-node="t.id">
      <title>{{ t.name }} {{ t.id }}: {{ t.state }}{{ t.hold ? ', ' + t.hold.reason : '' }}</title>
      <rect class="box" :width="n.w" :height="n.h" rx="6"/>
      <rect class="stripe" width="3" :height="n.h - 12" x="0" y="6" rx="1.500"/>
      <g class="shape" transform="translate(10 8) scale(.9)">
        <path v-if="s.shape.fill === 'half'" d="M8 3a5 5 0 0 1 0 10z" class="filled"/>
        <path :d="s.shape.d" :class="{filled: s.shape.fill === true, heavy: s.shape.heavy, dashed: s.shape.dashed}"/>
      </g>
      <text x="30" y="19">{{ name }}</text>
      <text class="sub" x="30" y="35">{{ sub }}</text>
      <circle v-if="t.critical" class="crit" :cx="n.w - 9" cy="9" r="3"/>
      <template v-if="progress != null">
        <rect class="progress-back" x="8" :y="n.h - 5" :width="n.w - 16" height="2.500" rx="1"/>
        <rect class="progress" x="8" :y="n.h - 5" :width="(n.w - 16) * progress" height="2.500" rx="1"/>
      </template>
    </g>
  `,
};

const ORDER = ["succeeded", "unchanged", "running", "starting", "needs decision", "unknown", "failed", "timed out", "lost", "cancelled", "skipped", "waiting"];

// One group; `of` has its title and its counts. A closed one carries a bar of its states, an open one its tasks.
export const GraphGroup = {
  props: { n: Object, of: Object, near: Boolean, chosen: Boolean },
  setup(props) {
    const open = computed(() => props.n.kind === "open");
    const tone = computed(() => {
      const c = props.of?.counts ?? {};
      const first = ["failed", "timed out", "lost", "needs decision", "unknown", "running", "starting", "waiting"].find((s) => c[s]);
      return words.stateOf(first ?? "succeeded").tone;
    });
    const bars = computed(() => {
      const c = props.of?.counts ?? {};
      const room = props.n.w - 24;
      let x = 12;
      return ORDER.filter((s) => c[s]).map((s) => {
        const w = (room * c[s]) / props.of.n;
        const bar = { s, x, w, tone: words.stateOf(s).tone };
        x += w;
        return bar;
      });
    });
    const sub = computed(() => (props.of ? cut(said(props.of.counts), 34) : ""));
    const title = computed(() => short(props.of?.title ?? props.n.group, open.value ? 40 : LONGEST));
    const count = computed(() => words.plural(props.n.tasks, "task") + (props.n.left_out ? `, ${words.count(props.n.left_out)} of them not drawn` : ""));
    return { open, tone, bars, sub, title, count };
  },
  template: `
    <g class="node group" :class="['t-' + tone, {near, chosen, open}]" :transform="'translate(' + n.x + ' ' + n.y + ')'" :data-node="n.id">
      <title>{{ of ? of.title : n.group }}: {{ count }}. {{ sub }}</title>
      <rect v-if="!open" class="box behind" x="5" y="5" :width="n.w" :height="n.h" rx="7"/>
      <rect class="box" :width="n.w" :height="n.h" rx="7"/>
      <text x="12" y="20">{{ title }}</text>
      <text v-if="open" class="count" :x="n.w - 40" y="20" text-anchor="end">{{ count }}</text>
      <template v-else>
        <text class="count" :x="n.w - 36" y="20" text-anchor="end">{{ n.tasks }}</text>
        <text class="sub" x="12" y="38">{{ sub }}</text>
        <g class="group-bar"><rect v-for="b in bars" :key="b.s" :class="'t-' + b.tone" :x="b.x" :y="n.h - 16" :width="Math.max(1, b.w - .6)" height="6" rx="1"/></g>
      </template>
      <g class="opener" :data-open="n.group" :transform="'translate(' + (n.w - 28) + ' 6)'"><rect width="22" height="22" rx="5"/><path :d="open ? 'M6 11h10' : 'M6 11h10M11 6v10'"/></g>
    </g>
  `,
};

// The whole picture, small, with the part that is in view.
export const GraphMap = {
  props: { graph: Object, spot: Object, go: Function },
  setup(props) {
    const W = 150;
    const scale = computed(() => Math.min(W / props.graph.width, 96 / props.graph.height));
    const nodes = computed(() => props.graph.nodes.filter((n, i, all) => all.length < 700 || n.kind !== "task"));
    function point(event) {
      if (event.type === "pointermove" && !event.buttons) return;
      event.stopPropagation();
      const room = event.currentTarget.getBoundingClientRect();
      props.go((event.clientX - room.left) / scale.value, (event.clientY - room.top) / scale.value);
    }
    return { scale, nodes, point };
  },
  template: `
    <svg class="graph-map" aria-hidden="true" :width="graph.width * scale" :height="graph.height * scale" @pointerdown="point" @pointermove="point">
      <g :transform="'scale(' + scale + ')'">
        <rect v-for="n in nodes" :key="n.id" :x="n.x" :y="n.y" :width="n.w" :height="n.h" :class="n.kind"/>
        <rect class="in-view" :x="spot.x" :y="spot.y" :width="spot.w" :height="spot.h" vector-effect="non-scaling-stroke"/>
      </g>
    </svg>
  `,
};
