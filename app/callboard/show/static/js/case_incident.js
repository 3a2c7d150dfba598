// Incidents that go on: what stands still because of them, the evidence, and how each ends.
import { computed } from "vue";
import { ask } from "callboard/dialog.js";
import { send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const goesOn = (row) => !(row.ended || row.state === "ended");

// only: the case whose incidents are shown.
export const CbIncidents = {
  components: PARTS,
  props: { rows: Array, only: Number, after: Function },
  setup(props) {
    const shown = computed(() => props.rows.filter((row) => goesOn(row) && (props.only == null || row.case === props.only)));
    const agents = (row) => row.agents ?? [row.agent].filter(Boolean);
    async function end(row) {
      const names = agents(row).join(", ");
      const yes = await ask({ title: "End the incident?", text: `${names ? `${names} may be given work again. ` : ""}Its tokens stay revoked: who works in its name needs a new one. The frozen evidence stays where it is.`, yes: "End it" });
      if (!yes) return;
      try {
        await send(`/incidents/${row.id}/end`, {});
        toast("The incident is over", "good");
      } catch (problem) {
        toast(problem.message);
      }
      await props.after();
    }
    return { shown, agents, end, words };
  },
  template: `
    <section v-for="row in shown" :key="row.id" class="incident" role="region" :aria-label="'Incident ' + row.id" :data-incident="row.id">
      <p class="incident-head"><CbState word="halted" bare/><b>Incident</b><a v-if="row.case != null && only == null" class="hold" :href="'/cases/' + row.case">case C{{ row.case }}</a><span class="quiet">begun by {{ row.by }}, <CbAgo :at="row.at"/></span></p>
      <p v-if="row.reason" class="incident-reason">{{ row.reason }}</p>
      <ul class="incident-what"><li v-for="(w, i) in row.words_list || []" :key="i">{{ w }}</li></ul>
      <p class="tools"><a v-if="row.bundle" class="button small" :href="row.bundle" download>The frozen evidence</a><CbAct small :run="() => end(row)">End the incident…</CbAct></p>
    </section>
  `,
};
