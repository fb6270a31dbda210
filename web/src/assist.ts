// The page of helpers: slips that are handed over without network, words read aloud, large type. The form itself is kept
// and sent by outbox.ts; without this file it still works, only the slip comes after sending.
const usedKey = "nhipcau.assist.used";

function used(): string[] {
  try {
    return JSON.parse(localStorage.getItem(usedKey) ?? "[]") as string[];
  } catch {
    return [];
  }
}

/** Puts the next unused code into the form; "" when none is left, the slip then comes after sending. */
function nextCode(field: HTMLInputElement): void {
  const gone = new Set(used());
  const free = [...document.querySelectorAll<HTMLTemplateElement>("template[data-slip]")].map((t) => t.dataset.slip ?? "").filter((c) => !gone.has(c));
  field.value = free[0] ?? "";
}

function slips(): void {
  const form = document.getElementById("giup-ba-con") as HTMLFormElement | null;
  const field = form?.querySelector<HTMLInputElement>("input[name=code]");
  const here = document.querySelector<HTMLElement>("[data-slip-here]");
  if (!form || !field || !here) return;
  let code = "";
  nextCode(field);
  form.addEventListener("submit", () => (code = field.value));
  form.addEventListener("outbox:kept", () => {
    here.textContent = "";
    const t = code && document.querySelector<HTMLTemplateElement>(`template[data-slip="${CSS.escape(code)}"]`);
    if (t) {
      localStorage.setItem(usedKey, JSON.stringify([...used(), code].slice(-200)));
      here.append(t.content.cloneNode(true));
    }
    nextCode(field);
  });
}

/** Shows the buttons that read aloud when the device has a Vietnamese voice. */
function aloud(): void {
  if (!("speechSynthesis" in window)) return;
  const show = () => {
    const voice = speechSynthesis.getVoices().find((v) => v.lang.toLowerCase().startsWith("vi"));
    if (!voice) return;
    for (const b of document.querySelectorAll<HTMLButtonElement>("button[data-say]")) {
      b.hidden = false;
      b.onclick = () => {
        speechSynthesis.cancel();
        const u = new SpeechSynthesisUtterance(b.dataset.say);
        u.voice = voice;
        u.lang = voice.lang;
        u.rate = 0.9;
        speechSynthesis.speak(u);
      };
    }
  };
  show();
  speechSynthesis.addEventListener?.("voiceschanged", show);
}

function largeType(): void {
  const b = document.querySelector<HTMLButtonElement>("button[data-large]");
  if (!b) return;
  const key = "nhipcau.large";
  const set = (on: boolean) => {
    document.documentElement.classList.toggle("large", on);
    b.setAttribute("aria-pressed", String(on));
  };
  b.hidden = false;
  set(localStorage.getItem(key) === "1");
  b.addEventListener("click", () => {
    const on = !document.documentElement.classList.contains("large");
    set(on);
    localStorage.setItem(key, on ? "1" : "");
  });
}

function printing(): void {
  for (const b of document.querySelectorAll<HTMLButtonElement>("button[data-print]")) {
    b.hidden = false;
    b.addEventListener("click", () => print());
  }
}

slips();
printing();
aloud();
largeType();
