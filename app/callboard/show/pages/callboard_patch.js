// One patch: its proof, what is known before it is accepted, its lines; and the person's word.
import { computed, reactive, ref } from "vue";
import { CbFrame, useTitle } from "callboard/frame.js";
import { act, follow, get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { CbPatchState, CbProof, filesOf } from "callboard/patch.js";
import * as words from "callboard/words.js";

export default {
  components: { CbFrame, CbPatchState, CbProof, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const p = reactive(JSON.parse(props.first));
    const reason = ref("");
    const asking = ref("");
    let asked = 0;
    async function read() {
      Object.assign(p, await get(`/patches/${p.id}`));
      return null;
    }
    follow({
      rooms: () => ["board"],
      refetch: read,
      fold: (m) => {
        if (!(m.events ?? []).some((e) => e.kind === "PatchDecided" || e.kind === "ArtifactKept")) return;
        clearTimeout(asked);
        asked = setTimeout(() => read().catch(() => {}), 400);
      },
    });
    const changes = computed(() => new Map(p.changes.map((c) => [c.path, c])));
    const files = computed(() => filesOf(p.diff).map((f, n) => ({ ...f, change: p.changes[n] ?? null, name: p.changes[n]?.path ?? p.files[n] ?? "" })));
    const added = computed(() => p.changes.reduce((n, c) => n + c.added, 0));
    const removed = computed(() => p.changes.reduce((n, c) => n + c.removed, 0));
    const canAccept = computed(() => ["proposed", "undone", "stale"].includes(p.state) && !!p.check?.applies);
    const why = computed(() => (p.check ? p.check.words.join(" ") : "Its file is not there any more."));
    const troubles = computed(() => !p.check || p.check.refused || p.check.troubles.length > 0);
    const said = computed(() => ({ accepted: "Accepted", rejected: "Rejected", undone: "Undone" })[p.decided?.choice] ?? "Put back");
    const isOpen = computed(() => ["proposed", "stale", "undone"].includes(p.state));
    async function wish(path, body, said) {
      const answer = await act(`/patches/${p.id}/${path}`, body, said);
      asking.value = "";
      if (answer) {
        if (answer.run) toast(`What it touches is checked again in run ${answer.run}`, "good", `/runs/${answer.run}`);
        else if (answer.note) toast(answer.note);
      }
      await read().catch(() => {});
    }
    const accept = () => wish("accept", {}, `Patch ${p.id} is in your working tree`);
    const undo = () => wish("undo", {}, `Patch ${p.id} is out of your working tree`);
    const reject = () => wish("reject", { reason: reason.value }, `Patch ${p.id} is rejected`);
    useTitle(() => `Patch ${p.id} – Callboard`);
    return { frame, p, files, changes, added, removed, canAccept, why, troubles, said, isOpen, asking, reason, accept, undo, reject, words };
  },
  template: `
    <CbFrame :meta="frame" here="/patches">
      <p class="crumb">
        <a href="/patches">Patches</a>
        <span>/</span>
        <span>{{ p.id }}</span>
      </p>
      <div class="head">
        <CbPatchState :word="p.state" big/>
        <h1>{{ p.name }}</h1>
        <div class="acts">
          <CbAct v-if="p.state === 'accepted'" :run="undo" :disabled="troubles" :why="why">Undo</CbAct>
          <template v-if="isOpen">
            <button type="button" class="button" :aria-expanded="asking === 'reject'" @click="asking = asking === 'reject' ? '' : 'reject'">Reject…</button>
            <CbAct tone="primary" :run="accept" :disabled="!canAccept" :why="why">Accept</CbAct>
          </template>
        </div>
      </div>
      <div class="facts">
        <span><em>proposed by</em><a :href="'/tasks/' + p.task">{{ p.task_name }} {{ p.task }}</a></span>
        <span><em>in</em><a :href="'/runs/' + p.run">run {{ p.run }}</a></span>
        <span><em>for</em>{{ p.workspace_name }}</span>
        <span><CbAgo :at="p.at"/></span>
        <span><em>changes</em><span class="num">{{ words.plural(p.changes.length || p.files.length, 'file') }}</span><span v-if="p.changes.length" class="num"><b class="diff-plus">+{{ added }}</b>&ensp;<b class="diff-minus">−{{ removed }}</b></span></span>
        <span><a :href="p.url" download>the patch file</a></span>
      </div>
      <form v-if="asking === 'reject'" class="panel patch-reject" @submit.prevent="reject">
        <label for="patch-reason">Why it is rejected, for the others</label>
        <input id="patch-reason" v-model="reason" type="text" maxlength="1000" placeholder="may stay empty">
        <CbAct tone="danger" :run="reject">Reject patch {{ p.id }}</CbAct>
      </form>
      <div class="two patch">
        <div class="stack">
          <section v-for="f in files" :key="f.key" class="panel diff" :data-file="f.name">
            <header>
              <h2 class="mono">{{ f.name }}</h2>
              <span v-if="f.change && f.change.kind !== 'changed'" class="tag">{{ f.change.kind }}<template v-if="f.change.old !== f.change.path">, was {{ f.change.old }}</template></span>
              <span v-if="f.change" class="num diff-sums"><b class="diff-plus">+{{ f.change.added }}</b>&ensp;<b class="diff-minus">−{{ f.change.removed }}</b></span>
            </header>
            <div class="diff-lines" tabindex="0" role="region" :aria-label="'Changes of ' + f.name">
              <div class="diff-room">
                <div v-for="l in f.lines" :key="l.key" class="diff-line" :class="l.kind && 'd-' + l.kind"><span class="diff-number">{{ l.old }}</span><span class="diff-number">{{ l.now }}</span><span class="diff-sign">{{ l.kind === 'add' ? '+' : l.kind === 'del' ? '−' : '' }}</span><span class="diff-text">{{ l.text }}</span></div>
                <div v-if="!f.lines.length" class="diff-line d-note"><span class="diff-text">no line changes</span></div>
              </div>
            </div>
          </section>
          <p v-if="p.left_out" class="quiet">{{ words.count(p.left_out) }} more lines are in <a :href="p.url" download>the patch file</a>.</p>
          <div v-if="!files.length" class="panel"><CbEmpty title="The text is not there">The patch file was removed with its attempt, so it can be neither shown nor accepted.</CbEmpty></div>
        </div>
        <aside class="stack">
          <section class="panel">
            <header><h2>{{ isOpen ? 'If you accept it' : p.state === 'accepted' ? 'If you undo it' : 'What became of it' }}</h2></header>
            <div class="patch-check">
              <template v-if="isOpen || p.state === 'accepted'">
                <p v-if="p.check && p.check.refused" class="trouble">{{ p.check.words[0] }}</p>
                <template v-else-if="p.check && p.check.troubles.length">
                  <p class="trouble ask">{{ p.check.already ? 'It seems to be in the workspace already.' : p.state === 'accepted' ? 'It cannot be taken out: these files have changed since.' : 'It does not apply: these files have changed since it was made.' }}</p>
                  <ul v-if="!p.check.already" class="patch-troubles"><li v-for="t in p.check.troubles" :key="t.path"><b class="mono">{{ t.path }}</b> {{ t.why }}</li></ul>
                </template>
                <template v-else-if="p.check">
                  <p v-if="isOpen"><CbState word="succeeded" bare/> It applies cleanly. {{ p.changes.length === 1 ? 'One file' : 'All ' + p.changes.length + ' files, or none,' }} will be written in your working tree; nothing is staged or committed.</p>
                  <p v-else><CbState word="succeeded" bare/> The same lines are taken out of your working tree again.</p>
                  <p v-if="p.will_run.length">Then <b>{{ p.will_run.join(', ') }}</b> and every job that read these files is run again.</p>
                </template>
                <p v-else class="trouble">Its file is not there any more.</p>
                <p v-if="p.check && p.check.uncommitted.length" class="patch-note">You have changes in the same files that are not committed: <span class="mono">{{ p.check.uncommitted.slice(0, 6).join(', ') }}</span></p>
                <p v-if="p.check && p.check.moved" class="quiet">HEAD is {{ words.plural(p.check.moved, 'commit') }} ahead of where it was made.</p>
                <p v-if="p.check && p.check.moved === null" class="quiet">The commit it was made from is not in the history of HEAD.</p>
              </template>
              <p v-if="p.decided">{{ said }} by {{ p.decided.by }}, <CbAgo :at="p.decided.at"/><template v-if="p.decided.reason">: {{ p.decided.reason }}</template></p>
              <p v-if="p.checks_run">Checked again in <a class="quiet" :href="'/runs/' + p.checks_run">run {{ p.checks_run }}</a>.</p>
              <p v-if="p.state === 'stale' && p.newer"><a class="quiet" :href="'/patches/' + p.newer">Patch {{ p.newer }}</a> of a later run took its place.</p>
            </div>
          </section>
          <section v-if="p.check && p.check.conflicts.length" class="panel">
            <header><h2>Other proposals for the same lines</h2></header>
            <ul class="rows"><li v-for="c in p.check.conflicts" :key="c.words"><a class="name" :href="'/patches/' + c.patch">Patch {{ c.patch }}</a> <span class="mono">{{ c.path }}</span><span v-if="c.lines" class="quiet"> lines {{ c.lines }}</span></li></ul>
          </section>
          <section class="panel">
            <header><h2>Proof</h2></header>
            <div class="patch-check">
              <CbProof :of="p.proof" :said="p.proof.length ? '' : p.proof_words"/>
              <p v-if="p.proof.length && p.proof_words" class="reason">{{ p.proof_words }}</p>
            </div>
          </section>
        </aside>
      </div>
    </CbFrame>
  `,
};
