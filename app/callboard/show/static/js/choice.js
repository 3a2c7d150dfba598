// Which jobs of a pipeline run: a tree by stage with boxes; what needs one that is left out is left out with it.
import { computed, reactive, ref } from "vue";
import { CbState } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const range = (r) => (!r ? words.DASH : Math.abs((r.p80 ?? r.p50) - r.p50) < 0.5 ? words.duration(r.p50) : `${words.duration(r.p50)} – ${words.duration(r.p80)}`);
const CHOOSABLE = new Set(["skip", "lost", "only"]);

// All jobs that could run, by name; `depends` are names. `changed` is called when a person changes the choice.
export function useChoice(plan, changed) {
  const known = reactive(new Map());
  const out = ref(new Set());
  const order = [];
  const ids = (found) => new Map(found.jobs.map((j) => [j.id, j.name]));
  function learn(found) {
    const names = ids(found);
    for (const j of found.jobs) put({ ...j, depends: (j.depends ?? []).map((id) => names.get(id)).filter(Boolean) });
    for (const l of found.left ?? []) put({ ...l, fixed: !CHOOSABLE.has(l.kind) });
  }
  function put(job) {
    if (!known.has(job.name)) order.push(job.name);
    known.set(job.name, { ...(known.get(job.name) ?? {}), ...job });
  }
  learn(plan);
  for (const l of plan.left ?? []) if (l.kind === "skip" || l.kind === "only") out.value.add(l.name);
  const jobs = computed(() => order.map((name) => known.get(name)).filter((j) => !j.fixed));
  const fixed = computed(() => order.map((name) => known.get(name)).filter((j) => j.fixed));
  // Which are left out because something that they need is; each with that.
  const lost = computed(() => {
    const found = new Map();
    const look = (name, seen) => {
      const job = known.get(name);
      if (!job || seen.has(name)) return "";
      if (found.has(name)) return found.get(name);
      seen.add(name);
      const parent = (job.depends ?? []).find((p) => known.has(p) && (out.value.has(p) || look(p, seen)));
      found.set(name, parent ?? "");
      return parent ?? "";
    };
    for (const j of jobs.value) look(j.name, new Set());
    return found;
  });
  const on = (name) => !out.value.has(name) && !lost.value.get(name);
  const count = computed(() => jobs.value.filter((j) => on(j.name)).length);
  function needed(name, into) {
    if (into.has(name)) return into;
    into.add(name);
    for (const p of known.get(name)?.depends ?? []) needed(p, into);
    return into;
  }
  function set(names, yes) {
    const now = new Set(out.value);
    for (const name of names) {
      if (yes) for (const n of needed(name, new Set())) now.delete(n);
      else now.add(name);
    }
    out.value = now;
    changed();
  }
  const toggle = (name) => set([name], !on(name));
  const all = (yes) => set(jobs.value.map((j) => j.name), yes);
  // As few words as it takes: the jobs that run, or those that do not.
  function asked() {
    const skip = [...out.value];
    if (!skip.length) return { only: [], skip: [] };
    const chosen = jobs.value.filter((j) => on(j.name)).map((j) => j.name);
    return chosen.length && chosen.length < skip.length ? { only: chosen, skip: [] } : { only: [], skip };
  }
  return { jobs, fixed, out, lost, on, count, set, toggle, all, asked, learn };
}

export const CbChoice = {
  components: { CbState },
  props: { choice: Object, plan: Object, options: Object, affected: Boolean },
  emits: ["edit"],
  setup(props) {
    const text = ref("");
    const shut = ref(new Set());
    const open = ref(new Set());
    const now = computed(() => new Map(props.plan.jobs.map((j) => [j.name, j])));
    const fits = (j) => {
      const asked = text.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const said = [j.name, j.agent, j.title, j.stage, j.because, j.folder].join(" ").toLowerCase();
      return asked.every((word) => said.includes(word));
    };
    const stages = computed(() => {
      const found = new Map();
      for (const j of props.choice.jobs.value) {
        const stage = j.stage || "other";
        if (!found.has(stage)) found.set(stage, []);
        found.get(stage).push(j);
      }
      return [...found].map(([name, jobs]) => {
        const on = jobs.filter((j) => props.choice.on(j.name)).length;
        return { name, jobs, shown: jobs.filter(fits), on, some: on > 0 && on < jobs.length };
      }).filter((s) => s.shown.length);
    });
    const flip = (set, name) => {
      const next = new Set(set.value);
      next.has(name) ? next.delete(name) : next.add(name);
      set.value = next;
    };
    const needs = (n) => [`${words.cpus(n?.cpus)} cpu`, words.mebibytes(n?.memory_mb), ...Object.entries(n?.extra ?? {}).map(([k, v]) => `${v} ${k}`)];
    const touches = (e) => (!e ? [] : [(e.writes ?? []).length ? `writes ${e.writes.join(", ")}` : "", e.environment && `changes ${e.environment}`, e.network && "uses the network", !e.idempotent && "runs once only"].filter(Boolean));
    const given = (name) => Object.entries(props.options[name] ?? {}).map(([k, v]) => `${k} = ${typeof v === "string" ? v : JSON.stringify(v)}`);
    return { text, shut, open, now, stages, flip, needs, touches, given, range, words };
  },
  template: `
    <section class="panel choice">
      <header>
        <h2>Jobs</h2><span class="quiet num">{{ choice.count.value }} of {{ choice.jobs.value.length }}</span>
        <span class="more tools">
          <input type="search" v-model="text" data-search placeholder="Find a job" aria-label="Find a job"/>
          <button type="button" class="link" @click="choice.all(true)">all</button>
          <button type="button" class="link" @click="choice.all(false)">none</button>
        </span>
      </header>
      <div v-for="s in stages" :key="s.name" class="choice-stage" :data-stage="s.name">
        <div class="choice-head">
          <input type="checkbox" :checked="s.on > 0 && !s.some" :indeterminate="s.some" :aria-label="'All of ' + s.name" @change="choice.set(s.jobs.map((j) => j.name), !(s.on > 0 && !s.some))"/>
          <button type="button" class="choice-name" :aria-expanded="!shut.has(s.name)" @click="flip(shut, s.name)"><span aria-hidden="true">{{ shut.has(s.name) ? '▸' : '▾' }}</span> {{ s.name }} <span class="quiet num">{{ s.on }} of {{ s.jobs.length }}</span></button>
        </div>
        <ul v-if="!shut.has(s.name)">
          <li v-for="j in s.shown" :key="j.name" class="choice-row" :class="{off: !choice.on(j.name), still: now.get(j.name)?.stands_for}" :data-job="j.name">
            <input type="checkbox" :checked="choice.on(j.name)" :aria-label="'Call ' + j.name" @change="choice.toggle(j.name)"/>
            <div class="choice-what">
              <p class="choice-line"><span class="name">{{ j.name }}</span> <a v-if="j.agent" class="quiet" :href="words.agentHref(j.agent)">{{ j.agent }}</a>
                <span v-if="now.get(j.name)?.critical && !now.get(j.name)?.stands_for" class="critical-mark" title="on the longest path">critical path</span>
                <span v-if="j.here && j.here.ready !== true" class="tag" :class="j.here.ready === false ? 't-bad toned' : 't-odd toned'" :title="j.here.words">{{ j.here.ready === false ? 'cannot work here' : 'in part' }}</span>
                <span v-if="j.asks" class="tag t-ask toned" :title="j.asks">may ask</span>
                <span v-for="l in j.needs?.locks || []" :key="l.name" class="tag">lock {{ l.name }}{{ l.shared ? ', shared' : '' }}</span>
                <span v-for="o in given(j.name)" :key="o" class="tag t-velvet toned">{{ o }}</span>
              </p>
              <p class="choice-why quiet">
                <template v-if="!choice.on(j.name)">{{ choice.out.value.has(j.name) ? 'left out' : 'not without ' + choice.lost.value.get(j.name) }}</template>
                <template v-else-if="affected && now.get(j.name)?.affected"><CbState v-if="now.get(j.name).stands_for" word="unchanged" bare/> {{ now.get(j.name).affected }}</template>
                <template v-else>{{ j.title || j.because }}</template>
              </p>
              <div v-if="open.has(j.name)" class="choice-more">
                <p class="tags"><span v-for="n in needs(j.needs)" :key="n" class="tag">{{ n }}</span><span v-for="n in touches(j.effects)" :key="n" class="tag">{{ n }}</span><span class="tag">at most {{ words.duration(j.time_limit) }}</span><span v-if="j.undo" class="tag">undone by {{ j.undo }}</span><span v-for="o in j.others || []" :key="o" class="tag">{{ o }} could do it too</span></p>
                <p v-if="j.because" class="quiet">because {{ j.because }}</p>
                <p v-if="j.needs?.learned" class="quiet">{{ j.needs.learned }}</p>
                <p v-if="(j.depends || []).length" class="quiet">needs {{ j.depends.join(', ') }}</p>
                <p v-if="now.get(j.name)?.start" class="quiet">starts {{ range(now.get(j.name).start) }} and ends {{ range(now.get(j.name).end) }} after the run begins, usual to slow</p>
                <p class="quiet">usually {{ words.duration(j.estimate) }}: {{ j.estimate_from }}</p>
                <p v-if="j.here && j.here.ready !== true" class="reason">{{ j.here.words }}</p>
              </div>
            </div>
            <span class="choice-when num" :title="now.get(j.name)?.start ? 'starts ' + range(now.get(j.name).start) + ', ends ' + range(now.get(j.name).end) + ' after the start of the run: usual to slow' : undefined"><template v-if="now.get(j.name)?.start && choice.on(j.name)"><span class="quiet">{{ words.duration(now.get(j.name).start.p50) }} →</span> {{ range(now.get(j.name).end) }}</template></span>
            <span class="choice-acts">
              <button v-if="j.action && j.action !== 'command'" type="button" class="link" aria-haspopup="dialog" :aria-label="'Options of ' + j.name" @click="$emit('edit', j)">options</button>
              <button type="button" class="link" :aria-expanded="open.has(j.name)" :aria-label="(open.has(j.name) ? 'Less' : 'More') + ' about ' + j.name" @click="flip(open, j.name)">{{ open.has(j.name) ? 'less' : 'more' }}</button>
            </span>
          </li>
        </ul>
      </div>
      <p v-if="!stages.length" class="quiet choice-none">No job fits '{{ text }}'.</p>
    </section>
  `,
};
