// One case: what is wrong, why its symptoms are one, what was tried, what comes next and who does it.
import { computed } from "vue";
import { CbAttempts } from "callboard/case_attempts.js";
import { useDeeds } from "callboard/case_deeds.js";
import { CbCaseDialog, everybody } from "callboard/case_dialog.js";
import { CbIncidents } from "callboard/case_incident.js";
import { CbCasePatch } from "callboard/case_patch.js";
import { CbBlame, CbFactors, CbRelated, CbSuggestions } from "callboard/case_side.js";
import { CbCaseSource, CbSymptoms } from "callboard/case_symptoms.js";
import { CbTimeline } from "callboard/case_timeline.js";
import { CbCaseState, CbPriority, CbWho, said, useLine } from "callboard/cases.js";
import { useCommands } from "callboard/commands.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { get, toast } from "callboard/live.js";
import { CbMenu } from "callboard/menu.js";
import { PARTS } from "callboard/parts.js";
import { person } from "callboard/settings.js";
import * as words from "callboard/words.js";

const SETTLED = ["closed", "accepted", "cannot-reproduce"];

export default {
  components: { CbAttempts, CbBlame, CbCaseDialog, CbCasePatch, CbCaseSource, CbCaseState, CbFactors, CbFrame, CbIncidents, CbMenu, CbPriority, CbRelated, CbSuggestions, CbSymptoms, CbTimeline, CbWho, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const first = JSON.parse(props.first);
    const id = first.case.id;
    const read = async () => {
      const [told, incidents] = await Promise.all([get(`/cases/${id}`), first.incidents ? get("/incidents") : null]);
      return { ...told, incidents: incidents?.incidents };
    };
    // A run that investigates moves without a word of the case itself.
    const mine = (m) => typeof m.cases === "number" || (m.runs ?? []).some((r) => data.value.attempts.some((a) => a.run === r.id));
    const { data, refetch } = useLine(first, read, { when: mine });
    const c = computed(() => data.value.case);
    const may = computed(() => data.value.may ?? {});
    const after = () => refetch().catch((problem) => toast(problem.message));
    const deeds = useDeeds(after);
    const who = computed(() => everybody(first.agents ?? [], [c.value]));
    const open = (kind) => deeds.open(kind, [c.value]);
    const settled = computed(() => SETTLED.includes(c.value.state));
    const taken = computed(() => c.value.assignee?.kind === "person" && String(c.value.assignee.name).replace(/^@/, "") === person.name);
    const take = () => deeds.now("assign", [c.value], { to: `@${person.name}`, reason: "" }, "You have it");
    const triage = () => deeds.now("triage", [c.value], {}, "Marked as looked at");

    // Every act, with why it cannot be done now.
    const acts = computed(() => [
      { id: "assign", title: "Give to…", keys: "a", why: may.value.assign, run: () => open("assign") },
      { id: "triage", title: "Mark as looked at", keys: "t", hide: c.value.state !== "new", why: may.value.triage, run: triage },
      { id: "accept", title: "Live with it for a while…", keys: "e", hide: settled.value, why: may.value.accept, run: () => open("accept") },
      { id: "reopen", title: "Reopen…", keys: "o", hide: !settled.value, why: may.value.reopen, run: () => open("reopen") },
      { id: "merge", title: "Join with another case…", keys: "m", why: may.value.join, run: () => open("merge") },
      { id: "close", title: "Close by your word…", hide: c.value.state === "closed", why: may.value.close, run: () => open("close") },
      { id: "incident", title: "Incident…", danger: true, why: may.value.incident, run: () => open("incident") },
    ].filter((act) => !act.hide)); // prettier-ignore
    const run = (act) => (act.why ? toast(act.why) : act.run());
    const items = computed(() => acts.value.filter((act) => act.id !== "assign" && !(act.id === "reopen" && settled.value)).map((act) => ({ ...act, note: act.why || undefined, run: () => run(act) })));
    useCommands(
      () => [
        ...acts.value.map((act) => ({ id: `case.${act.id}`, title: act.title, keys: act.keys, run: () => run(act) })),
        { id: "case.take", title: "Take it myself", run: take, when: () => !taken.value && !may.value.assign },
        { id: "case.investigate", title: "Investigate the case", keys: "i", run: () => (may.value.investigate ? toast(may.value.investigate) : deeds.investigate(c.value, "auto")) },
        { id: "case.bundle", title: "Download all that is known as one file", keys: "d", run: () => (location.href = data.value.bundle), when: () => !!data.value.bundle },
        { id: "case.back", title: "All cases", keys: "u", href: "/cases" },
      ],
      "This case",
    );
    const blame = computed(() => [...data.value.timeline].reverse().find((e) => e.kind === "blamed")?.facts?.lines ?? []);
    const attempts = computed(() => {
      const found = { reproduce: "reproduced", narrow: "narrowed", bisect: "bisected", verify: "verified" };
      return data.value.attempts.map((a) => ({ ...a, facts: a.facts ?? [...data.value.timeline].reverse().find((e) => e.kind === found[a.kind] && (e.run == null || e.run === a.run) && (!e.href || !a.href || e.href === a.href))?.facts }));
    });
    const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1); // a name with an @ stays as it is
    useTitle(() => `${c.value.name} ${c.value.title} – Callboard`);
    return { patch: first.patch, frame, data, c, may, deeds, who, open, settled, taken, take, triage, items, after, blame, attempts, sentence, said, words };
  },
  template: `
    <CbFrame :meta="frame" here="/cases">
      <p class="crumb"><a href="/cases">Cases</a><span>/</span><span>{{ c.name }}</span></p>
      <div class="head case-head">
        <CbCaseState :word="c.state" big/>
        <h1><span class="id">{{ c.name }}</span>{{ c.title }}</h1>
        <div class="acts">
          <a v-if="data.bundle" class="button" :href="data.bundle" download title="Command, environment, log, changes, findings and how to repeat it, as one file">Download</a>
          <CbMenu label="More" :items="items"/>
          <CbAct v-if="c.state === 'closed' || c.state === 'accepted'" :run="() => open('reopen')" :disabled="!!may.reopen" :why="may.reopen">Reopen…</CbAct>
          <CbAct v-else tone="primary" :run="() => open('assign')" :disabled="!!may.assign" :why="may.assign">{{ c.assignee ? 'Give to another…' : 'Give to…' }}</CbAct>
        </div>
      </div>
      <CbIncidents :rows="data.incidents || []" :only="c.id" :after="after"/>
      <div class="case-next-line" :class="'t-' + words.stateOf(said(c.state)).tone">
        <p class="call case-next-words">{{ sentence(c.next) }}</p>
        <p class="case-next-who"><span class="quiet">with</span> <CbWho :row="c"/><span v-if="c.assignee && c.assignee.why" class="quiet">({{ c.assignee.why }})</span><button v-if="!taken && !may.assign && !settled" type="button" class="link" @click="take">take it myself</button><button v-if="c.state === 'new' && !may.triage" type="button" class="link" @click="triage">mark as looked at</button></p>
      </div>
      <div class="facts case-facts">
        <span><em>severity</em><CbSeverity :word="c.severity"/></span>
        <span><em>priority</em><CbPriority :row="c"/></span>
        <span v-if="c.blocks && c.blocks.tasks" class="case-blocks">{{ c.blocks.words }}</span>
        <span><em>first seen</em><CbAgo :at="c.first"/></span>
        <span><em>last</em><CbAgo :at="c.seen"/></span>
        <span><em>seen</em><span class="num">{{ words.plural(c.times, 'time') }}</span></span>
        <span v-if="c.reopened"><em>came back</em><b class="num">{{ words.plural(c.reopened, 'time') }}</b></span>
        <span v-if="c.flaky" :title="c.flaky.words || undefined"><em>flaky</em><span class="num">{{ c.flaky.rate == null ? 'yes' : words.percent(c.flaky.rate) }}<template v-if="c.flaky.runs">, {{ c.flaky.failed }} of {{ words.plural(c.flaky.runs, 'run') }} failed</template></span></span>
        <span v-if="c.until"><em>accepted until</em><span class="num">{{ words.moment(c.until) }}</span><span v-if="c.accepted_by" class="quiet">by {{ c.accepted_by }}</span></span>
        <span v-if="c.workspace && frame.workspace && c.workspace !== frame.workspace.path"><em>at</em>{{ c.workspace_name }}</span>
      </div>
      <div class="case-page-body"><div class="two case-two">
        <div class="stack">
          <CbCasePatch v-if="c.fix" :fix="c.fix" :first="patch" :after="after"/>
          <CbSymptoms :c="c" :rows="data.symptoms" :deeds="deeds" :why="may.split" :left="data.symptoms_left_out"/>
          <CbAttempts :rows="attempts" :c="c" :deeds="deeds" :why="may.investigate"/>
          <CbCaseSource :of="data.source"/>
          <CbTimeline :c="c" :rows="data.timeline" :after="after"/>
        </div>
        <aside class="stack" aria-label="Beside">
          <CbSuggestions :rows="data.suggestions" :after="after"/>
          <CbFactors :c="c"/>
          <CbBlame :c="c" :lines="blame"/>
          <CbRelated :rows="data.related"/>
        </aside>
      </div></div>
      <CbCaseDialog :deeds="deeds" :who="who"/>
    </CbFrame>
  `,
};
