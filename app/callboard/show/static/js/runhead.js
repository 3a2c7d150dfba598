// The top of a run's page: what stands behind its failures and what failed, in few lines; and how to run it again.
import { computed } from "vue";
import { CbCaseLink } from "callboard/cases.js";
import { useCommands } from "callboard/commands.js";
import { ask } from "callboard/dialog.js";
import { act, newKey, toast } from "callboard/live.js";
import { CbMenu } from "callboard/menu.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FEW = 5;
const FIRST = 3;
const MOST_NAMED = 150;

// What failed: all of few, the first of many. While the run goes on it is one line, so that nothing below it moves; when it
// has ended before somebody's eyes the line says how (`end`), and opens the rest.
export const CbBroken = {
  components: { CbCaseLink, ...PARTS },
  props: { rows: Array, causeOf: Object, casesOf: Function, toFinding: Function, all: Function, href: String, live: Boolean, end: String, unfold: Function },
  setup: (props) => ({ words, shown: computed(() => (props.live ? props.rows.slice(0, 1) : props.rows.length > FEW ? props.rows.slice(0, FIRST) : props.rows)) }),
  template: `
    <ul v-if="live || rows.length" class="panel rows broken" :class="{live, none: !rows.length}" aria-label="What failed">
      <li v-if="end"><b>Over</b> <span class="reason">{{ end }}</span> <button v-if="rows.length" type="button" class="link" @click="unfold">Show what failed</button></li>
      <li v-else-if="!rows.length" class="quiet">Nothing has failed so far</li>
      <template v-if="!end">
      <li v-for="t in shown" :key="t.id">
        <CbState :word="words.shown(t)"/> <CbHand :of="t"/>
        <a class="name" :href="'/tasks/' + t.id + '?tab=log#first-failure'">{{ t.name }}</a>
        <span class="reason" :title="t.reason">{{ t.reason }}</span>
        <a v-if="causeOf[t.id]" class="cause-link" :href="'?tab=findings#' + causeOf[t.id].id" :title="causeOf[t.id].message" @click.prevent="toFinding(causeOf[t.id])">cause: {{ causeOf[t.id].message }}</a>
        <CbCaseLink v-for="c in casesOf(t.name).slice(0, 2)" :key="c.id" :row="c"/>
      </li>
      </template>
      <li v-if="!end && rows.length > shown.length" class="more"><a class="quiet" :href="href" @click.prevent="all()">and {{ words.count(rows.length - shown.length) }} more that failed</a></li>
    </ul>
  `,
};

export const CbCauses = {
  components: PARTS,
  props: { causes: Array, toFinding: Function },
  setup: () => ({ MOST: 3 }),
  template: `
    <ul v-if="causes.length" class="panel rows causes" aria-label="What stands behind several failures">
      <li v-for="c in causes.slice(0, MOST)" :key="c.id">
        <CbSeverity :word="c.severity"/>
        <span class="cause-text">
          <a class="name" :href="'?tab=findings#' + c.id" @click.prevent="toFinding(c)">{{ c.message }}</a><span v-if="c.path && !c.message.includes(c.path)" class="rule"> {{ c.path }}</span>:
          <span class="reason">behind {{ c.behind.length }} tasks (<template v-for="(t, i) in c.behind.slice(0, 8)" :key="t.id">{{ i ? ', ' : '' }}<a :href="'/tasks/' + t.id">{{ t.name }}</a></template><template v-if="c.behind.length > 8"> and {{ c.behind.length - 8 }} more</template>)</span>
        </span>
      </li>
      <li v-if="causes.length > MOST" class="quiet">and {{ causes.length - MOST }} more that several tasks share, among the findings</li>
    </ul>
  `,
};

// The menu of a run: what can be done with it now. Each also is a command with a key.
export const CbRunActs = {
  components: { CbMenu, ...PARTS },
  props: { run: Object, over: Boolean, failed: Boolean, names: Function, refetch: Function },
  setup(props) {
    const id = props.run.id;
    const single = props.run.name.startsWith("do ");
    async function cancel() {
      const text = "What runs is stopped with its whole process tree, what waits is not started.";
      if (!(await ask({ title: `Cancel run ${id}?`, text, yes: "Cancel the run", no: "Let it go on", danger: true }))) return;
      if (await act(`/runs/${id}/cancel`, { reason: "cancelled on its page" }, `Run ${id} is being cancelled`)) await props.refetch().catch(() => {});
    }
    async function retry() {
      const answer = await act(`/runs/${id}/retry`, { from: "failure" }, "What failed is called again");
      if (answer?.run && answer.run !== id) location.href = `/runs/${answer.run}`;
      else if (answer) await props.refetch().catch(() => {});
    }
    const again = (affected) => async () => {
      const answer = await act(`/runs/${id}/again`, { affected }, "", { "Idempotency-Key": newKey() });
      if (answer?.run) location.href = `/runs/${answer.run}`;
    };
    function preview() {
      const names = props.names();
      const words = new URLSearchParams({ from: id, pipeline: props.run.name });
      if (names.length <= MOST_NAMED) for (const name of names) words.append("only", name);
      else toast(`The run has ${names.length} jobs; all of the pipeline are chosen`, "good");
      location.href = `/runs/new?${words}`;
    }
    const items = computed(() =>
      [
        props.failed && { id: "failure", title: "From the failure", note: "in this run", keys: "shift+r", run: retry },
        !single && { id: "affected", title: "Only what is affected", note: "new run", keys: "shift+f", run: again(true) },
        !single && { id: "options", title: "With other options…", note: "look first", keys: "shift+o", run: preview },
        { id: "whole", title: "The whole run", note: "new run", keys: "shift+w", run: again(false) },
      ].filter(Boolean),
    );
    useCommands(
      () => [
        ...items.value.map((item) => ({ id: `run.again.${item.id}`, title: `Run again: ${item.title.toLowerCase().replace("…", "")}`, keys: item.keys, run: item.run })),
        { id: "run.cancel", title: "Cancel this run", keys: "shift+c", run: cancel, when: () => !props.over },
        { id: "run.compare", title: "Compare this run with an earlier one", keys: "shift+v", href: `/runs/${id}/compare` },
      ],
      "This run",
    );
    return { items, cancel, retry };
  },
  template: `
    <CbMenu label="Run again" :items="items"/>
    <CbAct v-if="over && failed" :run="retry">Retry what failed</CbAct>
    <CbAct v-if="!over" tone="danger" :run="cancel">Cancel run</CbAct>
  `,
};
