// The page: an article is shown with its marks, corrected, and saved.
//
// The API counts code points, and so do all spans here; JavaScript's strings and the browser's
// selections count UTF-16 units. `offsetsOf` is the one place that goes between the two. Text of
// an article reaches the page as `textContent`, never as markup.

const $ = (id) => document.getElementById(id);

const MOST_LINES = 20; // of errors that are listed

const state = {
  health: null, // what the service can do
  articles: [],
  at: 0, // the article that is shown
  passages: [], // its passages
  offsets: null, // its offsets
  past: [], // [place, article] before each correction
  saved: true,
};
const current = () => state.articles[state.at];

// The API ---------------------------------------------------------------------------------------

class Refused extends Error {
  constructor(status, errors) {
    super(errors.join("\n"));
    Object.assign(this, { status, errors });
  }
}

async function ask(path, body, type = "application/json") {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": type } };
  if (body !== undefined) options.body = type === "application/json" ? JSON.stringify(body) : body;
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(0, ["The service does not answer. Is asn-nlp serve still running?"]);
  }
  if (response.ok) return response;
  const { errors } = await response.json().catch(() => ({}));
  throw new Refused(response.status, errors ?? [`The service answered ${response.status}.`]);
}

// Whole numbers that JavaScript would round, as a meta may hold, go back as they came.
function exact(key, value, { source } = {}) {
  const rounded = typeof value === "number" && /^-?\d+$/.test(source) && !Number.isSafeInteger(value);
  return rounded && JSON.rawJSON ? JSON.rawJSON(source) : value;
}

const asked = async (...request) => JSON.parse(await (await ask(...request)).text(), exact);

// Runs what a person asked for, one thing at a time, and shows what goes wrong of it.
async function attempt(failure, action) {
  const main = document.querySelector("main");
  if (main.ariaBusy === "true") return;
  main.ariaBusy = "true";
  $("alert").hidden = true;
  try {
    await action();
  } catch (error) {
    showAlert(failure, error.errors ?? [error.message]);
    if (!(error instanceof Refused)) throw error;
  } finally {
    main.ariaBusy = "false";
    $("progress").hidden = true;
  }
}

// Offsets ---------------------------------------------------------------------------------------

function offsetsOf(text) {
  const units = [0]; // by code point
  const points = []; // by UTF-16 unit
  for (const character of text) {
    for (let unit = 0; unit < character.length; unit += 1) points.push(units.length - 1);
    units.push(points.length);
  }
  points.push(units.length - 1);
  return { units, points };
}

const slice = (start, end) => current().text.slice(state.offsets.units[start], state.offsets.units[end]);

// The offset in UTF-16 units of a place in the page, whatever element it lies in.
function unitAt(node, offset) {
  let unit = 0;
  for (const words of $("text").querySelectorAll(".words")) {
    const part = document.createRange();
    part.selectNodeContents(words);
    const side = part.comparePoint(node, offset); // before it, in it, behind it
    if (side < 0) break;
    if (side === 0) part.setEnd(node, offset);
    unit = Number(words.dataset.unit) + part.toString().length;
  }
  return unit;
}

// What is selected of the text, in code points and without the white space around it.
function selected() {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  if (!range.intersectsNode($("text")) || $("work").hidden) return null;
  const { text } = current();
  let start = unitAt(range.startContainer, range.startOffset);
  let end = unitAt(range.endContainer, range.endOffset);
  while (start < end && /\s/.test(text[start])) start += 1;
  while (start < end && /\s/.test(text[end - 1])) end -= 1;
  if (start === end) return null;
  const box = [...range.getClientRects()].findLast((one) => one.width) ?? range.getBoundingClientRect();
  return { start: state.offsets.points[start], end: state.offsets.points[end], box };
}

// Corrections -----------------------------------------------------------------------------------

const byPlace = (one, other) => one.start - other.start || one.end - other.end;

function change(spans, told) {
  state.past.push([state.at, current()]);
  state.articles[state.at] = { ...current(), ...spans };
  state.saved = false;
  show();
  tell(told);
}

function undo() {
  const [place, article] = state.past.pop() ?? [];
  if (!article) return;
  state.articles[place] = article;
  tell("Undone");
  if (place === state.at) show();
  else turn(place);
}

// Entities lie side by side, so a mark takes the place of those it touches.
function mark(start, end, label, instead) {
  const others = current().entities.filter((one) => one !== instead && (one.end <= start || one.start >= end));
  const made = { start, end, label };
  change({ entities: [...others, made].sort(byPlace) }, `${label}: ${slice(start, end)}`);
  return made;
}

function remove(span) {
  const others = current().entities.filter((one) => one !== span);
  change({ entities: others }, `No longer marked: ${slice(span.start, span.end)}`);
}

const themesOn = (passage) => current().themes.filter((one) => one.start < passage.end && passage.start < one.end);

function toggle(passage, label) {
  const there = themesOn(passage).filter((one) => one.label === label);
  const others = current().themes.filter((one) => !there.includes(one));
  const added = there.length ? [] : [{ ...passage, label }];
  change({ themes: [...others, ...added].sort(byPlace) }, there.length ? `Not ${label}` : label);
}

// Where an edge of a mark goes by a word; null where it cannot.
function moved(span, edge, step) {
  const { text, entities } = current();
  const words = [...text.matchAll(/[\p{L}\p{N}\p{M}]+|\S/gu)];
  const places = words.map((word) => state.offsets.points[word.index + (edge === "end" ? word[0].length : 0)]);
  const to = step < 0 ? places.findLast((one) => one < span[edge]) : places.find((one) => one > span[edge]);
  const next = { ...span, [edge]: to };
  const free = entities.every((one) => one === span || one.end <= next.start || one.start >= next.end);
  return to !== undefined && next.start < next.end && free ? next : null;
}

// The article -----------------------------------------------------------------------------------

function element(name, { text, data, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  if (text !== undefined) made.textContent = text;
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

const tinted = (node, label) => {
  const tint = state.health.entities[label];
  if (tint) node.style.setProperty("--tint", tint);
  return node;
};

const byHand = ({ score }) => (score === undefined ? "by-hand" : "");

function scoreOf({ score }) {
  if (score === undefined) return "no score";
  return `${state.health.calibrated ? "probability" : "score"} ${score.toFixed(2)}`;
}

const turn = (place) => attempt("The article cannot be shown", () => turnTo(place));

async function turnTo(place) {
  const { text } = state.articles[place];
  const passages = await asked("/passages", { text });
  Object.assign(state, { at: place, passages, offsets: offsetsOf(text) });
  $("start").hidden = true;
  $("work").hidden = $("new").hidden = false;
  show();
}

function show() {
  const { entities, themes } = current();
  const many = state.articles.length;
  $("id").textContent = current().id;
  $("place").textContent = `${state.at + 1} of ${many}`;
  $("place").parentElement.hidden = many === 1;
  $("previous").disabled = state.at === 0;
  $("next").disabled = state.at === many - 1;
  $("undo").disabled = !state.past.length;
  $("save").textContent = many === 1 ? "Save the article" : `Save ${many} articles`;
  $("text").replaceChildren(...rows());
  const known = Object.keys(state.health.entities);
  count($("legend"), entities, known, (label) => tinted(element("span", { className: "swatch", text: label }), label));
  count($("themes"), themes, [], (label) => element("span", { className: "chip", text: label }));
  showRecords();
}

function count(list, spans, known, sample) {
  const labels = [...new Set([...known, ...spans.map((one) => one.label).sort()])];
  const times = (label) => String(spans.filter((one) => one.label === label).length);
  const items = labels.map((label) => element("li", {}, sample(label), times(label)));
  list.replaceChildren(...(items.length ? items : [element("li", { className: "note", text: "none" })]));
}

// A row for each passage, together the whole text.
function rows() {
  const end = state.offsets.units.length - 1;
  const passages = state.passages.length ? state.passages : [{ start: 0, end }];
  return passages.map((passage, place) => {
    const first = place ? passage.start : 0;
    const words = element("div", { className: "words", data: { unit: state.offsets.units[first] } });
    words.append(...pieces(first, passages[place + 1]?.start ?? end));
    return element("div", { className: "passage" }, words, ...(state.passages.length ? [chips(passage)] : []));
  });
}

function pieces(from, to) {
  const made = [];
  let at = from;
  for (const span of current().entities.filter((one) => one.start < to && one.end > from)) {
    const [start, end] = [Math.max(span.start, from), Math.min(span.end, to)];
    const piece = element("mark", {
      text: slice(start, end),
      className: `${span.end > to ? "begun " : ""}${byHand(span)}`,
      title: scoreOf(span),
      tabIndex: 0,
      role: "button",
      ariaLabel: `${slice(span.start, span.end)}, ${span.label}, ${scoreOf(span)}`,
      data: { label: span.label, place: `mark-${span.start}` },
      onclick: () => getSelection().isCollapsed && entityMenu(span, piece),
    });
    made.push(slice(at, start), tinted(piece, span.label));
    at = end;
  }
  return [...made, slice(at, to)];
}

function chips(passage) {
  const spans = themesOn(passage);
  const chip = (span) => element("span", { className: `chip ${byHand(span)}`, title: scoreOf(span), text: span.label });
  const button = element(
    "button",
    {
      className: "chips",
      ariaLabel: `Themes of this passage: ${spans.map((one) => one.label).join(", ") || "none"}`,
      data: { place: `themes-${passage.start}` },
      onclick: () => themeMenu(passage, button),
    },
    ...spans.map(chip),
    element("span", { className: "chip add", text: "+ theme" }),
  );
  return button;
}

let asking = 0; // so that a late answer does not take the place of a newer one

async function showRecords() {
  asking += 1;
  const mine = asking;
  const records = await asked("/records", current()).catch((error) => showAlert("There are no records", error.errors));
  if (mine !== asking || !records) return;
  $("people").querySelector("tbody").replaceChildren(...records.map(recordRow));
  $("people").querySelector("table").hidden = !records.length;
  $("people").querySelector(".note").hidden = records.length > 0;
}

function recordRow({ name, titles, province, basis, score }) {
  const posts = new Set(titles.map((span) => slice(span.start, span.end)));
  const codes = province && `Kemendagri ${province.kemendagri}, BPS ${province.bps}, ${province.iso}`;
  return element(
    "tr",
    {},
    element("th", { scope: "row", text: name }),
    element("td", { text: [...posts].join("; ") || "–" }),
    element("td", { text: province?.name ?? "–", title: codes ?? "" }),
    element("td", { text: { stated: "the article", registry: "the registry" }[basis] ?? "–" }),
    element("td", { text: score?.toFixed(2) ?? "–" }),
  );
}

// Menus -----------------------------------------------------------------------------------------

function choice(label, pressed, action, key = "") {
  const hint = key ? [element("kbd", { text: key, ariaHidden: "true" })] : [];
  return element("button", { ariaPressed: String(pressed), onclick: action, data: { key } }, label, ...hint);
}

// A menu at a box of the page; `place` is what the keyboard goes back to, a selection has none.
function openMenu(box, place, words, note, ...choices) {
  const menu = $("menu");
  closeMenu();
  menu.dataset.place = place;
  $("menu-words").textContent = words;
  $("menu-note").textContent = note;
  $("menu-choices").replaceChildren(...choices);
  $("menu-edges").hidden = !place.startsWith("mark");
  menu.showPopover();
  const { width, height } = menu.getBoundingClientRect();
  const below = box.bottom + 8 + height < innerHeight;
  menu.style.setProperty("--left", `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`);
  menu.style.setProperty("--top", `${below ? box.bottom + 8 : Math.max(8, box.top - height - 8)}px`);
  if (place !== "") (menu.querySelector("[aria-pressed=true]") ?? menu.querySelector("button")).focus();
}

function closeMenu() {
  if ($("menu").matches(":popover-open")) $("menu").hidePopover();
}

function types(pressed, action) {
  const labels = [...Object.keys(state.health.entities), ...current().entities.map((one) => one.label)];
  return [...new Set(labels)].map((label, place) => {
    const chosen = () => {
      closeMenu();
      action(label);
    };
    return tinted(choice(label, label === pressed, chosen, place < 9 ? String(place + 1) : ""), label);
  });
}

function entityMenu(span, piece) {
  const relabel = (label) => label !== span.label && mark(span.start, span.end, label, span);
  const words = slice(span.start, span.end);
  openMenu(piece.getClientRects()[0], piece.dataset.place, words, scoreOf(span), ...types(span.label, relabel));
  for (const button of $("menu-edges").querySelectorAll("[data-edge]")) {
    const next = moved(span, button.dataset.edge, Number(button.dataset.step));
    button.disabled = !next;
    button.onclick = () => {
      const made = mark(next.start, next.end, span.label, span);
      entityMenu(made, document.querySelector(`[data-place="mark-${made.start}"]`));
      button.focus();
    };
  }
  $("delete").onclick = () => {
    closeMenu();
    remove(span);
  };
}

function themeMenu(passage, button) {
  const on = themesOn(passage).map((one) => one.label);
  const buttons = [...new Set([...state.health.themes, ...on])].map((label) => {
    const made = choice(label, on.includes(label), () => {
      toggle(passage, label);
      made.ariaPressed = String(made.ariaPressed !== "true");
    });
    return made;
  });
  openMenu(button.getBoundingClientRect(), button.dataset.place, "Themes of this passage", "", ...buttons);
}

let waiting;

// Offers to mark what is selected, once the selection has stood still for a moment.
function offerMarks() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const found = selected();
    if (!found) return;
    const action = (label) => {
      getSelection().removeAllRanges();
      mark(found.start, found.end, label);
    };
    openMenu(found.box, "", slice(found.start, found.end), "mark as", ...types(null, action));
  }, 250);
}

// In and out ------------------------------------------------------------------------------------

function add(articles) {
  const ids = new Set(state.articles.map((one) => one.id));
  const first = state.articles.length;
  for (const article of articles) {
    let id = article.id;
    for (let number = 2; ids.has(id); number += 1) id = `${article.id}#${number}`;
    ids.add(id);
    state.articles.push({ ...article, id });
  }
  return turnTo(first);
}

async function predicted(articles) {
  const read = [];
  for (let at = 0; at < articles.length; at += state.health.articles) {
    const done = articles.length === 1 ? "" : `, ${at} of ${articles.length} articles`;
    showProgress(`Reading${done} …`, at / articles.length);
    read.push(...(await asked("/predict", articles.slice(at, at + state.health.articles))));
  }
  return read;
}

const readText = (text, id) =>
  attempt("The article was not read", async () => {
    await add(await predicted([{ id, text }]));
    $("input").value = "";
  });

const openFile = (file) =>
  attempt(`${file.name} was not opened`, async () => {
    showProgress(`Opening ${file.name} …`, 0);
    const path = `/open?name=${encodeURIComponent(file.name)}`;
    const { articles, problems } = await asked(path, file, "application/octet-stream");
    if (!articles.length) throw new Refused(422, problems);
    const raw = articles.every((one) => !one.entities.length && !one.themes.length);
    await add(raw ? await predicted(articles) : articles);
    tell(`${file.name}, ${raw ? "read by the run" : "with its own marks"}`);
    if (problems.length) showAlert(`Not all of ${file.name} could be read`, problems);
  });

const readAgain = () =>
  attempt("The article was not read", async () => {
    const [{ entities, themes }] = await predicted([current()]);
    change({ entities, themes }, "Read again");
  });

const unscored = (spans) => spans.map(({ score, ...span }) => span);

const withoutScores = (article) => ({ ...article, entities: unscored(article.entities), themes: unscored(article.themes) });

const save = (lossy = false) =>
  attempt("The file was not saved", async () => {
    const format = $("format").value;
    const articles = $("scores").checked ? state.articles : state.articles.map(withoutScores);
    let response;
    try {
      response = await ask(`/save?format=${format}&lossy=${lossy}`, articles);
    } catch (error) {
      if (error.status !== 409) throw error;
      showLosses(format, error.errors);
      return;
    }
    const name = decodeURIComponent(response.headers.get("Content-Disposition").split("''")[1]);
    const link = element("a", { href: URL.createObjectURL(await response.blob()), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
    state.saved = true;
    tell(`Saved as ${name}`);
  });

function showLosses(format, losses) {
  const dialog = $("losses");
  $("losses-title").textContent = `${format} cannot hold all of it`;
  dialog.querySelector("ul").replaceChildren(...listed(losses.map((one) => one.replace(" with --lossy", ""))));
  dialog.onclose = () => dialog.returnValue === "lossy" && save(true);
  dialog.returnValue = "";
  dialog.showModal();
}

// What is told ----------------------------------------------------------------------------------

function showProgress(words, share) {
  $("progress").hidden = false;
  $("progress").firstChild.textContent = words;
  const bar = $("progress").lastChild;
  share ? (bar.value = share) : bar.removeAttribute("value");
}

function listed(lines) {
  const more = lines.length - MOST_LINES;
  return [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`and ${more} more`] : [])].map((text) => element("li", { text }));
}

function showAlert(title, lines) {
  $("alert").querySelector("strong").textContent = title;
  $("alert").querySelector("ul").replaceChildren(...listed(lines));
  $("alert").hidden = false;
  $("alert").scrollIntoView({ block: "nearest" });
}

let telling;

function tell(words) {
  clearTimeout(telling);
  $("told").textContent = words.length > 60 ? `${words.slice(0, 59)}…` : words;
  telling = setTimeout(() => { $("told").textContent = ""; }, 2500);
}

// What a person does ----------------------------------------------------------------------------

function startAgain(shown) {
  $("start").hidden = !shown;
  $("work").hidden = $("new").hidden = shown;
  $("back").hidden = !state.articles.length;
  if (shown) $("input").focus();
}

function keys(event) {
  const typing = event.target.matches("textarea, select, input");
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing && !$("work").hidden) {
    event.preventDefault();
    closeMenu();
    undo();
  } else if ($("menu").matches(":popover-open") && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (event.key === "Delete" && !$("menu-edges").hidden) $("delete").click();
    if (/^[1-9]$/.test(event.key)) $("menu").querySelector(`[data-key="${event.key}"]`)?.click();
  } else if ((event.key === "Enter" || event.key === " ") && event.target.matches("mark")) {
    event.preventDefault();
    getSelection().removeAllRanges();
    event.target.click();
  }
}

$("read").onclick = () => {
  const text = $("input").value;
  if (text.trim()) readText(text, "pasted");
  else $("input").focus();
};
$("input").onkeydown = (event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && $("read").click();
$("example").onclick = () => readText($("sample").textContent.trim(), "example");
$("open").onclick = () => $("file").click();
$("file").onchange = ({ target }) => {
  const [file] = target.files;
  target.value = ""; // so that the same file can be opened again
  if (file) openFile(file);
};
$("new").onclick = () => startAgain(true);
$("back").onclick = () => startAgain(false);
$("previous").onclick = () => turn(state.at - 1);
$("next").onclick = () => turn(state.at + 1);
$("undo").onclick = undo;
$("again").onclick = readAgain;
$("save").onclick = () => save();
$("alert").lastElementChild.onclick = () => { $("alert").hidden = true; };
$("menu").ontoggle = ({ newState }) => {
  const lost = document.activeElement === document.body || $("menu").contains(document.activeElement);
  if (newState === "closed" && lost) {
    document.querySelector(`main [data-place="${$("menu").dataset.place}"]`)?.focus();
  }
};
document.addEventListener("keydown", keys);
document.addEventListener("selectionchange", offerMarks);
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) openFile(event.dataTransfer.files[0]);
});
addEventListener("beforeunload", (event) => state.saved || event.preventDefault());

await attempt("The service is not ready", async () => {
  state.health = await asked("/health");
  const { run, version, formats, endings } = state.health;
  $("run").textContent = `${run} · version ${version}`;
  $("endings").textContent = endings.join(" ");
  $("format").replaceChildren(...formats.map((text) => element("option", { text })));
});
