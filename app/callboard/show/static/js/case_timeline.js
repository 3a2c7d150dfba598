// The life of a case, the newest first, and a place to add a word.
import { computed, ref } from "vue";
import { useCommands } from "callboard/commands.js";
import { PARTS } from "callboard/parts.js";
import { send, toast } from "callboard/live.js";
import * as words from "callboard/words.js";

const FIRST = 30;
// What kind of step is drawn how: a tone and a shape of the states.
const LOOKS = {
  opened: ["bad", "new"], seen: ["bad", "new"], gone: ["good", "closed"], reopened: ["bad", "new"], merged: ["ink", "unchanged"], split: ["ink", "skipped"],
  reproduced: ["run", "reproducing"], narrowed: ["run", "triaged"], bisected: ["run", "verifying"], blamed: ["ink", "assigned"], "fix-proposed": ["ask", "fix proposed"], "fix-tried": ["run", "verifying"],
  verified: ["good", "verifying"], "taken-back": ["bad", "cancelled"], flaky: ["odd", "cannot reproduce"], asks: ["ask", "needs decision"], frozen: ["bad", "paused"], comment: ["ink", "assigned"], "known-fix": ["good", "verifying"],
}; // prettier-ignore

export const CbTimeline = {
  components: PARTS,
  props: { c: Object, rows: Array, after: Function },
  setup(props) {
    const text = ref("");
    const trouble = ref("");
    const all = ref(false);
    const field = ref(null);
    const newest = computed(() => [...props.rows].reverse());
    const shown = computed(() => (all.value ? newest.value : newest.value.slice(0, FIRST)));
    // A move is drawn as the state that it leads to.
    function look(e) {
      const known = LOOKS[e.kind];
      return known ? { tone: known[0], shape: words.stateOf(known[1]).shape } : words.stateOf(e.kind);
    }
    // Where a link leads, in words: "task 12.3", "patch 14".
    const goal = (href) => href.replace(/^\/(run|task|patch|case)(?:e?s)\/([^?#]+).*$/, (_, what, id) => `${what} ${what === "case" ? "C" : ""}${id}`).replace(/^\/.*/, "look");
    async function say() {
      if (!text.value.trim()) return;
      trouble.value = "";
      try {
        await send(`/cases/${props.c.id}/comment`, { text: text.value.trim() });
        text.value = "";
        toast("Noted", "good");
        await props.after();
      } catch (problem) {
        trouble.value = problem.message;
      }
    }
    useCommands(() => [{ id: "case.comment", title: "Write a comment", keys: "c", run: () => field.value?.focus() }], "This case");
    const key = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && (event.preventDefault(), say());
    return { text, trouble, all, field, shown, look, goal, say, key, FIRST, words };
  },
  template: `
    <section class="panel case-timeline" aria-labelledby="h-timeline">
      <header><h2 id="h-timeline">What happened</h2><span class="quiet num">{{ rows.length }}</span></header>
      <form class="case-comment" @submit.prevent="say">
        <textarea ref="field" v-model="text" rows="2" maxlength="4000" placeholder="Add a word for the others" aria-label="Comment" @keydown="key"></textarea>
        <CbAct small :run="say" :disabled="!text.trim()" why="Write something first">Comment</CbAct>
        <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
      </form>
      <ol class="life">
        <li v-for="(e, i) in shown" :key="rows.length - i" class="life-step" :class="['t-' + look(e).tone, {comment: e.kind === 'comment'}]" :data-step="e.kind">
          <svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path :d="look(e).shape.d" :class="{filled: look(e).shape.fill === true, heavy: look(e).shape.heavy, dashed: look(e).shape.dashed}"/></svg>
          <p><span class="life-words">{{ e.words }}</span> <a v-if="e.href" class="hold" :href="e.href">{{ goal(e.href) }}</a></p>
          <span class="life-when quiet"><template v-if="e.by">{{ e.by }} · </template><CbAgo :at="e.at"/></span>
        </li>
      </ol>
      <button v-if="rows.length > FIRST && !all" type="button" class="link case-more" @click="all = true">show all {{ words.count(rows.length) }}</button>
    </section>
  `,
};
