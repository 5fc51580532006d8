"use strict";
/* Sort a table by the column whose heading is pressed; unknown values stay last. */
function compare(a, b, column, sign) {
  const x = a.cells[column].dataset.v, y = b.cells[column].dataset.v;
  if (x === "" || y === "") return (x === "") - (y === "");
  const p = Number(x), q = Number(y);
  if (!Number.isNaN(p) && !Number.isNaN(q)) return sign * (p - q);
  return sign * x.localeCompare(y);
}
function sortBy(head) {
  const table = head.closest("table"), body = table.tBodies[0];
  const first = head.dataset.better === "1" ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const rows = Array.from(body.rows);
  rows.sort((a, b) => compare(a, b, head.cellIndex, sign));
  body.append(...rows);
}
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}
