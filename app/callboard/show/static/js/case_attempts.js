// What was tried to understand and mend a case: ordinary runs, each with what it found.
import { computed } from "vue";
import { INVESTIGATE } from "callboard/case_deeds.js";
import { CbMenu } from "callboard/menu.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const share = (x) => (x == null ? words.DASH : x > 0 && x < 0.1 ? `${(x * 100).toFixed(1)} %` : `${Math.round(x * 100)} %`);
const TITLES = { reproduce: "Reproduce", narrow: "Narrow", bisect: "Bisect", fix: "Fix", verify: "Verify", blame: "Blame", try: "Try the fix", reproducing: "Reproduce", verifying: "Verify" };
const VERDICTS = { broken: "failed", flaky: "unsure", gone: "succeeded", environment: "unknown", unknown: "unknown" };

// What one of them found, as figures and names.
const CbFound = {
  components: PARTS,
  props: { kind: String, f: Object },
  setup(props) {
    const rate = computed(() => (props.f.runs ? { left: (props.f.low ?? props.f.rate ?? 0) * 100, width: Math.max(1.5, ((props.f.high ?? props.f.rate ?? 0) - (props.f.low ?? props.f.rate ?? 0)) * 100), at: (props.f.rate ?? 0) * 100 } : null));
    return { rate, share, VERDICTS, words };
  },
  template: `
    <div class="found">
      <template v-if="kind === 'reproduce' && f.verdict">
        <p class="found-line"><span class="state" :class="'t-' + words.stateOf(VERDICTS[f.verdict] || 'unknown').tone"><b>{{ f.verdict }}</b></span><span v-if="f.runs" class="num">{{ f.failed }} of {{ words.plural(f.runs, 'run') }} failed<template v-if="f.rate != null && f.verdict === 'flaky'">, {{ share(f.rate) }}</template></span></p>
        <p v-if="rate && f.low != null" class="found-rate" :title="'95 % sure: between ' + share(f.low) + ' and ' + share(f.high)"><span class="found-scale" role="img" :aria-label="'between ' + share(f.low) + ' and ' + share(f.high)"><i :style="{left: rate.left + '%', width: rate.width + '%'}"></i><b :style="{left: rate.at + '%'}"></b></span><span class="quiet num">{{ share(f.low) }} to {{ share(f.high) }}</span></p>
        <p v-if="f.enough === false" class="quiet">Not enough yet: {{ words.plural(f.needs || 0, 'more run') }} would tell.</p>
      </template>
      <template v-else-if="kind === 'narrow' && (f.tests || f.files)">
        <p class="found-line"><b>{{ words.plural((f.tests || []).length, 'test') }}</b><span v-if="f.order" class="tag">only after another</span></p>
        <ul class="found-list"><li v-for="t in (f.tests || []).slice(0, 8)" :key="t"><code>{{ t }}</code></li><li v-if="(f.tests || []).length > 8" class="quiet">and {{ f.tests.length - 8 }} more</li></ul>
        <p v-if="(f.files || []).length" class="quiet">in {{ f.files.slice(0, 4).join(', ') }}{{ f.files.length > 4 ? ' and ' + (f.files.length - 4) + ' more' : '' }}</p>
      </template>
      <template v-else-if="kind === 'bisect' && f.commit">
        <p class="found-line commit"><code>{{ f.commit.slice(0, 10) }}</code><b>{{ f.subject }}</b></p>
        <p class="quiet">{{ f.author }}<template v-if="f.at">, <CbAgo :at="f.at"/></template><template v-if="f.tested != null"> · {{ words.plural(Array.isArray(f.tested) ? f.tested.length : f.tested, 'commit') }} tested</template><template v-if="f.certain === false"> · not certain: one of {{ (f.range || []).length || 'several' }}</template></p>
        <p v-if="(f.files || []).length" class="quiet">changed {{ f.files.slice(0, 4).join(', ') }}{{ f.files.length > 4 ? ' and ' + (f.files.length - 4) + ' more' : '' }}</p>
      </template>
    </div>
  `,
};

export const CbAttempts = {
  components: { CbFound, CbMenu, ...PARTS },
  props: { rows: Array, c: Object, deeds: Object, why: String },
  setup(props) {
    const items = computed(() => INVESTIGATE.map((i) => ({ id: i.what, title: i.title, note: i.note, run: () => props.deeds.investigate(props.c, i.what) })));
    const listed = computed(() => [...props.rows].sort((a, b) => (b.at ?? 0) - (a.at ?? 0)));
    // A look at a mended copy is told by what it saw: its run may have failed for other reasons.
    const came = (a) => (a.kind === "verify" && typeof a.facts?.ok === "boolean" ? (a.facts.ok ? { word: "succeeded", said: "not seen any more" } : { word: "failed", said: "still there" }) : null);
    return { items, listed, came, TITLES, words };
  },
  template: `
    <section class="panel case-attempts" aria-labelledby="h-attempts">
      <header><h2 id="h-attempts">Investigation</h2><span class="more"><CbMenu v-if="!why" label="Investigate" data-act="investigate" :items="items"/><button v-else type="button" data-act="investigate" class="button" disabled :title="why">Investigate</button></span></header>
      <p v-if="why" class="case-why-not">{{ why }}</p>
      <ol v-if="listed.length" class="rows">
        <li v-for="(a, i) in listed" :key="(a.run || '') + a.kind + i" class="tried" :data-attempt="a.kind">
          <p class="tried-head"><b>{{ TITLES[a.kind] || a.kind }}</b><span v-if="came(a)" class="state" :class="'t-' + words.stateOf(came(a).word).tone"><CbState :word="came(a).word" bare aria-hidden="true"/> {{ came(a).said }}</span><CbState v-else :word="a.state"/><a v-if="a.href" class="hold" :href="a.href">run {{ a.run }}</a><span class="quiet"><CbAgo :at="a.at"/></span></p>
          <p v-if="a.words" class="tried-words">{{ a.words }}</p>
          <CbFound v-if="a.facts" :kind="a.kind" :f="a.facts"/>
        </li>
      </ol>
      <p v-else-if="!why" class="case-none">Nothing was tried yet. Each step is an ordinary run in a tree of its own: your files stay as they are, and no patch is accepted by itself.</p>
    </section>
  `,
};
