// What to know before a run starts: how long, who may be asked, what is undone, gates, locks, the boundary, what is not done.
import { computed } from "vue";
import { range } from "callboard/choice.js";
import * as words from "callboard/words.js";

const MOST = 8;
const NAMES = 4;

const CbList = {
  props: { title: String, rows: Array, tone: String, none: String },
  setup(props) {
    // Jobs of which the same is true are one line.
    const lines = computed(() => {
      const found = new Map();
      for (const r of props.rows) found.set(r.text, [...(found.get(r.text) ?? []), r.name]);
      return [...found].map(([text, names]) => ({ text, name: names.slice(0, NAMES).join(", ") + (names.length > NAMES ? ` and ${words.count(names.length - NAMES)} more` : "") }));
    });
    return { MOST, lines };
  },
  template: `
    <section v-if="rows.length || none" class="before-part" :class="[tone, {toned: rows.length && tone}]" :data-before="title">
      <h3>{{ title }} <span v-if="rows.length" class="quiet num">{{ rows.length }}</span></h3>
      <ul v-if="lines.length"><li v-for="(r, i) in lines.slice(0, MOST)" :key="i"><b v-if="r.name">{{ r.name }}</b><template v-if="r.name && r.text">: </template>{{ r.text }}</li></ul>
      <details v-if="lines.length > MOST"><summary class="quiet">{{ lines.length - MOST }} more</summary><ul><li v-for="(r, i) in lines.slice(MOST)" :key="i"><b v-if="r.name">{{ r.name }}</b><template v-if="r.name && r.text">: </template>{{ r.text }}</li></ul></details>
      <p v-else-if="!rows.length" class="quiet">{{ none }}</p>
    </section>
  `,
};

export const CbBefore = {
  components: { CbList },
  props: { plan: Object, total: Number, affected: Boolean },
  setup(props) {
    const p = computed(() => props.plan);
    const of = (key) => p.value[key] ?? [];
    const asks = computed(() => of("asks").map((a) => ({ name: a.job, text: `${a.when}: ${a.what}` })));
    const undo = computed(() => of("undo").map((u) => ({ name: u.job, text: `if it fails, ${u.by} takes back what it did` })));
    const gates = computed(() => of("gates").map((g) => ({ name: g.job, text: g.jobs.length ? `${g.jobs.join(", ")} must be green before` : `'${g.pattern}' must be green before, and no job before it fits: the gate stays shut` })));
    const locks = computed(() => of("locks").filter((l) => l.apart).map((l) => ({ name: l.name, text: `one after the other: ${l.jobs.join(", ")}` })));
    const refused = computed(() => of("refused").map((r) => ({ name: r.job, text: r.why })));
    const cannot = computed(() => of("cannot").filter((c) => c.ready === false).map((c) => ({ name: c.job, text: `will end unknown: ${c.words}` })));
    const partly = computed(() => of("cannot").filter((c) => c.ready !== false).map((c) => ({ name: c.job, text: c.words })));
    const still = computed(() => p.value.jobs.filter((j) => j.stands_for).map((j) => ({ name: j.name, text: j.affected })));
    const left = computed(() => of("left").map((l) => ({ name: l.name, text: l.why })));
    const b = computed(() => p.value.boundary);
    const shut = computed(() => gates.value.some((g) => g.text.includes("stays shut")));
    return { p, asks, undo, gates, locks, refused, cannot, partly, still, left, b, shut, range, words };
  },
  template: `
    <section class="panel before">
      <header><h2>Before it starts</h2></header>
      <dl class="before-figures">
        <div><dt>by the plan</dt><dd class="num">{{ p.span ? range(p.span) : 'no time can be given' }}</dd></div>
        <div><dt>jobs</dt><dd class="num">{{ p.jobs.length }} of {{ total }}</dd></div>
        <div v-if="affected"><dt>unchanged</dt><dd class="num">{{ p.unchanged || 0 }}</dd></div>
        <div v-if="p.capacity"><dt>room</dt><dd class="num">{{ words.cpus(p.capacity.cpus) }} cpus, {{ words.mebibytes(p.capacity.memory_mb) }}</dd></div>
      </dl>
      <CbList title="The boundary refuses" :rows="refused" tone="t-bad"/>
      <CbList title="Cannot work here" :rows="cannot" tone="t-bad"/>
      <CbList title="Gates" :rows="gates" :tone="shut ? 't-bad' : ''"/>
      <CbList title="May need a person" :rows="asks" tone="t-ask" none="No job asks anybody."/>
      <CbList title="Undone if it fails" :rows="undo" none="Nothing has to be undone."/>
      <CbList title="Kept apart by locks" :rows="locks"/>
      <CbList title="Unchanged, not run again" :rows="still"/>
      <CbList title="Works here in part" :rows="partly" tone="t-odd"/>
      <CbList title="Left out" :rows="left"/>
      <details v-if="b" class="before-part"><summary>The boundary</summary>
        <p class="quiet">Never written: {{ b.protected_paths.filter((x) => !x.startsWith('!')).join(', ') || 'no path is protected' }}. Never bound: ports {{ b.protected_ports.join(', ') || 'none' }}. Asked anything: {{ b.test_hosts.join(', ') || 'no host' }}. {{ b.live_reads ? 'Live hosts are read only.' : 'Nothing is sent to what is live.' }}</p>
      </details>
    </section>
  `,
};
