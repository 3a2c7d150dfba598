// Which change comes after which: columns from left to right, the critical path strong. Every node is a link.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import { CbEta, CbLayerMark, CbShare, share } from "callboard/roadmap.js";
import * as words from "callboard/words.js";

const [NODE_W, NODE_H, GAP_X, GAP_Y, EDGE, BEND_H] = [212, 60, 48, 14, 16, 6];
const MOST_BENDS = 40;
const SWEEPS = 4;
const MOST = 400;

// Columns by the longest way from a beginning; what goes round in a circle stays where it was reached first.
export function arrange(changes) {
  const byId = new Map(changes.map((c) => [c.id, c]));
  const edges = changes.flatMap((c) => c.after.filter((id) => byId.has(id) && id !== c.id).map((id) => ({ from: id, to: c.id })));
  const linked = new Set(edges.flatMap((e) => [e.from, e.to]));
  for (const c of changes) if (c.critical) linked.add(c.id);
  const nodes = changes.filter((c) => linked.has(c.id)).slice(0, MOST);
  const column = new Map(nodes.map((c) => [c.id, 0]));
  for (let turn = 0; turn < nodes.length; turn++) {
    let moved = false;
    for (const e of edges) {
      const next = column.get(e.from) + 1;
      if (next > column.get(e.to) && next < nodes.length) column.set(e.to, next), (moved = true);
    }
    if (!moved) break;
  }
  // An arrow over several columns goes through points of its own, so that it runs beside what stands there.
  const columns = [];
  const put = (n, one) => (columns[n] ??= []).push(one);
  for (const c of nodes) put(column.get(c.id), { id: c.id, c, rank: c.rank });
  const chains = edges.filter((e) => column.has(e.from) && column.has(e.to)).map((e) => {
    const chain = [e.from];
    for (let n = column.get(e.from) + 1; n < column.get(e.to) && chain.length < MOST_BENDS; n++) {
      const id = `${e.from}\n${e.to}\n${n}`;
      put(n, { id, rank: MOST }), chain.push(id);
    }
    return { e, chain: [...chain, e.to] };
  });
  const filled = columns.filter(Boolean);
  const near = new Map();
  for (const { chain } of chains) for (let n = 1; n < chain.length; n++) for (const [a, b] of [[chain[n - 1], chain[n]], [chain[n], chain[n - 1]]]) near.set(a, [...(near.get(a) ?? []), b]);
  const place = new Map();
  const note = () => filled.forEach((list) => list.forEach((one, i) => place.set(one.id, i - list.length / 2)));
  note();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const list of sweep % 2 ? [...filled].reverse() : filled) {
      const pull = (one) => (near.get(one.id) ?? [one.id]).reduce((sum, id) => sum + place.get(id), 0) / (near.get(one.id)?.length || 1);
      const pulls = new Map(list.map((one) => [one, pull(one)]));
      list.sort((a, b) => pulls.get(a) - pulls.get(b) || a.rank - b.rank);
      note();
    }
  }
  const tallOf = (one) => (one.c ? NODE_H : BEND_H) + GAP_Y;
  const heights = filled.map((list) => list.reduce((sum, one) => sum + tallOf(one), 0));
  const tall = Math.max(NODE_H + GAP_Y, ...heights);
  const spot = new Map();
  filled.forEach((list, n) => {
    let y = EDGE + (tall - heights[n]) / 2;
    for (const one of list) spot.set(one.id, { ...one, column: n, x: EDGE + n * (NODE_W + GAP_X), y }), (y += tallOf(one));
  });
  const drawn = chains.map(({ e, chain }) => {
    const spots = chain.map((id) => spot.get(id));
    const back = spots.at(-1).column <= spots[0].column;
    let path = "";
    for (let n = 1; n < spots.length; n++) {
      const [a, b] = [spots[n - 1], spots[n]];
      const mid = (one) => one.y + (one.c ? NODE_H : BEND_H) / 2;
      const [x1, x2, bend] = [a.x + NODE_W, b.x, GAP_X / 2];
      path += `${n === 1 ? `M${x1},${mid(a)}` : `H${x1}`}C${x1 + bend},${mid(a)} ${x2 - bend},${mid(b)} ${x2},${mid(b)}`;
    }
    return { key: `${e.from} ${e.to}`, path, critical: spots[0].c.critical && spots.at(-1).c.critical, back };
  });
  return { nodes: [...spot.values()].filter((one) => one.c), edges: drawn, free: changes.length - nodes.length, width: 2 * EDGE + filled.length * (NODE_W + GAP_X) - GAP_X, height: 2 * EDGE + tall - GAP_Y };
}

export const CbOrder = {
  components: { CbEta, CbLayerMark, CbShare, ...PARTS },
  props: { changes: Array, path: Object },
  setup(props) {
    const drawing = computed(() => arrange(props.changes));
    const steps = computed(() => props.path.changes.map((id) => props.changes.find((c) => c.id === id)).filter(Boolean));
    function key(event) {
      const here = event.target.closest?.("[data-node]");
      const me = here && drawing.value.nodes.find((n) => n.c.id === here.dataset.node);
      if (!me || !event.key.startsWith("Arrow")) return;
      const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      const found = drawing.value.nodes
        .filter((n) => (by[0] ? Math.sign(n.x - me.x) === by[0] : n.column === me.column && Math.sign(n.y - me.y) === by[1]))
        .sort((a, b) => Math.abs(a.x - me.x) - Math.abs(b.x - me.x) || Math.abs(a.y - me.y) - Math.abs(b.y - me.y))[0];
      if (!found) return;
      event.preventDefault();
      [...event.currentTarget.querySelectorAll("[data-node]")].find((e) => e.dataset.node === found.c.id)?.focus();
    }
    return { drawing, steps, key, share, words, NODE_W, NODE_H };
  },
  template: `
    <section class="panel order" aria-labelledby="h-order">
      <header><h2 id="h-order">What comes after what</h2><span v-if="drawing.nodes.length" class="order-key"><span><i class="critical"></i>critical path</span><span><i></i>comes before</span></span></header>
      <div v-if="drawing.nodes.length" class="order-room" role="group" aria-label="Order of the changes" tabindex="0" @keydown="key">
        <div class="order-sheet" :style="{width: drawing.width + 'px', height: drawing.height + 'px'}">
          <svg :width="drawing.width" :height="drawing.height" aria-hidden="true"><path v-for="e in drawing.edges" :key="e.key" :d="e.path" :class="{critical: e.critical, back: e.back}"/></svg>
          <a v-for="n in drawing.nodes" :key="n.c.id" class="order-node" :class="{critical: n.c.critical, complete: n.c.status === 'complete'}" :href="n.c.href" :data-node="n.c.id" :title="n.c.title + (n.c.after_why ? ': ' + n.c.after_why : '')" :style="{left: n.x + 'px', top: n.y + 'px', width: NODE_W + 'px', height: NODE_H + 'px'}">
            <span class="order-title"><CbShare :of="n.c"/><span>{{ n.c.title }}</span></span>
            <span class="order-sub"><CbLayerMark :layer="n.c.layer"/><span class="num" :title="words.count(n.c.done) + ' of ' + words.count(n.c.total) + ' tasks'">{{ n.c.total ? n.c.percent + ' %' : 'no tasks' }}</span><CbEta v-if="n.c.status !== 'complete'" :eta="n.c.eta" :why="n.c.eta_why" brief/></span>
          </a>
        </div>
      </div>
      <CbEmpty v-else title="No change waits for another">OpenSpec keeps no order between changes. Say what comes first with <i>Comes after…</i> in the menu of a change, or with <code>after</code> under <code>[changes.NAME]</code> in <code>callboard.toml</code>.</CbEmpty>
      <p v-if="drawing.nodes.length && drawing.free" class="log-foot">{{ words.plural(drawing.free, 'change') }} {{ drawing.free === 1 ? 'stands' : 'stand' }} in no order and can begin at any time.</p>
    </section>
  `,
};
