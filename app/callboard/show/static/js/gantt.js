// What ran as solid bars, what is planned as light ones with their range; by task, in groups, by agent, by lock, or as a table.
import { computed, onScopeDispose, ref, shallowReactive, watch } from "vue";
import { address, asked } from "callboard/address.js";
import { useCommands, useList } from "callboard/commands.js";
import { GanttGroup, GanttLane, GanttRow, lanesOf } from "callboard/gantt_rows.js";
import { PARTS } from "callboard/parts.js";
import { WAYS, groupsOf, steady, titleOf } from "callboard/tasks.js";
import { CbOverview } from "callboard/overview.js";
import { useWindow } from "callboard/window.js";
import * as words from "callboard/words.js";

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
const LOOSE = 150;
const LEAST_S = 0.5;
const VIEWS = { tasks: "By task", groups: "In groups", agents: "Agents' lanes", locks: "Locks", table: "As a table" };

export const CbGantt = {
  components: { CbOverview, GanttGroup, GanttLane, GanttRow, ...PARTS },
  // tasks: rows; or store: the tasks of a run that change, grouped `by` a way.
  props: { tasks: Array, plan: Boolean, store: Object, by: String, open: Object, choose: Function },
  setup(props) {
    const store = props.store;
    const all = () => store?.list() ?? props.tasks;
    const version = store ? store.version : ref(0);
    const large = store && store.list().length > LOOSE;
    const view = ref(store && VIEWS[asked("view")] ? asked("view") : large ? "groups" : "tasks");
    const usual = view.value;
    const open = props.open ?? shallowReactive(new Set());

    // -- time: all of it, and the part in view
    const reachOfTime = steady(version, [() => props.tasks, () => store?.added.value], () => {
      let [from, to, ahead, going] = [Infinity, 0, Infinity, false];
      for (const t of all()) {
        if (props.plan) {
          to = Math.max(to, t.end?.p80 ?? t.end?.p50 ?? 0);
          continue;
        }
        if (t.started != null && t.started < from) from = t.started;
        if (t.expected_start != null && t.expected_start < ahead) ahead = t.expected_start;
        const end = t.ended ?? t.expected_end_late ?? t.expected_end ?? t.started ?? 0;
        if (end > to && (t.started != null || t.ended == null)) to = end;
        if (t.ended == null && !words.FINAL.has(t.state)) going = true;
      }
      return { from: props.plan ? 0 : Number.isFinite(from) ? from : ahead, to, going };
    });
    const from = computed(() => reachOfTime.value.from);
    const any = computed(() => Number.isFinite(from.value));
    const span = computed(() => {
      const to = reachOfTime.value.going ? Math.max(reachOfTime.value.to, words.clock.now) : reachOfTime.value.to;
      const raw = Math.max(1, (to - from.value) * 1.02);
      const step = STEPS.find((s) => s >= 1 && raw / s <= 24) ?? 86400; // the axis grows in steps, so that bars stay where they are
      return Math.ceil(raw / step) * step;
    });
    const part = ref(null); // [from, to] in seconds after the beginning, null for all
    const told = asked("t").match(/^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/);
    if (store && told && +told[2] > +told[1]) part.value = [+told[1], +told[2]];
    const seen = computed(() => {
      const [a, b] = part.value ?? [0, span.value];
      return { from: from.value + a, span: Math.max(LEAST_S, b - a) };
    });
    function look(a, b) {
      const width = Math.min(span.value, Math.max(LEAST_S, b - a));
      const begin = Math.min(Math.max(0, a), span.value - width);
      part.value = width >= span.value * 0.999 ? null : [begin, begin + width];
    }
    function zoom(factor, middle = 0.5) {
      const [a, b] = part.value ?? [0, span.value];
      const point = a + (b - a) * middle;
      look(point - (point - a) * factor, point + (b - point) * factor);
    }
    const pan = (share) => part.value && look(part.value[0] + (part.value[1] - part.value[0]) * share, part.value[1] + (part.value[1] - part.value[0]) * share);
    if (store) watch([view, part], () => address({ view: view.value === usual && !asked("view") ? null : view.value, t: part.value ? part.value.map((s) => +s.toFixed(2)).join("-") : null }));
    const step = computed(() => STEPS.find((s) => seen.value.span / s <= 7) ?? 86400);
    const ticks = computed(() => {
      const found = [];
      const begin = seen.value.from - from.value;
      for (let at = Math.ceil(begin / step.value - 1e-9) * step.value; at <= begin + seen.value.span * 0.97; at += step.value)
        found.push({ at, left: `${((at - begin) / seen.value.span) * 100}%`, text: at > 1e-6 ? `+${words.duration(+at.toFixed(3)).replace(/\.0 s/, " s")}` : props.plan ? "start" : words.clockTime(from.value) });
      return found;
    });
    const now = computed(() => {
      const left = reachOfTime.value.going && !props.plan ? ((words.clock.now - seen.value.from) / seen.value.span) * 100 : -1;
      return left >= 0 && left <= 100 ? `${left}%` : null;
    });

    // -- rows
    const begin = (t) => (props.plan ? (t.start?.p50 ?? 1e12) : (t.started ?? (t.ended == null ? 1e11 + (t.expected_start ?? 1e10) : 1e12)));
    const sorted = (rows) => [...rows].sort((a, b) => begin(a) - begin(b) || (a.place ?? 0) - (b.place ?? 0));
    const rows = steady(version, [view, () => props.by, () => [...open].join("\n"), () => props.tasks, () => store?.added.value], () => {
      if (view.value === "groups") return [...groupsOf(all(), props.by).values()].flatMap((g) => [{ key: `g:${g.key}`, g }, ...(open.has(g.key) ? sorted(g.tasks).map((t) => ({ key: t.id, id: t.id, t, inside: true })) : [])]);
      if (view.value === "agents") return lanesOf(all(), (t) => [t.agent ?? ""], (key) => titleOf("agent", key), (key) => key && words.agentHref(key)).map((lane) => ({ key: lane.id, lane }));
      if (view.value === "locks") return lanesOf(all(), (t) => t.locks ?? [], (key) => key).map((lane) => ({ key: lane.id, lane }));
      return sorted(all()).map((t) => ({ key: t.id, id: t.id, t }));
    });
    const box = ref(null);
    const loose = () => rows.value.length <= LOOSE;
    const { look: relook, ...windowed } = useWindow(box, rows, loose);
    watch(view, relook, { flush: "post" });
    const row = (item) => (store ? (store.get(item.id) ?? item.t) : item.t);
    const toggle = (key) => (open.has(key) ? open.delete(key) : open.add(key));
    const locks = computed(() => (store ? (store.added.value, store.list().some((t) => t.locks?.length)) : false));
    const views = computed(() => Object.entries(VIEWS).filter(([name]) => name !== "locks" || locks.value));
    const total = computed(() => (store ? store.size : props.tasks.length));

    const track = ref(null);
    function wheel(event) {
      if (!store || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      const room = track.value?.getBoundingClientRect();
      if (room) zoom(Math.exp(event.deltaY * 0.004), Math.min(1, Math.max(0, (event.clientX - room.left) / room.width)));
    }
    let listening = null;
    watch(box, (el) => {
      listening?.removeEventListener("wheel", wheel);
      listening = el;
      el?.addEventListener("wheel", wheel, { passive: false });
    }, { flush: "post" });
    onScopeDispose(() => listening?.removeEventListener("wheel", wheel));
    if (store) {
      useList("#main .gantt-rows .gantt-row, #main .gantt-table tbody tr");
      useCommands(
        () => [
          { id: "gantt.in", title: "Zoom into the time", keys: "+", run: () => zoom(0.6) },
          { id: "gantt.out", title: "Zoom out of the time", keys: "-", run: () => zoom(1 / 0.6) },
          { id: "gantt.all", title: "Show the whole time", keys: "0", run: () => (part.value = null) },
          { id: "gantt.later", title: "Later", keys: "shift+arrowright", run: () => pan(0.25) },
          { id: "gantt.earlier", title: "Earlier", keys: "shift+arrowleft", run: () => pan(-0.25) },
          ...views.value.map(([name, title]) => ({ id: `gantt.${name}`, title: `Gantt: ${title}`, run: () => (view.value = name), when: () => view.value !== name })),
          { id: "gantt.open", title: "Open every group", run: () => groupsOf(all(), props.by).forEach((_, key) => open.add(key)), when: () => view.value === "groups" },
          { id: "gantt.close", title: "Close every group", run: () => open.clear(), when: () => view.value === "groups" && open.size > 0 },
        ],
        "Gantt",
      );
    }
    return { store, view, views, VIEWS, WAYS, open, from, any, span, part, seen, look, zoom, ticks, now, rows, box, loose, ...windowed, row, toggle, total, track, ticker: () => version.value, all, words };
  },
  template: `
    <div v-if="any" class="gantt" :class="{large: store}">
      <header v-if="store" class="tools gantt-tools">
        <span class="chips" role="group" aria-label="View"><button v-for="[name, title] in views" :key="name" type="button" class="chip" :aria-pressed="view === name" @click="view = name">{{ title }}</button></span>
        <label v-if="view === 'groups'" class="gantt-by"><span class="quiet">by</span> <select :value="by" aria-label="Group by" @change="choose($event.target.value)"><option v-for="(title, way) in WAYS" :key="way" :value="way">{{ title.toLowerCase() }}</option></select></label>
        <span class="tools-end">
          <button type="button" class="button small" aria-label="Zoom into the time" @click="zoom(.6)">+</button>
          <button type="button" class="button small" aria-label="Zoom out of the time" :disabled="!part" @click="zoom(1 / .6)">−</button>
          <button type="button" class="button small" :disabled="!part" @click="part = null">All</button>
          <slot/>
        </span>
      </header>
      <CbOverview v-if="store && view !== 'table'" :all="all" :version="ticker" :from="from" :span="span" :part="part" :look="look"/>
      <table v-if="view === 'table'" class="table gantt-table" :class="{equal: !loose()}" :aria-rowcount="rows.length + 1">
        <thead><tr><th>Task</th><th>State</th><th class="right">Waited</th><th class="right">Started</th><th class="right">Ended</th><th class="right">Took</th><th class="right off-phone">Expected end</th></tr></thead>
        <tbody ref="box">
          <tr v-if="above" class="room" aria-hidden="true"><td colspan="7" :style="{height: above + 'px'}"></td></tr>
          <tr v-for="item in shown" :key="item.key" :data-task="item.id">
            <td><a class="name" data-main :href="'/tasks/' + item.id">{{ row(item).name }}</a><span v-if="row(item).critical" class="critical-mark"> critical path</span></td>
            <td><CbState :word="words.shown(row(item))"/> <CbHand :of="row(item)"/></td>
            <td class="right"><CbNum :value="row(item).ready != null && row(item).started != null ? Math.max(0, row(item).started - row(item).ready) : null" :as="words.duration" why="not started"/></td>
            <td class="right num">{{ words.clockTime(row(item).started) }}</td>
            <td class="right num">{{ words.clockTime(row(item).ended) }}</td>
            <td class="right"><CbNum :value="words.elapsed(row(item))" :as="row(item).ended == null ? words.ticking : words.duration" why="not started"/></td>
            <td class="right num off-phone">{{ row(item).ended == null ? words.clockTime(row(item).expected_end) : '–' }}</td>
          </tr>
          <tr v-if="below" class="room" aria-hidden="true"><td colspan="7" :style="{height: below + 'px'}"></td></tr>
        </tbody>
      </table>
      <div v-else class="gantt-body">
        <div class="gantt-grid" aria-hidden="true" ref="track">
          <i v-for="k in ticks" :key="k.at" :style="{left: k.left}"></i>
          <i v-if="now" class="now" :style="{left: now}"></i>
        </div>
        <div class="gantt-row gantt-axis">
          <span></span>
          <span class="gantt-track">
            <span v-for="k in ticks" :key="k.at" class="gantt-tick num" :class="{begin: k.left === '0%'}" :style="{left: k.left}">{{ k.text }}</span>
          </span>
        </div>
        <div class="gantt-rows" ref="box">
          <div v-if="above" :style="{height: above + 'px'}"></div>
          <template v-for="item in shown" :key="item.key">
            <GanttGroup v-if="item.g" :g="item.g" :from="seen.from" :span="seen.span" :open="open.has(item.g.key)" :toggle="toggle"/>
            <GanttLane v-else-if="item.lane" :lane="item.lane" :from="seen.from" :span="seen.span"/>
            <GanttRow v-else :t="row(item)" :from="seen.from" :span="seen.span" :plan="plan" :inside="item.inside"/>
          </template>
          <div v-if="below" :style="{height: below + 'px'}"></div>
        </div>
        <CbEmpty v-if="!rows.length" title="Nothing ran yet">Lanes fill when tasks start.</CbEmpty>
      </div>
    </div>
    <CbEmpty v-else title="Nothing to draw yet">Bars appear when the first task starts, or when there is a forecast.</CbEmpty>
  `,
};
