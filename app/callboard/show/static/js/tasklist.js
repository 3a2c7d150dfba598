// The list of a run's tasks: search, filters and order in the address, selection by keyboard, only what is in the window drawn.
import { computed, onScopeDispose, ref, shallowReactive, watch, watchEffect } from "vue";
import { address, addressOf, asked } from "callboard/address.js";
import { useCommands, useList } from "callboard/commands.js";
import { ask } from "callboard/dialog.js";
import { send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { place, rank, steady } from "callboard/tasks.js";
import { useWindow } from "callboard/window.js";
import * as words from "callboard/words.js";

const LOOSE = 150; // as many rows may be as high as their words
const MOST_CHOICES = 60;
const spent = (t) => words.elapsed(t) ?? -1;
const weight = (t) => words.SEVERITIES.reduce((sum, s, n) => sum + (t.findings[s] ?? 0) * 1000 ** (4 - n), 0);
// What each order compares, worked out once for each task.
const ORDERS = {
  task: (t) => t.place,
  name: (t) => t.name,
  state: (t) => rank(words.shown(t)),
  agent: (t) => t.agent ?? "",
  findings: weight,
  took: spent,
  cpu: (t) => t.cpu_s,
  peak: (t) => t.peak_mb,
};
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
// All words of a task, kept with the row: a changed row is another one.
const texts = new WeakMap();
function textOf(t) {
  let text = texts.get(t);
  if (text === undefined) texts.set(t, (text = `${t.id} ${t.name} ${t.agent} ${t.action} ${t.stage} ${t.reason} ${t.hold?.reason ?? ""}`.toLowerCase()));
  return text;
}
const COLUMNS = [
  { name: "name", title: "Task" },
  { name: "state", title: "State" },
  { title: "Result, or why it waits" },
  { name: "agent", title: "Agent", quiet: true },
  { name: "findings", title: "Findings", down: true },
  { name: "took", title: "Took", right: true, down: true },
  { name: "cpu", title: "CPU", right: true, quiet: true, down: true },
  { name: "peak", title: "Peak", right: true, quiet: true, down: true },
];

const TaskRow = {
  components: PARTS,
  props: { id: String, tasks: Object, cause: Object, toFinding: Function, picked: Boolean, pick: Function },
  setup(props) {
    const t = computed(() => props.tasks.get(props.id));
    return { t, words, spent: computed(() => words.elapsed(t.value)) };
  },
  template: `
    <tr v-if="t" :data-task="t.id" :aria-selected="picked" :class="{picked}">
      <td class="pick"><input type="checkbox" :checked="picked" :aria-label="'Select ' + t.name" @click="pick(t.id, $event)"/></td>
      <td class="what">
        <a class="name" data-main :href="'/tasks/' + t.id" :title="t.name">{{ t.name }}</a> <span class="id">{{ t.id }}</span> <span v-if="t.critical" class="critical-mark">critical path</span>
      </td>
      <td class="how"><CbState :word="words.shown(t)"/> <CbHand :of="t"/></td>
      <td class="full why">
        <CbHold v-if="t.hold" :hold="t.hold"/>
        <template v-else-if="words.LIVE.has(t.state)">
          <CbBar :value="words.progressOf(t)"/>
          <span class="quiet">{{ t.note }}</span>
        </template>
        <template v-else>
          <span class="reason" :title="t.reason">{{ t.reason }}</span>
          <a v-if="cause" class="cause-link" :href="'?tab=findings#' + cause.id" @click.prevent="toFinding(cause)">cause: {{ cause.message }}</a>
        </template>
      </td>
      <td class="off-phone"><a v-if="t.agent" :href="words.agentHref(t.agent)" class="quiet">{{ t.agent }}</a><span v-else class="none" title="a command of the team; no agent">–</span></td>
      <td><CbCounts :of="t.findings"/></td>
      <td class="right">
        <CbNum :value="spent" :as="t.ended == null ? words.ticking : words.duration" why="not started"/>
      </td>
      <td class="right off-phone">
        <CbNum :value="t.started == null ? null : t.cpu_s" :as="words.duration" why="not started"/>
      </td>
      <td class="right off-phone"><CbNum :value="t.peak_mb || null" :as="words.mebibytes"/></td>
    </tr>
  `,
};

export const CbTaskList = {
  components: { TaskRow, ...PARTS },
  props: { tasks: Object, causeOf: Object, toFinding: Function, refetch: Function },
  setup(props) {
    const tasks = props.tasks;
    const query = ref(asked("q"));
    const state = ref(asked("state"));
    const agent = ref(asked("agent"));
    const stage = ref(asked("stage"));
    const order = ref(ORDERS[asked("sort").replace("-", "")] ? asked("sort") : "");
    watch([query, state, agent, stage, order], () => address({ q: query.value, state: state.value, agent: agent.value, stage: stage.value, sort: order.value }));
    const back = () => ([query.value, state.value, agent.value, stage.value, order.value] = ["q", "state", "agent", "stage", "sort"].map((name) => asked(name)));
    addEventListener("popstate", back);
    onScopeDispose(() => removeEventListener("popstate", back));

    const facets = steady(tasks.version, [], () => {
      const [states, agents, stages] = [new Map(), new Map(), new Map()];
      const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
      for (const t of tasks.list()) count(states, words.shown(t)), t.agent && count(agents, t.agent), t.stage && count(stages, t.stage);
      const sorted = (map) => [...map].sort((a, b) => a[0].localeCompare(b[0])).slice(0, MOST_CHOICES);
      return { states: [...states].sort((a, b) => rank(a[0]) - rank(b[0])), agents: sorted(agents), stages: sorted(stages) };
    });
    const ids = steady(tasks.version, [query, state, agent, stage, order, tasks.added], () => {
      const q = query.value.trim().toLowerCase();
      const fits = (t) =>
        (!state.value || words.shown(t) === state.value) &&
        (!agent.value || t.agent === agent.value) &&
        (!stage.value || t.stage === stage.value) &&
        (!q || textOf(t).includes(q));
      const name = order.value.replace("-", "");
      const by = ORDERS[name] ?? ORDERS.state;
      const sign = order.value.startsWith("-") ? -1 : 1;
      const keyed = tasks.list().filter(fits).map((t) => [by(t), t]);
      return keyed.sort((a, b) => sign * compare(a[0], b[0]) || a[1].place - b[1].place).map(([, t]) => t.id);
    });
    const box = ref(null);
    const loose = () => ids.value.length <= LOOSE;
    const view = useWindow(box, ids, loose);
    watchEffect(() => (tasks.added.value, tasks.want(view.shown.value)));
    watch(tasks.version, () => tasks.want(view.shown.value));
    useList("#main .tasks-table tbody tr[data-task]");

    // -- order by a column: once, the other way round, as it was
    function sort(column) {
      const [first, then] = column.down ? [`-${column.name}`, column.name] : [column.name, `-${column.name}`];
      order.value = order.value === first ? then : order.value === then ? "" : first;
    }
    const sorted = (column) => (order.value.replace("-", "") !== column.name || !column.name ? undefined : order.value.startsWith("-") ? "descending" : "ascending");

    // -- selection
    const picked = shallowReactive(new Set());
    let last = null;
    function pick(id, event) {
      const on = !picked.has(id);
      const [a, b] = [ids.value.indexOf(last), ids.value.indexOf(id)];
      const range = event?.shiftKey && a >= 0 && b >= 0 ? ids.value.slice(Math.min(a, b), Math.max(a, b) + 1) : [id];
      for (const each of range) on ? picked.add(each) : picked.delete(each);
      last = id;
    }
    const focused = () => document.activeElement?.closest?.("[data-task]")?.dataset.task;
    const all = () => ids.value.forEach((id) => picked.add(id));
    const none = () => picked.clear();
    const chosen = steady(tasks.version, [() => picked.size, () => [...picked].length], () => [...picked].map((id) => tasks.rows[place(id)]).filter(Boolean));
    const open = computed(() => chosen.value.filter((t) => !words.FINAL.has(t.state)));
    const tryable = computed(() => chosen.value.filter((t) => words.AGAIN.has(t.state)));
    async function each(path, rows, more, done) {
      try {
        const told = await send(path, { tasks: rows.map((t) => t.id), ...more });
        if (told.done) toast(`${words.plural(told.done, "task")} ${done}`, "good");
        if (told.refused) toast(`${words.plural(told.refused, "task")} not: ${told.why[0]?.why}`);
        none();
        await props.refetch().catch(() => {});
      } catch (problem) {
        toast(problem.message);
      }
    }
    const retry = () => each("/tasks/retry", tryable.value, {}, "called again");
    async function cancel() {
      const n = open.value.length;
      if (await ask({ title: `Cancel ${words.plural(n, "task")}?`, text: "What runs is stopped with its whole process tree; what waits for it is skipped.", yes: `Cancel ${n === 1 ? "it" : "them"}`, no: "Leave", danger: true })) await each("/tasks/cancel", open.value, { reason: "cancelled on the page of its run" }, "cancelled");
    }
    useCommands(
      () => [
        { id: "list.pick", title: "Select the row", keys: "x", run: () => focused() && pick(focused()), when: () => ids.value.length > 0 },
        { id: "list.all", title: "Select all that are shown", keys: "shift+a", run: all },
        { id: "list.none", title: "Select none", keys: "shift+n", run: none, when: () => picked.size > 0 },
        { id: "list.retry", title: "Retry the selected tasks", run: retry, when: () => tryable.value.length > 0 },
        { id: "list.cancel", title: "Cancel the selected tasks", run: cancel, when: () => open.value.length > 0 },
        { id: "list.clear", title: "Show all tasks", run: clear, when: () => filtered.value },
        ...facets.value.states.map(([s]) => ({ id: `list.state.${s}`, title: `Only tasks: ${s}`, run: () => (state.value = s), when: () => state.value !== s })),
      ],
      "Tasks",
    );
    const filtered = computed(() => !!(query.value || state.value || agent.value || stage.value));
    const clear = () => ([query.value, state.value, agent.value, stage.value] = ["", "", "", ""]);
    return { query, state, agent, stage, order, facets, ids, box, loose, ...view, sort, sorted, COLUMNS, picked, pick, all, none, open, tryable, retry, cancel, filtered, clear, words, addressOf };
  },
  template: `
    <div class="panel task-list">
      <header class="tools">
        <input type="search" data-search v-model="query" placeholder="Filter tasks  /" aria-label="Filter tasks"/>
        <select v-if="facets.agents.length > 1" v-model="agent" aria-label="Agent"><option value="">every agent</option><option v-for="[name, n] in facets.agents" :key="name" :value="name">{{ name }} ({{ n }})</option></select>
        <select v-if="facets.stages.length > 1" v-model="stage" aria-label="Stage"><option value="">every stage</option><option v-for="[name, n] in facets.stages" :key="name" :value="name">{{ name }} ({{ n }})</option></select>
        <span class="chips" role="group" aria-label="State">
          <button v-for="[s, n] in facets.states" :key="s" type="button" class="chip" :aria-pressed="state === s" @click="state = state === s ? '' : s">
            <CbState :word="s"/> <span class="num">{{ words.count(n) }}</span>
          </button>
        </span>
        <span class="tools-end"><slot/></span>
      </header>
      <div v-if="picked.size" class="picked-bar" role="status">
        <b class="num">{{ words.plural(picked.size, 'task') }} selected</b>
        <CbAct small :run="retry" :disabled="!tryable.length" why="None of them ended badly">Retry <span class="num">{{ tryable.length }}</span></CbAct>
        <CbAct small tone="danger" :run="cancel" :disabled="!open.length" why="All of them have ended">Cancel <span class="num">{{ open.length }}</span></CbAct>
        <button type="button" class="link" @click="all">all {{ words.count(ids.length) }} shown</button>
        <button type="button" class="link" @click="none">none</button>
      </div>
      <table v-if="ids.length" class="table fold tasks-table" :class="{even: !loose(), equal: !loose()}" :aria-rowcount="ids.length + 1">
        <thead>
          <tr>
            <th class="pick"><input type="checkbox" aria-label="Select all that are shown" :checked="picked.size > 0 && picked.size >= ids.length" @click="picked.size >= ids.length ? none() : all()"/></th>
            <th v-for="c in COLUMNS" :key="c.title" :class="{right: c.right, why: !c.name, ['c-' + c.name]: c.name}" :aria-sort="sorted(c)">
              <button v-if="c.name" type="button" class="sorter" @click="sort(c)">{{ c.title }}<i aria-hidden="true" :class="sorted(c)"></i></button>
              <template v-else>{{ c.title }}</template>
            </th>
          </tr>
        </thead>
        <tbody ref="box">
          <tr v-if="above" class="room" aria-hidden="true"><td :colspan="COLUMNS.length + 1" :style="{height: above + 'px'}"></td></tr>
          <TaskRow v-for="id in shown" :key="id" :id="id" :tasks="tasks" :cause="causeOf[id]" :to-finding="toFinding" :picked="picked.has(id)" :pick="pick"/>
          <tr v-if="below" class="room" aria-hidden="true"><td :colspan="COLUMNS.length + 1" :style="{height: below + 'px'}"></td></tr>
        </tbody>
      </table>
      <CbEmpty v-else-if="tasks.size" title="No task matches">Nothing fits this filter. <button type="button" class="link" @click="clear">Show all {{ words.count(tasks.size) }}</button></CbEmpty>
      <CbEmpty v-else title="No task in this run">The pipeline had nothing to do.</CbEmpty>
      <p v-if="ids.length && (filtered || !loose())" class="log-foot"><span class="num">{{ words.count(ids.length) }}</span><template v-if="filtered"> of {{ words.count(tasks.size) }}</template> tasks</p>
    </div>
  `,
};
