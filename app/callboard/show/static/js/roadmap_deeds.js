// What can be done with tasks of a change: given away, taken back, said to be done, ticked. The engine's words are shown.
import { reactive, ref, watch } from "vue";
import { send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST_AT_ONCE = 500; // as many does the engine take in one wish

// How a task stands, by one of the shapes of states; what it is called here is in SAID.
export function standing(t) {
  if (t.done) return "succeeded";
  const state = t.assignment?.state;
  return { waits: "acknowledged", running: "running", failed: "failed", done: "unchanged" }[state] ?? "waiting";
}
export const SAID = { succeeded: "done", acknowledged: "assigned", running: "running", failed: "failed", unchanged: "done, not ticked", waiting: "open" };
export const held = (t) => !!t.assignment && ["waits", "running", "failed"].includes(t.assignment.state) && !t.done;
export const givable = (t) => !t.done && !(t.assignment && ["running", "done"].includes(t.assignment.state));
export const tickable = (t) => !t.done && t.assignment?.state === "done";
// The words of a task without the number that stands before them anyway.
export function wordsOf(t) {
  const text = t.text.replace(/^(?:task|step)\s+(?=[T\d])/i, "");
  return t.number && text.startsWith(t.number) ? text.slice(t.number.length).replace(/^[.):\s]+/, "") || t.text : t.text;
}
export const nameOf = (to, kind) => (kind === "person" ? to.replace(/^@?/, "@") : to);

export function useDeeds(soon) {
  const note = reactive({ open: false, tasks: [], kind: "", text: "" });
  const state = reactive({ done: 0, why: "" }); // how many deeds went well, for who waits for one; why the last one did not

  // Said where it was asked for: in the dialog that is open, else in a corner of the page.
  function refuse(why) {
    state.why = why.length > 1 ? `${words.plural(why.length, "task")} not; the first: ${why[0]}` : (why[0] ?? "");
    if (state.why && !document.querySelector("dialog[open]")) toast(state.why);
  }

  // to: "auto", an agent, or "@person". What waits with somebody else goes over; those that were refused are named with the reason.
  async function give(tasks, to, more = {}) {
    const refs = tasks.map((t) => t.ref);
    let [given, why] = [[], []];
    for (let n = 0; n < refs.length; n += MOST_AT_ONCE) {
      try {
        const told = await send("/roadmap/assign", { refs: refs.slice(n, n + MOST_AT_ONCE), to, instead: tasks.some(held), ...more });
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
    refuse(why);
    if (given.length) state.done++, soon();
    return given.length > 0;
  }
  async function each(tasks, one, done) {
    const why = [];
    for (const t of tasks) await one(t).catch((problem) => why.push(problem.message));
    const n = tasks.length - why.length;
    if (n) toast(tasks.length === 1 ? `${tasks[0].ref} ${done}` : `${words.plural(n, "task")} ${done}`, "good"), state.done++, soon();
    refuse(why);
    return n > 0;
  }
  const tick = (tasks) => each(tasks.filter(tickable), (t) => send("/roadmap/tick", { ref: t.ref }), "is ticked in its file");
  const open = (kind, tasks) => tasks.length && (Object.assign(note, { open: true, kind, tasks, text: "" }), (state.why = ""));
  async function say() {
    const text = note.text.trim();
    const done =
      note.kind === "done"
        ? await each(note.tasks, (t) => send("/roadmap/done", { ref: t.ref, note: text }), "said to be done")
        : await each(note.tasks, (t) => send("/roadmap/withdraw", { id: t.assignment.id, reason: text }), "taken back");
    if (done) note.open = false;
    return done;
  }
  return { note, state, give, tick, say, finish: (tasks) => open("done", tasks.filter((t) => !t.done)), withdraw: (tasks) => open("withdraw", tasks.filter(held)) };
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
      <p v-if="deeds.state.why" class="trouble" role="alert">{{ deeds.state.why }}</p>
      <template #acts><button type="button" class="button" @click="n.open = false">Cancel</button><CbAct :tone="n.kind === 'done' ? 'primary' : 'danger'" :run="say" data-yes>{{ n.kind === 'done' ? 'It is done' : 'Take it back' }}</CbAct></template>
    </CbDialog>
  `,
};
