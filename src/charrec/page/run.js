"use strict";

const read = (name) => JSON.parse(document.getElementById(name)?.textContent ?? "null");
const make = (tag, text, name) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  return element;
};

// Curves: the values of the epoch that is pointed at, or gone to with the arrow keys.
const epochs = read("epochs");
const plots = document.querySelectorAll("#curves .plot");
let at = epochs ? Math.max(0, epochs.rows.findIndex((row) => row[0] === epochs.best)) : 0;

function place(row) {
  const [first, last] = [epochs.rows[0][0], epochs.rows.at(-1)[0]];
  return epochs.left + ((row[0] - first) / (last - first || 1)) * (epochs.right - epochs.left);
}

function values(row, from, write) {
  const said = ["training", "validation"].map((name, i) =>
    row[from + i] === null ? "" : `${name} ${write(row[from + i])}`);
  return said.filter(Boolean).join(", ");
}

function readOff() {
  const row = epochs.rows[at];
  for (const line of document.querySelectorAll("#curves .pointer")) {
    line.setAttribute("x1", place(row));
    line.setAttribute("x2", place(row));
    line.classList.add("shown");
  }
  const loss = values(row, 1, (value) => value.toFixed(3));
  const accuracy = values(row, 3, (value) => `${(100 * value).toFixed(1)}%`);
  const best = row[0] === epochs.best ? " (the best)" : "";
  document.getElementById("readout").textContent =
    `Epoch ${row[0]}${best}: ${[loss && `loss: ${loss}`, accuracy && `accuracy: ${accuracy}`]
      .filter(Boolean).join("; ")}`;
}

function nearest(plot, event) {
  const box = plot.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * plot.viewBox.baseVal.width;
  const away = epochs.rows.map((row) => Math.abs(place(row) - x));
  return away.indexOf(Math.min(...away));
}

for (const plot of plots) {
  for (const kind of ["pointermove", "pointerdown"]) {
    plot.addEventListener(kind, (event) => { at = nearest(plot, event); readOff(); });
  }
  plot.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: epochs.rows.length - 1 };
    if (!(event.key in ways)) return;
    event.preventDefault();
    at = Math.min(Math.max(ways[event.key], 0), epochs.rows.length - 1);
    readOff();
  });
}
if (epochs) readOff();

// Confusions: the pictures behind a count, drawn from the one sheet that holds them all.
const known = read("cells");
const panel = document.getElementById("cell");
const sheet = document.getElementById("sheet");

function draw(number) {
  const canvas = make("canvas");
  canvas.width = canvas.height = known.side;
  const [row, column] = [Math.floor(number / known.across), number % known.across];
  canvas.getContext("2d").drawImage(
    sheet, column * known.side, row * known.side, known.side, known.side,
    0, 0, known.side, known.side);
  return canvas;
}

function picture([number, file, probability], cell) {
  const figure = make("figure");
  figure.dataset.file = file;
  if (sheet) {
    const canvas = draw(number);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${cell.truth} read as ${cell.answer}: ${file}`);
    figure.append(canvas);
  }
  const caption = make("figcaption");
  caption.append(make("b", probability));
  const name = make("span", file, "file");
  name.title = file;
  caption.append(name);
  figure.append(caption);
  return figure;
}

function heading(cell) {
  const title = make("h3");
  title.append(make("bdi", cell.truth), " read as ", make("bdi", cell.answer));
  const shown = cell.pictures.length;
  const order = cell.truth === cell.answer ? "the least sure first" : "the surest first";
  const count = shown < cell.count ? `${shown} of ${cell.count} pictures` :
    `${shown} ${shown === 1 ? "picture" : "pictures"}`;
  return [title, make("p", shown > 1 ? `${count}, ${order}` : count, "quiet")];
}

async function show(key) {
  const cell = known.cells[key];
  if (sheet) await sheet.decode();
  for (const button of document.querySelectorAll("[data-cell]")) {
    button.setAttribute("aria-pressed", button.dataset.cell === key);
  }
  const pictures = make("div", undefined, "pictures");
  pictures.append(...cell.pictures.map((one) => picture(one, cell)));
  panel.replaceChildren(...heading(cell), pictures);
  panel.dataset.shown = key;
  const box = panel.getBoundingClientRect();
  if (box.top > innerHeight - 100 || box.top < 0) panel.scrollIntoView({ block: "nearest" });
}

const buttons = [...document.querySelectorAll("[data-cell]")];
for (const button of buttons) {
  button.addEventListener("click", () => show(button.dataset.cell));
}

// One count of the matrix is reached by Tab, the others from there with the arrow keys.
const counts = buttons.filter((button) => button.closest("table"));
const grid = new Map(counts.map((button) => [button.dataset.cell, button]));
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
if (counts.length) counts[0].tabIndex = 0;

function beside(button, [down, across]) {
  let [row, column] = button.dataset.cell.split(",").map(Number);
  const table = button.closest("table");
  const [rows, columns] = [table.tBodies[0].rows.length, table.rows[0].cells.length - 1];
  for (;;) {
    row += down;
    column += across;
    if (row < 0 || column < 0 || row >= rows || column >= columns) return button;
    const found = grid.get(`${row},${column}`);
    if (found) return found;
  }
}

for (const button of counts) {
  button.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    const next = beside(button, STEPS[event.key]);
    button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

// On paper nothing can be unfolded.
const folded = document.querySelectorAll("details");
let were = [];
addEventListener("beforeprint", () => {
  were = [...folded].map((one) => one.open);
  for (const one of folded) one.open = true;
});
addEventListener("afterprint", () => folded.forEach((one, i) => { one.open = were[i]; }));
