// A chart over time: lines with axes, one hair line shared by all charts of a page, and a stretch that can be chosen by
// pointer or keyboard. `unit` is what the ticks count in (1024 for MiB shown as GiB). series: [{name, tone, points: [[at, value|null]], area}], oldest first; span: {from, to} in seconds.
import { computed, ref } from "vue";
import * as words from "callboard/words.js";

const H = 132;
const W = 1000; // units of the drawing; it is stretched to the room there is
const LEAST = 4; // pixels that a stretch must be wide

// A time that all charts of a page point at, and the stretch that is being chosen; null for none.
export function useCursor() {
  return { at: ref(null), begun: ref(null) };
}

// Round numbers up to `top`, at most four of them.
export function ticksTo(top) {
  if (!(top > 0)) return [];
  const raw = top / 3;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * size).find((n) => n >= raw);
  const found = [];
  for (let n = step; n <= top * 1.0001; n += step) found.push(n);
  return found;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800];
export function momentsOf({ from, to }, most = 6) {
  const step = STEPS.find((s) => (to - from) / s <= most) ?? 86400 * Math.ceil((to - from) / 86400 / most);
  const shift = new Date(from * 1000).getTimezoneOffset() * 60;
  const found = [];
  for (let t = Math.ceil((from - shift) / step) * step + shift; t <= to; t += step) found.push({ at: t, words: label(t, step) });
  return found;
}
function label(at, step) {
  const d = new Date(at * 1000);
  const two = (n) => String(n).padStart(2, "0");
  if (step >= 86400 || (d.getHours() === 0 && d.getMinutes() === 0 && step >= 3600)) return `${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return step < 60 ? words.clockTime(at) : `${two(d.getHours())}:${two(d.getMinutes())}`;
}

// Stretches without a gap: a null, or a hole four times as wide as usual, breaks a line.
export function stretches(points) {
  const gaps = points.slice(1).map((p, i) => p[0] - points[i][0]).sort((a, b) => a - b);
  const wide = Math.max(25, 4 * (gaps[Math.floor(gaps.length / 2)] ?? 0));
  const found = [];
  let now = [];
  for (const p of points) {
    if (now.length && (p[1] == null || p[0] - now[now.length - 1][0] > wide)) found.push(now), (now = []);
    if (p[1] != null) now.push(p);
  }
  if (now.length) found.push(now);
  return found;
}

// The value at a moment: the nearest point's, null when none is near.
export function valueAt(points, at, span) {
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= at) low = middle;
    else high = middle;
  }
  const near = [points[low], points[high]].filter(Boolean).sort((a, b) => Math.abs(a[0] - at) - Math.abs(b[0] - at))[0];
  return near && Math.abs(near[0] - at) <= Math.max(15, (span.to - span.from) / 40) ? near[1] : null;
}

export const CbChart = {
  props: { title: String, series: Array, span: Object, max: Number, unit: { type: Number, default: 1 }, as: Function, cursor: Object, choose: Function, note: String },
  setup(props) {
    const plot = ref(null);
    const top = computed(() => props.max ?? Math.max(1e-6, ...props.series.flatMap((s) => s.points.map((p) => p[1] ?? 0))) * 1.12);
    const x = (at) => ((at - props.span.from) / (props.span.to - props.span.from)) * W;
    const y = (v) => H - (Math.min(v, top.value) / top.value) * (H - 4);
    const drawn = computed(() =>
      props.series.map((s) => {
        const parts = stretches(s.points).map((part) => part.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`));
        const ends = stretches(s.points).map((part) => [x(part[0][0]), x(part[part.length - 1][0])]);
        return {
          ...s,
          line: parts.map((part) => "M" + part.join("L") + (part.length < 2 ? "h2" : "")).join(""),
          fill: s.area === false ? "" : parts.map((part, i) => `M${ends[i][0].toFixed(1)},${H}L${part.join("L")}L${ends[i][1].toFixed(1)},${H}Z`).join(""),
        };
      }),
    );
    const across = computed(() => ticksTo(top.value / props.unit).map((t) => t * props.unit));
    const along = computed(() => momentsOf(props.span));
    const part = (at) => `${((x(at) / W) * 100).toFixed(3)}%`;
    const shown = computed(() => props.series.map((s) => ({ name: s.name, tone: s.tone, value: props.cursor.at.value == null ? s.points[s.points.length - 1]?.[1] : valueAt(s.points, props.cursor.at.value, props.span) })));
    const chosen = computed(() => (props.cursor.begun.value == null || props.cursor.at.value == null ? null : [props.cursor.begun.value, props.cursor.at.value].sort((a, b) => a - b)));

    const timeOf = (event) => {
      const box = plot.value.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      return props.span.from + share * (props.span.to - props.span.from);
    };
    let pressed = null;
    function down(event) {
      if (event.button !== 0 || !props.choose) return;
      pressed = event.clientX;
      plot.value.setPointerCapture(event.pointerId);
      props.cursor.begun.value = props.cursor.at.value = timeOf(event);
    }
    function move(event) {
      props.cursor.at.value = timeOf(event);
    }
    function up(event) {
      if (pressed == null) return;
      const wide = Math.abs(event.clientX - pressed) >= LEAST;
      pressed = null;
      take(wide);
    }
    function take(really) {
      const found = chosen.value;
      props.cursor.begun.value = null;
      if (really && found && found[1] > found[0]) props.choose(found[0], found[1]);
    }
    function leave() {
      if (pressed == null) props.cursor.at.value = props.cursor.begun.value = null;
    }
    function key(event) {
      const step = ((props.span.to - props.span.from) / 60) * { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const { at, begun } = props.cursor;
      if (step) {
        const before = at.value ?? props.span.to;
        if (event.shiftKey && begun.value == null) begun.value = before;
        if (!event.shiftKey) begun.value = null;
        at.value = Math.min(props.span.to, Math.max(props.span.from, before + step));
      } else if (event.key === "Enter" && chosen.value) take(true);
      else if (event.key === "Escape" && at.value != null) at.value = begun.value = null;
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    const told = computed(() => `${props.title}: ${shown.value.map((s) => `${s.name} ${s.value == null ? "not measured" : props.as(s.value)}`).join(", ")}${props.cursor.at.value == null ? "" : ` at ${words.moment(props.cursor.at.value)}`}`);
    return { plot, W, H, drawn, across, along, part, shown, chosen, down, move, up, leave, key, told, y, words };
  },
  template: `
    <section class="panel chart">
      <header>
        <h2>{{ title }}</h2>
        <span class="chart-legend">
          <span v-for="s in shown" :key="s.name" :class="'t-' + s.tone"><i aria-hidden="true"></i>{{ s.name }} <b class="num">{{ s.value == null ? words.DASH : as(s.value) }}</b></span>
        </span>
      </header>
      <div class="chart-area">
        <div ref="plot" class="chart-plot" tabindex="0" role="slider" :aria-label="title + ' over time'" :aria-valuetext="told" aria-valuemin="0" aria-valuemax="100" aria-valuenow="100"
      @pointerdown="down" @pointermove="move" @pointerup="up" @pointercancel="up" @pointerleave="leave" @blur="leave" @keydown="key">
          <svg :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" aria-hidden="true">
            <line v-for="t in across" :key="t" x1="0" :x2="W" :y1="y(t)" :y2="y(t)" class="chart-rule"/>
            <g v-for="s in drawn" :key="s.name" :class="'t-' + s.tone">
              <path v-if="s.fill" :d="s.fill" class="chart-fill"/>
              <path :d="s.line" class="chart-line"/>
            </g>
          </svg>
          <span v-for="t in across" :key="t" class="chart-tick num" :style="{top: (y(t) / H) * 100 + '%'}">{{ as(t) }}</span>
          <span v-if="chosen" class="chart-chosen" :style="{left: part(chosen[0]), right: 'calc(100% - ' + part(chosen[1]) + ')'}"></span>
          <span v-if="cursor.at.value != null" class="chart-hair" :style="{left: part(cursor.at.value)}"></span>
        </div>
        <div class="chart-times num" aria-hidden="true"><span v-for="m in along" :key="m.at" :style="{left: part(m.at)}">{{ m.words }}</span></div>
      </div>
      <p class="chart-note num">{{ note }}</p>
    </section>
  `,
};
