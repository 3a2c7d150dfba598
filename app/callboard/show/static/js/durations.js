// How long the runs of each pipeline took lately: one bar a run, the height its time, the colour its end.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FEW = 2;
const MOST = 4;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export const CbDurations = {
  components: PARTS,
  props: { trends: Array, chosen: String, choose: Function },
  setup(props) {
    const shown = computed(() =>
      props.trends
        .filter((t) => t.ended.length >= FEW)
        .slice(0, MOST)
        .map((t) => {
          const most = Math.max(...t.ended.map((r) => r.seconds), 1e-9);
          const last = t.ended.at(-1);
          const before = t.ended.slice(0, -1).map((r) => r.seconds);
          const usual = median(before.length ? before : [last.seconds]);
          const change = usual > 0 ? last.seconds / usual - 1 : 0;
          const verdict = Math.abs(change) < 0.1 ? "as usual" : `${Math.round(Math.abs(change) * 100)} % ${change > 0 ? "longer" : "shorter"} than usual`;
          return { ...t, last, usual, verdict, line: 1 - usual / most, bars: t.ended.map((r) => ({ ...r, tone: words.stateOf(r.state).tone, height: `${Math.max(6, (r.seconds / most) * 100)}%`, title: `Run ${r.run}: ${r.state}, ${words.duration(r.seconds)}` })) };
        }),
    );
    return { shown, words };
  },
  template: `
    <section v-if="shown.length" class="durations" aria-label="How long each pipeline took lately">
      <figure v-for="t in shown" :key="t.pipeline" class="panel durations-one">
        <figcaption><button type="button" class="name" :aria-pressed="chosen === t.pipeline" @click="choose(t.pipeline)">{{ t.pipeline }}</button> <b class="num">{{ words.duration(t.last.seconds) }}</b></figcaption>
        <p class="sr">The last {{ t.ended.length }} runs took {{ t.ended.map((r) => words.duration(r.seconds)).join(', ') }}</p>
        <div class="durations-bars" aria-hidden="true">
          <a v-for="b in t.bars" :key="b.run" :class="'t-' + b.tone" :href="'/runs/' + b.run" :title="b.title" :data-took="b.run" tabindex="-1"><i :style="{height: b.height}"></i></a>
          <hr :style="{top: t.line * 100 + '%'}"/>
        </div>
        <p class="quiet num">{{ t.verdict }} ({{ words.duration(t.usual) }})</p>
      </figure>
    </section>
  `,
};
