// A metric over time: a line with its scale, its lowest, highest and newest value; marked points lead to their runs.
import { computed } from "vue";
import { CbAgo } from "callboard/parts.js";
import * as words from "callboard/words.js";

const W = 300;
const H = 72;
const MARKED = 40;

export const CbTrend = {
  components: { CbAgo },
  props: { t: Object },
  setup(props) {
    const points = computed(() => {
      const all = props.t.points;
      const values = all.map((p) => p[1]);
      const low = Math.min(...values);
      const high = Math.max(...values);
      const x = (i) => (all.length < 2 ? 100 : (i / (all.length - 1)) * 100);
      const y = (v) => (high === low ? 50 : 100 - ((v - low) / (high - low)) * 100);
      return all.map(([at, value, run], i) => ({ at, value, run, x: x(i), y: y(value), last: i === all.length - 1 }));
    });
    const low = computed(() => Math.min(...points.value.map((p) => p.value)));
    const high = computed(() => Math.max(...points.value.map((p) => p.value)));
    const last = computed(() => points.value[points.value.length - 1]);
    const change = computed(() => (points.value.length > 1 ? last.value.value - points.value[points.value.length - 2].value : null));
    const line = computed(() => "M" + points.value.map((p) => `${((p.x / 100) * W).toFixed(1)},${((p.y / 100) * H).toFixed(1)}`).join("L"));
    const marked = computed(() => {
      const step = Math.max(1, Math.ceil(points.value.length / MARKED));
      return points.value.filter((p, i) => p.last || i % step === 0);
    });
    const says = (p) => `${words.amount(p.value)} ${props.t.unit} in run ${p.run}, ${words.absolute(p.at)}`.replace("  ", " ");
    const label = computed(() => `${props.t.metric}: newest ${words.amount(last.value.value)}, lowest ${words.amount(low.value)}, highest ${words.amount(high.value)} of ${points.value.length}`);
    return { W, H, points, low, high, last, change, line, marked, says, label, words };
  },
  template: `
    <figure class="trend" :data-metric="t.metric">
      <figcaption>
        <span class="trend-name" :title="t.metric">{{ t.metric }}</span>
        <span class="trend-last num">{{ words.amount(last.value) }}<small v-if="t.unit">&nbsp;{{ t.unit }}</small></span>
        <span v-if="change" class="quiet num trend-change" title="since the measurement before">{{ change > 0 ? '+' : '−' }}{{ words.amount(Math.abs(change)) }}</span>
      </figcaption>
      <div v-if="points.length > 1" class="trend-plot" role="group" :aria-label="label">
        <span class="trend-high num" title="the highest">{{ words.amount(high) }}</span>
        <span v-if="low !== high" class="trend-low num" title="the lowest">{{ words.amount(low) }}</span>
        <div class="trend-area">
          <svg :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" aria-hidden="true">
            <path :d="'M0,0H' + W + 'M0,' + H + 'H' + W" class="trend-rule"/>
            <path :d="line" class="trend-line"/>
          </svg>
          <a v-for="p in marked" :key="p.at + ':' + p.x" class="trend-point" :class="{last: p.last}" :style="{left: p.x + '%', top: p.y + '%'}" :href="'/runs/' + p.run"
          :title="says(p)" :aria-label="says(p)" :tabindex="p.last ? 0 : -1"></a>
        </div>
        <span class="trend-from quiet"><CbAgo :at="points[0].at"/></span>
        <span class="trend-to quiet">{{ words.plural(points.length, 'measurement') }}, newest <CbAgo :at="last.at"/></span>
      </div>
      <p v-else class="quiet trend-one">Measured once, in <a :href="'/runs/' + last.run">run {{ last.run }}</a>. A line appears with the second measurement.</p>
    </figure>
  `,
};
