// What waits for agents: each task with why it waits, and its handle for giving it to another.
import { CbGrip, movable } from "callboard/mover.js";
import { CbHold } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const CbWaiting = {
  components: { CbGrip, CbHold },
  props: { tasks: Array, mover: Object, agent: Boolean },
  setup: () => ({ movable, words }),
  template: `
    <ul class="waiting-rows">
      <li v-for="t in tasks" :key="t.id" class="waiting-row" :data-waiting="t.id" :class="{held: mover.held.task?.id === t.id}">
        <CbGrip v-if="movable(t)" :task="t" :mover="mover"/>
        <span class="waiting-what">
          <a class="name" data-main :href="'/tasks/' + t.id">{{ t.name }}</a> <span class="id">{{ t.id }}</span>
          <span v-if="agent" class="quiet waiting-agent">{{ t.agent || 'nobody' }}</span>
          <span class="waiting-why"><CbHold v-if="t.hold" :hold="t.hold"/></span>
        </span>
        <button type="button" class="link" aria-haspopup="listbox" :aria-label="'Move ' + t.name + ' to another agent'" @click="mover.pick(t, 'keys', $event.currentTarget)">Move to…</button>
      </li>
    </ul>
  `,
};
