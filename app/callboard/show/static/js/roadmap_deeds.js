// What can be done with tasks of a change: given away, taken back, said to be done, ticked. The engine's words are shown.
import { reactive, ref, watch } from "vue";
import { act, send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST_AT_ONCE = 500; // as many does the engine take in one wish

// What stands about a task, as one of the words of states.
export function standing(t) {
  if (t.done) return "succeeded";
  const state = t.assignment?.state;
  return { waits: "starting", running: "running", failed: "failed", done: "unsure" }[state] ?? "waiting";
}
export const SAID = { succeeded: "done", starting: "assigned", running: "running", failed: "failed", unsure: "done, not ticked", waiting: "open" };
export const held = (t) => !!t.assignment && ["waits", "running", "failed"].includes(t.assignment.state) && !t.done;
export const givable = (t) => !t.done && !(t.assignment && ["running", "done"].includes(t.assignment.state));
export const tickable = (t) => !t.done && t.assignment?.state === "done";
// The words of a task without the number that stands before them anyway.
export const wordsOf = (t) => (t.number && t.text.startsWith(t.number) ? t.text.slice(t.number.length).replace(/^[.):\s]+/, "") || t.text : t.text);
export const nameOf = (to, kind) => (kind === "person" ? to.replace(/^@?/, "@") : to);

export function useDeeds(soon) {
  const note = reactive({ open: false, tasks: [], kind: "", text: "" });

  // to: "auto", an agent, or "@person". Those that were refused are named with the reason.
  async function give(tasks, to, more = {}) {
    const refs = tasks.map((t) => t.ref);
    let [given, why] = [[], []];
    for (let n = 0; n < refs.length; n += MOST_AT_ONCE) {
      try {
        const told = await send("/roadmap/assign", { refs: refs.slice(n, n + MOST_AT_ONCE), to, ...more });
        given = [...given, ...told.assigned];
        why = [...why, ...told.refused.map((r) => `${r.ref}: ${r.why}`)];
      } catch (problem) {
        why.push(problem.message);
      }
    }
    if (given.length) {
      const who = [...new Set(given.map((a) => nameOf(a.to, a.kind)))];
      toast(`${given.length === 1 ? given[0].ref : words.plural(given.length, "task")} went to ${who.slice(0, 3).join(", ")}`, "good");
    }
    if (why.length) toast(why.length === 1 ? why[0] : `${words.plural(why.length, "task")} not; the first: ${why[0]}`);
    soon();
    return given.length > 0;
  }
  async function each(tasks, one, done) {
    let n = 0;
    for (const t of tasks) if (await one(t)) n++;
    if (n) toast(tasks.length === 1 ? `${tasks[0].ref} ${done}` : `${words.plural(n, "task")} ${done}`, "good"), soon();
    return n > 0;
  }
  const tick = (tasks) => each(tasks.filter(tickable), (t) => act("/roadmap/tick", { ref: t.ref }), "is ticked in its file");
  const open = (kind, tasks) => tasks.length && Object.assign(note, { open: true, kind, tasks, text: "" });
  async function say() {
    const text = note.text.trim();
    const done =
      note.kind === "done"
        ? await each(note.tasks, (t) => act("/roadmap/done", { ref: t.ref, note: text }), "said to be done")
        : await each(note.tasks, (t) => act("/roadmap/withdraw", { id: t.assignment.id, reason: text }), "taken back");
    if (done) note.open = false;
    return done;
  }
  return { note, give, tick, say, finish: (tasks) => open("done", tasks.filter((t) => !t.done)), withdraw: (tasks) => open("withdraw", tasks.filter(held)) };
}

// A note that goes with a deed: required where it is the evidence.
export const CbDeedNote = {
  components: PARTS,
  props: { deeds: Object },
  setup(props) {
    const n = props.deeds.note;
    const tried = ref(false);
    watch(() => n.open, () => (tried.value = false));
    const title = () => (n.tasks.length === 1 ? n.tasks[0].ref : words.plural(n.tasks.length, "task"));
    async function say() {
      tried.value = true;
      if (n.kind === "done" && !n.text.trim()) return;
      await props.deeds.say();
    }
    return { n, tried, title, say };
  },
  template: `
    <CbDialog v-model:open="n.open" :title="n.kind === 'done' ? title() + ': it is done' : 'Take back ' + title()">
      <label class="placing-why">{{ n.kind === 'done' ? 'How was it done? This note is the evidence.' : 'Why? It may stay empty; what runs of it is cancelled.' }}
        <textarea v-model="n.text" rows="4" maxlength="2000" data-first name="note" :aria-invalid="tried && n.kind === 'done' && !n.text.trim()" @keydown.ctrl.enter="say" @keydown.meta.enter="say"></textarea>
      </label>
      <p v-if="tried && n.kind === 'done' && !n.text.trim()" class="trouble" role="alert">A few words are needed: somebody will ask how it was done.</p>
      <template #acts><button type="button" class="button" @click="n.open = false">Cancel</button><CbAct :tone="n.kind === 'done' ? 'primary' : 'danger'" :run="say" data-yes>{{ n.kind === 'done' ? 'It is done' : 'Take it back' }}</CbAct></template>
    </CbDialog>
  `,
};
