// Beside a case: why it ranks where it does, what is known to help, who broke it, what is near it.
import { computed, ref } from "vue";
import { CbCaseState } from "callboard/cases.js";
import { get, put, send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const DOUBLINGS = 4.5; // from the middle of a bar to its end
const NAMES = { severity: "how grave", blocks: "what it blocks", frequency: "how often", recency: "how recent", gate: "deploys behind it" };

export const CbFactors = {
  components: PARTS,
  props: { c: Object },
  setup(props) {
    // Factors are multiplied: a bar goes to the right of the middle for what raises, to the left for what lowers, each doubling as far.
    const rows = computed(() => props.c.factors.map((f) => {
      const far = Math.max(-1, Math.min(1, Math.log2(Math.max(0.01, f.value)) / DOUBLINGS)) * 50;
      return { ...f, title: NAMES[f.name] ?? f.name, said: words.amount(f.value), left: far < 0 ? 50 + far : 50, width: Math.abs(far) };
    }));
    const product = computed(() => words.amount(props.c.factors.reduce((all, f) => all * f.value, 1)));
    return { rows, product, value: computed(() => Math.round(props.c.priority)) };
  },
  template: `
    <section class="panel case-factors" aria-labelledby="h-factors">
      <header><h2 id="h-factors">Priority</h2><b class="num case-prio">{{ value }}</b><span class="quiet">of 100</span></header>
      <dl><div v-for="f in rows" :key="f.name" :data-factor="f.name"><dt>{{ f.title }}</dt><dd class="num">× {{ f.said }}</dd><dd class="factor-bar" aria-hidden="true"><i :class="{less: f.value < 1}" :style="{left: f.left + '%', width: f.width + '%'}"></i></dd><dd class="factor-words">{{ f.words }}</dd></div></dl>
      <p class="factor-sum quiet">{{ c.state === 'closed' ? 'It is closed, so it ranks nowhere; if it were open the factors would make' : 'All multiplied' }} {{ product }}; 100 · (1 − 2<sup>−{{ product }}</sup>) = {{ c.state === 'closed' ? 'its priority' : value }}</p>
    </section>
  `,
};

const CALLS = { GET: (path) => get(path), PUT: put, POST: send };

export const CbSuggestions = {
  components: PARTS,
  props: { rows: Array, after: Function },
  setup(props) {
    const trouble = ref("");
    const track = (s) => (s.tried ? `worked ${s.worked} of ${s.tried} times here` : s.kind === "known-fix" ? "not tried here yet" : "");
    async function take(s) {
      trouble.value = "";
      try {
        await (CALLS[s.act.method] ?? send)(s.act.path.replace(/^\/api\/v1/, ""), s.act.body ?? {});
        toast(`${s.act.title}: done`, "good");
      } catch (problem) {
        trouble.value = problem.message;
      }
      await props.after();
    }
    return { track, take, trouble, words };
  },
  template: `
    <section v-if="rows.length" class="panel case-suggestions" aria-labelledby="h-suggest">
      <header><h2 id="h-suggest">What may help</h2></header>
      <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
      <ul class="rows"><li v-for="(s, i) in rows" :key="i" :data-suggestion="s.kind">
        <p class="suggest-words"><component :is="s.href ? 'a' : 'span'" :class="{hold: s.href}" :href="s.href || undefined">{{ s.words }}</component></p>
        <p v-if="track(s)" class="suggest-track"><span v-if="s.tried" class="suggest-dots" role="img" :aria-label="track(s)"><i v-for="n in Math.min(s.tried, 10)" :key="n" :class="{on: n <= Math.round(s.worked / s.tried * Math.min(s.tried, 10))}"></i></span><span class="quiet">{{ track(s) }}</span></p>
        <p v-if="s.act" class="suggest-act"><CbAct small :run="() => take(s)">{{ s.act.title }}</CbAct><code v-if="s.act.command" class="quiet" :title="s.act.command">{{ s.act.command }}</code></p>
      </li></ul>
    </section>
  `,
};

export const CbBlame = {
  components: PARTS,
  props: { c: Object, lines: Array },
  template: `
    <section v-if="c.broken_by || lines.length" class="panel case-blame" aria-labelledby="h-blame">
      <header><h2 id="h-blame">{{ c.broken_by ? 'Broken by' : 'Who wrote these lines' }}</h2></header>
      <div v-if="c.broken_by" class="blame-commit"><p><code>{{ c.broken_by.commit.slice(0, 10) }}</code> <b>{{ c.broken_by.subject }}</b></p><p class="quiet">{{ c.broken_by.author }}<template v-if="c.broken_by.at">, <CbAgo :at="c.broken_by.at"/></template></p></div>
      <ul v-if="lines.length" class="commits small"><li v-for="(l, i) in lines.slice(0, 6)" :key="i"><code>{{ (l.commit || '').slice(0, 8) }}</code><span>{{ l.author }}<template v-if="l.at">, <CbAgo :at="l.at"/></template><template v-if="l.path"> · {{ l.path }}{{ l.line ? ':' + l.line : '' }}</template></span></li></ul>
    </section>
  `,
};

export const CbRelated = {
  components: { CbCaseState },
  props: { rows: Array },
  template: `
    <section v-if="rows.length" class="panel case-related" aria-labelledby="h-related">
      <header><h2 id="h-related">Near it</h2></header>
      <ul class="rows"><li v-for="r in rows" :key="r.id"><p><CbCaseState :word="r.state" bare/> <a class="name" :href="'/cases/' + r.id"><span class="id">C{{ r.id }}</span> {{ r.title }}</a></p><p class="quiet">{{ r.why }}</p></li></ul>
    </section>
  `,
};
