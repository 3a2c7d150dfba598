// A task in a person's hands: taken over, finished with a note, given back. Whoever comes second is told who has it.
import { computed, reactive, watch } from "vue";
import { useCommands } from "callboard/commands.js";
import { CbDialog } from "callboard/dialog.js";
import { act } from "callboard/live.js";
import * as words from "callboard/words.js";

const TAKEABLE = new Set(["waiting", "starting", "running", "needs decision", "failed", "timed out", "cancelled", "lost", "skipped"]);

export const CbHands = {
  components: { CbDialog },
  props: { task: Object, me: String, done: Function },
  setup(props) {
    const dialog = reactive({ kind: "", open: false, text: "" });
    const taken = computed(() => props.task.taken ?? null);
    const mine = computed(() => taken.value?.by === props.me);
    const takeable = computed(() => !taken.value && !(props.task.stopping && words.LIVE.has(props.task.state)) && TAKEABLE.has(props.task.state));
    const ask = (kind) => Object.assign(dialog, { kind, text: "", open: true });
    // Somebody else was quicker while the dialog stood open: it goes, and the banner says who.
    watch(() => taken.value?.by, () => (dialog.open = false));
    async function send() {
      const { kind } = dialog;
      const text = dialog.text.trim();
      const id = props.task.id;
      dialog.open = false;
      if (kind === "take") await act(`/tasks/${id}/take`, { reason: text }, `${props.task.name} is in your hands`);
      else if (kind === "release") await act(`/tasks/${id}/release`, { reason: text }, `${props.task.name} is given back`);
      else await act(`/tasks/${id}/finish`, { outcome: kind, note: text }, `${props.task.name} is ${kind === "done" ? "done" : "failed"} by your word`);
      await props.done();
    }
    const told = computed(
      () =>
        ({
          take: ["Take over", `Nobody starts ${props.task.name} until you finish it or give it back.${words.LIVE.has(props.task.state) ? " The attempt under way is ended." : ""}`, "Why, for the others"],
          done: ["It is done", "What waits for it goes on.", "How you did it; it is all that will be known"],
          failed: ["It failed", "What needs it is skipped.", "What you tried; it is all that will be known"],
          release: ["Give back", `${props.task.name} is what it was before you took it.`, "Why, for the others"],
        })[dialog.kind] ?? ["", "", ""],
    );
    const needed = computed(() => dialog.kind === "done" || dialog.kind === "failed");
    useCommands(
      () => [
        { id: "task.take", title: "Take this task over by hand", keys: "h", when: () => takeable.value, run: () => ask("take") },
        { id: "task.done", title: "Say that it is done", keys: "h", when: () => mine.value, run: () => ask("done") },
        { id: "task.not", title: "Say that it failed", when: () => mine.value, run: () => ask("failed") },
        { id: "task.release", title: "Give this task back", keys: "shift+h", when: () => mine.value, run: () => ask("release") },
      ],
      "This task",
    );
    return { dialog, taken, mine, takeable, ask, send, told, needed, words };
  },
  template: `
    <button v-if="takeable" type="button" class="button" aria-haspopup="dialog" title="Take over by hand (H)" @click="ask('take')">Take over…</button>
    <template v-if="mine">
      <button type="button" class="button primary" aria-haspopup="dialog" title="Say that it is done (H)" @click="ask('done')">Done…</button>
      <button type="button" class="button" aria-haspopup="dialog" @click="ask('failed')">Failed…</button>
      <button type="button" class="button" aria-haspopup="dialog" @click="ask('release')">Give back…</button>
    </template>
    <CbDialog v-model:open="dialog.open" :title="told[0] + ': ' + task.name" :danger="dialog.kind === 'failed'">
      <form id="hands-form" class="stack" @submit.prevent="send">
        <p class="dialog-text">{{ told[1] }}</p>
        <label>{{ told[2] }} <input type="text" v-model="dialog.text" maxlength="1000" autofocus :required="needed" :placeholder="needed ? '' : 'optional'"/></label>
      </form>
      <template #acts><button type="button" class="button" @click="dialog.open = false">Leave it</button><button type="submit" form="hands-form" class="button" :class="dialog.kind === 'failed' ? 'danger solid' : 'primary'" :disabled="needed && !dialog.text.trim()">{{ told[0] }}</button></template>
    </CbDialog>
  `,
};
