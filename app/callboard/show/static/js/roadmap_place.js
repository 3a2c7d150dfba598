// Where a change stands: its layer, its place in it, and what it comes after.
import { computed, ref, watch } from "vue";
import { PARTS } from "callboard/parts.js";
import { LAYERS, placeChange } from "callboard/roadmap.js";

const MOST_SHOWN = 400;

// What the menu of a change offers; rows: those of its layer in their order.
export function placings(c, rows, { soon, after }) {
  const at = rows.findIndex((row) => row.id === c.id);
  const step = (by) => placeChange(c, { rank: at + by }, `${c.title} is ${by < 0 ? "earlier" : "later"} in ${c.layer} now`, soon);
  return [
    { id: "open", title: "Open", href: c.href },
    ...LAYERS.filter((layer) => layer !== c.layer).map((layer) => ({ id: `to.${layer}`, title: `Move to ${layer}`, run: () => placeChange(c, { layer }, `${c.title} is in ${layer} now`, soon) })),
    ...(at > 0 ? [{ id: "earlier", title: `Earlier in ${c.layer}`, run: () => step(-1) }] : []),
    ...(at >= 0 && at < rows.length - 1 ? [{ id: "later", title: `Later in ${c.layer}`, run: () => step(1) }] : []),
    { id: "after", title: "Comes after…", run: after },
    { id: "back", title: "Take my placing back", note: "layer as the rules say", run: () => placeChange(c, { layer: "", rank: -1 }, `${c.title} stands where the rules put it`, soon) },
  ];
}

export const CbPlacing = {
  components: PARTS,
  props: { change: Object, changes: Array, soon: Function },
  emits: ["closed"],
  setup(props, { emit }) {
    const open = ref(false);
    const picked = ref(new Set());
    const query = ref("");
    const reason = ref("");
    watch(() => props.change, (c) => {
      if (!c) return;
      picked.value = new Set(c.after);
      query.value = reason.value = "";
      open.value = true;
    });
    const shown = computed(() => {
      const q = query.value.trim().toLowerCase();
      return props.changes.filter((c) => c.id !== props.change?.id && (!q || `${c.id} ${c.title}`.toLowerCase().includes(q))).sort((a, b) => picked.value.has(b.id) - picked.value.has(a.id)).slice(0, MOST_SHOWN);
    });
    function turn(id) {
      const next = new Set(picked.value);
      next.delete(id) || next.add(id);
      picked.value = next;
    }
    async function keep() {
      const told = await placeChange(props.change, { after: [...picked.value], reason: reason.value }, `The order of ${props.change.title} is kept`, props.soon);
      if (told) open.value = false;
    }
    return { open, picked, query, reason, shown, turn, keep, emit };
  },
  template: `
    <CbDialog v-model:open="open" :title="'What ' + (change?.title || '') + ' comes after'" @closed="emit('closed')">
      <div class="placing">
        <input type="search" v-model="query" placeholder="Filter changes" aria-label="Filter changes" data-first/>
        <ul class="placing-list" aria-label="Changes"><li v-for="c in shown" :key="c.id"><label><input type="checkbox" :checked="picked.has(c.id)" @change="turn(c.id)"/><span><b>{{ c.title }}</b> <code class="quiet">{{ c.id }}</code></span></label></li></ul>
        <label class="placing-why"><span>Why <span class="quiet">(may stay empty)</span></span><input type="text" v-model="reason" maxlength="500" @keydown.enter="keep"/></label>
      </div>
      <template #acts><button type="button" class="button" @click="open = false">Cancel</button><CbAct tone="primary" :run="keep">{{ picked.size ? 'Comes after ' + picked.size : 'Comes after nothing' }}</CbAct></template>
    </CbDialog>
  `,
};
