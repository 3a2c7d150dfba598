// Who uses the machine: running tasks with their processes, or the tasks that ran in a time that was chosen.
import { computed, reactive } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const Users = {
  components: PARTS,
  props: { live: Boolean, now: Object, tasks: Array, users: Array, cpus: Number },
  setup(props) {
    const open = reactive(new Set());
    const rows = computed(() => {
      if (!props.live) return props.users.map((u) => ({ ...u, memory: u.peak_mb, seconds: u.cpu_s, tree: null }));
      const trees = new Map(props.tasks.map((t) => [t.id, t.process_tree ?? []]));
      return [...props.now.values()]
        .map((t) => ({ id: t.id, name: t.name, agent: t.agent, state: words.shown(t), cpus: t.cpus_now, memory: t.memory_now_mb, seconds: t.cpu_s, needs: t.needs, tree: trees.get(t.id) ?? null }))
        .sort((a, b) => (b.cpus ?? 0) - (a.cpus ?? 0) || (b.memory ?? 0) - (a.memory ?? 0));
    });
    const toggle = (id) => (open.has(id) ? open.delete(id) : open.add(id));
    return { open, rows, toggle, words };
  },
  template: `
    <section class="panel" aria-labelledby="h-users">
      <header>
        <h2 id="h-users">{{ live ? 'Who uses it now' : 'Who used it then' }}</h2>
        <span class="quiet num">{{ words.plural(rows.length, live ? 'running task' : 'task') }}</span>
      </header>
      <table v-if="rows.length" class="table fold">
        <thead>
          <tr>
            <th>Task</th>
            <th>State</th>
            <th class="right">{{ live ? 'CPUs' : 'CPUs, mean' }}</th>
            <th class="right">{{ live ? 'Memory' : 'Memory, most' }}</th>
            <th class="right">{{ live ? 'Processes' : 'CPU time, about' }}</th>
          </tr>
        </thead>
        <tbody v-for="u in rows" :key="u.id">
          <tr :data-task="u.id">
            <td class="full"><a class="name" :href="'/tasks/' + u.id">{{ u.name }}</a> <span class="id">{{ u.id }}</span> <span class="quiet">{{ u.agent }}</span></td>
            <td><CbState :word="u.state"/></td>
            <td class="right" data-label="cpus">
              <CbNum :value="u.cpus" :as="words.cpus"/> <span v-if="u.needs" class="quiet">of <CbNum :value="u.needs.cpus" :as="words.cpus"/></span>
              <span class="user-share" aria-hidden="true"><i :style="{width: Math.min(100, (u.cpus || 0) / cpus * 100) + '%'}"></i></span>
            </td>
            <td class="right" data-label="memory"><CbNum :value="u.memory" :as="words.mebibytes"/> <span v-if="u.needs" class="quiet">of <CbNum :value="u.needs.memory_mb" :as="words.mebibytes"/></span></td>
            <td class="right">
              <button v-if="u.tree && u.tree.length" type="button" class="link" :aria-expanded="open.has(u.id)" @click="toggle(u.id)">{{ words.plural(u.tree.length, 'process', 'processes') }}</button>
              <CbNum v-else-if="!live" :value="u.seconds" :as="words.duration"/>
              <span v-else class="none" title="not looked at yet">–</span>
            </td>
          </tr>
          <tr v-if="u.tree && open.has(u.id)">
            <td colspan="5" class="full">
              <ul class="tree" :aria-label="'processes of ' + u.name">
                <li v-for="p in u.tree" :key="p.pid"><span class="tree-name" :style="{paddingLeft: p.depth * 16 + 'px'}" :title="p.name">{{ p.name }}</span><span class="num right">{{ p.pid }}</span><span class="num right">{{ words.mebibytes(p.memory_mb) }}</span><span class="num right">{{ words.duration(p.cpu_s) }} CPU</span></li>
              </ul>
            </td>
          </tr>
        </tbody>
      </table>
      <CbEmpty v-else-if="live" title="The crew rests">No task is running; what the machine does is not Callboard's.</CbEmpty>
      <CbEmpty v-else title="Nobody of the crew">No task ran in this time. Choose another stretch on a chart, or look at a longer time.</CbEmpty>
    </section>
  `,
};
