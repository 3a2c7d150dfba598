// Above the roadmap: where it stands, in two sentences; and what to do where there is none.
import { computed } from "vue";
import { CbSnippet } from "callboard/crew_begin.js";
import { PARTS } from "callboard/parts.js";
import { share } from "callboard/roadmap.js";
import * as words from "callboard/words.js";

const MOST = 6;

export const CbRoadHead = {
  components: PARTS,
  props: { map: Object, titles: Map, refresh: Function },
  setup(props) {
    const m = computed(() => props.map);
    const path = computed(() => (m.value.path?.changes ?? []).map((id) => ({ id, title: props.titles.get(id) ?? id })));
    return { m, path, share, words, MOST };
  },
  template: `
    <div class="head road-top"><h1>Roadmap</h1><span v-if="m.there" class="quiet">from <code>{{ m.folder }}</code><span class="road-read">, read <CbAgo :at="m.read_at"/></span></span><div class="acts"><CbAct small :run="refresh">Read anew</CbAct></div></div>
    <template v-if="m.there && m.changes.length">
      <p class="call road-call"><b class="num">{{ words.count(m.done) }}</b> of <b class="num">{{ words.count(m.total) }}</b> tasks are done, <b class="num">{{ words.count(m.changes_done) }}</b> of <b class="num">{{ words.count(m.changes.length) }}</b> changes complete.
        <template v-if="path.length"> The critical path needs <b>{{ words.plural(m.path.left, 'more task') }}</b>: <template v-for="(c, i) in path.slice(0, MOST)" :key="c.id">{{ i ? ', then ' : '' }}<a class="road-step" :href="'/roadmap/' + words.segment(c.id)" :title="c.title">{{ c.id }}</a></template><template v-if="path.length > MOST">, and {{ path.length - MOST }} more</template>.</template>
      </p>
      <div class="facts road-facts">
        <span class="facts-bar"><CbBar :value="share(m) ?? 0" tone="velvet" label="progress of the whole roadmap"/></span>
        <span v-if="m.pace.per_day != null" :title="m.pace.words"><em>pace</em> <b class="num">{{ words.amount(Math.round(m.pace.per_day * 10) / 10) }}</b> tasks a working day</span><span v-else-if="m.pace.words"><em>forecast</em> {{ m.pace.words }}</span>
        <span :title="m.write ? 'A task whose job passed is ticked in tasks.md: one character of its line' : 'write = true under [roadmap] in callboard.toml turns it on; a person may tick by hand all the same'"><em>ticking</em> {{ m.write ? 'by itself, in tasks.md' : 'only by hand; files are left alone' }}</span>
        <span><em>archived</em> <span class="num">{{ words.count(m.archived) }}</span></span>
        <span><em>specs</em> <span class="num">{{ words.count(m.specs) }}</span></span>
        <span v-if="m.cli" :title="'The openspec program validates and archives; the files are read without it'"><em>openspec</em> {{ m.cli }}</span>
      </div>
    </template>
  `,
};

const TASKS = `## 1. Backend

- [ ] 1.1 Write tests for the login form
- [x] 1.2 Scan the new dependency`;
const PROPOSAL = `# Add login

## Why

Passwords are written on paper beside the screens.`;
const TABLE = `[roadmap]
folder = "docs/openspec"`;

export const CbRoadBegin = {
  components: { CbSnippet, ...PARTS },
  props: { map: Object },
  setup(props) {
    const folder = computed(() => (props.map.folder && props.map.folder.length < 60 ? props.map.folder : "openspec"));
    const why = computed(() => (props.map.why ? `${props.map.why[0].toUpperCase()}${props.map.why.slice(1).replace(/\.$/, "")}.` : "The folder is there, and no change is in it yet."));
    return { folder, why, TASKS, PROPOSAL, TABLE };
  },
  template: `
    <p class="call road-call">{{ why }} A roadmap is read from OpenSpec’s files: a folder for each change, and in it a list of tasks with boxes to tick.</p>
    <div class="begin">
      <section class="panel begin-way" aria-labelledby="h-new"><header><h2 id="h-new">Begin one</h2></header><div class="begin-body"><p>One file of plain Markdown is enough, and no other program; the page fills as soon as it is there. <code class="begin-path">{{ folder }}/changes/add-login/tasks.md</code></p><CbSnippet :text="TASKS" label="the tasks of a change"/><p>Why it is done stands beside it. <code class="begin-path">{{ folder }}/changes/add-login/proposal.md</code></p><CbSnippet :text="PROPOSAL" label="the proposal of a change"/><p>If the team has OpenSpec’s own program, it makes the folders:</p><CbSnippet text="openspec init" label="the command that makes the folder"/></div></section>
      <section class="panel begin-way" aria-labelledby="h-else"><header><h2 id="h-else">It is somewhere else</h2></header><div class="begin-body"><p>Say where, in <code>callboard.toml</code>:</p><CbSnippet :text="TABLE" label="the table of the roadmap"/><p class="quiet">Callboard reads; it changes nothing in these files. With <code>write = true</code> it ticks a task whose job passed: one character of its line.</p></div></section>
    </div>
  `,
};
