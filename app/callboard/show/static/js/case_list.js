// Cases as a list: those that matter most first, only what is in the window drawn.
import { computed, ref } from "vue";
import { CbCause, CbCaseState, CbPriority, CbWho, placeOf, tools } from "callboard/cases.js";
import { PARTS } from "callboard/parts.js";
import { useWindow } from "callboard/window.js";
import * as words from "callboard/words.js";

const LOOSE = 60; // as many rows may be as high as their words

const CbCaseRow = {
  components: { CbCause, CbCaseState, CbPriority, CbWho, ...PARTS },
  props: { c: Object, picked: Boolean, pick: Function },
  setup: () => ({ placeOf, tools, words }),
  template: `
    <li class="case-row" :class="{picked}" :data-case="c.id" :data-state="c.state">
      <input type="checkbox" :checked="picked" :aria-label="'Select ' + c.name" @click="pick(c.id, $event)"/>
      <CbPriority :row="c"/>
      <span class="case-what">
        <span class="case-title"><span class="id">{{ c.name }}</span><a class="name" data-main :href="c.href" :title="c.title">{{ c.title }}</a><span v-if="c.reopened" class="tag case-again" :title="'It was closed and came back ' + words.plural(c.reopened, 'time')">↺ {{ c.reopened }}</span></span>
        <CbCause :cause="c.cause" :n="c.symptoms"/>
      </span>
      <CbSeverity :word="c.severity"/>
      <span class="case-how"><CbCaseState :word="c.state"/><span class="quiet case-next" :title="c.next">{{ c.next }}</span></span>
      <span class="case-seen-by"><span class="num">{{ words.plural(c.symptoms, 'symptom') }}</span><span class="quiet" :title="tools(c).join(', ')">{{ tools(c).join(', ') }}</span></span>
      <CbWho :row="c"/>
      <CbAgo :at="c.seen"/>
    </li>
  `,
};

export const CbCaseList = {
  components: { CbCaseRow },
  props: { rows: Array, picked: Object, pick: Function },
  setup(props) {
    const box = ref(null);
    const rows = computed(() => props.rows);
    const loose = () => props.rows.length <= LOOSE;
    const { shown, above, below } = useWindow(box, rows, loose);
    return { box, shown, above, below, loose };
  },
  template: `
    <div class="case-list" :class="{equal: !loose()}">
      <div class="case-heads" aria-hidden="true"><span></span><span>Priority</span><span>Case, and why it is one</span><span>Severity</span><span>State, and what comes next</span><span>Seen by</span><span>Given to</span><span class="right">Seen</span></div>
      <ol ref="box" aria-label="Cases">
        <li v-if="above" aria-hidden="true" :style="{height: above + 'px'}"></li>
        <CbCaseRow v-for="c in shown" :key="c.id" :c="c" :picked="picked.has(c.id)" :pick="pick"/>
        <li v-if="below" aria-hidden="true" :style="{height: below + 'px'}"></li>
      </ol>
    </div>
  `,
};
