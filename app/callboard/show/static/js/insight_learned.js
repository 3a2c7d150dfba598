// What was learned: how forecasts held, what tasks really need.
import { computed, ref } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const W = 1000;
const H = 180;
const REACH = 2; // at most; what came later than twice the P80 stands at the edge, as an arrow
const MOST = 120;
const MOST_JOBS = 20; // that are shown at once
const ENOUGH = 10; // fewer forecasts that came due say little

const span = (at, moment) => (moment > 1e8 ? moment - at : moment); // a moment, or seconds from the start

// Past forecasts as ranges, each measured by its own P80, and what came: below the line it held.
export const CbHeld = {
  props: { past: Array, label: String },
  setup(props) {
    const rows = computed(() => props.past.slice(-MOST));
    const reach = computed(() => Math.min(REACH, Math.max(1.15, ...rows.value.map(([at, , p80, actual]) => (actual == null ? 0 : (span(at, actual) / Math.max(1e-6, span(at, p80))) * 1.05)))));
    const y = (part) => H - (Math.min(part, reach.value) / reach.value) * (H - 6) - 2;
    const drawn = computed(() => {
      const wide = W / Math.max(8, rows.value.length);
      return rows.value.map(([at, p50, p80, actual], i) => {
        const [a, b, c] = [span(at, p50), Math.max(1e-6, span(at, p80)), actual == null ? null : span(at, actual)];
        const late = c != null && c > b * (1 + 1e-9);
        const said = `${words.moment(at)}: ${words.duration(a)} to ${words.duration(b)} was foretold, ${c == null ? "not over yet" : `${words.duration(c)} came`}${late ? ", later" : ""}`;
        return { key: i, x: (i + 0.5) * wide, w: Math.min(14, wide * 0.5), top: y(1), low: y(a / b), dot: c == null ? null : y(c / b), out: c != null && c / b > reach.value, late, said };
      });
    });
    const left = (x) => `${(x / W) * 100}%`;
    const top = (v) => `${(v / H) * 100}%`;
    return { drawn, left, top, line: computed(() => y(1)), W, H };
  },
  template: `
    <div class="held-plot" role="img" :aria-label="label">
      <svg :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" aria-hidden="true">
        <rect v-for="d in drawn" :key="d.key" :x="d.x - d.w / 2" :width="d.w" :y="d.top" :height="Math.max(2, d.low - d.top)" class="held-range"/>
        <line x1="0" :x2="W" :y1="line" :y2="line" class="held-line"/>
      </svg>
      <span v-for="d in drawn.filter((d) => d.dot != null)" :key="d.key" class="held-dot" :class="{late: d.late, out: d.out}" :style="{left: left(d.x), top: top(d.dot)}" :title="d.said"></span>
      <span class="held-tick" :style="{top: top(line)}" aria-hidden="true">P80</span>
    </div>
  `,
};

const NAMES = { run: "runs", task: "tasks", start: "starts of tasks", roadmap: "roadmap" };

export const CbCalibration = {
  components: { CbHeld, ...PARTS },
  props: { of: Object },
  setup(props) {
    const kinds = computed(() => props.of.kinds ?? []);
    const late = computed(() => (props.of.past ?? []).filter(([at, , p80, actual]) => actual != null && span(at, actual) > span(at, p80)).length);
    const label = computed(() => `${words.plural(props.of.past.length, "past forecast")}: ${props.of.past.length - late.value} came within their range or before, ${late.value} later`);
    return { kinds, late, label, NAMES, ENOUGH, words };
  },
  template: `
    <section class="panel" aria-labelledby="h-held">
      <header><h2 id="h-held">Do forecasts hold?</h2><span class="quiet">what is said to end in time four times of five should do so four times of five</span></header>
      <ul class="rows held-kinds">
        <li v-for="k in kinds" :key="k.kind" :data-kind="k.kind"><span class="name">{{ NAMES[k.kind] || k.kind }}</span>
          <span class="held-share"><template v-if="k.n && k.share != null"><b class="num">{{ words.percent(k.share) }}</b>&ensp;<span class="num quiet">{{ words.count(k.held) }} of n = {{ words.count(k.n) }}</span></template><span v-else-if="k.n" class="num quiet">{{ words.count(k.held) }} of n = {{ words.count(k.n) }}</span><span v-else class="quiet">nothing came due</span></span>
          <span class="held-scale" aria-hidden="true"><i v-if="k.n && k.share != null" :class="{few: k.n < ENOUGH}" :style="{left: k.share * 100 + '%'}"></i></span>
          <span class="held-words reason">{{ k.words }}</span></li>
      </ul>
      <template v-if="of.past && of.past.length > 1">
        <CbHeld :past="of.past" :label="label"/>
        <p class="legend held-legend"><span><i class="held-range"></i>foretold, P50 to P80</span><span><i class="held-dot"></i>came in time</span><span><i class="held-dot late"></i>came later</span><span class="quiet">each forecast is measured by its own P80, oldest on the left</span></p>
      </template>
      <p v-else class="side-none quiet">A picture of past ranges against what came begins with the second run that ends.</p>
    </section>
  `,
};

const KEYS = ["cpus", "memory_mb"];
const AS = { cpus: (v) => `${words.cpus(v)} cpu`, memory_mb: words.mebibytes };
export const CbNeeds = {
  components: PARTS,
  props: { jobs: Array },
  setup(props) {
    const most = computed(() => Object.fromEntries(KEYS.map((k) => [k, Math.max(1e-9, ...props.jobs.flatMap((j) => [j.declared?.[k], j.used?.[k], j.planned?.[k]].map((v) => v ?? 0)))])));
    const wide = (v, k) => `${((v ?? 0) / most.value[k]) * 100}%`;
    const rates = (j) => [["failed", "failed"], ["broke_off", "broke off"], ["flaky", "flaky"]].filter(([name]) => j[name]?.n).map(([name, said]) => `${said} ${j[name].n} of ${j[name].of}`);
    const open = ref(false);
    const shown = computed(() => (open.value || props.jobs.length <= MOST_JOBS + 3 ? props.jobs : props.jobs.slice(0, MOST_JOBS)));
    return { KEYS, AS, wide, rates, open, shown, words };
  },
  template: `
    <section class="panel needs" aria-labelledby="h-needs-learned">
      <header><h2 id="h-needs-learned">What tasks really need</h2><span v-if="jobs.length" class="quiet num">{{ words.plural(jobs.length, 'job') }}</span><span v-if="jobs.length" class="more legend"><span><i class="need-declared"></i>declared</span><span><i class="need-used"></i>used</span><span><i class="need-planned"></i>planned with</span></span></header>
      <table v-if="jobs.length" class="table fold needs-table">
        <thead><tr><th>Job</th><th>CPU</th><th>Memory</th><th>Takes</th><th class="right">Runs</th></tr></thead>
        <tbody>
          <tr v-for="j in shown" :key="j.job" :data-job="j.job">
            <td class="need-job"><span class="name">{{ j.job }}</span><span class="need-words">{{ j.words }}</span><span v-if="j.drift" class="need-words t-ask tinted">{{ j.drift.words }}</span></td>
            <td v-for="k in KEYS" :key="k" class="full need-cell">
              <span class="need-bars" aria-hidden="true"><i class="need-declared" :style="{width: wide(j.declared && j.declared[k], k)}"></i><i class="need-used" :style="{width: wide(j.used && j.used[k], k)}"></i><b v-if="j.planned && j.planned[k] != null" class="need-planned" :style="{left: wide(j.planned[k], k)}"></b></span>
              <span class="need-said num"><span title="declared">{{ AS[k](j.declared && j.declared[k]) }}</span> → <b title="used">{{ j.used ? AS[k](j.used[k]) : words.DASH }}</b> → <span title="planned with">{{ AS[k](j.planned && j.planned[k]) }}</span></span>
            </td>
            <td class="full need-takes"><template v-if="j.seconds"><b class="num" title="half of the good tries took no longer">{{ words.duration(j.seconds.p50) }}</b> <span class="quiet num" title="four of five took no longer">to {{ words.duration(j.seconds.p80) }}</span></template><span v-else class="quiet">no good try yet</span><span v-for="r in rates(j)" :key="r" class="need-rate">{{ r }}</span></td>
            <td class="right num" data-label="n =">{{ words.count(j.n) }}</td>
          </tr>
        </tbody>
      </table>
      <p v-if="shown.length < jobs.length" class="log-foot advice-rest"><button type="button" class="link" data-more @click="open = true">Show {{ words.count(jobs.length - shown.length) }} more</button></p>
      <CbEmpty v-if="!jobs.length" title="Nothing is learned yet">After a few runs it stands here what each task declared, what it really used, and with what it is planned.</CbEmpty>
    </section>
  `,
};
