// What can be done to cases: each act asks what it needs, says what it will do, and tells a refusal where it was asked.
import { reactive } from "vue";
import { get, send, toast } from "callboard/live.js";
import * as words from "callboard/words.js";

export const USUAL_DAYS = 30;
export const LONGEST_DAYS = 366;
export function day(ahead) {
  const d = new Date();
  d.setDate(d.getDate() + ahead);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`;
}

export const INVESTIGATE = [
  { what: "auto", title: "Whatever comes next", note: "reproduce, then narrow or bisect" },
  { what: "reproduce", title: "Reproduce", note: "run it again and again: broken or flaky?" },
  { what: "narrow", title: "Narrow", note: "the smallest set that still fails" },
  { what: "bisect", title: "Bisect", note: "the commit that broke it" },
  { what: "fix", title: "Ask for a fix", note: "agents propose patches" },
  { what: "verify", title: "Verify", note: "its checks look again" },
];

const named = (rows) => (rows.length === 1 ? rows[0].name : words.plural(rows.length, "case"));

// kind: what the dialog is headed, what it says, its word for yes, and what it sends. `wants`: the fields that it asks.
export const KINDS = {
  assign: { title: (d) => `Give ${named(d.rows)} to…`, yes: () => "Give", wants: ["to", "reason"], path: "assign", done: (d) => `${named(d.rows)}: given to ${d.to}` },
  triage: { title: (d) => `Mark ${named(d.rows)} as looked at`, yes: () => "Triaged", wants: [], path: "triage", done: (d) => `${named(d.rows)} triaged` },
  accept: {
    title: (d) => `Live with ${named(d.rows)} for a while?`, yes: () => "Accept", wants: ["reason!", "until"], path: "accept", done: (d) => `${named(d.rows)}: accepted until ${d.until}`,
    text: () => "It stays visible as accepted, asks nobody until that day, and then comes back as new if it is still there.",
  },
  close: {
    title: (d) => `Close ${named(d.rows)} by your word?`, yes: () => "Close by my word", wants: ["reason!"], path: "close", done: (d) => `${named(d.rows)} closed by your word`,
    text: () => "Callboard closes a case by itself once every check that saw it looked again on other code and did not report it. Closed by you it is shown as closed by hand, not as verified; it comes back if a check sees it again.",
  },
  reopen: { title: (d) => `Reopen ${named(d.rows)}?`, yes: () => "Reopen", wants: ["reason!"], path: "reopen", done: (d) => `${named(d.rows)} is open again`, text: () => "It keeps its number and its history." },
  merge: {
    title: (d) => (d.rows.length > 1 ? `Make ${words.plural(d.rows.length, "case")} one` : `Join ${d.rows[0].name} with…`), yes: () => "Join", wants: ["into", "reason"], path: "merge", done: (d) => `One case now: C${d.into}`,
    text: () => "All symptoms, notes and history go over to the case that stays. From now on such pairs are joined here by themselves.",
  },
  split: {
    title: (d) => `Split ${d.rows[0].name}`, yes: (d) => `Split off ${words.plural(d.keys.length, "symptom")}`, wants: ["keys", "reason"], path: "split", done: (d) => `Split off ${words.plural(d.keys.length, "symptom")} as a case of its own`,
    text: () => "What you choose becomes a case of its own. From now on such pairs are kept apart here.",
  },
  incident: {
    title: (d) => `Incident at ${d.rows[0].name}?`, yes: () => "Begin the incident", danger: true, wants: ["reason!"], path: "incident", done: () => "The incident has begun; the evidence is frozen",
  },
}; // prettier-ignore

const blank = () => ({ kind: "", rows: [], keys: [], symptoms: null, others: [], into: null, to: "", reason: "", instead: false, stop: false, crew: false, until: day(USUAL_DAYS), trouble: "", wrong: "", busy: false });

// after(): called once something was done.
export function useDeeds(after) {
  const asked = reactive(blank());

  async function open(kind, rows, more = {}) {
    if (!rows.length) return;
    Object.assign(asked, blank(), { kind, rows: [...rows], ...more });
    if (kind === "merge") asked.into = [...rows].sort((a, b) => b.priority - a.priority || a.id - b.id)[0].id;
    if (kind === "merge" && rows.length === 1) asked.into = null;
    if (kind === "split" && !asked.symptoms) {
      try {
        const told = await get(`/cases/${rows[0].id}`);
        asked.symptoms = told.symptoms;
      } catch (problem) {
        asked.trouble = problem.message;
      }
    }
  }
  const close = () => (asked.kind = "");
  const body = {
    assign: () => ({ to: asked.to, ...(asked.instead ? { instead: true } : {}) }),
    accept: () => ({ until: asked.until }),
    merge: () => ({ into: asked.into }),
    split: () => ({ symptoms: asked.keys }),
    incident: () => ({ ...(asked.stop ? { stop: true } : {}), ...(asked.crew ? { crew: true } : {}) }),
  };
  // With the turn of the row as it was seen: who was first is told to the second.
  const wish = (row) => ({ reason: asked.reason.trim(), ...(row.turn != null && asked.kind !== "incident" ? { turn: row.turn } : {}), ...body[asked.kind]?.() });
  // What is missing before it can be sent, "" for nothing.
  function missing() {
    const { wants } = KINDS[asked.kind];
    if (wants.includes("to") && !asked.to) return "Choose an agent or a person.";
    if (wants.includes("reason!") && !asked.reason.trim()) return "A few words are needed: why?";
    if (wants.includes("until") && !(asked.until >= day(0) && asked.until <= day(LONGEST_DAYS))) return "Choose a day from today on, at most a year away.";
    if (wants.includes("into") && asked.into == null) return "Choose the case that it belongs to.";
    if (wants.includes("keys") && !asked.keys.length) return "Choose at least one symptom.";
    if (wants.includes("keys") && asked.symptoms && asked.keys.length >= asked.symptoms.length) return "One symptom has to stay: choose fewer.";
    return "";
  }
  async function perform() {
    if (asked.busy || !asked.kind) return;
    const kind = KINDS[asked.kind];
    asked.wrong = missing();
    if (asked.wrong) return;
    asked.busy = true;
    asked.trouble = "";
    const left = [];
    for (const row of asked.rows) {
      if (asked.kind === "merge" && row.id === asked.into) continue;
      try {
        await send(`/cases/${row.id}/${kind.path}`, wish(row));
      } catch (problem) {
        left.push({ row, why: problem.message });
      }
    }
    asked.busy = false;
    if (left.length) {
      asked.trouble = left.map(({ row, why }) => (asked.rows.length > 1 ? `${row.name}: ${why}` : why)).join("\n");
      if (asked.kind !== "merge") asked.rows = left.map(({ row }) => row); // what was done is done; the rest can be tried again
    } else {
      toast(kind.done(asked), "good");
      close();
    }
    await after(asked);
  }
  // At once, without a question: a refusal is a toast.
  async function now(kind, rows, payload = {}, told = "") {
    for (const row of rows) {
      try {
        await send(`/cases/${row.id}/${kind}`, payload);
      } catch (problem) {
        return toast(rows.length > 1 ? `${row.name}: ${problem.message}` : problem.message);
      }
    }
    if (told) toast(told, "good");
    await after();
  }
  async function investigate(row, what) {
    try {
      const begun = await send(`/cases/${row.id}/investigate`, { what });
      toast(`${row.name}: ${begun.words || "it is looked into"}`, "good", begun.run ? `/runs/${begun.run}` : null);
    } catch (problem) {
      return toast(problem.message);
    }
    await after();
  }
  return { asked, open, close, perform, now, investigate };
}
