// The machine: what it does and did, who takes what, what is held. A stretch of time can be chosen on any chart.
import { computed, onBeforeUnmount, reactive, ref, watch, watchEffect } from "vue";
import { CbChart, useCursor } from "callboard/chart.js";
import { useCommands } from "callboard/commands.js";
import { CbExport } from "callboard/export.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Users } from "callboard/host_users.js";
import { follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const WINDOWS = [
  { name: "15m", title: "15 minutes", seconds: 900 },
  { name: "1h", title: "1 hour", seconds: 3600 },
  { name: "6h", title: "6 hours", seconds: 21600 },
  { name: "24h", title: "24 hours", seconds: 86400 },
  { name: "7d", title: "7 days", seconds: 604800 },
];
const POINTS = 300;
const SHORTEST = 10;
const TREES_MS = 4000;
const NARROWEST = 120;

// What the address says: ?from=&to= in seconds, or ?window=1h.
function asked() {
  const q = new URLSearchParams(location.search);
  const [from, to] = [Number(q.get("from")), Number(q.get("to"))];
  if (from > 0 && to > from) return { from, to, window: "" };
  return { from: 0, to: 0, window: WINDOWS.some((w) => w.name === q.get("window")) ? q.get("window") : "15m" };
}

export default {
  components: { CbExport, CbFrame, CbChart, Users, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const state = reactive({ host: first.host, history: first.history ?? [], tasks: first.tasks ?? [], users: [], span: { from: first.history?.length ? Math.max(first.since, Math.min(first.history[0].at, first.until - NARROWEST)) : first.since, to: first.until }, loading: false, trouble: "" });
    const view = reactive(asked());
    const cursor = useCursor();
    const live = computed(() => view.window !== "");
    const seconds = computed(() => WINDOWS.find((w) => w.name === view.window)?.seconds ?? view.to - view.from);

    let turn = 0;
    async function read() {
      const mine = ++turn;
      const to = live.value ? Date.now() / 1000 : view.to;
      const from = live.value ? to - seconds.value : view.from;
      try {
        const m = await get(`/machine?since=${from.toFixed(1)}&until=${to.toFixed(1)}&points=${POINTS}`);
        if (mine !== turn) return;
        Object.assign(state, { host: m.host, history: m.history, tasks: m.tasks, users: m.users, trouble: "" });
        state.span = live.value ? { from: begin(to), to } : { from, to };
      } catch (problem) {
        if (mine === turn) state.trouble = problem.message;
        throw problem;
      } finally {
        if (mine === turn) state.loading = false;
      }
    }
    function show(next, keep = true) {
      Object.assign(view, { from: 0, to: 0, window: "", ...next });
      cursor.at.value = cursor.begun.value = null;
      const q = view.window ? (view.window === "15m" ? "" : `?window=${view.window}`) : `?from=${view.from.toFixed(0)}&to=${view.to.toFixed(0)}`;
      if (keep) history.pushState(null, "", location.pathname + q);
      state.loading = true;
      read().catch(() => {});
    }
    const choose = (from, to) => {
      const middle = (from + to) / 2;
      show(to - from >= SHORTEST ? { from, to } : { from: middle - SHORTEST / 2, to: middle + SHORTEST / 2 });
    };
    const wider = () => {
      const { from, to } = state.span;
      const reach = (to - from) / 2;
      show({ from: from - reach, to: Math.min(Date.now() / 1000, to + reach) });
    };
    const onPop = () => show(asked(), false);
    window.addEventListener("popstate", onPop);

    // What is shown now begins with the first measurement, but is never narrower than two minutes.
    const begin = (to) => (view.window === "15m" && state.history.length ? Math.max(to - seconds.value, Math.min(state.history[0].at, to - NARROWEST)) : to - seconds.value);
    // New moments are added as they are told; once in a while the whole is read anew, thinned by the server.
    function add(host) {
      state.host = host;
      if (!live.value) return;
      state.history.push({ ...host, cpu_most: host.cpu_percent, crew_cpus: crew.value.cpus, crew_mb: crew.value.memory });
      state.span = { from: begin(host.at), to: host.at };
      while (state.history.length && state.history[0].at < host.at - seconds.value) state.history.shift();
      if (state.history.length > 3 * POINTS) read().catch(() => {});
    }
    const now = reactive(new Map()); // cores and MiB of running tasks, by id
    const note = (t) => (words.LIVE.has(t.state) ? now.set(t.id, t) : now.delete(t.id));
    const crew = computed(() => [...now.values()].reduce((sum, t) => ({ cpus: sum.cpus + (t.cpus_now ?? 0), memory: sum.memory + (t.memory_now_mb ?? 0) }), { cpus: 0, memory: 0 }));
    for (const t of state.tasks) note(t);
    follow({
      rooms: () => ["board"],
      async refetch() {
        const [board] = await Promise.all([get("/board"), read()]);
        now.clear();
        for (const t of [...board.tasks, ...state.tasks]) note(t);
        return board.seq;
      },
      fold(m) {
        for (const t of m.tasks ?? []) note(t);
        if (m.host) add(m.host);
      },
    });
    const trees = setInterval(() => document.visibilityState === "visible" && now.size && get("/machine?points=2").then((m) => (state.tasks = m.tasks)).catch(() => {}), TREES_MS);
    onBeforeUnmount(() => (clearInterval(trees), window.removeEventListener("popstate", onPop)));
    if (!live.value || view.window !== "15m") show(view, false);

    watchEffect(() => (pulse.running = now.size));
    useTitle(() => "Machine – Callboard");

    const line = (name, tone, pick, more = {}) => ({ name, tone, points: state.history.map((r) => [r.at, pick(r) ?? null]), ...more });
    const cpus = computed(() => state.host?.cpus ?? 1);
    const charts = computed(() => {
      const h = state.host ?? {};
      const percent = (v) => `${Math.round(v)} %`;
      const rate = (v) => `${v < 10 ? v.toFixed(1) : Math.round(v)} MB/s`;
      const stalled = (k) => (r) => r.pressure?.[k];
      return [
        { title: "CPU", max: 100, as: percent, note: `load ${(h.load ?? []).map((l) => l.toFixed(2)).join(", ")} over 1, 5 and 15 minutes, on ${words.plural(cpus.value, "core")}`, series: [line("host", "wait", (r) => r.cpu_percent), line("crew", "run", (r) => (r.crew_cpus == null ? null : (100 * r.crew_cpus) / cpus.value))] },
        { title: "Memory", max: h.memory_total_mb, unit: 1024, as: words.mebibytes, note: `${words.mebibytes(h.memory_available_mb)} available of ${words.mebibytes(h.memory_total_mb)}, swap ${words.mebibytes(h.swap_used_mb)}`, series: [line("host", "wait", (r) => r.memory_used_mb), line("crew", "odd", (r) => r.crew_mb)] },
        { title: "Disk", as: rate, note: h.disk_free_gb == null ? "" : `${h.disk_free_gb.toFixed(0)} of ${h.disk_total_gb.toFixed(0)} GB free`, series: [line("read", "good", (r) => r.disk_read_mb_s), line("written", "ask", (r) => r.disk_write_mb_s, { area: false })] },
        { title: "Network", as: rate, note: "all interfaces of this machine", series: [line("in", "velvet", (r) => r.net_rx_mb_s), line("out", "odd", (r) => r.net_tx_mb_s, { area: false })] },
        ...(state.history.some((r) => r.pressure) || h.pressure
          ? [{ title: "Pressure", as: (v) => `${v.toFixed(v < 10 ? 1 : 0)} %`, note: "share of time in which work waited for it", series: [line("cpu", "run", stalled("cpu")), line("memory", "bad", stalled("memory"), { area: false }), line("disk", "ask", stalled("io"), { area: false })] }]
          : []),
      ];
    });
    const spanWords = computed(() => `${words.moment(state.span.from)} to ${words.moment(state.span.to)}`);
    const share = (part, whole) => (part == null || !whole ? null : part / whole);
    const holders = computed(() => [...now.values()].filter((t) => t.needs).sort((a, b) => b.needs.cpus - a.needs.cpus || b.needs.memory_mb - a.needs.memory_mb));

    useCommands(() => [
      ...WINDOWS.map((w, i) => ({ id: `machine-${w.name}`, title: `Show the last ${w.title}`, keys: String(i + 1), run: () => show({ window: w.name }) })),
      { id: "machine-live", title: "Back to now", keys: "0", run: () => show({ window: "15m" }) },
      { id: "machine-wider", title: "Show a longer time around this", keys: "o", run: wider },
    ]);
    return { frame, state, view, cursor, live, charts, cpus, choose, show, wider, spanWords, share, holders, crew, now, words, WINDOWS };
  },
  template: `
    <CbFrame :meta="frame" here="/machine">
      <div class="head">
        <h1>Machine</h1>
        <span class="quiet num" aria-live="off">{{ spanWords }}</span>
        <div class="acts host-time" role="group" aria-label="Time that is shown">
          <CbExport table="machine" what="the machine's past" :query="{since: state.span.from?.toFixed(0), until: state.span.to?.toFixed(0)}"/>
          <button v-if="!live" type="button" class="button small" @click="wider">Wider</button>
          <span class="chips">
            <button v-for="w in WINDOWS" :key="w.name" type="button" class="chip" :aria-pressed="view.window === w.name" :title="'the last ' + w.title" @click="show({window: w.name})">{{ w.name }}</button>
          </span>
        </div>
      </div>
      <p v-if="state.trouble" class="trouble" role="alert">{{ state.trouble }} <button type="button" class="link" @click="show(view, false)">Try again</button></p>
      <div v-if="state.host" class="stack">
        <p v-if="!live" class="cause-note"><CbState word="paused" bare/><span>This is a time in the past. <button type="button" class="link" @click="show({window: '15m'})">Back to now</button></span></p>
        <div class="charts" :aria-busy="state.loading">
          <CbChart v-for="c in charts" :key="c.title" v-bind="c" :span="state.span" :cursor="cursor" :choose="choose"/>
          <section class="panel holders" aria-labelledby="h-held">
            <header><h2 id="h-held">What the crew may take</h2><span class="more num">now</span></header>
            <div class="gauge hold-row">
              <span class="gauge-name">CPUs held</span><span class="num">{{ words.cpus(state.host.taken && state.host.taken.cpus) }} of {{ words.cpus(state.host.capacity && state.host.capacity.cpus) }}</span>
              <CbBar tone="run" :value="share(state.host.taken && state.host.taken.cpus, state.host.capacity && state.host.capacity.cpus)" label="CPUs held"/>
            </div>
            <div class="gauge hold-row">
              <span class="gauge-name">Memory held</span><span class="num">{{ words.mebibytes(state.host.taken && state.host.taken.memory_mb) }} of {{ words.mebibytes(state.host.capacity && state.host.capacity.memory_mb) }}</span>
              <CbBar tone="odd" :value="share(state.host.taken && state.host.taken.memory_mb, state.host.capacity && state.host.capacity.memory_mb)" label="memory held"/>
            </div>
            <ul v-if="(state.host.locks || []).length" class="rows">
              <li v-for="l in state.host.locks" :key="l.name"><code class="name">{{ l.name }}</code> <span class="quiet">{{ l.shared ? 'shared by' : 'held by' }}</span> <template v-for="(h, i) in l.holders" :key="h">{{ i ? ', ' : ' ' }}<a class="quiet" :href="'/tasks/' + h">{{ h }}</a></template></li>
            </ul>
            <p v-else class="chart-note">No lock is held; nobody waits for one.</p>
            <p v-if="(state.host.cores || []).length" class="chart-note cores-title">Each core, busy now</p>
            <div class="cores">
              <div v-for="(c, i) in state.host.cores || []" :key="i" class="core" role="img" :aria-label="'core ' + i + ': ' + Math.round(c) + ' %'" :title="'core ' + i + ': ' + Math.round(c) + ' %'"><i :style="{height: c + '%'}"></i></div>
            </div>
          </section>
        </div>
        <Users :live="live" :now="now" :tasks="state.tasks" :users="state.users" :cpus="cpus"/>
      </div>
      <section v-else class="panel"><CbEmpty title="Not measured yet">The first figures come within two seconds.</CbEmpty></section>
    </CbFrame>
  `,
};
