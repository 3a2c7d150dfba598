// Something that is read when somebody looks at it: an outline meanwhile, and why it could not be read.
import { reactive } from "vue";
import { get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";

// path(): the address of the resource. `value` stays while it is read anew.
export function useReading(path) {
  const state = reactive({ value: null, busy: false, why: "", read, begin });
  let turn = 0;
  async function read() {
    const mine = ++turn;
    state.busy = true;
    try {
      const found = await get(path());
      if (mine === turn) (state.value = found), (state.why = "");
    } catch (problem) {
      if (mine === turn) state.why = problem.message;
    } finally {
      if (mine === turn) state.busy = false;
    }
  }
  function begin() {
    if (!state.value && !state.busy) read();
  }
  return state;
}

export const CbReading = {
  components: PARTS,
  props: { of: Object, rows: Number, label: String },
  template: `
    <section v-if="!of.value" class="panel"><CbError v-if="of.why" :title="label + ' could not be read'" :text="of.why" :retry="of.read"/><CbSkeleton v-else :rows="rows" :label="label + ' is being read'"/></section>
    <slot v-else/>
  `,
};
