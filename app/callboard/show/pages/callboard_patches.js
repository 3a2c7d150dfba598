// What agents would change: what, who, proof, state. Nothing here writes; that is done on a patch's own page.
import { computed, ref } from "vue";
import { CbExport } from "callboard/export.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { Rows, follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { CbPatchState, CbProof } from "callboard/patch.js";
import * as words from "callboard/words.js";

const STATES = ["proposed", "accepted", "rejected", "undone", "stale"];

export default {
  components: { CbExport, CbFrame, CbPatchState, CbProof, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const rows = new Rows(first);
    const state = ref("");
    const run = frame.run;
    const path = run == null ? "/patches" : `/patches?run=${run}`;
    let asked = 0;
    async function read() {
      rows.merge(await get(path));
      return null;
    }
    follow({
      rooms: () => ["board"],
      refetch: read,
      // A patch comes with its task's end and changes by a person's word: both are events.
      fold: (m) => {
        if (!(m.events ?? []).some((e) => e.kind === "ArtifactKept" || e.kind === "PatchDecided")) return;
        clearTimeout(asked);
        asked = setTimeout(() => read().catch(() => {}), 400);
      },
    });
    const all = computed(() => rows.list().sort((a, b) => b.id - a.id));
    const states = computed(() => STATES.filter((s) => all.value.some((p) => p.state === s)));
    const shown = computed(() => all.value.filter((p) => !state.value || p.state === state.value));
    const open = computed(() => all.value.filter((p) => p.state === "proposed").length);
    useTitle(() => "Patches – Callboard");
    return { frame, run, all, shown, states, state, open, words };
  },
  template: `
    <CbFrame :meta="frame" here="/patches">
      <div class="head">
        <h1>Patches</h1>
        <span class="quiet">{{ open ? words.plural(open, 'waits for your word', 'wait for your word') : 'none waits for your word' }}<template v-if="run != null"> in <a :href="'/runs/' + run">run {{ run }}</a> · <a href="/patches">all patches</a></template></span>
        <div class="acts tools">
          <span v-if="states.length > 1" class="chips" role="group" aria-label="State">
            <button v-for="s in states" :key="s" type="button" class="chip" :aria-pressed="state === s" @click="state = state === s ? '' : s"><CbPatchState :word="s"/></button>
          </span>
          <CbExport table="patches" what="the patches" :query="{run, state}"/>
        </div>
      </div>
      <section class="panel">
        <table v-if="shown.length" class="table fold">
          <thead>
            <tr>
              <th>Patch</th>
              <th>State</th>
              <th>Files</th>
              <th>Proof</th>
              <th>Note</th>
              <th class="right">Proposed</th>
            </tr>
          </thead>
          <tbody>
            <tr v-for="p in shown" :key="p.id" :data-patch="p.id">
              <td>
                <a class="name" :href="'/patches/' + p.id">{{ p.id }} · {{ p.name }}</a>
                <br class="off-phone">
                <span class="quiet"> <a class="quiet" :href="'/tasks/' + p.task">{{ p.task_name }} {{ p.task }}</a></span>
              </td>
              <td><CbPatchState :word="p.state"/></td>
              <td class="full" :title="p.files.join('\\n')"><span class="mono patch-file">{{ p.files[0] }}</span><span v-if="p.files.length > 1" class="quiet"> and {{ words.plural(p.files.length - 1, 'more', 'more') }}</span></td>
              <td class="full"><CbProof :of="p.proof.slice(0, 3)" :said="p.proof_words"/></td>
              <td class="full reason">
                <template v-if="p.conflicts.length"><span v-for="c in p.conflicts" :key="c" class="patch-conflict">{{ c }}</span></template>
                <template v-else>{{ p.reason || (p.decided ? 'by ' + p.decided.by : '') }}</template>
              </td>
              <td class="right"><CbAgo :at="p.at"/></td>
            </tr>
          </tbody>
        </table>
        <CbEmpty v-else-if="all.length" title="No patch matches">None of the {{ all.length }} patches is {{ state }}.</CbEmpty>
        <CbEmpty v-else title="No patch yet">Agents never change your files. They propose patches, with proof, and you decide. <code>refactor.fixes</code> makes one for each safe fix that it finds.</CbEmpty>
      </section>
    </CbFrame>
  `,
};
