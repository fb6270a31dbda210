// The enhancement of officials' pages: parts that refresh themselves (htmx), keys, counters, drafts. Every page works without.
import htmx from "htmx.org";
import "idiomorph/htmx";
import "htmx-ext-sse";
import { columns } from "./columns";
import { counters } from "./counter";
import { drafts } from "./draft";
import { places } from "./geo";
import { keys } from "./keys";
import { trouble } from "./trouble";

// The page's security policy allows neither inline styles nor eval.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;
htmx.config.scrollIntoViewOnBoost = false;
htmx.config.historyCacheSize = 0; // nothing personal stays in the browser's storage
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "422", swap: true }, // a refused form comes back with its errors
  { code: "...", swap: false, error: true },
];

/** Starts the islands that a page (or a freshly loaded part of it) asks for. */
async function islands(root: ParentNode): Promise<void> {
  counters(root);
  places(root);
  if (root.querySelector("textarea[data-editor]")) (await import("./editor")).editors(root);
  if (root.querySelector("[data-map-point]")) (await import("./map")).maps(root);
  if (root.querySelector("[data-film]")) (await import("./film")).films(root);
  if (root.querySelector("form[data-passkey]")) (await import("./passkey")).passkeys(root);
}

/** Filters a long list in a menu by what is typed, ignoring marks: "vinh" finds "Phường Trường Vinh". */
function filterLists(): void {
  const fold = (s: string) => s.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
  for (const list of document.querySelectorAll("[data-filter-list]")) {
    const input = list.querySelector<HTMLInputElement>("[data-filter-input]");
    input?.addEventListener("input", () => {
      const q = fold(input.value.trim());
      for (const li of list.querySelectorAll<HTMLElement>("li")) li.hidden = !fold(li.textContent ?? "").includes(q);
    });
  }
}

/** Filters are sent as soon as a choice is made; empty ones stay out of the address. */
function filters(): void {
  document.addEventListener("change", (e) => {
    const form = (e.target as HTMLElement).closest<HTMLFormElement>("form[data-filters]");
    if (form && (e.target as HTMLElement).matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
  });
  document.addEventListener("submit", (e) => {
    const form = e.target as HTMLFormElement;
    if (!form.matches("form[data-filters]")) return;
    for (const el of form.elements) {
      if ((el instanceof HTMLInputElement || el instanceof HTMLSelectElement) && el.value === "") el.disabled = true;
    }
  });
  window.addEventListener("pageshow", () => {
    for (const el of document.querySelectorAll<HTMLInputElement>("form[data-filters] :disabled")) el.disabled = false;
  });
}

/** The box in the head of a table chooses all rows; [data-chosen] says how many are chosen. */
function choosing(): void {
  document.addEventListener("change", (e) => {
    const box = e.target as HTMLInputElement;
    if (box.type !== "checkbox") return;
    const table = box.closest("table");
    if (!table) return;
    const rows = [...table.querySelectorAll<HTMLInputElement>("tbody input[type=checkbox]")];
    const all = table.querySelector<HTMLInputElement>("[data-check-all]");
    if (box === all) rows.forEach((r) => (r.checked = box.checked));
    const n = rows.filter((r) => r.checked).length;
    if (all) {
      all.checked = n === rows.length;
      all.indeterminate = n > 0 && n < rows.length;
    }
    for (const el of document.querySelectorAll("[data-chosen]")) el.textContent = String(n);
  });
}

drafts();
keys();
filterLists();
filters();
choosing();
columns();
trouble();
void islands(document);
document.addEventListener("htmx:load", (e) => {
  if (e.target !== document.body) void islands(e.target as HTMLElement);
});
document.getElementById("errors")?.focus();
