// Endpoints of the platform as a polite prober sees them: how fast they answer, how often, and when they did not.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const W = 240;
const H = 40;
const HEAD = 1.15;

export const ms = (v) => `${words.amount(v < 10 ? Math.round(v * 10) / 10 : Math.round(v))} ms`;
// The share of answers, as the rows have it: 0 to 1 of the prober, 0 to 100 of MonitorAnalytics.
export const share = (v) => `${words.amount(Math.floor(v * 10) / 10)} %`;
export const over = (e) => e.limit_ms != null && e.p95 != null && e.p95 > e.limit_ms;
export const verdictOf = (e) => (e.n === 0 || (e.success == null && e.p95 == null) ? "unsure" : (e.success != null && e.success < 100) || over(e) ? "bad" : "good");

// The newest times of an endpoint with the line that they should stay under.
export const CbLimitSpark = {
  props: { values: Array, limit: Number, label: String, bad: Boolean },
  setup(props) {
    const top = computed(() => Math.max(1e-6, props.limit ?? 0, ...props.values.filter((v) => v != null)) * HEAD);
    const y = (v) => H - 1 - (v / top.value) * (H - 2);
    const runs = computed(() => {
      const [found, n] = [[], props.values.length];
      let now = [];
      props.values.forEach((v, i) => {
        if (v == null) now.length && found.push(now), (now = []);
        else now.push([n < 2 ? W : (i / (n - 1)) * W, y(v)]);
      });
      if (now.length) found.push(now);
      return found;
    });
    const path = (points) => points.map((p) => `${p[0].toFixed(1)},${p[1].toFixed(1)}`).join("L");
    const line = computed(() => runs.value.map((r) => `M${path(r)}${r.length < 2 ? "h1" : ""}`).join(""));
    const area = computed(() => runs.value.map((r) => `M${r[0][0].toFixed(1)},${H}L${path(r)}L${r[r.length - 1][0].toFixed(1)},${H}Z`).join(""));
    return { W, H, y, line, area };
  },
  template: `
    <svg class="limit-spark" :class="bad ? 't-bad' : 't-ink'" :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" role="img" :aria-label="label">
      <path :d="area" class="area"/><path :d="line" class="line"/>
      <path v-if="limit != null" :d="'M0,' + y(limit).toFixed(1) + 'H' + W" class="limit"/>
    </svg>
  `,
};

export const CbEndpoints = {
  components: { CbLimitSpark, ...PARTS },
  props: { endpoints: Array },
  setup: () => ({ words, ms, share, over, verdictOf }),
  template: `
    <section class="panel endpoints" aria-labelledby="h-endpoints" id="endpoints">
      <header><h2 id="h-endpoints">The platform's API</h2><span v-if="endpoints.length" class="more">asked politely, from outside</span></header>
      <ul v-if="endpoints.length">
        <li v-for="e in endpoints" :key="e.name" class="endpoint" :data-endpoint="e.name">
          <p class="endpoint-head"><CbState :word="e.paused ? 'paused' : verdictOf(e)" bare/><span class="name">{{ e.name }}</span><span v-if="e.at != null" class="quiet endpoint-at"><CbAgo :at="e.at"/></span></p>
          <p class="endpoint-url" :title="e.url"><bdi>{{ e.url }}</bdi></p>
          <div v-if="(e.trend || []).length > 1" class="endpoint-trend"><CbLimitSpark :values="e.trend" :limit="e.limit_ms" :bad="over(e)" :label="e.name + ': the newest ' + e.trend.length + ' times' + (e.limit_ms != null ? ', the line is its limit of ' + e.limit_ms + ' ms' : '')"/></div>
          <dl class="endpoint-stats">
            <div><dt>p50</dt><dd><CbNum :value="e.p50" :as="ms" why="not measured yet"/></dd></div>
            <div><dt>p95</dt><dd :class="over(e) ? 't-bad tinted' : ''"><CbNum :value="e.p95" :as="ms" why="not measured yet"/><small v-if="e.limit_ms != null" class="quiet" title="its limit, the dashed line"> of {{ e.limit_ms }}</small></dd></div>
            <div><dt>Answered</dt><dd :class="e.success != null && e.success < 100 ? 't-bad tinted' : ''"><CbNum :value="e.success" :as="share" why="not measured yet"/></dd></div>
            <div><dt>{{ e.n == null && e.task ? 'Task' : 'Asked' }}</dt><dd><a v-if="e.n == null && e.task" class="hold" :href="'/tasks/' + e.task">{{ e.task }}</a><CbNum v-else :value="e.n"/></dd></div>
          </dl>
          <p v-if="e.paused" class="trouble ask">{{ e.paused }}</p>
          <p v-if="e.last_failure" class="endpoint-failure t-bad"><b>last failure</b> <CbAgo :at="e.last_failure.at"/>: {{ e.last_failure.words }}</p>
          <p v-else-if="e.n" class="quiet endpoint-failure">no failure seen</p>
        </li>
      </ul>
      <CbEmpty v-else title="No endpoint is asked">Give an address in <code>[endpoints.NAME]</code> of callboard.toml a <code>watch = "5s"</code>, and how fast it answers stands here. It is asked with GET alone, and left in peace when it is in trouble.</CbEmpty>
    </section>
  `,
};
