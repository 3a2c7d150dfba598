// What runs and what waits: the running ones as lines, the waiting ones by the reason for which they wait.
import { computed, ref } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST_LINES = 40;
const MOST_GROUPS = 24;
const MOST_NAMES = 60;
const RANK = { "needs decision": 0, running: 1, starting: 2, waiting: 3 };
// What somebody may help with comes first; what waits for its turn in its own run comes last.
const HELP = { nobody: 0, "too large": 0, decision: 0, question: 0, halted: 1, yields: 2, "agent paused": 1, lock: 2, "agent busy": 3, resource: 3, memory: 3, cpus: 4, reserved: 5, backoff: 5, dependency: 9 };
const place = (t) => Number(t.id.split(".")[1]);
const keyOf = (hold) => (hold.kind === "yields" ? hold.kind : hold.kind === "dependency" || hold.kind === "reserved" ? `${hold.kind} ${hold.culprit}` : ["cpus", "memory"].includes(hold.kind) ? `${hold.kind} ${hold.reason.split(",")[0]}` : `${hold.kind} ${hold.reason}`);

// Tasks that wait for the same thing are one group; its sentence is that of the one that has waited longest.
export function grouped(tasks) {
  const groups = new Map();
  for (const t of tasks) {
    if (!t.hold) continue;
    const key = keyOf(t.hold);
    const group = groups.get(key);
    if (group) group.tasks.push(t);
    else groups.set(key, { key, kind: t.hold.kind, tasks: [t] });
  }
  for (const g of groups.values()) {
    g.tasks.sort((a, b) => a.hold.since - b.hold.since || a.run - b.run || place(a) - place(b));
    g.hold = g.tasks[0].hold;
    g.names = g.tasks.slice(0, 3).map((t) => t.name).join(", ") + (g.tasks.length > 3 ? " …" : "");
  }
  return [...groups.values()].sort((a, b) => (HELP[a.kind] ?? 6) - (HELP[b.kind] ?? 6) || b.tasks.length - a.tasks.length || a.hold.since - b.hold.since);
}

export const TaskLine = {
  components: PARTS,
  props: { t: Object },
  setup(props) {
    const spent = computed(() => words.elapsed(props.t));
    const eta = computed(() => (props.t.expected_end == null || words.FINAL.has(props.t.state) ? null : props.t.expected_end - words.clock.now));
    return { spent, eta, words, LIVE: words.LIVE };
  },
  template: `
    <tr :data-task="t.id">
      <td>
        <a class="name" :href="'/tasks/' + t.id">{{ t.name }}</a> <span class="id">{{ t.id }}</span> <span v-if="t.critical" class="critical-mark" title="The run can end no sooner than this chain of tasks">critical path</span>
      </td>
      <td><CbState :word="words.shown(t)"/> <CbHand :of="t"/></td>
      <td class="full">
        <template v-if="t.hold"><CbHold :hold="t.hold"/></template>
        <template v-else-if="LIVE.has(t.state)">
          <CbBar :value="words.progressOf(t)" :label="'progress of ' + t.name"/>
          <span class="note">{{ t.note }}</span>
        </template>
        <span v-else class="reason">{{ t.reason }}</span>
      </td>
      <td class="right off-phone">
        <CbNum :value="spent" :as="t.ended == null ? words.ticking : words.duration" why="not started"/>
      </td>
      <td class="right off-phone"><CbNum :value="eta" :as="words.remaining" why="no estimate"/></td>
    </tr>
  `,
};

export const CbWork = {
  components: { TaskLine, ...PARTS },
  props: { open: Array, all: Number, broken: Array, began: Boolean }, // all: how many are not over, listed or not
  setup(props) {
    const unfolded = ref({});
    const lines = computed(() =>
      props.open.filter((t) => t.state !== "waiting").sort((a, b) => (RANK[a.state] ?? 9) - (RANK[b.state] ?? 9) || (b.critical === true) - (a.critical === true) || a.run - b.run || place(a) - place(b)),
    );
    const groups = computed(() => grouped(props.open.filter((t) => t.state === "waiting")));
    const shown = computed(() => (props.open.length ? lines.value : props.broken).slice(0, MOST_LINES));
    const waiting = computed(() => groups.value.reduce((n, g) => n + g.tasks.length, 0));
    const rest = computed(() => groups.value.slice(MOST_GROUPS).reduce((n, g) => n + g.tasks.length, 0));
    const toggle = (key) => (unfolded.value = { ...unfolded.value, [key]: !unfolded.value[key] });
    return { unfolded, lines, groups, shown, waiting, toggle, rest, words, MOST_GROUPS, MOST_NAMES };
  },
  template: `
    <section class="panel" aria-labelledby="h-tasks">
      <header><h2 id="h-tasks">Running and waiting</h2><span class="quiet num">{{ Math.max(all || 0, open.length) }}</span></header>
      <table v-if="shown.length" class="table fold tasks-table work-table">
        <thead>
          <tr>
            <th>{{ open.length ? 'Task' : 'Broken in the last run' }}</th>
            <th>State</th>
            <th style="width:42%">{{ open.length ? 'How far' : 'Why' }}</th>
            <th class="right">Took</th>
            <th class="right">Left</th>
          </tr>
        </thead>
        <tbody><TaskLine v-for="t in shown" :key="t.id" :t="t"/></tbody>
      </table>
      <p v-if="open.length && lines.length > shown.length" class="log-foot">{{ lines.length - shown.length }} more run; each run's page shows all of its tasks.</p>
      <ul v-if="groups.length" class="holds" :aria-label="words.plural(waiting, 'task waits', 'tasks wait')">
        <li v-for="g in groups.slice(0, MOST_GROUPS)" :key="g.key" class="holds-group" :data-hold="g.kind">
          <div class="holds-line">
            <CbState word="waiting" bare/>
            <template v-if="g.tasks.length === 1">
              <span class="holds-what" :data-task="g.tasks[0].id"><a class="name" :href="'/tasks/' + g.tasks[0].id">{{ g.tasks[0].name }}</a> <span class="id">{{ g.tasks[0].id }}</span> <span v-if="g.tasks[0].critical" class="critical-mark">critical path</span></span>
            </template>
            <button v-else type="button" class="holds-what fold-button" :aria-expanded="!!unfolded[g.key]" @click="toggle(g.key)"><svg viewBox="0 0 16 16" class="chevron" aria-hidden="true"><path d="M6 4l4 4l-4 4"/></svg><b class="num">{{ g.tasks.length }} tasks wait</b> <span class="quiet holds-names">{{ g.names }}</span></button>
            <CbHold :hold="g.hold"/>
          </div>
          <ul v-if="g.tasks.length > 1 && unfolded[g.key]" class="holds-tasks">
            <li v-for="t in g.tasks.slice(0, MOST_NAMES)" :key="t.id" :data-task="t.id"><a class="name" :href="'/tasks/' + t.id">{{ t.name }}</a> <span class="id">{{ t.id }}</span> <span v-if="t.critical" class="critical-mark">critical path</span> <span v-if="t.hold.reason !== g.hold.reason" class="reason">{{ t.hold.reason }}</span></li>
            <li v-if="g.tasks.length > MOST_NAMES" class="quiet num">{{ g.tasks.length - MOST_NAMES }} more; each run's page shows all of its tasks.</li>
          </ul>
        </li>
      </ul>
      <p v-if="all > open.length" class="log-foot">{{ words.count(all - open.length) }} more wait; each run's page shows all of its tasks.</p>
      <template v-if="!open.length && !broken.length">
        <CbEmpty v-if="began" title="Nothing runs, nothing waits">Start a run, or let a schedule or a commit do it.</CbEmpty>
        <CbEmpty v-else title="No run yet">Callboard looked at the workspace and worked out what the crew can do here. <a href="/runs/new"><b>See the plan</b></a>, or type <code>callboard run</code>.</CbEmpty>
      </template>
    </section>
  `,
};
