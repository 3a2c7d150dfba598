// Cases as a board: a column for each state in which something is to be done; what is settled stands at the end as numbers.
import { computed, reactive } from "vue";
import { addressOf } from "callboard/address.js";
import { CbCaseState, CbPriority, CbWho, STATES, said } from "callboard/cases.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FIRST = 20;
const MORE = 40;
const MANY = 8; // for each so many cases a column takes one more part of the room
const EMPTY = {
  new: "what was just seen",
  triaged: "looked at, given to nobody",
  assigned: "with an agent or a person",
  reproducing: "being run again",
  "fix-proposed": "a patch waits for a word",
  verifying: "its checks look again",
  "cannot-reproduce": "it did not show again",
  accepted: "lived with until a day",
  closed: "every check looked again",
};
const SETTLED = ["cannot-reproduce", "accepted", "closed"];
const GOING = STATES.filter((s) => !SETTLED.includes(s));

const CbCaseCard = {
  components: { CbPriority, CbWho, ...PARTS },
  props: { c: Object, picked: Boolean, pick: Function },
  setup: () => ({ words }),
  template: `
    <li class="case-card" :class="['s-' + c.severity, {picked}]" :data-case="c.id" :data-state="c.state">
      <div class="case-card-head"><input type="checkbox" :checked="picked" :aria-label="'Select ' + c.name" @click="pick(c.id, $event)"/><span class="id">{{ c.name }}</span><span class="sev" :class="'s-' + c.severity" :title="c.severity"><b>{{ (c.severity || '?')[0].toUpperCase() }}</b><span class="sr">{{ c.severity }}</span></span><span v-if="c.reopened" class="case-again" :title="'It was closed and came back ' + words.plural(c.reopened, 'time')">↺ {{ c.reopened }}</span><CbPriority :row="c"/></div>
      <a class="name case-card-title" data-main :href="c.href" :title="c.title">{{ c.title }}</a>
      <p v-if="c.symptoms > 1 || (c.cause && c.cause.kind !== 'single')" class="case-card-why" :title="c.cause && c.cause.words"><template v-if="c.symptoms > 1"><span class="case-card-kind">{{ words.plural(c.symptoms, 'symptom') }}</span>{{ c.cause && c.cause.words ? ': ' : '' }}</template>{{ c.cause ? c.cause.words : '' }}</p>
      <p v-if="c.blocks && c.blocks.tasks" class="case-card-blocks" :title="c.blocks.words">{{ c.blocks.words }}</p>
      <p class="case-card-foot"><CbWho v-if="c.assignee" :row="c"/><span class="quiet num"><CbAgo :at="c.seen"/></span></p>
    </li>
  `,
};

export const CbCaseBoard = {
  components: { CbCaseCard, CbCaseState, ...PARTS },
  props: { rows: Array, counts: Object, picked: Object, pick: Function, filtering: Boolean, show: Function },
  setup(props) {
    const open = reactive({});
    const most = (s) => open[s] ?? FIRST;
    const columns = computed(() => {
      const by = Object.fromEntries(STATES.map((s) => [s, []]));
      for (const c of props.rows) by[c.state]?.push(c);
      return GOING.map((s) => ({ s, rows: by[s], n: props.filtering ? by[s].length : Math.max(by[s].length, props.counts?.[s] ?? 0), empty: EMPTY[s] }));
    });
    const settled = computed(() => SETTLED.map((s) => ({ s, n: props.counts?.[s] ?? 0, words: EMPTY[s], href: addressOf({ view: "list", state: s }) })));
    function list(event, s) {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      props.show(s);
    }
    const more = (s) => (open[s] = most(s) + MORE);
    return { MANY, columns, settled, list, most, more, said, words };
  },
  template: `
    <div class="case-board" role="group" aria-label="Cases by state" tabindex="0">
      <section v-for="col in columns" :key="col.s" class="case-col" :class="{bare: !col.rows.length}" :style="{flexGrow: col.rows.length ? 1 + Math.floor(col.rows.length / MANY) : undefined}" :data-column="col.s" :aria-label="said(col.s) + ', ' + col.n">
        <header><CbCaseState :word="col.s"/><span class="num quiet">{{ words.count(col.n) }}</span></header>
        <ol v-if="col.rows.length">
          <CbCaseCard v-for="c in col.rows.slice(0, most(col.s))" :key="c.id" :c="c" :picked="picked.has(c.id)" :pick="pick"/>
        </ol>
        <button v-if="col.rows.length > most(col.s)" type="button" class="link case-more" @click="more(col.s)">{{ words.count(col.rows.length - most(col.s)) }} more</button>
        <p v-if="!col.rows.length" class="quiet case-col-none">{{ col.empty }}</p>
      </section>
      <nav class="case-settled" aria-label="Settled">
        <a v-for="x in settled" :key="x.s" :href="x.href" :data-settled="x.s" @click="list($event, x.s)"><span class="case-settled-head"><CbCaseState :word="x.s"/><b class="num">{{ words.count(x.n) }}</b></span><span class="quiet">{{ x.words }}</span></a>
      </nav>
    </div>
  `,
};
