// The load of the host, who causes it, and what is held.
import { computed, reactive, watchEffect } from "vue";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST = 600;

export default {
  components: { CbFrame, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const state = reactive({ host: first.host, history: first.history ?? [], tasks: first.tasks ?? [] });
    const rows = new Rows();
    async function refetch() {
      const [m, board] = await Promise.all([get("/machine"), get("/board")]);
      Object.assign(state, { host: m.host, history: m.history ?? [], tasks: m.tasks ?? [] });
      rows.replace(board.tasks);
      return board.seq;
    }
    follow({
      rooms: () => ["board"],
      refetch,
      fold(m) {
        rows.merge(m.tasks);
        if (!m.host) return;
        state.host = m.host;
        state.history.push(m.host);
        if (state.history.length > MOST) state.history.splice(0, 60);
      },
    });
    // How many processes a task has comes by REST alone.
    setInterval(() => document.visibilityState === "visible" && get("/machine").then((m) => (state.tasks = m.tasks ?? [])).catch(() => {}), 5000);
    const live = computed(() => rows.list().filter((t) => words.LIVE.has(t.state)));
    const users = computed(() => {
      const processes = new Map(state.tasks.map((t) => [t.id, t]));
      const found = live.value.map((t) => ({ id: t.id, name: t.name, cpus: t.cpus_now, memory: t.memory_now_mb, processes: processes.get(t.id)?.processes ?? null, needs: t.needs }));
      for (const t of rows.byId.size ? [] : state.tasks) found.push({ id: t.id, name: t.id, cpus: t.cpus, memory: t.memory_mb, processes: t.processes, needs: null });
      return found.sort((a, b) => (b.cpus ?? 0) - (a.cpus ?? 0));
    });
    watchEffect(() => (pulse.running = live.value.length));
    useTitle(() => "Machine – Callboard");
    const past = (pick) => state.history.slice(-300).map((r) => pick(r) ?? null);
    const rate = (v) => (v == null ? words.DASH : `${v.toFixed(v < 10 ? 1 : 0)} MB/s`);
    const gauges = computed(() => {
      const h = state.host;
      if (!h) return [];
      return [
        { name: "CPU", value: h.cpu_percent == null ? words.DASH : `${Math.round(h.cpu_percent)} %`, tone: "run", values: past((r) => r.cpu_percent), max: 100, note: `load ${(h.load ?? []).map((l) => l.toFixed(2)).join("  ")} on ${h.cpus} cores` },
        { name: "Memory", value: words.mebibytes(h.memory_used_mb), tone: "odd", values: past((r) => r.memory_used_mb), max: h.memory_total_mb, note: `of ${words.mebibytes(h.memory_total_mb)}, ${words.mebibytes(h.memory_available_mb)} available, swap ${words.mebibytes(h.swap_used_mb)}` },
        { name: "Disk", value: `${rate(h.disk_read_mb_s)} read`, tone: "good", values: past((r) => (r.disk_read_mb_s == null ? null : r.disk_read_mb_s + (r.disk_write_mb_s ?? 0))), note: `${rate(h.disk_write_mb_s)} written, ${h.disk_free_gb == null ? words.DASH : h.disk_free_gb.toFixed(0)} of ${h.disk_total_gb == null ? words.DASH : h.disk_total_gb.toFixed(0)} GB free` },
        { name: "Network", value: `${rate(h.net_rx_mb_s)} in`, tone: "velvet", values: past((r) => (r.net_rx_mb_s == null ? null : r.net_rx_mb_s + (r.net_tx_mb_s ?? 0))), note: `${rate(h.net_tx_mb_s)} out` },
      ];
    });
    const share = (part, whole) => (part == null || !whole ? null : part / whole);
    const span = computed(() => (state.history.length > 1 ? `${words.clockTime(state.history[Math.max(0, state.history.length - 300)].at)} to ${words.clockTime(state.history[state.history.length - 1].at)}` : ""));
    const href = (id) => words.culpritHref({ culprit: id });
    return { frame, state, gauges, users, share, span, href, words };
  },
  template: `
    <CbFrame :meta="frame" here="/machine">
      <div class="head"><h1>Machine</h1><span class="quiet num">{{ span }}</span></div>
      <template v-if="state.host">
        <div class="stack">
          <div class="quad">
            <section v-for="g in gauges" :key="g.name" class="panel gauge">
              <div class="gauge-head">
                <h2 class="gauge-name">{{ g.name }}</h2>
                <span class="gauge-value num">{{ g.value }}</span>
              </div>
              <CbSpark v-if="g.values.length > 1" tall :tone="g.tone" :values="g.values" :max="g.max" :label="g.name + ' over time'"/>
              <div v-else class="spark tall"></div>
              <div class="gauge-note">{{ g.note }}</div>
            </section>
          </div>
          <div class="two">
            <section class="panel">
              <header>
                <h2>Who uses it</h2>
                <span class="quiet num">{{ words.plural(users.length, 'running task') }}</span>
              </header>
              <table v-if="users.length" class="table fold">
                <thead>
                  <tr>
                    <th>Task</th>
                    <th class="right">CPUs</th>
                    <th class="right">asked for</th>
                    <th class="right">Memory</th>
                    <th class="right">asked for</th>
                    <th class="right">Processes</th>
                  </tr>
                </thead>
                <tbody>
                  <tr v-for="u in users" :key="u.id" :data-task="u.id">
                    <td class="full">
                      <a class="name" :href="'/tasks/' + u.id">{{ u.name }}</a> <span class="id">{{ u.id }}</span>
                    </td>
                    <td class="right" data-label="cpus"><CbNum :value="u.cpus" :as="words.cpus"/></td>
                    <td class="right quiet off-phone">
                      <CbNum :value="u.needs && u.needs.cpus" :as="words.cpus" why="not known"/>
                    </td>
                    <td class="right" data-label="memory"><CbNum :value="u.memory" :as="words.mebibytes"/></td>
                    <td class="right quiet off-phone">
                      <CbNum :value="u.needs && u.needs.memory_mb" :as="words.mebibytes" why="not known"/>
                    </td>
                    <td class="right off-phone"><CbNum :value="u.processes"/></td>
                  </tr>
                </tbody>
              </table>
              <CbEmpty v-else title="The crew rests">No task is running; what the machine does is not Callboard's.</CbEmpty>
            </section>
            <aside class="stack">
              <section v-if="state.host.capacity" class="panel">
                <header><h2>What the crew may take</h2></header>
                <div class="gauge">
                  <div class="gauge-head">
                    <span class="gauge-name">CPUs held</span>
                    <span class="num">{{ words.cpus(state.host.taken && state.host.taken.cpus) }} of {{ words.cpus(state.host.capacity.cpus) }}</span>
                  </div>
                  <CbBar tone="run" :value="share(state.host.taken && state.host.taken.cpus, state.host.capacity.cpus)" label="CPUs held"/>
                </div>
                <div class="gauge">
                  <div class="gauge-head">
                    <span class="gauge-name">Memory held</span>
                    <span class="num">{{ words.mebibytes(state.host.taken && state.host.taken.memory_mb) }} of {{ words.mebibytes(state.host.capacity.memory_mb) }}</span>
                  </div>
                  <CbBar tone="odd" :value="share(state.host.taken && state.host.taken.memory_mb, state.host.capacity.memory_mb)" label="memory held"/>
                </div>
              </section>
              <section class="panel">
                <header><h2>Locks held</h2></header>
                <ul v-if="(state.host.locks || []).length" class="rows">
                  <li v-for="l in state.host.locks" :key="l.name">
                    <code class="name">{{ l.name }}</code> <span class="quiet">{{ l.shared ? 'shared by' : 'held by' }}</span> <template v-for="(h, i) in l.holders" :key="h">{{ i ? ', ' : '' }}<a v-if="href(h)" :href="href(h)">{{ h }}</a>
                      <span v-else>{{ h }}</span>
                    </template>
                  </li>
                </ul>
                <p v-else class="quiet" style="padding: 12px 14px">None. Nobody waits for one.</p>
              </section>
              <section class="panel">
                <header><h2>Cores</h2></header>
                <div class="cores">
                  <div v-for="(c, i) in state.host.cores || []" :key="i" class="core" :title="'core ' + i + ': ' + Math.round(c) + ' %'">
                    <i :style="{height: c + '%'}"></i>
                  </div>
                </div>
              </section>
              <section class="panel">
                <header><h2>Pressure</h2></header>
                <dl v-if="state.host.pressure" class="pairs">
                  <template v-for="k in ['cpu', 'memory', 'io']" :key="k">
                    <dt>stalled on {{ k }}</dt>
                    <dd><CbNum :value="state.host.pressure[k]" :as="(v) => v.toFixed(1) + ' %'"/></dd>
                  </template>
                </dl>
                <p v-else class="quiet" style="padding: 12px 14px">This kernel does not tell.</p>
              </section>
            </aside>
          </div>
        </div>
      </template>
      <section v-else class="panel">
        <CbEmpty title="Not measured yet">The first figures come within two seconds.</CbEmpty>
      </section>
    </CbFrame>
  `,
};
