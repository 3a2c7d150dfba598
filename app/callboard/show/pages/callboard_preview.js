// What a run would do, in which order and why; then starts it.
import { computed, reactive, ref, shallowRef } from "vue";
import { CbBefore } from "callboard/before.js";
import { CbCi } from "callboard/ci.js";
import { CbChoice, useChoice } from "callboard/choice.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbDialog } from "callboard/dialog.js";
import { CbForm, errorsOf, optionWords } from "callboard/form.js";
import { CbForesee } from "callboard/forecast.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { CbGantt } from "callboard/gantt.js";
import { CbGraph } from "callboard/graph.js";
import { Rows, act, follow, get, newKey } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const SETTLE_MS = 200;
const PRIORITIES = ["critical", "high", "medium", "low"];
const shell = (text) => (/^[\w@%+=:,./*-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export default {
  components: { CbBefore, CbChoice, CbCi, CbDialog, CbForesee, CbForm, CbFrame, CbGantt, CbGraph, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const plan = shallowRef(first.plan);
    const priority = ref(first.priority ?? "");
    const affected = ref(first.affected === true);
    const options = reactive(first.options ?? {});
    const pending = ref(false);
    const trouble = ref("");
    const drawing = ref("order");
    const graph = first.graph;
    const tasks = new Rows(first.plan.jobs);
    const choice = useChoice(first.plan, changed);
    const pipeline = first.plan.pipeline;
    useTitle(() => "Start a run – Callboard");
    useList("#main .choice-row");
    follow({ rooms: () => ["board"], refetch: async () => null, fold() {} });

    // -- the plan follows what is chosen; the address too --
    const given = () => Object.fromEntries(Object.entries(options).filter(([, of]) => Object.keys(of).length));
    function address() {
      const query = new URLSearchParams();
      if (pipeline !== "default") query.set("pipeline", pipeline);
      const { only, skip } = choice.asked();
      for (const name of only) query.append("only", name);
      for (const name of skip) query.append("skip", name);
      if (affected.value) query.set("affected", "true");
      if (priority.value) query.set("priority", priority.value);
      for (const [job, of] of Object.entries(given())) for (const [name, value] of Object.entries(of)) query.append("option", `${job}.${name}:${typeof value === "string" ? value : JSON.stringify(value)}`);
      history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    }
    let asked = 0;
    let timer;
    let key = newKey();
    async function ask() {
      const mine = ++asked;
      pending.value = true;
      try {
        const { only, skip } = choice.asked();
        const query = new URLSearchParams({ pipeline });
        for (const name of only) query.append("only", name);
        for (const name of skip) query.append("skip", name);
        if (affected.value) query.set("affected", "true");
        if (Object.keys(given()).length) query.set("options", JSON.stringify(given()));
        const found = await get(`/plan?${query}`);
        if (mine === asked) (plan.value = found), (trouble.value = ""), choice.learn(found);
        return "";
      } catch (problem) {
        if (mine === asked) trouble.value = problem.message;
        return problem.message;
      } finally {
        if (mine === asked) pending.value = false;
      }
    }
    function changed() {
      key = newKey();
      pending.value = true;
      clearTimeout(timer);
      timer = setTimeout(ask, SETTLE_MS);
      address();
    }
    const narrow = (on) => ((affected.value = on), changed());
    const rank = (value) => ((priority.value = value), (key = newKey()), address());
    const other = (name) => (location.href = `/runs/new?pipeline=${words.segment(name)}${affected.value ? "&affected=true" : ""}`);

    // -- options of one job --
    const editing = ref(null);
    const values = ref({});
    const errors = ref({});
    const form = ref(null);
    let schemas = null;
    async function edit(job) {
      try {
        schemas ??= new Map((await get("/actions")).map((a) => [a.name, a]));
      } catch (problem) {
        trouble.value = problem.message;
        return;
      }
      const action = schemas.get(job.action);
      if (!action) return;
      errors.value = {};
      values.value = { ...(options[job.name] ?? {}) };
      const properties = Object.fromEntries(Object.entries(action.options?.properties ?? {}).map(([name, o]) => [name, name in (job.options ?? {}) && !(name in values.value) ? { ...o, default: job.options[name] } : o]));
      editing.value = { job, action: { ...action, options: { ...action.options, properties, required: [] } } };
    }
    async function keep() {
      const typed = form.value?.typed();
      if (!typed) return;
      const name = editing.value.job.name;
      const before = options[name];
      if (Object.keys(typed).length) options[name] = typed;
      else delete options[name];
      clearTimeout(timer);
      const wrong = await ask();
      if (wrong) {
        errors.value = errorsOf(wrong, editing.value.action.options);
        before ? (options[name] = before) : delete options[name];
        ask();
        return;
      }
      key = newKey();
      address();
      editing.value = null;
    }

    const going = computed(() => (pending.value ? choice.count.value : plan.value.jobs.length));
    const untrusted = frame.workspace?.trusted === false;
    const why = computed(() => (untrusted ? "This workspace is not trusted yet: start Callboard with --trust" : pending.value ? "The plan is being worked out" : trouble.value ? "The plan cannot be worked out, see above" : "No job is left to start"));
    const able = computed(() => !untrusted && !pending.value && !trouble.value && plan.value.jobs.length > 0);
    let starting = false;
    async function start() {
      if (!able.value || starting) return;
      starting = true;
      const { only, skip } = choice.asked();
      const body = { pipeline, only, skip, priority: priority.value || null, affected: affected.value, options: given(), planned: plan.value.marks ?? {} };
      const answer = await act("/runs", body, "", { "Idempotency-Key": key });
      if (answer?.run) {
        location.href = `/runs/${answer.run}`;
        await new Promise((r) => setTimeout(r, 3000));
      } else key = newKey();
      starting = false;
    }
    const command = computed(() => {
      const { only, skip } = choice.asked();
      return ["callboard run", pipeline !== "default" && `--pipeline ${shell(pipeline)}`, ...only.map((n) => `--only ${shell(n)}`), ...skip.map((n) => `--skip ${shell(n)}`), affected.value && "--affected", priority.value && `--priority ${priority.value}`, ...Object.entries(given()).flatMap(([job, of]) => optionWords(of, null, `${job}.`))].filter(Boolean).join(" ");
    });
    useCommands(() => [
      { id: "start", title: `Start ${words.plural(plan.value.jobs.length, "job")}`, keys: "mod+enter", run: start, when: () => able.value },
      { id: "affected", title: affected.value ? "All jobs, not only what is affected" : "Only what is affected", keys: "shift+a", run: () => narrow(!affected.value) },
      { id: "all", title: "Choose all jobs", run: () => choice.all(true) },
      { id: "none", title: "Choose no job", run: () => choice.all(false) },
      { id: "toggle", title: "Choose or leave out the row in focus", keys: "x", run: () => document.activeElement?.closest(".choice-row")?.querySelector("input")?.click(), hidden: true },
      { id: "drawing", title: drawing.value === "order" ? "Show the plan as a graph" : "Show the plan in time", run: () => (drawing.value = drawing.value === "order" ? "graph" : "order"), when: () => !!graph },
      ...PRIORITIES.map((p) => ({ id: `priority.${p}`, title: `Priority: ${p}`, run: () => rank(p), when: () => priority.value !== p })),
      ...first.pipelines.filter((p) => p !== pipeline).map((p) => ({ id: `pipeline.${p}`, title: `Pipeline: ${p}`, run: () => other(p) })),
      ...choice.jobs.value.filter((j) => j.action && j.action !== "command").map((j) => ({ id: `options.${j.name}`, title: `Options of ${j.name}…`, group: "Jobs", run: () => edit(j) })),
      ...choice.jobs.value.map((j) => ({ id: `choose.${j.name}`, title: `${choice.on(j.name) ? "Leave out" : "Choose"} ${j.name}`, group: "Jobs", run: () => choice.toggle(j.name) })),
    ], "This plan");
    const span = computed(() => plan.value.span);
    return { frame, untrusted, plan, graph, tasks, choice, priority, affected, narrow, rank, pending, trouble, drawing, ask, start, other, span, going, able, why, options, edit, editing, values, errors, form, keep, command, pipelines: first.pipelines, notes: first.notes ?? [], PRIORITIES, words };
  },
  template: `
    <CbFrame :meta="frame" here="/runs/new">
      <div class="head">
        <h1>Start a run</h1>
        <div class="acts tools">
          <label v-if="pipelines.length > 1">
            <span class="sr">Pipeline</span>
            <select :value="plan.pipeline" @change="other($event.target.value)">
              <option v-for="p in pipelines" :key="p" :value="p">{{ p }}</option>
            </select>
          </label>
          <label class="plan-affected" title="What passed before with the same files, options and tools is not run again">
            <input type="checkbox" name="affected" :checked="affected" @change="narrow($event.target.checked)"/> only what is affected
          </label>
          <label>
            <span class="sr">Priority</span>
            <select name="priority" :value="priority" @change="rank($event.target.value)">
              <option value="">{{ plan.priority || 'medium' }} priority</option>
              <option v-for="p in PRIORITIES.filter((p) => p !== (plan.priority || 'medium') || p === priority)" :key="p" :value="p">{{ p }} priority</option>
            </select>
          </label>
          <CbAct tone="primary" :run="start" :disabled="!able" :why="why" data-start title="Ctrl-Enter">Start {{ words.plural(going, 'job') }}</CbAct>
        </div>
      </div>
      <ul v-if="notes.length || (plan.trouble || []).length || trouble" class="stack plan-said">
        <li v-for="n in notes" :key="n" class="trouble ask">{{ n }}</li>
        <li v-if="trouble" class="trouble" role="alert">{{ trouble }} <button type="button" class="link" @click="ask">Try again</button></li>
        <li v-for="t in plan.trouble" :key="t" class="trouble ask">{{ t }}</li>
      </ul>
      <div v-if="choice.jobs.value.length" class="two plan" :class="{pending}" :aria-busy="pending">
        <div class="stack">
          <section class="panel">
            <header>
              <h2>When</h2>
              <span class="quiet">{{ plan.note }}</span>
              <span class="more chips">
                <button type="button" class="chip" :aria-pressed="drawing === 'order'" @click="drawing = 'order'">in time</button>
                <button v-if="graph" type="button" class="chip" :aria-pressed="drawing === 'graph'" @click="drawing = 'graph'">as graph</button>
              </span>
            </header>
            <div v-if="drawing === 'order'" class="plan-gantt" :class="{long: plan.jobs.length > 30}" tabindex="0" role="region" aria-label="The jobs in time"><CbGantt plan :tasks="plan.jobs"/></div>
            <CbGraph v-else plan :graph="graph" :tasks="tasks"/>
          </section>
          <CbChoice :choice="choice" :plan="plan" :options="options" :affected="affected" @edit="edit"/>
          <CbCi :pipeline="plan.pipeline"/>
        </div>
        <aside class="stack"><CbForesee v-if="!untrusted" :asked="{ pipeline: plan.pipeline, without: choice.jobs.value.filter((j) => !choice.on(j.name)).map((j) => j.name) }"/><CbBefore :plan="plan" :total="choice.jobs.value.length" :affected="affected"/>
          <section class="panel"><header><h2>The same at the terminal</h2></header><div class="plan-command"><CbCommand :text="command"/></div></section>
        </aside>
      </div>
      <section v-else class="panel">
        <CbEmpty title="Nothing to run here">Callboard found nothing in this workspace that the crew can work on. Write a <code>callboard.toml</code> with <code>callboard init</code>, or look at <a href="/agents"><b>what the agents can do</b></a>.</CbEmpty>
      </section>
      <CbDialog :open="!!editing" :title="editing ? 'Options of ' + editing.job.name : ''" wide @update:open="(on) => on || (editing = null)">
        <div v-if="editing" class="stack" @keydown.ctrl.enter.prevent.stop="keep" @keydown.meta.enter.prevent.stop="keep">
          <p class="reason">For this run alone. {{ editing.action.summary }}</p>
          <CbForm ref="form" :schema="editing.action.options" v-model="values" :errors="errors"/>
        </div>
        <template #acts>
          <button type="button" class="button" @click="editing = null">Cancel</button>
          <button type="button" class="button primary" data-keep @click="keep">Use these</button>
        </template>
      </CbDialog>
    </CbFrame>
  `,
};
