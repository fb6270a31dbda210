// The columns of a wide table can be put away; the choice is kept on this device for every table by its caption.

const prefix = "nhipcau.columns.";

function heads(table: HTMLTableElement): HTMLTableCellElement[] {
  return [...(table.tHead?.rows[0]?.cells ?? [])];
}

function apply(table: HTMLTableElement, off: Set<string>): void {
  const all = heads(table);
  const gone = all.map((h, i) => i > 0 && off.has(h.textContent?.trim() ?? ""));
  for (const row of table.rows) {
    if (row.cells.length !== all.length) continue;
    [...row.cells].forEach((c, i) => (c.hidden = gone[i]));
  }
}

function key(table: HTMLTableElement): string {
  return prefix + location.pathname + "#" + (table.caption?.textContent?.trim() ?? "");
}

function stored(table: HTMLTableElement): Set<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(key(table)) ?? "[]") as string[]);
  } catch {
    return new Set();
  }
}

function chooser(box: HTMLElement, table: HTMLTableElement, n: number): void {
  const off = stored(table);
  const menu = document.createElement("div");
  menu.id = "columns-" + n;
  menu.className = "dialog";
  menu.popover = "auto";
  const title = document.createElement("h2");
  title.textContent = box.dataset.columns ?? "";
  const field = document.createElement("div");
  field.className = "field";
  for (const h of heads(table).slice(1)) {
    const name = h.textContent?.trim() ?? "";
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = !off.has(name);
    input.addEventListener("change", () => {
      if (input.checked) off.delete(name);
      else off.add(name);
      localStorage.setItem(key(table), JSON.stringify([...off]));
      apply(table, off);
    });
    const label = document.createElement("label");
    label.className = "choice";
    label.append(input, name);
    field.append(label);
  }
  menu.append(title, field);
  const open = document.createElement("button");
  open.type = "button";
  open.className = "btn btn-link";
  open.textContent = box.dataset.columns ?? "";
  open.setAttribute("popovertarget", menu.id);
  (box.querySelector(".table-foot") ?? box).append(open);
  box.append(menu);
  apply(table, off);
}

/** Gives every table with more than four columns its chooser. */
export function columns(): void {
  document.querySelectorAll<HTMLElement>(".table[data-columns]").forEach((box, n) => {
    const table = box.querySelector("table");
    if (table && heads(table).length > 4) chooser(box, table, n);
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const table of document.querySelectorAll<HTMLTableElement>(".table[data-columns] table")) apply(table, stored(table));
  });
}
