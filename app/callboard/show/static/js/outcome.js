// Two futures side by side, as it is and as it would be, on one scale.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const CbSpan = {
  props: { end: Object, most: Number, other: Boolean },
  setup(props) {
    const part = (s) => (Math.max(0, s ?? 0) / props.most) * 100;
    const style = computed(() => ({ left: `${part(props.end.p50)}%`, width: `${Math.max(0.8, part(props.end.p80) - part(props.end.p50))}%` }));
    const tail = computed(() => ({ left: `${part(props.end.p80)}%`, width: `${Math.max(0, part(props.end.p95 ?? props.end.p80) - part(props.end.p80))}%` }));
    const before = computed(() => ({ width: `${part(props.end.p50)}%` }));
    return { style, tail, before };
  },
  template: `<span class="span-track" :class="{other}" aria-hidden="true"><i class="span-before" :style="before"></i><i class="span-range" :style="style"></i><i class="span-tail" :style="tail"></i></span>`,
};

export const signed = (seconds) => (Math.abs(seconds) < 0.05 ? "no difference" : `${words.duration(Math.abs(seconds))} ${seconds < 0 ? "earlier" : "later"}`);

export const CbOutcome = {
  components: { CbSpan, ...PARTS },
  props: { of: Object, busy: Boolean, changed: Boolean },
  setup(props) {
    const both = computed(() => [{ name: "As it is", o: props.of.base }, ...(props.changed ? [{ name: "With the changes", o: props.of.other, other: true }] : [])].filter((b) => b.o?.end)); // one that never ends has no span
    const most = computed(() => Math.max(1e-6, ...both.value.map((b) => b.o?.end?.p95 ?? b.o?.end?.p80 ?? 0)) * 1.04);
    const tone = computed(() => (!props.changed || Math.abs(props.of.difference.p50_s ?? 0) < 0.05 ? "t-ink" : props.of.difference.p50_s < 0 ? "t-good" : "t-bad"));
    const waits = (o) => [...(o.waits ?? [])].sort((a, b) => b.seconds - a.seconds).slice(0, 5);
    const rows = computed(() => [
      { name: "half of the futures end by", title: "P50", value: (o) => words.duration(o.end?.p50), strong: true },
      { name: "four of five by", title: "P80", value: (o) => words.duration(o.end?.p80) },
      { name: "nearly all by", title: "P95", value: (o) => words.duration(o.end?.p95) },
      { name: "cores busy", value: (o) => words.percent(o.busy) },
      { name: "memory at most", value: (o) => words.mebibytes(o.peak_mb) },
      { name: "all goes well", title: "how often such runs ended without a failure", value: (o) => (o.chance_ok == null ? "not known" : words.percent(o.chance_ok)) },
    ]);
    return { both, most, tone, waits, rows, words };
  },
  template: `
    <section class="panel futures" :aria-busy="busy" :class="{busy}" aria-labelledby="h-outcome" data-outcome>
      <header><h2 id="h-outcome">What would come of it</h2></header>
      <p class="call outcome-call" :class="tone" aria-live="polite" data-difference>{{ of.difference.words }}</p>
      <template v-if="both.length">
        <div class="outcome-spans"><template v-for="b in both" :key="b.name"><span class="outcome-name">{{ b.name }}</span><CbSpan :end="b.o.end" :most="most" :other="b.other"/></template>
          <span></span><span class="span-axis num" aria-hidden="true"><span>start</span><span>{{ words.duration(most / 2) }}</span><span>{{ words.duration(most) }}</span></span></div>
        <table class="table outcome-table">
          <thead><tr><th><span class="sr">What</span></th><th v-for="b in both" :key="b.name" class="right">{{ b.name }}</th></tr></thead>
          <tbody>
            <tr v-for="r in rows" :key="r.name"><th scope="row">{{ r.name }}<span v-if="r.title" class="quiet outcome-what">{{ r.title }}</span></th><td v-for="b in both" :key="b.name" class="right num"><component :is="r.strong ? 'b' : 'span'">{{ r.value(b.o) }}</component></td></tr>
            <tr class="outcome-lists"><th scope="row">waits for<span class="quiet outcome-what">all tasks together</span></th><td v-for="b in both" :key="b.name"><ul><li v-for="w in waits(b.o)" :key="w.cause"><span>{{ words.lack(w.cause) }}</span> <span class="num">{{ words.duration(w.seconds) }}</span></li><li v-if="!(b.o.waits || []).length" class="quiet">nothing</li></ul></td></tr>
            <tr class="outcome-lists"><th scope="row">longest path</th><td v-for="b in both" :key="b.name">{{ (b.o.longest || []).slice(0, 6).join(' → ') || words.DASH }}</td></tr>
          </tbody>
        </table>
      </template>
      <section v-if="changed && of.takes.length" class="before-part" data-takes><h3>What it would take</h3><ul><li v-for="(t, i) in of.takes" :key="i">{{ t }}</li></ul></section>
      <section v-if="(of.notes || []).length" class="before-part"><h3>How far to trust it</h3><ul><li v-for="(n, i) in of.notes" :key="i">{{ n }}</li></ul></section>
    </section>
  `,
};
