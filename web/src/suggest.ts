// While somebody writes, the page shows what was asked already: <textarea data-suggest="/address" data-suggest-to="id-of-box">.
// The whole form goes to the address, a piece of page comes back. Without this file the form has a step in between.

const wait = 700; // milliseconds without a key before the server is asked
const enough = 15; // letters from which a question can be like another

function watch(field: HTMLTextAreaElement): void {
  const box = document.getElementById(field.dataset.suggestTo ?? "");
  const form = field.form;
  const address = field.dataset.suggest;
  if (!box || !form || !address) return;
  let timer = 0;
  let last = "";
  let running: AbortController | undefined;
  const ask = async () => {
    const text = field.value.trim();
    if (text === last) return;
    last = text;
    running?.abort();
    if (text.length < enough) {
      box.replaceChildren();
      return;
    }
    running = new AbortController();
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && name !== "phone" && name !== "name") body.append(name, value);
    try {
      const answer = await fetch(address, { method: "POST", body, signal: running.signal, headers: { Accept: "text/html" } });
      if (answer.ok) box.innerHTML = await answer.text();
    } catch {
      // no network, or a newer question was asked: what stands there stays
    }
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), wait);
  });
}

export function suggestions(): void {
  document.querySelectorAll<HTMLTextAreaElement>("textarea[data-suggest]").forEach(watch);
}
