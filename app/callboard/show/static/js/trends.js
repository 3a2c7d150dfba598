// A metric over time: a line with its scale, its lowest, highest and newest value; marked points lead to their runs.
import { computed, nextTick, ref } from "vue";
import { CbAgo } from "callboard/parts.js";
import * as words from "callboard/words.js";

const W = 300;
const H = 72;
const MARKED = 40;
const READABLE = 0.25; // of an even gap: where the usual gap would be narrower on a scale of time, points stand evenly

// How far from the left each point stands, 0 to 1, and whether that is its time: bursts long apart would fall together.
export function spread(times) {
  const n = times.length;
  if (n < 2) return { at: times.map(() => 1), timed: false };
  const span = times[n - 1] - times[0];
  const gaps = times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b);
  const timed = n > 2 && span > 0 && gaps[Math.floor(gaps.length / 2)] / span >= READABLE / (n - 1);
  return { at: times.map((t, i) => (timed ? (t - times[0]) / span : i / (n - 1))), timed };
}

export const CbTrend = {
  components: { CbAgo },
  props: { t: Object },
  setup(props) {
    const scale = computed(() => spread(props.t.points.map((p) => p[0])));
    const points = computed(() => {
      const all = props.t.points;
      const values = all.map((p) => p[1]);
      const low = Math.min(...values);
      const high = Math.max(...values);
      const y = (v) => (high === low ? 50 : 100 - ((v - low) / (high - low)) * 100);
      return all.map(([at, value, run], i) => ({ at, value, run, task: props.t.tasks?.[i], href: props.t.tasks?.[i] ? `/tasks/${props.t.tasks[i]}` : `/runs/${run}`, x: scale.value.at[i] * 100, y: y(value), last: i === all.length - 1 }));
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
    const says = (p) => `${words.amount(p.value)} ${props.t.unit} in ${p.task ? `task ${p.task}` : `run ${p.run}`}, ${words.absolute(p.at)}`.replace("  ", " ");
    const label = computed(() => `${props.t.metric}: newest ${words.amount(last.value.value)}, lowest ${words.amount(low.value)}, highest ${words.amount(high.value)} of ${points.value.length}`);
    const area = ref(null);
    const chosen = ref(null); // which of the marked points the Tab key leads to; the newest until one was chosen
    const open = ref(false);
    const stop = computed(() => (chosen.value == null ? marked.value.length - 1 : Math.min(chosen.value, marked.value.length - 1)));
    async function key(event) {
      const last = marked.value.length - 1;
      const to = { ArrowLeft: stop.value - 1, ArrowRight: stop.value + 1, Home: 0, End: last }[event.key];
      if (to == null) return;
      event.preventDefault();
      chosen.value = Math.max(0, Math.min(last, to));
      await nextTick();
      area.value?.querySelectorAll(".trend-point")[chosen.value]?.focus();
    }
    const newest = computed(() => [...points.value].reverse());
    return { area, key, chosen, stop, open, newest, scale, W, H, points, low, high, last, change, line, marked, says, label, words };
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
        <div ref="area" class="trend-area" @keydown="key">
          <svg :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" aria-hidden="true">
            <path :d="'M0,0H' + W + 'M0,' + H + 'H' + W" class="trend-rule"/>
            <path :d="line" class="trend-line"/>
          </svg>
          <a v-for="(p, i) in marked" :key="p.at + ':' + p.x" class="trend-point" :class="{last: p.last}" :style="{left: p.x + '%', top: p.y + '%'}" :href="p.href"
          :title="says(p)" :aria-label="says(p)" :tabindex="i === stop ? 0 : -1" @focus="chosen = i"></a>
        </div>
        <span class="trend-from quiet"><CbAgo :at="points[0].at"/></span>
        <span class="trend-to quiet"><span :title="scale.timed ? 'points stand where their time is' : 'points stand evenly, whenever they were taken'">{{ words.plural(points.length, 'measurement') }}{{ scale.timed || points.length < 3 ? '' : ', evenly spaced' }}</span>, newest <CbAgo :at="last.at"/></span>
      </div>
      <details v-if="points.length > 1" class="trend-values" @toggle="open = $event.target.open">
        <summary class="quiet">all values</summary>
        <div v-if="open" class="trend-scroll" tabindex="0" role="region" :aria-label="'All values of ' + t.metric">
          <table>
            <tr v-for="p in newest" :key="p.at + ':' + p.x"><td class="num">{{ words.absolute(p.at) }}</td><td class="num right">{{ words.amount(p.value) }}<template v-if="t.unit">&nbsp;{{ t.unit }}</template></td><td><a :href="p.href">{{ p.task ? 'task ' + p.task : 'run ' + p.run }}</a></td></tr>
          </table>
        </div>
      </details>
      <p v-else class="quiet trend-one">Measured once, in <a :href="last.href">run {{ last.run }}</a>. A line appears with the second measurement.</p>
    </figure>
  `,
};
