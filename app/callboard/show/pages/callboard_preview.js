// What a run would do, in which order and why; then starts it.
import { computed, ref, shallowRef } from "vue";
import { CbFrame, useTitle } from "callboard/frame.js";
import { CbGantt } from "callboard/gantt.js";
import { CbGraph } from "callboard/graph.js";
import { Rows, act, follow, get, newKey } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

export default {
  components: { CbFrame, CbGantt, CbGraph, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const plan = shallowRef(first.plan);
    const all = first.plan.jobs; // what could run; what is left out stays listed
    const graph = first.graph;
    const left = ref(new Set());
    const priority = ref("medium");
    const affected = ref(first.affected === true);
    const pending = ref(false);
    const trouble = ref("");
    const drawing = ref("order");
    const tasks = new Rows(all);
    const byName = computed(() => new Map(plan.value.jobs.map((j) => [j.name, j])));
    useTitle(() => "Start a run – Callboard");
    follow({ rooms: () => ["board"], refetch: async () => null, fold() {} });

    let asked = 0;
    let timer;
    async function ask() {
      const mine = ++asked;
      pending.value = true;
      try {
        const query = new URLSearchParams({ pipeline: plan.value.pipeline });
        for (const name of left.value) query.append("skip", name);
        if (affected.value) query.set("affected", "true");
        const found = await get(`/plan?${query}`);
        if (mine === asked) (plan.value = found), (trouble.value = "");
      } catch (problem) {
        if (mine === asked) trouble.value = problem.message;
      } finally {
        if (mine === asked) pending.value = false;
      }
    }
    function toggle(name) {
      const now = new Set(left.value);
      now.has(name) ? now.delete(name) : now.add(name);
      left.value = now;
      clearTimeout(timer);
      timer = setTimeout(ask, 200);
    }
    function narrow(event) {
      affected.value = event.target.checked;
      key = newKey();
      ask();
    }
    let key = newKey();
    async function start() {
      const answer = await act("/runs", { pipeline: plan.value.pipeline, only: [], skip: [...left.value], priority: priority.value, affected: affected.value }, "", { "Idempotency-Key": key });
      if (answer?.run) return void (location.href = `/runs/${answer.run}`), await new Promise((r) => setTimeout(r, 3000));
      key = newKey();
    }
    const other = (event) => (location.href = `/runs/new?pipeline=${words.segment(event.target.value)}${affected.value ? "&affected=true" : ""}`);
    const span = computed(() => plan.value.span);
    const range = (r) => (!r ? words.DASH : Math.abs((r.p80 ?? r.p50) - r.p50) < 0.5 ? words.duration(r.p50) : `${words.duration(r.p50)} to ${words.duration(r.p80)}`);
    const stages = computed(() => {
      const found = new Map();
      for (const j of all) {
        const stage = j.stage || "other";
        found.has(stage) ? found.get(stage).push(j) : found.set(stage, [j]);
      }
      return [...found].map(([name, jobs]) => ({ name, jobs }));
    });
    const going = computed(() => all.filter((j) => byName.value.has(j.name) && !left.value.has(j.name)).length);
    const needs = (n) => [`${words.cpus(n?.cpus)} cpu`, words.mebibytes(n?.memory_mb), ...(n?.locks ?? []).map((l) => `lock ${l.name}`)];
    const untrusted = frame.workspace?.trusted === false;
    return { frame, untrusted, plan, all, graph, tasks, left, priority, affected, narrow, pending, trouble, drawing, byName, toggle, start, other, span, range, stages, going, needs, pipelines: first.pipelines, words };
  },
  template: `
    <CbFrame :meta="frame" here="/runs/new">
      <div class="head">
        <h1>Start a run</h1>
        <div class="acts tools">
          <label v-if="pipelines.length > 1">
            <span class="sr">Pipeline</span>
            <select :value="plan.pipeline" @change="other">
              <option v-for="p in pipelines" :key="p" :value="p">{{ p }}</option>
            </select>
          </label>
          <label title="What passed before with the same files, options and tools is not run again">
            <input type="checkbox" name="affected" :checked="affected" @change="narrow"/> only what is affected
          </label>
          <label>
            <span class="sr">Priority</span>
            <select v-model="priority">
              <option value="critical">critical priority</option>
              <option value="high">high priority</option>
              <option value="medium">medium priority</option>
              <option value="low">low priority</option>
            </select>
          </label>
          <CbAct tone="primary" :run="start" :disabled="!going || pending || untrusted" :why="untrusted ? 'This workspace is not trusted yet: start Callboard with --trust' : pending ? 'The plan is being worked out' : 'No job is left to start'">Start {{ words.plural(going, 'job') }}</CbAct>
        </div>
      </div>
      <div class="facts" :style="{opacity: pending ? .55 : 1}">
        <span><em>pipeline</em>{{ plan.pipeline }}</span>
        <span><em>jobs</em><span class="num">{{ going }} of {{ all.length }}</span></span>
        <span><em>expected</em><span class="num">{{ range(span) }}</span></span>
        <span v-if="affected"><em>unchanged</em><span class="num">{{ plan.unchanged ?? 0 }}</span></span>
        <span class="quiet">{{ plan.note }}</span>
      </div>
      <ul v-if="(plan.trouble || []).length || trouble" class="stack" style="margin-bottom: 16px; gap: 8px">
        <li v-if="trouble" class="trouble">{{ trouble }}</li>
        <li v-for="t in plan.trouble" :key="t" class="trouble ask">{{ t }}</li>
      </ul>
      <div v-if="all.length" class="stack">
        <section class="panel">
          <header>
            <h2>When</h2>
            <span class="more chips">
              <button type="button" class="chip" :aria-pressed="drawing === 'order'" @click="drawing = 'order'">in time</button>
              <button v-if="graph" type="button" class="chip" :aria-pressed="drawing === 'graph'" @click="drawing = 'graph'">as graph</button>
            </span>
          </header>
          <CbGantt v-if="drawing === 'order'" plan :tasks="plan.jobs" :style="{opacity: pending ? .55 : 1}"/>
          <CbGraph v-else plan :graph="graph" :tasks="tasks"/>
        </section>
        <section v-for="s in stages" :key="s.name" class="panel">
          <header><h2>{{ s.name }}</h2><span class="quiet num">{{ s.jobs.length }}</span></header>
          <table class="table fold even">
            <thead>
              <tr>
                <th style="width: 40px"><span class="sr">Call it</span></th>
                <th style="width: 27%">Job</th>
                <th>Because</th>
                <th style="width: 15%">Takes</th>
                <th class="right" style="width: 12.500%">Starts</th>
                <th class="right" style="width: 12.500%">Ends</th>
              </tr>
            </thead>
            <tbody>
              <tr v-for="j in s.jobs" :key="j.name" :data-job="j.name" :style="{opacity: byName.has(j.name) && !left.has(j.name) ? 1 : .5}">
                <td class="full">
                  <label>
                    <input type="checkbox" :checked="!left.has(j.name)" @change="toggle(j.name)" :aria-label="'Call ' + j.name"/>
                  </label>
                </td>
                <td class="full">
                  <span class="name">{{ j.name }}</span> <a class="quiet" :href="words.agentHref(j.agent)">{{ j.agent }}</a>
                  <br>
                  <span class="quiet">{{ j.title }}</span>
                </td>
                <td class="full reason">{{ j.because }}<template v-if="affected && byName.get(j.name)?.affected"><br><span class="quiet">{{ byName.get(j.name).affected }}</span></template></td>
                <td class="full">
                  <span class="tags" :title="j.needs?.learned || null"><span v-for="n in needs(j.needs)" :key="n" class="tag">{{ n }}</span></span>
                </td>
                <template v-if="byName.get(j.name) && !left.has(j.name)">
                  <td class="right num" data-label="starts">{{ range(byName.get(j.name).start) }}</td>
                  <td class="right num" data-label="ends">{{ range(byName.get(j.name).end) }}</td>
                </template>
                <template v-else>
                  <td class="right quiet full" colspan="2">{{ left.has(j.name) ? 'left out' : 'not without what is left out' }}</td>
                </template>
              </tr>
            </tbody>
          </table>
        </section>
      </div>
      <section v-else class="panel">
        <CbEmpty title="Nothing to run here">Callboard found nothing in this workspace that the crew can work on. Write a <code>callboard.toml</code> with <code>callboard init</code>, or look at <a href="/agents"><b>what the agents can do</b></a>.</CbEmpty>
      </section>
    </CbFrame>
  `,
};
