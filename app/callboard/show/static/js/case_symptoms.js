// What was seen, by whom, and why it is one case; what does not belong is chosen here and split off.
import { computed, reactive, watch } from "vue";
import { CbCause } from "callboard/cases.js";
import { useCommands, useList } from "callboard/commands.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FIRST = 8;

const CbSymptom = {
  components: PARTS,
  props: { s: Object, many: Boolean, picked: Boolean, pick: Function },
  setup: () => ({ words }),
  template: `
    <li class="symptom" :class="{gone: s.gone, picked}" :data-symptom="s.key">
      <input v-if="many" type="checkbox" :checked="picked" :aria-label="'Select ' + s.title" @click="pick(s.key)"/>
      <span v-else class="symptom-mark" aria-hidden="true"></span>
      <CbSeverity :word="s.severity"/>
      <div class="symptom-what">
        <p class="symptom-title"><component :is="s.href ? 'a' : 'span'" class="name" data-main :href="s.href || undefined">{{ s.title }}</component><span v-if="s.flaky" class="tag t-odd tinted" :title="s.flaky.words || undefined">flaky {{ words.percent(s.flaky.rate ?? s.flaky) }}</span></p>
        <p v-if="s.message && s.message !== s.title" class="symptom-message">{{ s.message }}</p>
        <p class="finding-meta"><CbPlace v-if="s.path" :f="s"/><span class="rule">{{ s.check }}<template v-if="s.rule"> · {{ s.rule }}</template></span><span v-for="w in s.witnesses" :key="w.tool + w.version" class="quiet">{{ w.tool }} {{ w.version }}</span></p>
        <p v-if="s.why" class="symptom-why">{{ s.why }}</p>
      </div>
      <span class="symptom-when"><span v-if="s.gone" class="symptom-gone t-good tinted" :title="s.gone_words || undefined"><CbState word="succeeded" bare aria-hidden="true"/> gone <CbAgo :at="s.gone"/></span><span v-else>seen <CbAgo :at="s.seen"/></span><span class="quiet num">{{ words.plural(s.times, 'time') }} since {{ words.moment(s.first) }}</span></span>
    </li>
  `,
};

export const CbSymptoms = {
  components: { CbCause, CbSymptom, ...PARTS },
  props: { c: Object, rows: Array, deeds: Object, why: String, left: Number },
  setup(props) {
    const picked = reactive(new Set());
    const shown = reactive({ all: false });
    const pick = (key) => (picked.has(key) ? picked.delete(key) : picked.add(key));
    watch(() => props.rows, (rows) => {
      const there = new Set(rows.map((s) => s.key));
      for (const key of [...picked]) if (!there.has(key)) picked.delete(key);
    });
    const listed = computed(() => (shown.all ? props.rows : props.rows.slice(0, FIRST)));
    const split = () => props.deeds.open("split", [props.c], { keys: [...picked], symptoms: props.rows });
    const focused = () => document.activeElement?.closest?.("[data-symptom]")?.dataset.symptom;
    useList("#main [data-symptom]");
    useCommands(
      () => [
        { id: "case.symptom", title: "Select the symptom, or not", keys: "x", run: () => focused() && pick(focused()), when: () => props.rows.length > 1 && !!focused() },
        { id: "case.split", title: "Split off what is selected", keys: "s", run: split, when: () => props.rows.length > 1 && !props.why },
      ],
      "This case",
    );
    return { picked, pick, listed, shown, split, FIRST, words };
  },
  template: `
    <section class="panel" aria-labelledby="h-symptoms">
      <header><h2 id="h-symptoms">{{ rows.length === 1 ? 'One symptom' : words.plural(rows.length, 'symptom') + ', one cause' }}</h2><span v-if="c.gone" class="quiet num">{{ c.gone }} gone</span>
        <span v-if="rows.length > 1" class="more"><CbAct small :run="split" :disabled="!!why || picked.size >= rows.length" :why="why || 'One symptom has to stay'">{{ picked.size ? 'Split off ' + picked.size + '…' : 'Split…' }}</CbAct></span>
      </header>
      <p v-if="rows.length > 1 || (c.cause && c.cause.kind !== 'single')" class="case-cause"><CbCause :cause="c.cause" :n="rows.length"/></p>
      <ol class="symptoms"><CbSymptom v-for="s in listed" :key="s.key" :s="s" :many="rows.length > 1" :picked="picked.has(s.key)" :pick="pick"/></ol>
      <button v-if="rows.length > FIRST && !shown.all" type="button" class="link case-more" @click="shown.all = true">show all {{ words.count(rows.length) }}</button>
      <p v-if="left && (shown.all || rows.length <= FIRST)" class="differ-left">and {{ words.count(left) }} more of the kind</p>
    </section>
  `,
};

// The lines around each place, as the code is now.
export const CbCaseSource = {
  props: { of: Array },
  template: `
    <section v-if="of.length" class="panel case-source" aria-labelledby="h-source">
      <header><h2 id="h-source">{{ of.length === 1 ? 'The place' : 'The places' }}</h2></header>
      <div v-for="(s, i) in of" :key="i" class="source">
        <p class="source-words"><span>{{ s.path }}{{ s.at_line ? ':' + s.at_line : '' }}</span></p>
        <div class="source-lines" tabindex="0" role="region" :aria-label="s.path + (s.at_line ? ', line ' + s.at_line : '')"><div class="source-room">
          <div v-for="(text, n) in s.lines" :key="n" class="source-line" :class="{here: s.start + n === s.at_line}"><span class="source-number">{{ s.start + n }}</span><span class="source-text">{{ text }}</span></div>
        </div></div>
      </div>
    </section>
  `,
};
