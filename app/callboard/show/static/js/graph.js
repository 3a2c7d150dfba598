// Draws a run where the server placed it: zoom, pan, search, focus on what comes before and after; groups that open in place.
import { computed, nextTick, onBeforeUnmount, onMounted, reactive, ref, watch } from "vue";
import { useCommands } from "callboard/commands.js";
import { GraphGroup, GraphMap, GraphTask } from "callboard/graph_nodes.js";
import { PARTS } from "callboard/parts.js";
import { place, reachOf, said } from "callboard/tasks.js";
import * as words from "callboard/words.js";

const READABLE = 0.8;
const MOST_HITS = 8;
const TOOLS = 40; // below the field and the buttons
const FOOT = 32; // the line that says what the arrows mean

export const CbGraph = {
  components: { GraphTask, GraphGroup, GraphMap, ...PARTS },
  // groups: by key, with title and counts; toggle(key): opens or closes one; reveal(task): opens the group of a task; only: the address of a group's list.
  props: { graph: Object, tasks: Object, plan: Boolean, groups: Map, toggle: Function, reveal: Function, only: Function, first: String },
  setup(props) {
    const box = ref(null);
    const layer = ref(null);
    const chosen = ref(null);
    const view = reactive({ dragging: false });
    const spotted = reactive({ x: 0, y: 0, w: 0, h: 0, all: true });
    const at = { x: 0, y: 0, k: 1 };
    const grouped = computed(() => props.graph.nodes.some((n) => n.group !== undefined));
    const spot = computed(() => new Map(props.graph.nodes.map((n) => [n.id, n])));
    const before = computed(() => side("to", "from"));
    const behind = computed(() => side("from", "to"));
    function side(key, value) {
      const found = new Map();
      for (const e of props.graph.edges) found.has(e[key]) ? found.get(e[key]).push(e[value]) : found.set(e[key], [e[value]]);
      return found;
    }
    function reach(from, steps) {
      const seen = new Set([from]);
      for (const id of seen) for (const next of steps.get(id) ?? []) seen.add(next);
      return seen;
    }
    // Of a task in a grouped picture: over all tasks of the run; a group is near when one of its tasks is.
    const closure = computed(() => {
      const id = chosen.value;
      if (!id) return null;
      if (!grouped.value || id.startsWith("g:")) return { up: reach(id, before.value), down: reach(id, behind.value) };
      const { up, down } = reachOf(props.tasks, id);
      const names = (places) => new Set([...places].map((n) => `${props.tasks.run}.${n}`));
      const [above, below] = [names(up), names(down)];
      for (const [key, group] of props.groups ?? []) {
        if (group.tasks.some((t) => up.has(t.place))) above.add(`g:${key}`);
        if (group.tasks.some((t) => down.has(t.place))) below.add(`g:${key}`);
      }
      return { up: above, down: below };
    });
    const size = (ids) => [...ids].filter((id) => !id.startsWith("g:")).length;
    const near = (id) => !!closure.value && (closure.value.up.has(id) || closure.value.down.has(id));
    const nearEdge = (e) => !!closure.value && ((closure.value.up.has(e.from) && closure.value.up.has(e.to)) || (closure.value.down.has(e.from) && closure.value.down.has(e.to)));
    const critical = computed(() => {
      if (!props.plan && props.tasks.added) props.tasks.added.value;
      return new Set(props.graph.nodes.filter((n) => n.kind !== "group" && n.kind !== "open" && props.tasks.get(n.id)?.critical).map((n) => n.id));
    });
    const isCritical = (e) => e.critical || (critical.value.has(e.from) && critical.value.has(e.to));
    const groupOf = (n) => props.groups?.get(n.group);
    const card = computed(() => (chosen.value && !chosen.value.startsWith("g:") ? props.tasks.get(chosen.value) : null));
    const groupCard = computed(() => {
      const n = chosen.value?.startsWith("g:") && spot.value.get(chosen.value);
      return n ? { n, of: groupOf(n) } : null;
    });
    watch(card, (t) => t?.whole === false && props.tasks.want([t.id]), { immediate: true });
    watch(() => props.graph, () => !props.plan && props.tasks.want?.(props.graph.nodes.filter((n) => n.kind === "task").map((n) => n.id).slice(0, 200)), { immediate: true });

    const room = () => {
      const r = box.value?.getBoundingClientRect();
      return r && { left: r.left, top: r.top, width: r.width, height: r.height - FOOT };
    };
    let framed = 0;
    function draw() {
      layer.value?.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${at.k})`);
      framed ||= requestAnimationFrame(() => {
        framed = 0;
        const r = room();
        if (!r) return;
        const all = props.graph.width * at.k <= r.width + 1 && props.graph.height * at.k <= r.height + 1;
        Object.assign(spotted, { x: -at.x / at.k, y: -at.y / at.k, w: r.width / at.k, h: r.height / at.k, all });
      });
    }
    // Shows all of it; at first, only as small as can still be read.
    function fit(least = 0.03) {
      const r = room();
      if (!r?.width || !props.graph.width) return;
      const top = props.plan ? 0 : TOOLS;
      const whole = Math.min(1, r.width / props.graph.width, (r.height - top) / props.graph.height);
      at.k = whole >= least ? whole : Math.max(least, Math.min(1, r.width / props.graph.width));
      at.x = Math.max(0, (r.width - props.graph.width * at.k) / 2);
      at.y = Math.max(top, (r.height - props.graph.height * at.k) / 2);
      draw();
    }
    function zoom(factor, x, y) {
      const r = room();
      const px = x == null ? r.width / 2 : x - r.left;
      const py = y == null ? r.height / 2 : y - r.top;
      const k = Math.min(3, Math.max(0.03, at.k * factor));
      at.x = px - ((px - at.x) * k) / at.k;
      at.y = py - ((py - at.y) * k) / at.k;
      at.k = k;
      draw();
    }
    function go(x, y) {
      const r = room();
      at.x = r.width / 2 - x * at.k;
      at.y = r.height / 2 - y * at.k;
      draw();
    }
    function center(id, least = 0) {
      const n = spot.value.get(id);
      if (!n) return;
      if (at.k < least) at.k = least;
      go(n.x + n.w / 2, n.y + Math.min(n.h, 300) / 2);
    }
    function wheel(event) {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey || Math.abs(event.deltaY) >= 100) zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX, event.clientY);
      else (at.x -= event.deltaX), (at.y -= event.deltaY), draw();
    }
    const fingers = new Map();
    let moved = 0;
    function press(event) {
      if (event.button || event.target.closest(".graph-tools, .graph-card, .graph-map, .graph-find")) return;
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
      const opener = event.target.closest("[data-open]");
      if (opener) return turn(opener.dataset.open);
      const id = event.target.closest("[data-node]")?.dataset.node;
      chosen.value = id === chosen.value ? null : (id ?? null);
    }
    function enter(event) {
      const id = event.target.closest("[data-node]")?.dataset.node;
      if (id) into(id);
    }
    function into(id) {
      if (id.startsWith("g:")) turn(id.slice(2));
      else if (!props.plan) location.href = `/tasks/${id}`;
    }
    // A group opens and closes where it stands: its corner stays under the hand.
    let anchor = null;
    async function turn(key) {
      const n = spot.value.get(`g:${key}`);
      if (n) anchor = { id: n.id, x: at.x + n.x * at.k, y: at.y + n.y * at.k };
      await props.toggle?.(key);
    }
    function key(event) {
      if (event.target !== box.value) return;
      const done = () => (event.preventDefault(), event.stopPropagation());
      if (event.key === "Escape") return void (chosen.value = null);
      if (event.key === "Enter" && chosen.value) return done(), into(chosen.value);
      if (event.key === "+" || event.key === "=") return done(), zoom(1.25);
      if (event.key === "-") return done(), zoom(0.8);
      if (event.key === "0") return done(), fit();
      if (!event.key.startsWith("Arrow")) return;
      done();
      if (!chosen.value) return void (chosen.value = props.graph.nodes[0]?.id ?? null);
      const here = spot.value.get(chosen.value);
      if (!here) return void (chosen.value = props.graph.nodes[0]?.id ?? null);
      const beside = (sign) => props.graph.nodes.filter((n) => n.x === here.x && (n.kind === "task") === (here.kind === "task") && sign * (n.y - here.y) > 0).sort((a, b) => sign * (a.y - b.y)).map((n) => n.id);
      const inside = () => (here.kind === "open" ? props.graph.nodes.filter((n) => n.kind === "task" && n.group === here.group).map((n) => n.id) : []);
      const out = () => (here.kind === "task" && here.group !== undefined ? [`g:${here.group}`] : []);
      const options = {
        ArrowRight: () => [...inside(), ...(behind.value.get(chosen.value) ?? [])],
        ArrowLeft: () => [...(before.value.get(chosen.value) ?? []), ...out()],
        ArrowDown: () => beside(1),
        ArrowUp: () => beside(-1),
      }[event.key]();
      if (options.length) chosen.value = options[0];
    }
    const speech = computed(() => {
      if (card.value) return `${card.value.name}, ${words.shown(card.value)}`;
      return groupCard.value ? `${groupCard.value.of?.title ?? ""}, ${words.plural(groupCard.value.n.tasks, "task")}, ${said(groupCard.value.of?.counts ?? {})}` : "";
    });
    watch(chosen, (id) => {
      const n = id && spot.value.get(id);
      const r = room();
      if (!n || !r) return;
      const x = at.x + (n.x + Math.min(n.w, 200) / 2) * at.k;
      const y = at.y + (n.y + Math.min(n.h, 60) / 2) * at.k;
      if (x < 20 || y < 20 || x > r.width - 20 || y > r.height - 20) center(id);
    });

    // -- search: finds tasks in closed groups too
    const query = ref("");
    const finder = ref(null);
    const rows = () => (props.plan || !props.tasks.list ? [] : props.tasks.list());
    const hits = computed(() => {
      const q = query.value.trim().toLowerCase();
      if (!q) return [];
      const found = [];
      for (const t of rows()) if (`${t.id} ${t.name}`.toLowerCase().includes(q) && found.push(t) >= MOST_HITS) break;
      return found;
    });
    async function find(t) {
      query.value = "";
      if (!spot.value.has(t.id)) await props.reveal?.(t);
      await nextTick();
      anchor = null;
      chosen.value = spot.value.has(t.id) ? t.id : grouped.value ? [...(props.groups ?? [])].map(([k, g]) => (g.tasks.includes(t) ? `g:${k}` : "")).find(Boolean) : null;
      if (chosen.value) center(chosen.value, READABLE);
      box.value?.focus();
    }
    watch(() => props.graph, (now, then) =>
      nextTick(() => {
        const n = anchor && spot.value.get(anchor.id);
        if (n) (at.x = anchor.x - n.x * at.k), (at.y = anchor.y - n.y * at.k), draw();
        else if (!then || now.by !== then.by || !props.toggle) fit(READABLE);
        else draw();
        anchor = null;
        if (chosen.value && !spot.value.has(chosen.value)) chosen.value = null;
      }),
    );
    let sizes;
    onMounted(() => {
      fit(READABLE);
      box.value.addEventListener("wheel", wheel, { passive: false });
      let width = box.value.clientWidth;
      sizes = new ResizeObserver(() => box.value && Math.abs(box.value.clientWidth - width) > 40 && ((width = box.value.clientWidth), fit(READABLE)));
      sizes.observe(box.value);
      const t = props.first && props.tasks.get(props.first);
      if (t) find(t);
    });
    onBeforeUnmount(() => (sizes?.disconnect(), cancelAnimationFrame(framed)));
    useCommands(
      () => [
        { id: "graph.find", title: "Find a task in the graph", keys: "f", run: () => finder.value?.focus(), when: () => !!finder.value },
        { id: "graph.focus", title: "Walk the graph with the arrows", keys: "w", run: () => box.value?.focus() },
        { id: "graph.fit", title: "Show all of the graph", keys: "0", run: () => fit() },
        { id: "graph.in", title: "Zoom in", keys: "+", run: () => zoom(1.25) },
        { id: "graph.out", title: "Zoom out", keys: "-", run: () => zoom(0.8) },
      ],
      "Graph",
    );
    const boxes = computed(() => props.graph.nodes.filter((n) => n.kind === "group" || n.kind === "open"));
    const nodes = computed(() => props.graph.nodes.filter((n) => n.kind !== "group" && n.kind !== "open" && props.tasks.get(n.id)));
    const outer = computed(() => props.graph.edges.filter((e) => e.x === undefined));
    const inner = computed(() => props.graph.edges.filter((e) => e.x !== undefined));
    const layers = computed(() => [
      { name: "outer", edges: outer.value },
      { name: "inner", edges: inner.value },
    ]);
    return { box, layer, chosen, view, spotted, near, nearEdge, isCritical, card, groupCard, groupOf, closure, size, fit, zoom, go, press, move, release, enter, key, turn, nodes, boxes, layers, query, finder, hits, find, speech, said, place, words };
  },
  template: `
    <div class="graph" ref="box" tabindex="0" role="application" aria-label="Graph of the tasks. Arrow keys move along it, Enter opens a task or a group, plus and minus zoom. The tab Tasks has the same as a list" :class="{dragging: view.dragging, focused: chosen}"
    @pointerdown="press" @pointermove="move" @pointerup="release" @pointercancel="release" @dblclick="enter" @keydown="key">
      <svg class="canvas">
        <g ref="layer">
          <path v-for="e in layers[0].edges" :key="e.from + '>' + e.to + e.kind" :d="e.path" class="edge" :class="{after: e.kind === 'after', critical: isCritical(e), near: chosen && nearEdge(e), many: e.count > 1}"><title v-if="e.count">{{ e.count }} arrows</title></path>
          <GraphGroup v-for="n in boxes" :key="n.id" :n="n" :of="groupOf(n)" :near="!!chosen && near(n.id)" :chosen="chosen === n.id"/>
          <path v-for="e in layers[1].edges" :key="e.from + '>' + e.to" :d="e.path" :transform="'translate(' + e.x + ' ' + e.y + ')'" class="edge" :class="{after: e.kind === 'after', critical: isCritical(e), near: chosen && nearEdge(e)}"/>
          <GraphTask v-for="n in nodes" :key="n.id" :n="n" :tasks="tasks" :near="!!chosen && near(n.id)" :chosen="chosen === n.id"/>
        </g>
      </svg>
      <div v-if="!plan" class="graph-find">
        <input ref="finder" type="search" v-model="query" placeholder="Find a task  f" aria-label="Find a task in the graph" @keydown.enter.prevent="hits[0] && find(hits[0])"/>
        <ul v-if="query" class="graph-hits">
          <li v-for="t in hits" :key="t.id"><button type="button" @click="find(t)"><CbState :word="words.shown(t)" bare/> {{ t.name }} <span class="id">{{ t.id }}</span></button></li>
          <li v-if="!hits.length" class="quiet">No task has this in its name</li>
        </ul>
      </div>
      <div class="graph-tools" role="group" aria-label="Zoom">
        <button type="button" @click="zoom(1.25)" aria-label="Zoom in">+</button>
        <button type="button" @click="zoom(0.8)" aria-label="Zoom out">−</button>
        <button type="button" @click="fit()">Fit</button>
      </div>
      <GraphMap v-if="!spotted.all" :graph="graph" :spot="spotted" :go="go"/>
      <div v-if="card" class="panel graph-card">
        <div class="card-head">
          <a v-if="!plan" class="name" :href="'/tasks/' + card.id">{{ card.name }}</a>
          <span v-else class="name">{{ card.name }}</span>
          <CbState v-if="!plan" :word="words.shown(card)"/><CbHand :of="card"/>
        </div>
        <p v-if="card.hold"><CbHold :hold="card.hold"/></p>
        <p v-else-if="card.reason" class="reason">{{ card.reason }}</p>
        <p v-else-if="card.because" class="reason">{{ card.because }}</p>
        <p class="quiet">{{ words.plural(size(closure.up) - 1, 'task') }} before it, {{ words.plural(size(closure.down) - 1, 'task') }} behind it</p>
        <p v-if="!plan"><a class="button small" :href="'/tasks/' + card.id">Open {{ card.id }}</a></p>
      </div>
      <div v-else-if="groupCard" class="panel graph-card">
        <div class="card-head"><span class="name">{{ groupCard.of ? groupCard.of.title : groupCard.n.group }}</span><span class="quiet num">{{ words.plural(groupCard.n.tasks, 'task') }}</span></div>
        <CbSegments v-if="groupCard.of" :counts="groupCard.of.counts"/>
        <p v-if="groupCard.of" class="reason">{{ said(groupCard.of.counts, 9) }}</p>
        <p v-if="groupCard.n.left_out" class="quiet">{{ words.count(groupCard.n.left_out) }} are not drawn; the list has all.</p>
        <p class="graph-card-acts"><button type="button" class="button small" @click="turn(groupCard.n.group)">{{ groupCard.n.kind === 'open' ? 'Close' : 'Show its tasks' }}</button> <a v-if="only" class="button small" :href="only(groupCard.n.group)">As a list</a></p>
      </div>
      <div class="graph-legend" aria-hidden="true">
        <span><i class="critical"></i>critical path</span>
        <span><i></i>needs success</span>
        <span><i class="after"></i>only after</span>
      </div>
      <span class="sr" aria-live="polite">{{ speech }}</span>
    </div>
  `,
};
