// A waiting task goes to another agent: dragged, or picked up with Space and dropped with Enter. The engine says who can.
import { computed, nextTick, onBeforeUnmount, reactive, ref } from "vue";
import { act } from "callboard/live.js";
import { CbState } from "callboard/parts.js";
import * as words from "callboard/words.js";

const EDGE = 40; // pixels from the end of a long list at which it moves on
const STEP = 14;
const NEAR = 5; // pixels before a press is a drag

// What may be moved: it waits, or needs a decision.
export const movable = (t) => t.state === "waiting" || t.state === "needs decision";

// Why an agent cannot take a task, '' when it can.
export function cannot(task, agent) {
  if (agent.name === task.agent) return "has it already";
  if (!(task.others ?? []).includes(agent.name)) return `offers no action for ${task.wants ? `'${task.wants}'` : task.action === "command" ? "commands" : `what ${task.action} does`}`;
  if (agent.state === "absent") return "is not here";
  if (agent.draining) return `is being drained by ${agent.draining.by}`;
  if (agent.paused) return `was paused by ${agent.paused.by}`;
  return "";
}

// agents(): rows in their order. Gives what rows and targets need.
export function useMover(agents) {
  const held = reactive({ task: null, how: "", over: "", x: 0, y: 0, said: "", at: 0 });
  let from = null;
  let press = null;
  const targets = computed(() =>
    held.task ? agents().filter((a) => a.name !== held.task.agent && !(a.trouble && !a.actions?.length)).map((a) => ({ a, why: cannot(held.task, a) })).sort((x, y) => !!x.why - !!y.why) : [],
  );
  const title = (name) => agents().find((a) => a.name === name)?.title || name;

  function pick(task, how, element = null) {
    if (!movable(task)) return;
    from = element ?? document.activeElement;
    Object.assign(held, { task, how, over: "", at: 0 });
    const able = targets.value.filter((t) => !t.why).length;
    held.said = `${task.name} is picked up. ${able ? `${words.plural(able, "agent")} can take it` : "No other agent can take it"}; arrows choose, Enter drops, Escape puts it back.`;
    if (how !== "drag") nextTick(() => focus(0));
  }
  function focus(at) {
    const all = document.querySelectorAll(".mover [data-target]");
    held.at = Math.max(0, Math.min(all.length - 1, at));
    all[held.at]?.focus();
  }
  function back(said = "") {
    if (!held.task) return; // the focus that goes back leaves the list once more
    Object.assign(held, { said: said || `${held.task.name} stays where it is.`, task: null, how: "", over: "" });
    if (from?.isConnected) from.focus({ preventScroll: true });
    from = null;
  }
  async function drop(agent) {
    const task = held.task;
    if (!task) return;
    const done = await act(`/tasks/${task.id}/move`, { agent }, `${task.name} is with ${title(agent)} now`);
    back(done ? `${task.name} is with ${title(agent)} now.` : `${task.name} stays with ${title(task.agent)}: refused.`);
  }
  function key(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") event.preventDefault(), event.stopPropagation(), back();
    else if (event.key === "Tab") back();
    else if (event.key === "Home" || event.key === "End") event.preventDefault(), focus(event.key === "Home" ? 0 : 99);
    else if (step) event.preventDefault(), focus(held.at + step);
    else if (event.key === "Enter" || event.key === " ") event.preventDefault(), event.stopPropagation(), drop(targets.value[held.at].a.name);
  }

  // -- by pointer: the handle takes the touch, so that the page does not scroll under it --
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-drop]")?.dataset.drop ?? "";
  function down(event, task) {
    if (event.button || !movable(task)) return;
    press = { task, x: event.clientX, y: event.clientY, element: event.currentTarget };
    event.currentTarget.setPointerCapture(event.pointerId);
  }
  function move(event) {
    if (!press) return;
    if (!held.task && Math.hypot(event.clientX - press.x, event.clientY - press.y) > NEAR) pick(press.task, "drag", press.element);
    if (held.how !== "drag") return;
    Object.assign(held, { x: event.clientX, y: event.clientY, over: under(event) });
    const box = document.querySelector(".mover");
    const edge = box?.getBoundingClientRect();
    if (edge && event.clientX > edge.left && event.clientX < edge.right) box.scrollTop += event.clientY > edge.bottom - EDGE ? STEP : event.clientY < edge.top + EDGE ? -STEP : 0;
  }
  function up(event) {
    const dragged = press && held.how === "drag";
    press = null;
    if (!dragged) return;
    const agent = under(event);
    if (agent && agent !== held.task.agent) drop(agent);
    else back();
  }
  const lost = () => ((press = null), held.how === "drag" && back());
  const escape = (event) => event.key === "Escape" && held.how === "drag" && lost();
  document.addEventListener("keydown", escape);
  onBeforeUnmount(() => document.removeEventListener("keydown", escape));
  const handle = (task) => ({
    onPointerdown: (event) => down(event, task), onPointermove: move, onPointerup: up, onPointercancel: lost,
    onClick: (event) => event.detail === 0 || !event.detail ? pick(task, "keys", event.currentTarget) : null,
    onKeydown: (event) => event.key === " " && (event.preventDefault(), event.stopPropagation(), pick(task, "keys", event.currentTarget)),
  });
  return { held, targets, pick, drop, back, key, handle };
}

// Where a task can be dropped, while one is held.
export const CbMover = {
  components: { CbState },
  props: { mover: Object },
  setup: (props) => ({ held: props.mover.held, list: computed(() => props.mover.targets.value), root: ref(null), words }),
  template: `
    <p class="sr" aria-live="assertive" data-mover-said>{{ held.said }}</p>
    <div v-if="held.task" class="mover" :class="held.how" @focusout="held.how !== 'drag' && !$event.currentTarget.contains($event.relatedTarget) && $event.relatedTarget && mover.back()">
      <p class="mover-title">Give <b>{{ held.task.name }}</b> <span class="id">{{ held.task.id }}</span> to</p>
      <ul role="listbox" :aria-label="'Give ' + held.task.name + ' to'" @keydown="mover.key">
        <li v-for="(t, i) in list" :key="t.a.name" role="option" tabindex="-1" data-target :data-drop="t.a.name" class="mover-target" :class="{over: held.over === t.a.name, not: t.why}" :aria-selected="held.how !== 'drag' && held.at === i" @click="mover.drop(t.a.name)">
          <CbState :word="t.a.state" bare/>
          <span class="mover-name">{{ t.a.title || t.a.name }}</span>
          <span class="mover-why">{{ t.why ? 'cannot: ' + t.why : t.a.load?.queue ? words.plural(t.a.load.queue, 'waits', 'wait') + ' there' : 'can, nothing waits there' }}</span>
        </li>
      </ul>
      <button v-if="held.how !== 'drag'" type="button" class="button small" @click="mover.back()">Leave it</button>
    </div>
    <div v-if="held.how === 'drag'" class="mover-ghost" :style="{transform: 'translate(' + (held.x + 10) + 'px,' + (held.y + 8) + 'px)'}" aria-hidden="true">{{ held.task.name }}</div>
  `,
};

// The handle at a row.
export const CbGrip = {
  props: { task: Object, mover: Object },
  setup: (props) => ({ binds: computed(() => props.mover.handle(props.task)) }),
  template: `
    <button type="button" class="grip" v-bind="binds" :aria-label="'Move ' + task.name + ' to another agent: Space picks it up'" title="Drag it to another agent, or press Space" :data-grip="task.id">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 3.500v.1M10 3.500v.1M6 8v.1M10 8v.1M6 12.500v.1M10 12.500v.1"/></svg>
    </button>
  `,
};
