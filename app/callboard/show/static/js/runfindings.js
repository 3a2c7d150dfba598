// The findings of a run by file, narrowed; only so many files and lines are drawn at once, and more on demand.
import { computed, ref, watch } from "vue";
import { address, asked } from "callboard/address.js";
import { useCommands, useList } from "callboard/commands.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FILES = 40;
const LINES = 50;

export const CbRunFindings = {
  components: PARTS,
  // findings: of findings.js; left: how many the run has that are not here; over: whether it has ended.
  props: { findings: Object, accept: Function, caseOf: Function, over: Boolean, loading: Boolean, left: Number },
  setup(props) {
    const query = ref(asked("q"));
    const severity = ref(words.SEVERITIES.includes(asked("severity")) ? asked("severity") : "");
    const newOnly = ref(asked("new") === "1");
    const openOnly = ref(asked("open") === "1");
    const files = ref(FILES);
    const more = ref({});
    watch([query, severity, newOnly, openOnly], () => {
      files.value = FILES;
      address({ q: query.value, severity: severity.value, new: newOnly.value, open: openOnly.value });
    });
    const found = computed(() => props.findings.list());
    const news = computed(() => found.value.filter((f) => f.is_new).length);
    const accepted = computed(() => found.value.filter((f) => f.accepted).length);
    const severities = computed(() => words.SEVERITIES.map((s) => ({ s, n: found.value.filter((f) => f.severity === s).length })).filter((x) => x.n));
    const groups = computed(() => {
      const q = query.value.trim().toLowerCase();
      const by = new Map();
      for (const f of found.value) {
        if (newOnly.value && !f.is_new) continue;
        if (openOnly.value && f.accepted) continue;
        if (severity.value && f.severity !== severity.value) continue;
        if (q && !`${f.path} ${f.message} ${f.rule} ${f.agent}`.toLowerCase().includes(q)) continue;
        const key = f.path || "";
        by.has(key) ? by.get(key).push(f) : by.set(key, [f]);
      }
      const rank = (f) => words.SEVERITIES.indexOf(f.severity);
      const grouped = [...by].map(([path, of]) => ({ path, of: of.sort((a, b) => rank(a) - rank(b) || a.line - b.line) }));
      return grouped.sort((a, b) => rank(a.of[0]) - rank(b.of[0]) || b.of.length - a.of.length || a.path.localeCompare(b.path));
    });
    // One that the address names is shown wherever it stands.
    const named = location.hash.slice(1);
    const at = named ? groups.value.findIndex((g) => g.of.some((f) => f.id === named)) : -1;
    if (at >= files.value) files.value = at + 1;
    const lines = (g) => (at >= 0 && groups.value[at] === g ? g.of.length : (more.value[g.path] ?? LINES));
    useList("#main .finding");
    useCommands(
      () => [
        ...severities.value.map(({ s }) => ({ id: `findings.${s}`, title: `Only findings: ${s}`, run: () => (severity.value = severity.value === s ? "" : s) })),
        { id: "findings.new", title: "Only new findings", run: () => (newOnly.value = !newOnly.value), when: () => news.value > 0 || newOnly.value },
        { id: "findings.open", title: "Hide accepted findings", run: () => (openOnly.value = !openOnly.value), when: () => accepted.value > 0 || openOnly.value },
      ],
      "Findings",
    );
    return { query, severity, newOnly, openOnly, files, more, news, accepted, severities, groups, lines, FILES, LINES, words };
  },
  template: `
    <div class="stack">
      <div class="tools">
        <input type="search" data-search v-model="query" placeholder="Filter findings  /" aria-label="Filter findings"/>
        <span class="chips">
          <button v-for="x in severities" :key="x.s" type="button" class="chip" :aria-pressed="severity === x.s" @click="severity = severity === x.s ? '' : x.s">
            <span class="sev" :class="'s-' + x.s">{{ x.s }} <span class="num">{{ words.count(x.n) }}</span></span>
          </button>
          <button v-if="news || newOnly" type="button" class="chip" :aria-pressed="newOnly" @click="newOnly = !newOnly">new only <span class="num">{{ words.count(news) }}</span></button>
          <button v-if="accepted || openOnly" type="button" class="chip" :aria-pressed="openOnly" @click="openOnly = !openOnly">hide accepted <span class="num">{{ words.count(accepted) }}</span></button>
        </span>
        <span class="tools-end"><slot/></span>
      </div>
      <section v-for="g in groups.slice(0, files)" :key="g.path" class="panel">
        <header>
          <h2 class="mono" style="overflow-wrap: anywhere">{{ g.path || 'The workspace as a whole' }}</h2>
          <span class="quiet num">{{ words.count(g.of.length) }}</span>
        </header>
        <ul><CbFinding v-for="f in g.of.slice(0, lines(g))" :key="f.id" :f="f" :accept="accept" :case-of="caseOf"/></ul>
        <div v-if="g.of.length > lines(g)" class="log-foot"><button type="button" class="link" @click="more = {...more, [g.path]: lines(g) + 4 * LINES}">{{ words.count(g.of.length - lines(g)) }} more in this file</button></div>
      </section>
      <div v-if="groups.length > files"><button type="button" class="button" @click="files += 2 * FILES">{{ words.plural(groups.length - files, 'more file') }}</button></div>
      <p v-if="left" class="quiet">The worst {{ words.count(findings.byId.size) }} are here; {{ words.count(left) }} more are in the export.</p>
      <section v-if="!groups.length" class="panel">
        <CbEmpty v-if="loading" title="Reading the findings">They are read when this tab is opened.</CbEmpty>
        <CbEmpty v-else :title="findings.byId.size ? 'No finding matches' : 'Nothing found'">{{ findings.byId.size ? 'Nothing fits this filter.' : over ? 'The agents that ran noticed nothing.' : 'Findings appear as the agents notice them.' }}</CbEmpty>
      </section>
    </div>
  `,
};
