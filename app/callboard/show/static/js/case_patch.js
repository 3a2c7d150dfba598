// The patch that would mend a case: what it changes, what accepting it does; accepted by the same use case as everywhere.
import { computed, ref, watch } from "vue";
import { CbDiffLines } from "callboard/diff.js";
import { get, send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { CbPatchState, CbProof, filesOf } from "callboard/patch.js";
import * as words from "callboard/words.js";

export const CbCasePatch = {
  components: { CbDiffLines, CbPatchState, CbProof, ...PARTS },
  props: { fix: Object, first: Object, after: Function }, // first: the patch as it came with the page
  setup(props) {
    const p = ref(props.first ?? null);
    const trouble = ref("");
    async function read() {
      if (props.fix?.patch == null) return void (p.value = null);
      try {
        p.value = await get(`/patches/${props.fix.patch}`);
        trouble.value = "";
      } catch (problem) {
        trouble.value = problem.message;
      }
    }
    watch(() => [props.fix?.patch, props.fix?.words], read, { immediate: props.first?.id !== props.fix?.patch });
    const files = computed(() => (p.value ? filesOf(p.value.diff).map((f, n) => ({ ...f, change: p.value.changes[n] ?? null, name: p.value.changes[n]?.path ?? p.value.files[n] ?? "", lines: f.lines.map((l) => ({ ...l, kind: l.kind === "at" || l.kind === "note" ? "at" : l.kind })) })) : []));
    const open = computed(() => ["proposed", "stale", "undone"].includes(p.value?.state));
    const can = computed(() => open.value && !!p.value.check?.applies);
    const why = computed(() => (p.value?.check ? p.value.check.words.join(" ") : "Its file is not there any more."));
    async function wish(path, body, done) {
      trouble.value = "";
      try {
        const answer = await send(`/patches/${p.value.id}/${path}`, body);
        toast(done, "good");
        if (answer.run) toast(`What it touches is checked again in run ${answer.run}`, "good", `/runs/${answer.run}`);
        else if (answer.note) toast(answer.note);
      } catch (problem) {
        trouble.value = problem.message;
      }
      await read();
      await props.after();
    }
    const accept = () => wish("accept", {}, `Patch ${p.value.id} is in your working tree`);
    const reject = () => wish("reject", { reason: "" }, `Patch ${p.value.id} is rejected`);
    const undo = () => wish("undo", {}, `Patch ${p.value.id} is out of your working tree`);
    return { p, trouble, files, open, can, why, accept, reject, undo, words };
  },
  template: `
    <section v-if="fix" class="panel case-patch" aria-labelledby="h-patch">
      <header><h2 id="h-patch">{{ p && p.state === 'accepted' ? 'The fix' : 'Proposed fix' }}</h2><CbPatchState v-if="p" :word="p.state"/><a v-if="fix.href" class="hold more" :href="fix.href">{{ p ? 'patch ' + p.id : 'look' }}</a></header>
      <p class="case-patch-words">{{ fix.words }}</p>
      <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
      <CbSkeleton v-if="fix.patch != null && !p && !trouble" :rows="3" label="Reading the patch"/>
      <template v-if="p">
        <div v-for="f in files" :key="f.key" class="case-patch-file"><p class="case-patch-name"><bdi class="mono">{{ f.name }}</bdi><span v-if="f.change" class="num diff-sums"><b class="diff-plus">+{{ f.change.added }}</b>&ensp;<b class="diff-minus">−{{ f.change.removed }}</b></span></p><CbDiffLines v-if="f.lines.length" :lines="f.lines" :label="'Changes of ' + f.name"/></div>
        <p v-if="p.left_out" class="differ-left">and {{ words.plural(p.left_out, 'more line') }}, on <a :href="'/patches/' + p.id">its page</a></p>
        <div class="case-patch-foot">
          <p v-if="open && can" class="quiet">Accepting writes it into your working tree; nothing is staged or committed. {{ p.will_run.length ? 'Then ' + p.will_run.join(', ') + ' run again.' : '' }}</p>
          <p v-else-if="open" class="reason">{{ why }}</p>
          <p v-else-if="p.decided" class="quiet">{{ p.state }} by {{ p.decided.by }}, <CbAgo :at="p.decided.at"/><template v-if="p.decided.reason">: {{ p.decided.reason }}</template></p>
          <span class="tools"><template v-if="open"><CbAct :run="reject" tone="danger">Reject</CbAct><CbAct tone="primary" :run="accept" :disabled="!can" :why="why">Accept the patch</CbAct></template><CbAct v-else-if="p.state === 'accepted'" :run="undo" :disabled="!p.check || p.check.refused || p.check.troubles.length > 0" :why="why">Take it back</CbAct></span>
        </div>
      </template>
    </section>
  `,
};
