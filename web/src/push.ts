// Notices in this browser: <section hidden data-push="KEY" data-push-form="ID" data-push-to="/address">. The section appears
// where the browser can show notices. Its button asks the owner of the browser, tells the house where to write, and opens
// the page on which it can be changed and stopped. Without this file readers choose e-mail.
export {};

const mine = "nhipcau.push"; // where the address of this browser's own page is kept

function bytes(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replace(/-/g, "+").replace(/_/g, "/"));
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

function kept(): string | null {
  try {
    return localStorage.getItem(mine);
  } catch {
    return null; // a browser that keeps nothing
  }
}

async function subscribe(box: HTMLElement, said: HTMLElement): Promise<void> {
  const text = (name: string) => box.dataset[name] ?? "";
  const form = document.getElementById(text("pushForm"));
  if (!(form instanceof HTMLFormElement)) return;
  said.textContent = text("pushWait");
  if ((await Notification.requestPermission()) !== "granted") {
    said.textContent = text("pushNo");
    return;
  }
  try {
    await navigator.serviceWorker.register("/sw.js");
    const worker = await navigator.serviceWorker.ready;
    const key = bytes(text("push"));
    let sub = await worker.pushManager.getSubscription();
    const old = sub?.options.applicationServerKey;
    if (sub && old && new Uint8Array(old).join() !== key.join()) {
      await sub.unsubscribe(); // it belongs to another key of this house
      sub = null;
    }
    sub ??= await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const about = sub.toJSON();
    const body = new URLSearchParams({ endpoint: sub.endpoint, p256dh: about.keys?.p256dh ?? "", auth: about.keys?.auth ?? "" });
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && name !== "email" && name !== "website") body.append(name, value);
    const answer = await fetch(text("pushTo"), { method: "POST", body, headers: { Accept: "application/json" } });
    const told = (await answer.json()) as { href?: string; error?: string };
    if (!answer.ok || !told.href) {
      said.textContent = told.error ?? text("pushFailed");
      return;
    }
    try {
      localStorage.setItem(mine, told.href);
    } catch {
      // the page opens all the same
    }
    location.assign(told.href);
  } catch {
    said.textContent = text("pushFailed");
  }
}

for (const box of document.querySelectorAll<HTMLElement>("[data-push]")) {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) continue;
  box.hidden = false;
  const said = box.querySelector<HTMLElement>("[data-push-said]");
  const own = box.querySelector<HTMLElement>("[data-push-mine]");
  const href = kept();
  if (own && href && Notification.permission === "granted") {
    own.hidden = false;
    own.querySelector("a")?.setAttribute("href", href);
  }
  if (said) box.querySelector("button")?.addEventListener("click", () => void subscribe(box, said));
}
