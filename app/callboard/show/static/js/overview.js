// The whole time of a run in one strip: how many tasks ran at once; a stretch of it is chosen by drawing over it.
import { computed, ref } from "vue";
import { steady } from "callboard/tasks.js";
import * as words from "callboard/words.js";

const BUCKETS = 160;
const H = 34;
const LEAST = 0.006;

export const CbOverview = {
  // all(): the rows; part: [from, to] in seconds after the beginning or null; look(from, to): chooses a stretch.
  props: { all: Function, version: Object, from: Number, span: Number, part: Array, look: Function },
  setup(props) {
    const strip = ref(null);
    const busy = steady(props.version, [() => props.from, () => props.span], () => {
      const change = new Array(BUCKETS + 1).fill(0);
      const now = words.clock.now;
      const at = (moment) => Math.min(BUCKETS, Math.max(0, Math.floor(((moment - props.from) / props.span) * BUCKETS)));
      for (const t of props.all()) {
        if (t.started == null) continue;
        change[at(t.started)]++;
        change[Math.min(BUCKETS, at(t.ended ?? now) + 1)]--;
      }
      let running = 0;
      return change.slice(0, BUCKETS).map((n) => (running += n));
    });
    const top = computed(() => Math.max(1, ...busy.value));
    const area = computed(() => `M0,${H}` + busy.value.map((n, i) => `L${i},${(H - 2 - (n / top.value) * (H - 6)).toFixed(1)}L${i + 1},${(H - 2 - (n / top.value) * (H - 6)).toFixed(1)}`).join("") + `L${BUCKETS},${H}Z`);
    const drawn = ref(null);
    const chosen = computed(() => {
      const [a, b] = drawn.value ?? (props.part ? props.part.map((s) => s / props.span) : [0, 1]);
      return { a: Math.min(a, b), b: Math.max(a, b), all: !drawn.value && !props.part };
    });
    let held = null;
    const share = (event) => {
      const room = strip.value.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - room.left) / room.width));
    };
    function press(event) {
      if (event.button) return;
      strip.value.setPointerCapture(event.pointerId);
      const x = share(event);
      const { a, b, all } = chosen.value;
      const near = 6 / strip.value.clientWidth;
      if (!all && Math.abs(x - a) < near) held = { fixed: b };
      else if (!all && Math.abs(x - b) < near) held = { fixed: a };
      else if (!all && x > a && x < b) held = { grip: x - a, width: b - a };
      else held = { fixed: x };
    }
    function move(event) {
      if (!held) return;
      const x = share(event);
      if (held.width != null) {
        const a = Math.min(1 - held.width, Math.max(0, x - held.grip));
        drawn.value = [a, a + held.width];
      } else drawn.value = [held.fixed, x];
    }
    function release() {
      if (!held) return;
      held = null;
      const { a, b } = chosen.value;
      if (drawn.value && b - a > LEAST) props.look(a * props.span, b * props.span);
      drawn.value = null;
    }
    const title = computed(() => `At most ${words.plural(top.value, "task")} at once`);
    return { strip, area, top, chosen, press, move, release, title, BUCKETS, H, words };
  },
  template: `
    <div class="overview">
      <span class="overview-name quiet">{{ title }}</span>
      <span class="overview-strip" ref="strip" role="img" :aria-label="title + '. The keys plus, minus and Shift with an arrow choose the time'" title="Draw over it to choose a time" @pointerdown="press" @pointermove="move" @pointerup="release" @pointercancel="release" @dblclick="look(0, span)">
        <svg :viewBox="'0 0 ' + BUCKETS + ' ' + H" preserveAspectRatio="none" aria-hidden="true"><path :d="area"/></svg>
        <i v-if="!chosen.all" class="overview-off" :style="{left: 0, width: chosen.a * 100 + '%'}"></i>
        <i v-if="!chosen.all" class="overview-off" :style="{left: chosen.b * 100 + '%', right: 0}"></i>
        <i v-if="!chosen.all" class="overview-on" :style="{left: chosen.a * 100 + '%', width: (chosen.b - chosen.a) * 100 + '%'}"></i>
      </span>
    </div>
  `,
};
