// What does not fit in the roadmap: by kind, each with its place and its mend.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FIRST = 8; // of a kind, before somebody asks for the rest
const rank = (severity) => (words.SEVERITIES.indexOf(severity) + 1 || words.SEVERITIES.length + 1) - 1;
// The words without the name of the change, where that one stands beside them.
const told = (c, one) => (c.change && !one && c.words.startsWith(`${c.change}: `) ? c.words.slice(c.change.length + 2) : c.words);
const titled = (kind) => (kind.charAt(0).toUpperCase() + kind.slice(1)).replaceAll("-", " ");

export const CbRoadChecks = {
  components: PARTS,
  props: { checks: Array, one: Boolean },
  setup(props) {
    const kinds = computed(() => {
      const found = new Map();
      for (const check of props.checks) found.set(check.kind, [...(found.get(check.kind) ?? []), check]);
      return [...found]
        .map(([kind, rows]) => ({ kind, title: titled(kind), rows: rows.sort((a, b) => rank(a.severity) - rank(b.severity)), worst: Math.min(...rows.map((r) => rank(r.severity))), mend: new Set(rows.map((r) => r.mend)).size === 1 ? rows[0].mend : "" }))
        .sort((a, b) => a.worst - b.worst || b.rows.length - a.rows.length);
    });
    const parts = (rows) => [rows.slice(0, FIRST), rows.slice(FIRST)];
    return { kinds, parts, told, words };
  },
  template: `
    <div v-if="kinds.length" class="stack road-checks">
      <section v-for="k in kinds" :key="k.kind" class="panel" :data-kind="k.kind" :aria-label="k.title">
        <header><CbSeverity :word="words.SEVERITIES[k.worst] || 'info'"/><h2>{{ k.title }}</h2><span class="quiet num">{{ k.rows.length }}</span></header>
        <p v-if="k.mend" class="check-mend"><span class="quiet">Mend:</span> {{ k.mend }}</p>
        <ul class="rows"><li v-for="(c, i) in parts(k.rows)[0]" :key="i" class="road-check"><a v-if="c.change && !one" class="check-change" :href="'/roadmap/' + words.segment(c.change)">{{ c.change }}</a><span class="check-words">{{ told(c) }}<span v-if="c.mend && !k.mend" class="quiet"> {{ c.mend }}</span></span><span v-if="c.path" class="place" :title="c.path + (c.line ? ':' + c.line : '')"><bdi>{{ c.path }}<template v-if="c.line">:{{ c.line }}</template></bdi></span></li></ul>
        <details v-if="parts(k.rows)[1].length" class="check-more"><summary>{{ words.count(parts(k.rows)[1].length) }} more</summary><ul class="rows"><li v-for="(c, i) in parts(k.rows)[1]" :key="i" class="road-check"><a v-if="c.change && !one" class="check-change" :href="'/roadmap/' + words.segment(c.change)">{{ c.change }}</a><span class="check-words">{{ told(c) }}<span v-if="c.mend && !k.mend" class="quiet"> {{ c.mend }}</span></span><span v-if="c.path" class="place"><bdi>{{ c.path }}<template v-if="c.line">:{{ c.line }}</template></bdi></span></li></ul></details>
      </section>
    </div>
    <div v-else class="panel"><CbEmpty title="Nothing to mend">{{ one ? 'This change' : 'Every change' }} could be read whole, and no two contradict each other as far as their files say.</CbEmpty></div>
  `,
};
