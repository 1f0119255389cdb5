"use strict";
document.querySelectorAll("table.sort").forEach(function (table) {
  table.querySelectorAll("th").forEach(function (head, column) {
    var button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", function () {
      var numbers = head.classList.contains("n");
      var was = head.getAttribute("aria-sort");
      var down = was ? was === "ascending" : numbers;
      table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      var key = function (row) {
        var cell = row.cells[column];
        return numbers ? Number(cell.dataset.v) : cell.textContent;
      };
      var body = table.tBodies[0];
      Array.from(body.rows).map(function (row) { return [key(row), row]; }).sort(function (a, b) {
        var order = numbers ? a[0] - b[0] : a[0].localeCompare(b[0]);
        return down ? -order : order;
      }).forEach(function (pair, place) {
        pair[1].classList.toggle("more", place >= Number(table.dataset.few));
        body.appendChild(pair[1]);
      });
    });
  });
  if (table.tBodies[0].rows.length <= Number(table.dataset.few)) return;
  table.classList.add("few");
  var all = document.createElement("button");
  all.type = "button";
  all.className = "all";
  all.textContent = "Show all " + table.tBodies[0].rows.length;
  all.addEventListener("click", function () {
    var few = table.classList.toggle("few");
    all.textContent = few ? "Show all " + table.tBodies[0].rows.length : "Show fewer";
  });
  table.after(all);
});
function show() {
  var target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  var table = target.closest("table.few");
  if (table && target.classList.contains("more")) table.nextElementSibling.click();
  target.scrollIntoView();
  var focus = target.querySelector("summary");
  if (focus) focus.focus({ preventScroll: true });
}
window.addEventListener("hashchange", show);
window.addEventListener("beforeprint", function () {
  document.querySelectorAll("details.worst").forEach(function (one) { one.open = true; });
});
show();
