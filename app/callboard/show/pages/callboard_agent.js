// One agent: its work, its actions, its tools, how much of it runs at once.
import { computed, reactive, ref, shallowRef, watchEffect } from "vue";
import { Findings } from "callboard/findings.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, act, follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { CbSections } from "callboard/sections.js";
import * as words from "callboard/words.js";

const MOST = 12;
const SETTLE_MS = 250; // an agent that shows much at once is read once

export default {
  components: { CbFrame, CbSections, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const agent = reactive(first.agent.agent ?? first.agent);
    const tasks = new Rows([...(first.agent.recent ?? []).slice(0, MOST), ...first.tasks]);
    const findings = new Findings(first.findings);
    const sections = shallowRef(first.sections);
    const busy = ref(false);
    const path = `/agents/${words.segment(agent.name)}`;
    async function refetch() {
      const [now, board, shown] = await Promise.all([get(path), get("/board"), get(`${path}/sections`).catch(() => sections.value)]);
      sections.value = shown;
      Object.assign(agent, now.agent ?? now);
      tasks.merge([...((now.agent ?? now).recent ?? []).slice(0, MOST), ...board.tasks.filter((t) => t.agent === agent.name)]);
      return board.seq;
    }
    let soon = 0;
    const reread = () => {
      clearTimeout(soon);
      soon = setTimeout(async () => (sections.value = await get(`${path}/sections`).catch(() => sections.value)), SETTLE_MS);
    };
    follow({
      rooms: () => ["board"],
      refetch,
      fold(m) {
        for (const a of m.agents ?? []) if (a.name === agent.name) Object.assign(agent, a);
        tasks.merge((m.tasks ?? []).filter((t) => t.agent === agent.name));
        if ((m.sections ?? []).some((s) => s.agent === agent.name)) reread();
        findings.merge((m.findings ?? []).filter((f) => f.agent === agent.name));
      },
    });
    watchEffect(() => (pulse.running = (agent.running ?? []).length));
    useTitle(() => `${agent.title || agent.name} – Callboard`);
    const RANK = { running: 0, starting: 0, "needs decision": 1, waiting: 2 };
    const recent = computed(() => tasks.list().sort((a, b) => (RANK[a.state] ?? 5) - (RANK[b.state] ?? 5) || (b.ended ?? 0) - (a.ended ?? 0) || b.run - a.run).slice(0, MOST));
    const found = computed(() => findings.list().sort((a, b) => b.at - a.at).slice(0, 8));
    const then = async (done) => done && (await refetch().catch(() => {}));
    const pause = async () => then(await act(`${path}/pause`, { reason: "" }, `${agent.title || agent.name} starts nothing new; what runs goes on`));
    const resume = async () => then(await act(`${path}/resume`, {}, `${agent.title || agent.name} goes on`));
    async function limit(step) {
      if (busy.value) return;
      busy.value = true;
      const wanted = Math.max(0, (agent.concurrency ?? 0) + step);
      const done = await act(`${path}/concurrency`, { limit: wanted }, wanted ? `At most ${wanted} at once` : "No limit of its own");
      await then(done);
      busy.value = false;
    }
    const needs = (n) => [n?.cpus != null && `${words.cpus(n.cpus)} cpu`, n?.memory_mb != null && words.mebibytes(n.memory_mb), ...(n?.locks ?? []).map((l) => `lock ${l.name}${l.shared ? ", shared" : ""}`)].filter(Boolean);
    const effects = (e) => (!e ? [] : [[].concat(e.writes ?? []).length ? `writes ${[].concat(e.writes).join(", ")}` : "changes no file", ...[].concat(e.environment ?? []).filter(Boolean).map((x) => `changes ${x}`), e.network && "uses the network", e.idempotent === false && "is not repeated without asking", e.pure && "judges by its files alone"].filter(Boolean));
    const options = (x) => Object.entries(x.options?.properties ?? {}).map(([name, o]) => ({ name, kind: [].concat(o.type ?? o.anyOf?.map((k) => k.type) ?? "").join(" or "), default: o.default === undefined ? "" : JSON.stringify(o.default), text: o.description ?? "" }));
    return { frame, agent, sections, recent, found, pause, resume, limit, busy, needs, effects, options, words };
  },
  template: `
    <CbFrame :meta="frame" here="/agents">
      <p class="crumb"><a href="/agents">Agents</a><span>/</span><span>{{ agent.name }}</span></p>
      <div class="head">
        <CbState :word="agent.state" big/>
        <h1>{{ agent.title || agent.name }}</h1>
        <div class="acts tools">
          <span class="quiet">at once</span>
          <span class="stepper" role="group" aria-label="How many run at once">
            <button type="button" :disabled="busy || !agent.concurrency" @click="limit(-1)" aria-label="One less" :title="agent.concurrency === 1 ? 'lift the limit' : undefined">−</button>
            <output aria-live="polite" :title="agent.concurrency ? 'at most so many attempts at once' : 'only the machine limits it'">{{ agent.concurrency || 'no limit' }}</output>
            <button type="button" :disabled="busy" @click="limit(1)" aria-label="One more">+</button>
          </span>
          <CbAct v-if="agent.paused" tone="primary" :run="resume">Resume</CbAct>
          <CbAct v-else :run="pause" :disabled="agent.state === 'absent' || !!agent.trouble" why="It is not here, so it starts nothing">Pause</CbAct>
        </div>
      </div>
      <div class="facts">
        <span>{{ agent.summary }}</span>
        <span class="quiet">{{ agent.name }} {{ agent.version }}</span>
        <span><em>running</em><CbNum :value="(agent.running || []).length"/></span>
        <span><em>waiting</em><CbNum :value="agent.waiting"/></span>
        <span>
          <em>CPU</em>
          <CbNum :value="(agent.running || []).length ? agent.cpus_now : null" :as="words.cpus" why="nothing is running"/>
        </span>
        <span>
          <em>memory</em>
          <CbNum :value="(agent.running || []).length ? agent.memory_now_mb : null" :as="words.mebibytes" why="nothing is running"/>
        </span>
      </div>
      <nav v-if="sections.length" class="tags section-links" aria-label="Sections">
        <a v-for="s in sections" :key="s.name" class="tag" :href="'#section-' + s.name">{{ s.title }}</a>
      </nav>
      <p v-if="agent.trouble" class="trouble" style="margin-bottom: 16px">{{ agent.trouble }}</p>
      <p v-if="agent.paused" class="trouble ask" style="margin-bottom: 16px">Paused by {{ agent.paused.by }} <CbAgo :at="agent.paused.since"/>
        <template v-if="agent.paused.reason">: {{ agent.paused.reason }}</template>. What runs goes on; nothing new starts.</p>
      <div class="two">
        <div class="stack">
          <section class="panel">
            <header><h2>Tasks</h2><span class="quiet num">{{ recent.length }}</span></header>
            <table v-if="recent.length" class="table fold">
              <thead>
                <tr>
                  <th>Task</th>
                  <th>State</th>
                  <th style="width: 50%">Result, or why it waits</th>
                  <th class="right">Took</th>
                </tr>
              </thead>
              <tbody>
                <tr v-for="t in recent" :key="t.id">
                  <td>
                    <a class="name" :href="'/tasks/' + t.id">{{ t.name }}</a> <span class="id">{{ t.id }}</span>
                  </td>
                  <td><CbState :word="words.shown(t)"/></td>
                  <td class="full">
                    <CbHold v-if="t.hold" :hold="t.hold"/>
                    <template v-else-if="words.LIVE.has(t.state)">
                      <CbBar :value="words.progressOf(t)"/>
                      <span class="quiet">{{ t.note }}</span>
                    </template>
                    <span v-else class="reason">{{ t.reason }}</span>
                  </td>
                  <td class="right off-phone">
                    <CbNum :value="words.elapsed(t)" :as="t.ended == null ? words.ticking : words.duration" why="not started"/>
                  </td>
                </tr>
              </tbody>
            </table>
            <CbEmpty v-else title="Nothing called lately">Its newest tasks are listed here.</CbEmpty>
          </section>
          <CbSections :sections="sections"/>
          <section class="panel">
            <header><h2>Actions</h2><span class="quiet num">{{ (agent.actions || []).length }}</span></header>
            <ul class="rows">
              <li v-for="x in agent.actions" :key="x.name">
                <p><span class="name">{{ x.title || x.name }}</span> <code class="quiet">{{ x.name }}</code></p>
                <p class="reason">{{ x.summary }}</p>
                <p class="tags" style="margin-top: 5px">
                  <span v-for="n in needs(x.needs)" :key="n" class="tag">{{ n }}</span>
                  <span v-if="x.time_limit" class="tag">at most {{ words.duration(x.time_limit) }}</span>
                  <span v-for="e in effects(x.effects)" :key="e" class="tag">{{ e }}</span>
                  <span v-for="t in x.tools || []" :key="t" class="tag mono">{{ t }}</span>
                  <span v-for="p in x.provides || []" :key="p" class="tag">offers {{ p }}</span>
                  <span v-if="x.undo" class="tag">undone by {{ x.undo }}</span>
                </p>
                <details v-if="options(x).length" style="margin-top: 6px">
                  <summary class="quiet">{{ words.plural(options(x).length, 'option') }}</summary>
                  <dl class="pairs" style="padding: 6px 0 !important">
                    <template v-for="o in options(x)" :key="o.name">
                      <dt><code>{{ o.name }}</code> {{ o.kind }}</dt>
                      <dd style="text-align: left">{{ o.text }}<span v-if="o.default !== ''" class="quiet"> default {{ o.default }}</span>
                      </dd>
                    </template>
                  </dl>
                </details>
              </li>
            </ul>
            <CbEmpty v-if="!(agent.actions || []).length" title="It offers no action">{{ agent.trouble ? 'Its package is broken, see above.' : 'An agent without actions does nothing.' }}</CbEmpty>
          </section>
        </div>
        <aside class="stack">
          <section class="panel">
            <header><h2>Tools on this machine</h2></header>
            <ul v-if="(agent.tools || []).length" class="rows">
              <li v-for="t in agent.tools" :key="t.name">
                <CbState :word="t.ready === true ? 'succeeded' : t.ready === false ? 'error' : 'unknown'" bare/> <span class="name">{{ t.name }}</span> <span class="quiet num">{{ t.version || '' }}</span>
                <p class="reason">{{ t.words }}</p>
                <p class="quiet">Covers {{ t.covers }}<template v-if="t.cost">; usually {{ t.cost }}</template>
                  <template v-if="t.ready === false">. Stays unchecked without it</template>
                </p>
                <CbCommand v-if="t.get && t.ready === false" :text="t.get"/>
              </li>
            </ul>
            <CbEmpty v-else title="It wraps no tool">All that it does is its own code.</CbEmpty>
          </section>
          <section class="panel compact">
            <header><h2>Newest findings</h2></header>
            <ul v-if="found.length"><CbFinding v-for="f in found" :key="f.id" :f="f"/></ul>
            <CbEmpty v-else title="Nothing found">What it notices appears here.</CbEmpty>
          </section>
        </aside>
      </div>
    </CbFrame>
  `,
};
