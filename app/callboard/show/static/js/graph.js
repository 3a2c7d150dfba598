// Draws a run's tasks where the server placed them; zoom, pan, focus on what comes before and after. Rows are patched in place.
import { computed, nextTick, onBeforeUnmount, onMounted, reactive, ref, watch } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const LONGEST = 22;
const READABLE = 0.62;
const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

// Long names differ at their ends: the middle is left out.
const short = (name) => (name.length > LONGEST ? `${name.slice(0, 10)}…${name.slice(11 - LONGEST)}` : name);

const GraphNode = {
  props: { t: Object, n: Object, near: Boolean, chosen: Boolean },
  setup(props) {
    const s = computed(() => words.stateOf(words.shown(props.t)));
    const sub = computed(() => {
      const t = props.t;
      if (t.state === undefined) return t.estimate == null ? "" : `about ${words.duration(t.estimate)}`;
      const word = words.shown(t);
      if (t.started != null && t.ended != null) return `${word} · ${words.duration(t.ended - t.started)}`;
      if (words.LIVE.has(t.state)) return cut(t.note ? `${word} · ${t.note}` : word, 30);
      return t.hold ? cut(`waits · ${t.hold.kind}`, 30) : word;
    });
    const progress = computed(() => (words.LIVE.has(props.t.state) ? words.progressOf(props.t) : null));
    return { s, sub, progress, name: computed(() => short(props.t.name)) };
  },
  template: `
    <g class="node" :class="['t-' + s.tone, {near, chosen}]" :transform="'translate(' + n.x + ' ' + n.y + ')'" :data-node="t.id">
      <title>{{ t.name }} {{ t.id }}: {{ t.state }}{{ t.hold ? ', ' + t.hold.reason : '' }}</title>
      <rect class="box" :width="n.w" :height="n.h" rx="6"/>
      <rect class="stripe" width="3" :height="n.h - 12" x="0" y="6" rx="1.500"/>
      <g class="shape" transform="translate(10 8) scale(.9)">
        <path v-if="s.shape.fill === 'half'" d="M8 3a5 5 0 0 1 0 10z" class="filled"/>
        <path :d="s.shape.d" :class="{filled: s.shape.fill === true, heavy: s.shape.heavy, dashed: s.shape.dashed}"/>
      </g>
      <text x="30" y="19">{{ name }}</text>
      <text class="sub" x="30" y="35">{{ sub }}</text>
      <circle v-if="t.critical" class="crit" :cx="n.w - 9" cy="9" r="3"/>
      <template v-if="progress != null">
        <rect class="progress-back" x="8" :y="n.h - 5" :width="n.w - 16" height="2.500" rx="1"/>
        <rect class="progress" x="8" :y="n.h - 5" :width="(n.w - 16) * progress" height="2.500" rx="1"/>
      </template>
    </g>
  `,
};

export const CbGraph = {
  components: { GraphNode, ...PARTS },
  props: { graph: Object, tasks: Object, plan: Boolean },
  setup(props) {
    const box = ref(null);
    const layer = ref(null);
    const chosen = ref(null);
    const view = reactive({ dragging: false });
    const at = { x: 0, y: 0, k: 1 };
    const before = computed(() => side("to", "from"));
    const behind = computed(() => side("from", "to"));
    function side(key, value) {
      const found = new Map();
      for (const e of props.graph.edges) found.has(e[key]) ? found.get(e[key]).push(e[value]) : found.set(e[key], [e[value]]);
      return found;
    }
    function reach(from, steps) {
      const seen = new Set([from]);
      const queue = [from];
      while (queue.length) for (const next of steps.get(queue.pop()) ?? []) if (!seen.has(next)) seen.add(next), queue.push(next);
      return seen;
    }
    const up = computed(() => (chosen.value ? reach(chosen.value, before.value) : null));
    const down = computed(() => (chosen.value ? reach(chosen.value, behind.value) : null));
    const near = (id) => !!up.value && (up.value.has(id) || down.value.has(id));
    const nearEdge = (e) => !!up.value && ((up.value.has(e.from) && up.value.has(e.to)) || (down.value.has(e.from) && down.value.has(e.to)));
    const critical = computed(() => {
      const ids = new Set();
      for (const t of props.tasks.byId.values()) if (t.critical) ids.add(t.id);
      return ids;
    });
    const isCritical = (e) => critical.value.has(e.from) && critical.value.has(e.to);
    const card = computed(() => (chosen.value ? props.tasks.get(chosen.value) : null));

    const draw = () => layer.value?.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${at.k})`);
    // Shows all of it; at first, only as small as can still be read.
    function fit(least = 0.03) {
      const room = box.value?.getBoundingClientRect();
      if (!room?.width || !props.graph.width) return;
      at.k = Math.max(least, Math.min(1, room.width / props.graph.width, room.height / props.graph.height));
      at.x = Math.max(0, (room.width - props.graph.width * at.k) / 2);
      at.y = Math.max(0, (room.height - props.graph.height * at.k) / 2);
      draw();
    }
    function zoom(factor, x, y) {
      const room = box.value.getBoundingClientRect();
      const px = x == null ? room.width / 2 : x - room.left;
      const py = y == null ? room.height / 2 : y - room.top;
      const k = Math.min(3, Math.max(0.06, at.k * factor));
      at.x = px - ((px - at.x) * k) / at.k;
      at.y = py - ((py - at.y) * k) / at.k;
      at.k = k;
      draw();
    }
    function wheel(event) {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey || Math.abs(event.deltaY) >= 100) zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX, event.clientY);
      else (at.x -= event.deltaX), (at.y -= event.deltaY), draw();
    }
    const fingers = new Map();
    let moved = 0;
    function press(event) {
      if (event.button || event.target.closest(".graph-tools, .graph-card")) return;
      fingers.set(event.pointerId, event);
      moved = 0;
    }
    function move(event) {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      if (fingers.size === 1) {
        at.x += event.clientX - last.clientX;
        at.y += event.clientY - last.clientY;
        moved += Math.abs(event.clientX - last.clientX) + Math.abs(event.clientY - last.clientY);
        if (moved > 3 && !view.dragging) (view.dragging = true), box.value.setPointerCapture(event.pointerId);
        draw();
      } else {
        const other = [...fingers.values()].find((f) => f.pointerId !== event.pointerId);
        const gap = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
        zoom(gap(event) / Math.max(1, gap(last)), other.clientX, other.clientY);
        moved = 9;
      }
      fingers.set(event.pointerId, event);
    }
    function release(event) {
      if (!fingers.delete(event.pointerId)) return;
      view.dragging = false;
      if (moved > 3 || event.type === "pointercancel") return;
      const id = event.target.closest("[data-node]")?.dataset.node;
      chosen.value = id === chosen.value ? null : (id ?? null);
    }
    function enter(event) {
      const id = event.target.closest("[data-node]")?.dataset.node;
      if (id && !props.plan) location.href = `/tasks/${id}`;
    }
    const spot = computed(() => new Map(props.graph.nodes.map((n) => [n.id, n])));
    function key(event) {
      if (event.key === "Escape") return void (chosen.value = null);
      if (event.key === "Enter" && chosen.value && !props.plan) return void (location.href = `/tasks/${chosen.value}`);
      if (event.key === "+" || event.key === "=") return zoom(1.25);
      if (event.key === "-") return zoom(0.8);
      if (event.key === "0") return fit();
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      if (!chosen.value) return void (chosen.value = props.graph.nodes[0]?.id ?? null);
      const here = spot.value.get(chosen.value);
      const options = {
        ArrowRight: () => behind.value.get(chosen.value),
        ArrowLeft: () => before.value.get(chosen.value),
        ArrowDown: () => props.graph.nodes.filter((n) => n.x === here.x && n.y > here.y).sort((a, b) => a.y - b.y).map((n) => n.id),
        ArrowUp: () => props.graph.nodes.filter((n) => n.x === here.x && n.y < here.y).sort((a, b) => b.y - a.y).map((n) => n.id),
      }[event.key]();
      if (options?.length) chosen.value = options[0];
    }
    watch(chosen, (id) => {
      const n = id && spot.value.get(id);
      const room = box.value?.getBoundingClientRect();
      if (!n || !room) return;
      const x = at.x + (n.x + n.w / 2) * at.k;
      const y = at.y + (n.y + n.h / 2) * at.k;
      if (x > 20 && y > 20 && x < room.width - 20 && y < room.height - 20) return;
      at.x += room.width / 2 - x;
      at.y += room.height / 2 - y;
      draw();
    });
    watch(() => props.graph, () => nextTick(() => fit(READABLE)));
    let sizes;
    onMounted(() => {
      fit(READABLE);
      box.value.addEventListener("wheel", wheel, { passive: false });
      let width = box.value.clientWidth;
      sizes = new ResizeObserver(() => box.value && Math.abs(box.value.clientWidth - width) > 40 && ((width = box.value.clientWidth), fit(READABLE)));
      sizes.observe(box.value);
    });
    onBeforeUnmount(() => sizes?.disconnect());
    const nodes = computed(() => props.graph.nodes.filter((n) => props.tasks.get(n.id)));
    return { box, layer, chosen, view, near, nearEdge, isCritical, card, fit, zoom, press, move, release, enter, key, nodes, up, down, words };
  },
  template: `
    <div class="graph" ref="box" tabindex="0" role="application" aria-label="Graph of the tasks. Arrow keys move along it, Enter opens a task, plus and minus zoom" :class="{dragging: view.dragging, focused: chosen}"
    @pointerdown="press" @pointermove="move" @pointerup="release" @pointercancel="release" @dblclick="enter" @keydown="key">
      <svg class="canvas">
        <g ref="layer">
          <path v-for="e in graph.edges" :key="e.from + '>' + e.to" :d="e.path" class="edge" :class="{after: e.kind === 'after', critical: isCritical(e), near: chosen && nearEdge(e)}"/>
          <GraphNode v-for="n in nodes" :key="n.id" :n="n" :t="tasks.get(n.id)" :near="!!chosen && near(n.id)" :chosen="chosen === n.id"/>
        </g>
      </svg>
      <div class="graph-tools" role="group" aria-label="Zoom">
        <button type="button" @click="zoom(1.25)" aria-label="Zoom in">+</button>
        <button type="button" @click="zoom(0.8)" aria-label="Zoom out">−</button>
        <button type="button" @click="fit()">Fit</button>
      </div>
      <div v-if="card" class="panel graph-card">
        <div class="card-head">
          <a v-if="!plan" class="name" :href="'/tasks/' + card.id">{{ card.name }}</a>
          <span v-else class="name">{{ card.name }}</span>
          <CbState v-if="!plan" :word="words.shown(card)"/>
        </div>
        <p v-if="card.hold"><CbHold :hold="card.hold"/></p>
        <p v-else-if="card.reason" class="reason">{{ card.reason }}</p>
        <p v-else-if="card.because" class="reason">{{ card.because }}</p>
        <p class="quiet">{{ words.plural(up.size - 1, 'task') }} before it, {{ words.plural(down.size - 1, 'task') }} behind it</p>
        <p v-if="!plan"><a class="button small" :href="'/tasks/' + card.id">Open {{ card.id }}</a></p>
      </div>
      <div class="graph-legend" aria-hidden="true">
        <span><i class="critical"></i>critical path</span>
        <span><i></i>needs success</span>
        <span><i class="after"></i>only after</span>
      </div>
    </div>
  `,
};
