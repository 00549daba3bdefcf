"use strict";
(function () {
  const table = document.getElementById("list"), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((row) => ({ row, text: row.cells[0].textContent.toLocaleLowerCase() }));
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const value = (row, column) => row.cells[column].dataset.v;
  const compare = (a, b) => (isNaN(a) || isNaN(b) ? collator.compare(a, b) : a - b);

  function sort(column) {
    const head = heads[column], was = head.getAttribute("aria-sort");
    // Numbers are asked for with the largest first, names and ranks from the top.
    const rising = was ? was === "descending" : column === 0 || head.classList.contains("rank");
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    rows.sort((a, b) => (rising ? 1 : -1) * compare(value(a.row, column), value(b.row, column)));
    body.append(...rows.map((each) => each.row));
  }

  function search(words) {
    const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const each of rows) {
      each.row.hidden = !wanted.every((word) => each.text.includes(word) || each.text.replace(/\D/g, "").includes(word.replace("-", "")));
      shown += !each.row.hidden;
    }
    document.getElementById("found").textContent = wanted.length ? table.dataset.found.replace("#", shown) : "";
  }

  heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => sort(column)));
  document.getElementById("find").addEventListener("input", (event) => search(event.target.value));
  document.documentElement.dataset.ready = "yes";
})();
