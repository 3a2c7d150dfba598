// When a run will be over, as a range; how likely it goes well; how far such ranges are to be trusted.
import { computed, onMounted, onScopeDispose, ref, watch } from "vue";
import { get, send } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const AGAIN_MS = 1000;
export const ENOUGH = 10; // fewer forecasts that came due say nothing about how far they hold

// "14:32 – 14:40", with the day when it is not today.
export function whenWords(range) {
  const [a, b] = [range.p50, Math.max(range.p50, range.p80)].map((at) => words.moment(at));
  const short = (text) => (text.length === 8 ? text.slice(0, b === a || range.p80 - range.p50 < 120 ? 8 : 5) : text);
  return short(a) === short(b) ? short(a) : `${short(a)} – ${short(b)}`;
}
export const leftWords = (range, now) => {
  const [a, b] = [range.p50 - now, range.p80 - now].map((s) => words.remaining(s));
  return a === b ? a : a === "late" ? `late, at most ${b}` : `${a} to ${b}`;
};
// "2 in 100": how often such a run ended badly.
export const chanceWords = (share) => {
  const bad = Math.round((1 - share) * 100);
  return bad <= 0 ? "hardly ever goes wrong" : bad >= 100 ? "goes wrong nearly always" : `goes wrong ${bad} times in 100`;
};
export const heldWords = (c) => (c && c.n >= ENOUGH && c.share != null ? `such ranges held ${words.percent(c.share)} of the time, n = ${words.count(c.n)}` : c && c.n ? `too little data to say how far such ranges hold, n = ${words.count(c.n)}` : "how far such ranges hold is not known yet");

// What is foreseen of a run: of one that goes on it is asked for once the page is there, and anew when the live key says so.
export function useForecast(id, first, over) {
  const at = ref(first ?? null);
  let timer = 0;
  const read = async () => ((timer = 0), (at.value = await get(`/runs/${id}/forecast`).catch((problem) => at.value ?? { end: null, why: problem.message })));
  if (!over) read();
  return { at, soon: () => (timer ||= setTimeout(read, AGAIN_MS)), hear: (m) => m.forecast && typeof m.forecast === "object" && String(id) in m.forecast && (timer ||= setTimeout(read, AGAIN_MS)), stop: () => clearTimeout(timer) };
}

// A line in the head of a run that goes on.
export const CbForecast = {
  components: PARTS,
  props: { of: Object, run: Object },
  setup(props) {
    const end = computed(() => props.of?.end ?? props.of?.foreseen); // of one that has ended: what was foretold of it
    const came = computed(() => (props.run?.ended == null || !end.value ? null : props.run.ended <= end.value.p80 ? "in time" : `${words.duration(props.run.ended - end.value.p80)} later than P80`));
    const title = computed(() => (end.value ? `Half of the futures are over by ${words.absolute(end.value.p50)}, four of five by ${words.absolute(end.value.p80)}, nearly all by ${words.absolute(end.value.p95)}${props.of.refined ? "" : "; a first look, made finer in a moment"}` : ""));
    return { end, came, title, whenWords, leftWords, chanceWords, heldWords, words };
  },
  template: `
    <p class="forecast" data-forecast :class="{first: of && of.end && !of.refined}">
      <span v-if="came" :title="title"><svg viewBox="0 0 16 16" class="forecast-mark" aria-hidden="true"><path d="M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM8 5v3.200l2.200 1.500"/></svg>was to end <b class="num">{{ whenWords(end) }}</b> <span class="quiet">P50 to P80, and ended {{ came }}</span></span>
      <template v-else-if="end"><span :title="title"><svg viewBox="0 0 16 16" class="forecast-mark" aria-hidden="true"><path d="M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM8 5v3.200l2.200 1.500"/></svg>ends <b class="num">{{ whenWords(end) }}</b> <span class="quiet num">in {{ leftWords(end, words.clock.now) }}, P50 to P80</span></span>
        <span v-if="of.chance_ok != null">{{ chanceWords(of.chance_ok) }}</span>
        <a class="quiet" href="/insights?tab=learned" :title="of.calibration && of.calibration.words">{{ heldWords(of.calibration) }}</a>
        <span v-if="of.why" class="quiet forecast-why" :title="of.why">{{ of.why }}</span>
        <span v-if="of.samples" class="quiet num forecast-n">{{ words.plural(of.samples, 'future') }}</span></template>
      <span v-else class="quiet"><svg viewBox="0 0 16 16" class="forecast-mark" aria-hidden="true"><path d="M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM8 5v3.200l2.200 1.500"/></svg>{{ of ? of.why || 'no forecast' : 'the forecast is being worked out' }}</span>
      <span v-for="(d, i) in (came ? [] : (of && of.drift) || []).slice(0, 2)" :key="i" class="forecast-drift" :title="d.words"><b v-if="!d.words.includes(d.job)">{{ d.job }}&nbsp;</b>{{ d.words }}</span>
    </p>
  `,
};

const SETTLED_MS = 900;
const whole = (text) => String(text).toWellFormed?.() ?? String(text); // half a character, as in a broken name, cannot be sent
// Before a run: the same futures as of one that goes on, for the jobs that are chosen. asked: {pipeline, without}
export const CbForesee = {
  components: PARTS,
  props: { asked: Object },
  setup(props) {
    const told = ref(null);
    const held = ref(null);
    const why = ref("");
    const busy = ref(false);
    let [turn, timer] = [0, 0];
    async function read() {
      const mine = ++turn;
      busy.value = true;
      try {
        const found = await send("/insights/whatif", { pipeline: whole(props.asked.pipeline), changes: props.asked.without.length ? { without: props.asked.without.map(whole) } : {} });
        if (mine === turn) (told.value = props.asked.without.length ? found.other : found.base), (why.value = found.notes.find((note) => note.startsWith("too little data")) ?? (told.value ? "" : found.difference.words));
      } catch (problem) {
        if (mine === turn) (told.value = null), (why.value = problem.message);
      } finally {
        if (mine === turn) busy.value = false;
      }
    }
    onMounted(() => {
      read();
      get("/insights/calibration").then((c) => (held.value = c.kinds.find((k) => k.kind === "run"))).catch(() => {});
    });
    watch(() => JSON.stringify(props.asked), () => (clearTimeout(timer), (busy.value = true), (timer = setTimeout(read, SETTLED_MS))));
    onScopeDispose(() => clearTimeout(timer));
    return { told, held, why, busy, chanceWords, heldWords, words };
  },
  template: `
    <section class="panel foresee" aria-labelledby="h-foresee" :aria-busy="busy" data-foresee>
      <header><h2 id="h-foresee">Forecast</h2><a class="more" :href="'/insights/whatif' + (asked.pipeline === 'default' ? '' : '?pipeline=' + words.segment(asked.pipeline))">What if…</a></header>
      <dl class="before-figures" :class="{pending: busy}">
        <div><dt>half of the futures (P50)</dt><dd class="num">{{ told ? words.duration(told.end.p50) : words.DASH }}</dd></div>
        <div><dt>four of five (P80)</dt><dd class="num">{{ told ? words.duration(told.end.p80) : words.DASH }}</dd></div>
      </dl>
      <p class="foresee-words">{{ told && told.chance_ok != null ? 'Such a run ' + chanceWords(told.chance_ok) + '.' : busy ? 'It is being worked out.' : 'How often such a run goes wrong is not known.' }} <a class="quiet" href="/insights?tab=learned">{{ heldWords(held) }}</a></p>
      <p v-if="why" class="foresee-words foresee-few">{{ why }}</p>
    </section>
  `,
};
