// Drafts of forms are kept on this device until the form is sent, so that neither a lost network nor a closed page loses
// what was typed. Passwords, files and fields marked data-private are never kept.

type Draft = { at: number; path: string; values: [string, string][] };

const prefix = "nhipcau.draft.";
const fortnight = 14 * 24 * 3600 * 1000;

function keep(el: Element): el is HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement {
  if (!(el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement)) return false;
  return el.name !== "" && !["password", "file", "hidden", "submit"].includes(el.type) && el.dataset.private === undefined;
}

function read(form: HTMLFormElement): [string, string][] {
  const out: [string, string][] = [];
  for (const el of form.elements) {
    if (!keep(el)) continue;
    if (el instanceof HTMLInputElement && (el.type === "checkbox" || el.type === "radio")) {
      out.push([el.name + "=" + el.value, el.checked ? "1" : ""]);
    } else {
      out.push([el.name, el.value]);
    }
  }
  return out;
}

function write(form: HTMLFormElement, values: [string, string][]): void {
  const all = new Map(values);
  for (const el of form.elements) {
    if (!keep(el)) continue;
    const check = el instanceof HTMLInputElement && (el.type === "checkbox" || el.type === "radio");
    const v = all.get(check ? el.name + "=" + el.value : el.name);
    if (v === undefined) continue;
    if (check) (el as HTMLInputElement).checked = v === "1";
    else el.value = v;
    el.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

const same = (a: [string, string][], b: [string, string][]) => JSON.stringify(a) === JSON.stringify(b);

function say(form: HTMLFormElement, text: string): HTMLElement | null {
  const p = form.querySelector<HTMLElement>("[data-saved-at]");
  if (p) p.textContent = text;
  return p;
}

function clock(d: Date): string {
  return d.toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Ho_Chi_Minh" });
}

/** Forgets drafts older than two weeks. */
function tidy(): void {
  for (const k of Object.keys(localStorage)) {
    if (!k.startsWith(prefix)) continue;
    try {
      if (Date.now() - (JSON.parse(localStorage.getItem(k) ?? "{}") as Draft).at < fortnight) continue;
    } catch {
      // unreadable: forget it as well
    }
    localStorage.removeItem(k);
  }
}

/** Offers to throw a restored draft away. */
function offerDiscard(form: HTMLFormElement, key: string, fresh: [string, string][]): void {
  const p = say(form, (form.dataset.restored ?? "") + " ");
  if (!p) return;
  const b = document.createElement("button");
  b.type = "button";
  b.className = "btn btn-link";
  b.textContent = form.dataset.discard ?? "×";
  b.addEventListener("click", () => {
    write(form, fresh);
    localStorage.removeItem(key);
    p.textContent = "";
  });
  p.append(b);
}

/** Keeps the drafts of every form with data-autosave. */
export function drafts(root: ParentNode = document): void {
  tidy();
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-autosave]")) {
    const key = prefix + location.pathname + "#" + form.dataset.autosave;
    const fresh = read(form);
    const refused = document.getElementById("errors") !== null; // the server sent back what was typed: that is newer
    const stored = localStorage.getItem(key);
    if (stored && !refused) {
      const d = JSON.parse(stored) as Draft;
      if (!same(d.values, fresh)) {
        write(form, d.values);
        offerDiscard(form, key, fresh);
      }
    }
    let timer = 0;
    form.addEventListener("input", (e) => {
      if (!e.isTrusted && !(e.target as Element).matches(".editor-source")) return;
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        const d: Draft = { at: Date.now(), path: location.pathname, values: read(form) };
        localStorage.setItem(key, JSON.stringify(d));
        say(form, (form.dataset.saved ?? "{time}").replace("{time}", clock(new Date())));
      }, 600);
    });
    sendWhenOnline(form, key, () => clearTimeout(timer));
  }
}

/** Without network the form stays, says so, and is sent by itself when the network is back. */
function sendWhenOnline(form: HTMLFormElement, key: string, stop: () => void): void {
  let sender: HTMLElement | null = null;
  form.addEventListener("submit", (e) => {
    if (navigator.onLine) {
      stop();
      sessionStorage.setItem(prefix + "sent", key); // forgotten once the next page has come
      return;
    }
    e.preventDefault();
    sender = e.submitter;
    say(form, form.dataset.offline ?? "");
    window.addEventListener("online", () => form.requestSubmit(sender), { once: true });
  });
}

/** Forgets the draft of a form that was sent, once a page without a refusal came back. */
export function forgetSent(): void {
  const key = sessionStorage.getItem(prefix + "sent");
  if (!key) return;
  sessionStorage.removeItem(prefix + "sent");
  if (!document.getElementById("errors")) localStorage.removeItem(key);
}
