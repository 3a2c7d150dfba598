// Advice on the page and on the board, and what came of what was taken.
import { computed } from "vue";
import { CbFactors, CbGain, CbRisk, SNOOZES, rangeOf } from "callboard/insights.js";
import { CbMenu } from "callboard/menu.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const WHOLE = 3; // so many are shown with all their reasons, the others when they are opened
// One piece of advice.
export const CbAdvice = {
  components: { CbFactors, CbGain, CbMenu, CbRisk, ...PARTS },
  props: { a: Object, rank: Number, most: Number, deeds: Object, opened: Object },
  setup(props) {
    const open = computed(() => props.opened.has(props.a.id));
    const flip = () => (open.value ? props.opened.delete(props.a.id) : props.opened.add(props.a.id));
    const items = computed(() => [
      ...(props.a.acts ?? []).slice(1).map((one, i) => ({ id: `act-${i + 1}`, title: one.title, run: () => props.deeds.take(props.a, i + 1) })),
      ...(props.a.act ? [] : [{ id: "by-hand", title: "I see to it by hand", run: () => props.deeds.take(props.a) }]),
      { id: "overrule", title: "Overrule…", note: "with a reason", run: () => props.deeds.overrule(props.a) },
      ...SNOOZES.map((s) => ({ id: `snooze-${s.id}`, title: `Snooze ${s.title}`, run: () => props.deeds.snooze(props.a, s.until()) })),
      { id: "snooze-to", title: "Snooze until a day…", run: () => props.deeds.snoozeTo(props.a) },
    ]);
    const whole = computed(() => props.rank <= WHOLE || open.value);
    // A case that is named has its title on hover and behind the link: "C7: the title" is C7 here.
    const brief = (e) => (e.href ? (/^(C\d+): /.exec(e.words)?.[1] ?? e.words) : e.words);
    return { open, flip, whole, brief, items, words };
  },
  template: `
    <li class="advice" :class="{brief: !whole}" :data-advice="a.id">
      <span class="advice-rank num" :title="'place ' + rank + ' of the list'">{{ rank }}</span>
      <div class="advice-main">
        <h3 class="advice-title"><a v-if="a.href" :href="a.href" data-main>{{ a.title }}</a><template v-else>{{ a.title }}</template></h3>
        <p class="advice-why">{{ a.words }}</p>
        <ul v-if="whole && a.reasons.length" class="advice-reasons"><li v-for="(r, i) in a.reasons" :key="i">{{ r }}</li></ul>
        <p class="advice-meta">
          <span v-if="a.evidence.length">evidence: <template v-for="(e, i) in a.evidence" :key="i">{{ i ? ', ' : '' }}<a v-if="e.href" :href="e.href" :title="e.words" class="evidence-link">{{ brief(e) }}</a><template v-else>{{ e.words }}</template></template></span>
          <span>first seen <CbAgo :at="a.first"/></span>
          <button type="button" class="link" :aria-expanded="open"  @click="flip" data-why>score {{ words.amount(a.score) }}, why</button>
        </p>
        <div v-if="open" class="advice-more">
          <CbFactors :score="a.score" :factors="a.factors"/>
          <template v-for="(one, i) in a.acts || []" :key="i"><p class="advice-command quiet">{{ one.title }}, at the terminal</p><CbCommand :text="one.command"/></template>
          <p v-if="a.measure" class="advice-command"><span class="quiet">Whether it helped is judged by:</span> {{ a.measure }}</p>
        </div>
      </div>
      <div class="advice-worth"><CbGain v-if="whole || a.gain" :gain="a.gain" :why="a.gain_why" :most="most" :brief="!whole"/><CbRisk :risk="a.risk" :brief="!whole"/></div>
      <div class="advice-acts">
        <CbAct v-if="a.act" :tone="rank === 1 ? 'primary' : ''" :run="() => deeds.take(a)" data-take :title="a.act.command">{{ a.act.title }}</CbAct>
        <a v-else-if="a.href" class="button" :href="a.href">Look at it</a>
        <CbMenu dots :label="'Overrule or snooze: ' + a.title" :items="items"/>
      </div>
    </li>
  `,
};

const FEW = 3;
// On the board: the first three, each with its act.
export const CbNextPanel = {
  components: { CbRisk, ...PARTS },
  props: { map: Object, deeds: Object },
  setup(props) {
    const shown = computed(() => props.map.next.slice(0, FEW));
    return { shown, rangeOf, words };
  },
  template: `
    <section class="panel next-panel" aria-labelledby="h-next" data-next>
      <header><h2 id="h-next">Do next</h2><span class="quiet num">{{ map.next.length > shown.length ? shown.length + ' of ' + map.next.length : '' }}</span><a class="more" href="/insights">All, with reasons</a></header>
      <ol>
        <li v-for="(a, i) in shown" :key="a.id" :data-advice="a.id">
          <span class="advice-rank num" aria-hidden="true">{{ i + 1 }}</span>
          <p class="next-what"><a class="name" :href="a.href || '/insights'">{{ a.title }}</a><span class="next-why">{{ a.words }}</span></p>
          <span class="next-worth"><span v-if="a.gain && (a.gain.low_s != null || a.gain.high_s != null)" class="num" :title="a.gain.words">{{ rangeOf(a.gain.low_s, a.gain.high_s) }}</span><CbRisk :risk="a.risk" brief/></span>
          <CbAct v-if="a.act" small :run="() => deeds.take(a)" data-take :title="a.act.command">{{ a.act.title }}</CbAct><a v-else class="button small" :href="a.href || '/insights'">Look at it</a>
        </li>
      </ol>
    </section>
  `,
};

// What was taken, overruled, put off; and whether it helped.
const SAID = { taken: ["succeeded", "taken"], overruled: ["cancelled", "overruled"], snoozed: ["snoozed", "snoozed"], gone: ["idle", "gone by itself"] };
export const CbTaken = {
  components: PARTS,
  props: { rows: Array, deeds: Object },
  setup(props) {
    const most = (x) => Math.max(1e-9, x.before ?? 0, x.after ?? 0);
    const wide = (x, name) => `${((x[name] ?? 0) / most(x)) * 100}%`;
    const back = (a) => props.deeds && ["overruled", "snoozed"].includes(a.state);
    return { SAID, back, wide, words };
  },
  template: `
    <section class="panel" aria-labelledby="h-taken">
      <header><h2 id="h-taken">What came of it</h2><span v-if="rows.length" class="quiet num">{{ rows.length }}</span></header>
      <ul v-if="rows.length" class="rows taken">
        <li v-for="a in rows" :key="a.id" :data-taken="a.id">
          <p class="taken-line"><CbState :word="(SAID[a.state] || ['unknown'])[0]" bare/><a v-if="a.href" class="name" :href="a.href">{{ a.title }}</a><span v-else class="name">{{ a.title }}</span></p>
          <p class="taken-who">{{ (SAID[a.state] || [0, a.state])[1] }}<template v-if="a.by"> by {{ a.by }}</template> <CbAgo :at="a.at"/><template v-if="a.until">, until {{ words.moment(a.until) }}</template><template v-if="a.reason">: {{ a.reason }}</template></p>
          <p v-if="back(a)" class="helped"><CbAct small class="taken-back" :run="() => deeds.reopen(a)" data-reopen>Back on the list</CbAct></p>
          <div v-if="a.helped" class="helped" :class="a.helped.yes === true ? 't-good' : a.helped.yes === false ? 't-bad' : 't-ink'" :data-helped="String(a.helped.yes ?? null)">
            <div v-if="a.helped.before != null && a.helped.after != null" class="helped-bars" role="img" :aria-label="'before ' + words.amount(a.helped.before) + ', after ' + words.amount(a.helped.after)"><span class="before"><i :style="{width: wide(a.helped, 'before')}"></i></span><span class="after"><i :style="{width: wide(a.helped, 'after')}"></i></span></div>
            <p><b v-if="a.helped.yes != null" class="tinted">{{ a.helped.yes ? "It helped: " : "It did not help: " }}</b>{{ a.helped.words }} <span v-if="a.helped.n" class="quiet num">n&nbsp;=&nbsp;{{ a.helped.n }}</span></p>
          </div>
        </li>
      </ul>
      <p v-else class="side-none quiet">Nothing yet. When you take, overrule or snooze something, it stands here, and later whether it helped.</p>
    </section>
  `,
};
