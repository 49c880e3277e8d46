"use strict";
// The page is whole without this: it only shows less of it.
const find = document.getElementById("find");
const [words, kind, label, slice] = ["words", "kind", "label", "slice"].map((name) => find.elements[name]);
const articles = [...document.querySelectorAll("details.article")].map((element) => ({
  element,
  text: element.textContent.toLowerCase(),
  mistakes: JSON.parse(element.dataset.mistakes),
  slices: JSON.parse(element.dataset.slices),
}));
const kinds = [...document.querySelectorAll("details.kind")].map((element) => ({
  element,
  kind: element.dataset.kind,
  rows: [...element.querySelectorAll("tbody tr")].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    labels: JSON.parse(row.dataset.labels),
  })),
}));
const holds = (text) => words.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
const asked = (one, labels) => (!kind.value || one === kind.value) && (!label.value || labels.includes(label.value));

function narrow() {
  let shown = 0;
  let groups = 0;
  const any = !kind.value && !label.value;
  for (const { element, text, mistakes, slices } of articles) {
    const wanted = (any || mistakes.some(([one, labels]) => asked(one, labels)))
      && (!slice.value || slices.includes(slice.value)) && holds(text);
    element.hidden = !wanted;
    shown += wanted;
  }
  for (const one of kinds) {
    let left = 0;
    for (const { row, text, labels } of one.rows) {
      row.hidden = !(asked(one.kind, labels) && holds(text));
      left += !row.hidden;
    }
    one.element.hidden = !left;
    groups += left;
  }
  find.elements.found.value = `${shown} of ${articles.length} articles, ${groups} groups of errors`;
}
find.addEventListener("input", narrow);
find.addEventListener("reset", () => setTimeout(narrow));
find.addEventListener("submit", (event) => event.preventDefault());
find.hidden = false;
narrow();
