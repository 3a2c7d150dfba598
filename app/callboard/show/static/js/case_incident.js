// Incidents that go on: what stands still because of them, the evidence, and how each ends.
import { computed, reactive } from "vue";
import { send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const goesOn = (row) => !(row.ended || row.state === "ended");

// only: the case whose incidents are shown.
export const CbIncidents = {
  components: PARTS,
  props: { rows: Array, only: Number, after: Function },
  setup(props) {
    const past = computed(() => (props.only == null ? [] : props.rows.filter((row) => !goesOn(row) && row.case === props.only)));
    const shown = computed(() => props.rows.filter((row) => goesOn(row) && (props.only == null || row.case === props.only)));
    const agents = (row) => row.agents ?? [row.agent].filter(Boolean);
    // -- ending it: by a word, with what that does --
    const ending = reactive({ row: null, reason: "", trouble: "", busy: false });
    const ask = (row) => Object.assign(ending, { row, reason: "", trouble: "", busy: false });
    async function end() {
      if (ending.busy) return;
      ending.busy = true;
      ending.trouble = "";
      try {
        await send(`/incidents/${ending.row.id}/end`, { reason: ending.reason.trim() });
        toast("The incident is over", "good");
        ending.row = null;
      } catch (problem) {
        ending.trouble = problem.message;
      } finally {
        ending.busy = false;
      }
      await props.after();
    }
    return { shown, past, agents, ending, ask, end, words };
  },
  template: `
    <section v-for="row in shown" :key="row.id" class="incident" role="region" :aria-label="'Incident ' + row.id" :data-incident="row.id">
      <p class="incident-head"><CbState word="halted" bare/><b>Incident</b><a v-if="row.case != null && only == null" class="hold" :href="'/cases/' + row.case">case C{{ row.case }}</a><span class="quiet">begun by {{ row.by }}, <CbAgo :at="row.at"/></span></p>
      <p v-if="row.reason" class="incident-reason">{{ row.reason }}</p>
      <ul class="incident-what"><li v-for="(w, i) in row.words_list || []" :key="i">{{ w }}</li></ul>
      <p class="tools"><a v-if="row.bundle" class="button small" :href="row.bundle" download>The frozen evidence</a><CbAct small :run="() => ask(row)">End the incident…</CbAct></p>
    </section>
    <p v-for="row in past" :key="row.id" class="quiet incident-past" :data-incident="row.id">Incident {{ row.id }} was ended by {{ row.ended_by }}, <CbAgo :at="row.ended"/>. <a v-if="row.bundle" class="quiet" :href="row.bundle" download>The frozen evidence</a> is kept.</p>
    <CbDialog :open="ending.row != null" title="End the incident?" @update:open="ending.row = null">
      <form v-if="ending.row" id="incident-form" class="case-form" @submit.prevent="end">
        <p class="dialog-text">{{ (ending.row.paused || agents(ending.row)).length ? (ending.row.paused || agents(ending.row)).join(', ') + ' may be given work again, unless another incident is about it too.' : 'It paused nobody.' }} What was revoked stays revoked, and the frozen evidence stays where it is.</p>
        <label class="case-field"><span>How it ended <span class="quiet">(may stay empty)</span></span><input type="text" name="end-reason" v-model="ending.reason" maxlength="500" data-first/></label>
        <p v-if="ending.trouble" class="trouble" role="alert"><b>Refused.</b> {{ ending.trouble }}</p>
      </form>
      <template #acts><button type="button" class="button" @click="ending.row = null">Leave it</button><button type="submit" form="incident-form" class="button primary" :class="{busy: ending.busy}" data-end>End it</button></template>
    </CbDialog>
  `,
};
