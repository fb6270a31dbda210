// Keys for officials: j and k move through the rows, Enter opens, e assigns, r replies, Ctrl K searches, ? explains.

const link = (row: HTMLElement) => (row.matches("a[href]") ? row : row.querySelector<HTMLElement>("a[href]"));
const rows = () => [...document.querySelectorAll<HTMLElement>("[data-row], .table tbody tr")].filter(link);
const frame = (row: HTMLElement) => row.closest<HTMLElement>("li, tr") ?? row;
const chosen = (row: HTMLElement) => frame(row).dataset.now !== undefined;

function typing(t: EventTarget | null): boolean {
  return t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName));
}

function move(step: number): void {
  const all = rows();
  if (all.length === 0) return;
  const now = all.findIndex(chosen);
  const next = now < 0 ? 0 : Math.min(all.length - 1, Math.max(0, now + step));
  all.forEach((r) => delete frame(r).dataset.now);
  frame(all[next]).dataset.now = "";
  link(all[next])?.focus({ preventScroll: true });
  all[next].scrollIntoView({ block: "nearest" });
}

/** Presses the control with data-key in the chosen row, otherwise anywhere on the page. */
function press(key: string): boolean {
  const row = rows().find(chosen);
  const el = (row ? frame(row) : document).querySelector<HTMLElement>(`[data-key="${key}"]`) ?? document.querySelector<HTMLElement>(`[data-key="${key}"]`);
  if (!el) return false;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)) el.focus();
  else el.click();
  return true;
}

/** Listens to the keys of the house. */
export function keys(): void {
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") {
      const s = document.querySelector<HTMLInputElement>("[data-search]");
      if (s) {
        e.preventDefault();
        s.focus();
        s.select();
      }
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target)) return;
    let done = true;
    switch (e.key) {
      case "j":
        move(1);
        break;
      case "k":
        move(-1);
        break;
      case "e":
      case "r":
        done = press(e.key);
        break;
      case "?":
        document.getElementById("keys")?.togglePopover();
        break;
      default:
        done = false;
    }
    if (done) e.preventDefault();
  });
}
