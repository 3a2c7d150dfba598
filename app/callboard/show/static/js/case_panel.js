// The board's panel of cases: how many are open, and those that matter most.
import { computed } from "vue";
import { CbCaseState, CbPriority, CbWho, STATES, said } from "callboard/cases.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST = 5;

export const CbCasePanel = {
  components: { CbCaseState, CbPriority, CbWho, ...PARTS },
  props: { of: Object },
  setup(props) {
    const top = computed(() => props.of.cases.slice(0, MOST));
    const counts = computed(() => STATES.filter((s) => s !== "closed" && props.of.counts?.[s]).map((s) => ({ s, n: props.of.counts[s] })));
    return { top, counts, said, words };
  },
  template: `
    <section class="panel case-panel" aria-labelledby="h-cases">
      <header><h2 id="h-cases">Cases</h2><span class="quiet num">{{ words.count(of.open) }} open</span><a class="more" href="/cases">All cases</a></header>
      <p v-if="counts.length" class="case-panel-counts"><a v-for="{ s, n } in counts" :key="s" :href="'/cases?view=list&state=' + s" :title="n + ' ' + said(s)"><CbCaseState :word="s" bare/><span class="num">{{ words.count(n) }}</span> <span class="quiet">{{ said(s) }}</span></a></p>
      <ol v-if="top.length"><li v-for="c in top" :key="c.id" :data-case="c.id">
        <CbPriority :row="c"/>
        <span class="case-panel-what"><a class="name" data-main :href="c.href" :title="c.title"><span class="id">{{ c.name }}</span> {{ c.title }}</a><span class="quiet case-panel-next" :title="c.next"><CbCaseState :word="c.state" bare/> {{ c.next }}</span></span>
      </li></ol>
      <CbEmpty v-else title="Nothing is open">What the checks complain of becomes a case here, and stays until they have looked again.</CbEmpty>
    </section>
  `,
};
