// When a run will be over, as a range; how likely it goes well; how far such ranges are to be trusted.
import { computed, ref } from "vue";
import { get } from "callboard/live.js";
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

// What is foreseen of a run, read anew when the live key says so.
export function useForecast(id, first) {
  const at = ref(first ?? null);
  let timer = 0;
  const read = async () => ((timer = 0), (at.value = await get(`/runs/${id}/forecast`).catch(() => at.value)));
  return { at, soon: () => (timer ||= setTimeout(read, AGAIN_MS)), hear: (m) => m.forecast && String(id) in m.forecast && (timer ||= setTimeout(read, AGAIN_MS)), stop: () => clearTimeout(timer) };
}

// A line in the head of a run that goes on.
export const CbForecast = {
  components: PARTS,
  props: { of: Object, run: Object },
  setup(props) {
    const end = computed(() => props.of?.end);
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
        <span v-if="of.samples" class="quiet num forecast-n">{{ words.plural(of.samples, 'future') }}</span></template>
      <span v-else class="quiet"><svg viewBox="0 0 16 16" class="forecast-mark" aria-hidden="true"><path d="M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM8 5v3.200l2.200 1.500"/></svg>{{ of ? of.why || 'no forecast' : 'the forecast is being worked out' }}</span>
      <span v-for="(d, i) in (came ? [] : (of && of.drift) || []).slice(0, 2)" :key="i" class="forecast-drift" :title="d.words"><b v-if="!d.words.includes(d.job)">{{ d.job }}&nbsp;</b>{{ d.words }}</span>
    </p>
  `,
};
