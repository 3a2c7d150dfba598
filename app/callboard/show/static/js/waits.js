// What waits for a person, as rows that a page shows and acts on; the same on the board and in the inbox.
import { reactive } from "vue";
import { ask } from "callboard/dialog.js";
import { counts, get, send, toast } from "callboard/live.js";

// The word, and the state whose shape and colour it has.
export const KINDS = {
  "engine halted": "halted",
  workspace: "needs decision",
  decision: "needs decision",
  question: "needs decision",
  "stuck task": "error",
  patch: "needs decision",
  schedule: "unsure",
  "paused agent": "paused",
};
const DANGER = {
  "give up": ["Give it up?", "The task counts as failed, and what needs it is skipped."],
  reject: ["Reject this patch?", "Its file stays with the attempt, but it is not offered again."],
  "cancel it": ["Cancel the task?", "What needs it is skipped."],
  "trust it": ["Trust this workspace?", "From now on its code may run with your rights: its tests, its programs, the commands of callboard.toml."],
};

export class Waits {
  constructor(rows) {
    this.state = reactive({ rows: rows ?? [], gone: null, busy: "" });
    this.asked = 0;
    this.mine = new Set();
  }
  get rows() {
    return this.state.rows;
  }
  // Gives what no longer waits.
  replace(rows) {
    const now = new Set(rows.map((row) => row.id));
    const gone = this.state.rows.filter((row) => !now.has(row.id));
    this.state.rows = rows;
    counts.inbox = rows.length;
    return gone;
  }
  async refetch() {
    const mine = ++this.asked;
    const rows = await get("/inbox").catch(() => null);
    return rows && mine === this.asked ? this.replace(rows) : [];
  }
  // Chooses; true when it counts. Who comes second is told so in the server's own words.
  async choose(row, act) {
    if (this.state.busy) return false;
    if (act.danger) {
      const [title, text] = DANGER[act.label] ?? [`${act.label}?`, ""];
      if (!(await ask({ title, text: `${row.title}\n${text}`, yes: act.label[0].toUpperCase() + act.label.slice(1), danger: true }))) return false;
    }
    this.state.busy = row.id;
    this.mine.add(row.id);
    try {
      const done = await send(act.post.path, act.post.body);
      const run = done?.run;
      toast(`${row.title.replace(/[?.]$/, "")}: ${act.label}${run ? `, run ${run}` : ""}`, "good", run ? `/runs/${run}` : null);
      this.state.rows = this.state.rows.filter((known) => known.id !== row.id);
      counts.inbox = this.state.rows.length;
      return true;
    } catch (problem) {
      this.mine.delete(row.id);
      toast(problem.message);
      return false;
    } finally {
      this.state.busy = "";
      this.refetch();
    }
  }
}
