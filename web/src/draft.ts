// Drafts of forms are kept on this device until the form is sent, so that neither a lost network nor a closed page loses
// what was typed. Passwords, files and fields marked data-private are never kept.

type Values = [string, string][];
type Draft = { at: number; base: Values; values: Values }; // base is what the server had sent when the draft was begun

const prefix = "nhipcau.draft.";
const fortnight = 14 * 24 * 3600 * 1000;

function keep(el: Element): el is HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement {
  if (!(el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement)) return false;
  return el.name !== "" && !["password", "file", "hidden", "submit"].includes(el.type) && el.dataset.private === undefined;
}

function read(form: HTMLFormElement): Values {
  const out: Values = [];
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

function write(form: HTMLFormElement, values: Values): void {
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

const same = (a: Values, b: Values) => JSON.stringify(a) === JSON.stringify(b);

function say(form: HTMLFormElement, text: string, look = "saved"): HTMLElement | null {
  const p = form.querySelector<HTMLElement>("[data-saved-at]");
  if (p) {
    p.textContent = text;
    p.className = look;
  }
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

/** Says something about the draft and offers one act on it. */
function offer(form: HTMLFormElement, text: string, act: string, run: () => void): void {
  const p = say(form, text + " ");
  if (!p) return;
  const b = document.createElement("button");
  b.type = "button";
  b.className = "btn btn-link";
  b.textContent = act;
  b.addEventListener("click", () => {
    p.textContent = "";
    run();
  });
  p.append(b);
}

/**
 * Puts a stored draft back. When the text on the server has changed since the draft was begun, nothing is overwritten: the
 * draft is only offered.
 */
function restore(form: HTMLFormElement, key: string, fresh: Values): void {
  const d = JSON.parse(localStorage.getItem(key) ?? "null") as Draft | null;
  if (!d || same(d.values, fresh)) return;
  const words = form.dataset;
  const back = () => {
    write(form, d.values);
    offer(form, words.restored ?? "", words.discard ?? "×", () => {
      write(form, fresh);
      localStorage.removeItem(key);
    });
  };
  if (same(d.base, fresh)) back();
  else offer(form, words.older ?? "", words.restore ?? "↺", back);
}

/** Some browsers refuse storage altogether; then there are no drafts, and everything else goes on. */
function usable(): boolean {
  try {
    localStorage.setItem(prefix, "");
    localStorage.removeItem(prefix);
    return sessionStorage !== null;
  } catch {
    return false;
  }
}

/** Keeps the drafts of every form with data-autosave. */
export function drafts(root: ParentNode = document): void {
  if (!usable()) return;
  forgetSent();
  tidy();
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-autosave]")) {
    const key = prefix + location.pathname + "#" + form.dataset.autosave;
    const fresh = read(form);
    const refused = document.getElementById("errors") !== null; // the server sent back what was typed: that is newer
    if (!refused) restore(form, key, fresh);
    let timer = 0;
    form.addEventListener("input", (e) => {
      if (!e.isTrusted && !(e.target as Element).matches(".editor-source")) return;
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        const d: Draft = { at: Date.now(), base: fresh, values: read(form) };
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
    say(form, form.dataset.offline ?? "", "notice t-wait");
    window.addEventListener("online", () => form.requestSubmit(sender), { once: true });
  });
}

/**
 * Forgets the draft of a form that was sent, once our own answer without a refusal has come. Back from a browser's error page
 * (the server was out of reach) is no such answer: the draft stays.
 */
function forgetSent(): void {
  const key = sessionStorage.getItem(prefix + "sent");
  if (!key) return;
  sessionStorage.removeItem(prefix + "sent");
  const came = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;
  const answered = came?.type === "navigate" && document.referrer.startsWith(location.origin + "/");
  if (answered && !document.getElementById("errors") && !document.querySelector(".problem")) localStorage.removeItem(key);
}
