// The table of tasks can be sorted and filtered; printing opens what is folded. Without scripts all is there as it stands.
(() => {
  const table = document.getElementById("tasks-table");
  if (table) {
    const body = table.tBodies[0];
    const value = (row, at) => row.cells[at].dataset.v ?? row.cells[at].textContent;
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending" || (head.classList.contains("n") && !head.hasAttribute("aria-sort"));
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const number = head.classList.contains("n");
        const order = (a, b) => (number ? Number(value(a, at)) - Number(value(b, at)) : value(a, at).localeCompare(value(b, at), "en", { numeric: true }));
        body.append(...[...body.rows].sort((a, b) => (down ? -order(a, b) : order(a, b))));
      });
    });
    const find = document.createElement("input");
    find.type = "search";
    find.placeholder = "Filter tasks";
    find.setAttribute("aria-label", "Filter tasks");
    find.addEventListener("input", () => {
      const wanted = find.value.trim().toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
    document.querySelector("#tasks .sec").append(find);
  }
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((folded) => (folded.open = true)));
})();
