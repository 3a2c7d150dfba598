// Panels of the board: what needs a person, the newest runs, and the arrangement of them all.
import { computed } from "vue";
import { ask } from "callboard/dialog.js";
import { act } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { PANELS, setSetting, settings } from "callboard/settings.js";
import { KINDS } from "callboard/waits.js";
import * as words from "callboard/words.js";

const MOST_NEEDS = 5;

export const CbNeeds = {
  components: PARTS,
  props: { waits: Object },
  setup(props) {
    const shown = computed(() => props.waits.rows.slice(0, MOST_NEEDS));
    const href = (row) => `/inbox?item=${words.segment(row.id)}`;
    return { shown, href, KINDS };
  },
  template: `
    <section class="panel needs-me" aria-labelledby="h-needs">
      <header><h2 id="h-needs">Needs you</h2><span class="quiet num">{{ waits.rows.length }}</span><a class="more" href="/inbox">Inbox</a></header>
      <div v-for="row in shown" :key="row.id" class="question" :data-question="row.task || row.id" :data-waits="row.id">
        <CbState :word="KINDS[row.kind] || 'needs decision'" bare/>
        <p><a class="name" :href="href(row)">{{ row.title }}</a> <span v-if="row.task" class="id">{{ row.task }}</span> <span class="quiet">· <CbAgo :at="row.since"/></span><span class="question-text">{{ row.text }}</span></p>
        <span class="choices">
          <CbAct v-for="a in row.acts" :key="a.label" small :tone="a.danger ? 'danger' : ''" :run="() => waits.choose(row, a)">{{ a.label }}</CbAct>
        </span>
      </div>
      <a v-if="waits.rows.length > shown.length" class="log-foot more-waits" href="/inbox">{{ waits.rows.length - shown.length }} more in the inbox</a>
    </section>
  `,
};

export async function cancelRun(run) {
  if (!(await ask({ title: `Cancel run ${run.id}?`, text: "What waits is cancelled, what runs is stopped.", yes: "Cancel the run", no: "Let it go on", danger: true }))) return;
  await act(`/runs/${run.id}/cancel`, { reason: "from the board" }, `Run ${run.id} is being cancelled`);
}

export const CbRuns = {
  components: PARTS,
  props: { runs: Array },
  setup: () => ({ words, cancelRun }),
  template: `
    <section class="panel" aria-labelledby="h-runs">
      <header><h2 id="h-runs">Newest runs</h2><a class="more" href="/runs">All runs</a></header>
      <table class="table fold">
        <thead>
          <tr><th>Run</th><th>State</th><th>Result</th><th>Findings</th><th class="right">When</th></tr>
        </thead>
        <tbody>
          <tr v-for="r in runs" :key="r.id" :data-run="r.id">
            <td>
              <a class="name" :href="'/runs/' + r.id">{{ r.id }} · {{ r.name }}</a> <span class="quiet">{{ r.trigger }}</span>
            </td>
            <td><CbState :word="r.state"/></td>
            <td class="full reason">
              <template v-if="words.RUN_OVER.has(r.state)">{{ r.summary }}</template>
              <span v-else class="run-goes"><CbSegments :counts="r.counts"/><span class="num">{{ r.done }} of {{ r.total }} done</span><span v-if="r.expected_end" class="num quiet">{{ words.remaining(r.expected_end - words.clock.now) }} left</span><CbAct small :run="() => cancelRun(r)">Cancel</CbAct></span>
            </td>
            <td class="off-phone"><CbCounts :of="r.findings"/></td>
            <td class="right off-phone"><CbAgo :at="r.ended || r.started || r.submitted"/></td>
          </tr>
        </tbody>
      </table>
    </section>
  `,
};

// Which panels are shown, and in which order; kept for the person.
export const CbArrange = {
  components: PARTS,
  props: { open: Boolean },
  emits: ["update:open"],
  setup() {
    const names = PANELS.map((p) => p.name);
    const title = Object.fromEntries(PANELS.map((p) => [p.name, p.title]));
    const ordered = computed(() => {
      const first = settings.panels.order.filter((name) => names.includes(name));
      return [...first, ...names.filter((name) => !first.includes(name))];
    });
    const hidden = (name) => settings.panels.hidden.includes(name);
    const toggle = (name) => setSetting("panels.hidden", hidden(name) ? settings.panels.hidden.filter((n) => n !== name) : [...settings.panels.hidden, name]);
    function move(name, by) {
      const order = [...ordered.value];
      const at = order.indexOf(name);
      const to = at + by;
      if (to < 0 || to >= order.length) return;
      [order[at], order[to]] = [order[to], order[at]];
      setSetting("panels.order", order);
    }
    const reset = () => (setSetting("panels.order", []), setSetting("panels.hidden", []));
    return { ordered, title, hidden, toggle, move, reset };
  },
  template: `
    <CbDialog :open="open" title="Panels of the board" @update:open="$emit('update:open', $event)">
      <ol class="arrange">
        <li v-for="(name, i) in ordered" :key="name">
          <label><input type="checkbox" :checked="!hidden(name)" @change="toggle(name)"> {{ title[name] }}</label>
          <span><button type="button" class="icon" :aria-label="title[name] + ' up'" :disabled="i === 0" @click="move(name, -1)">↑</button><button type="button" class="icon" :aria-label="title[name] + ' down'" :disabled="i === ordered.length - 1" @click="move(name, 1)">↓</button></span>
        </li>
      </ol>
      <template #acts><button type="button" class="button" @click="reset">As they were</button><button type="button" class="button primary" data-first @click="$emit('update:open', false)">Done</button></template>
    </CbDialog>
  `,
};
