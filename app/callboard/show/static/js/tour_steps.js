// The steps of the guided tour of the sample: what to look at, where, and how the board itself tells that it was done.
import { get } from "callboard/live.js";

const MANY_RUNS = 20; // among so many newest runs is one of the checks
const cases = async (text) => (await get(`/cases?limit=20&text=${encodeURIComponent(text)}`)).cases;
const CHANGED = ["cpus", "memory_mb", "machines", "concurrency", "without", "priority", "order", "cache"]; // what a what-if changes, in its address
const seen = (pattern) => () => (pattern.test(location.pathname) ? "You are there." : "");
const named = async (text, fits) => (await cases(text)).find(fits);
// A run of the team's jobs; what a case had run for itself is none.
const ownRun = async () => (await get(`/runs?limit=${MANY_RUNS}`)).find((run) => !run.trigger.startsWith("case "));
// A task with a red line: its tests where they failed, else whatever failed.
async function failedTask() {
  const run = await ownRun();
  const failed = run ? (await get(`/runs/${run.id}`)).tasks.filter((t) => t.state === "failed") : [];
  return failed.find((t) => t.action === "quality.tests") ?? failed[0];
}

// Each: name, title, text, where (path, or a function that finds one), point (what is ringed there), done (words, '' for not yet).
export const STEPS = [
  {
    name: "start", title: "One board for seven agents",
    text: "Each card is an agent. A run lets them look at this shop: lint, tests, secrets, the API, the container. Press ‘Start a run’, or `g n`.",
    where: "/runs/new", point: "[data-start]",
    done: async () => {
      const run = await ownRun();
      return run ? `Run ${run.id} was started${run.summary ? `: ${run.summary}` : ""}.` : "";
    },
  },
  {
    name: "line", title: "From red to the line",
    text: "A task that failed opens at its first failing line, with what changed since it last passed beside it. `e`, or the red arrow, goes to the next one.",
    where: async () => {
      const task = await failedTask();
      return task ? `/tasks/${task.id}` : "/runs";
    },
    point: ".log", done: seen(/^\/tasks\//),
  },
  {
    name: "witnesses", title: "One cause, many witnesses",
    text: "scripts/convert.py does not parse, and many tools stumble over it. That is one case, with everybody who saw it, not a case each.",
    where: async () => (await named("convert", () => true))?.href ?? "/cases",
    point: "[data-symptoms], .symptoms",
    done: async () => {
      const found = await named("convert", (c) => c.witnesses.length > 1);
      return found && location.pathname === found.href ? `${found.name}: ${found.symptoms} symptoms, ${found.witnesses.length} witnesses.` : "";
    },
  },
  {
    name: "flaky", title: "Broken, or only sometimes?",
    text: "‘The printer is warm’ fails the first time and passes afterwards. Reruns tell: choose ‘Investigate’, ‘Reproduce’, and it says how often it fails.",
    where: async () => (await named("printer", () => true))?.href ?? "/cases", point: "[data-act='investigate']",
    done: async () => {
      const found = await named("printer", (c) => c.flaky);
      return found ? `${found.name}: ${found.flaky.words}` : "";
    },
  },
  {
    name: "commit", title: "Which commit broke it",
    text: "Ten packets should be cheaper, and once were. Choose ‘Investigate’, ‘Bisect’: git's history is halved again and again in a tree of its own until one commit is left.",
    where: async () => (await named("packets", () => true))?.href ?? "/cases", point: "[data-act='investigate']",
    done: async () => {
      const found = await named("packets", (c) => c.broken_by);
      return found ? `${found.name}: broken by ‘${found.broken_by.subject}’.` : "";
    },
  },
  {
    name: "cure", title: "A cure that is verified",
    text: "An unused import: choose ‘Investigate’, ‘Ask for a fix’, and an agent offers a patch. Accept it: the check that saw it looks again, and only then the case is closed.",
    where: async () => (await named("F401", () => true))?.href ?? "/patches", point: ".case-patch-foot, [data-act='investigate'], .patches",
    done: async () => {
      const found = await named("F401", (c) => c.state === "closed");
      return found ? `${found.name} is closed: every check that saw it looked again.` : "";
    },
  },
  {
    name: "next", title: "What to do next, and why",
    text: "Ranked by written rules: each with its reasons, what it should bring, and one click that does it. Overrule one, and that is kept.",
    where: "/insights", point: "[data-advice]", done: seen(/^\/insights$/),
  },
  {
    name: "whatif", title: "What if there were four cores?",
    text: "The real planner, run ahead over what was learned. Set CPUs to 4, or take out a job: both stand side by side, with ranges.",
    where: "/insights/whatif", point: ".whatif-form fieldset",
    done: () => (/^\/insights\/whatif/.test(location.pathname) && CHANGED.some((name) => new URLSearchParams(location.search).has(name)) ? "You changed something; nothing but the picture did." : ""),
  },
  {
    name: "week", title: "The week on one page",
    text: "What was advised, what was taken, and whether it helped; which cases opened and closed. It is a page and a file.",
    where: "/insights/report", point: ".week-lines", done: seen(/^\/insights\/report/),
  },
  {
    name: "told", title: "When you do not look",
    text: "Alerts, cases and questions reach chat, mail and web hooks by a table `[notify.NAME]` in `callboard.toml`. Here you see what was told, and send a test.",
    where: "/settings#notices", point: "#notices", done: seen(/^\/settings/),
  },
];
