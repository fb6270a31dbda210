// Counters under text fields count what the server counts: characters of the composed form (NFC), however they were typed.

/** How many characters the server will count. */
export function length(s: string): number {
  return [...s.replace(/\r\n/g, "\n").normalize("NFC")].length;
}

/** Keeps the counter of every field with data-max. */
export function counters(root: ParentNode = document): void {
  for (const p of root.querySelectorAll<HTMLElement>("[data-counter]")) {
    const field = document.getElementById(p.dataset.counter ?? "") as HTMLInputElement | HTMLTextAreaElement | null;
    const max = Number(field?.dataset.max);
    if (!field || !max || p.dataset.on) continue;
    p.dataset.on = "1";
    const show = () => {
      const left = max - length(field.value);
      const n = Math.abs(left).toLocaleString(document.documentElement.lang === "en" ? "en" : "vi");
      p.textContent = ((left < 0 ? p.dataset.over : p.dataset.left) ?? "{n}").replace("{n}", n);
      p.classList.toggle("over", left < 0);
    };
    field.addEventListener("input", show);
    show();
  }
}
