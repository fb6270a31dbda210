// Signing in with a passkey. A form says where to begin and to finish:
//   <form data-passkey="login" data-begin="/…" data-finish="/…" data-then="/" data-failed="…">
// "register" makes a new passkey, "login" uses one. Both addresses take POST: begin the form's own fields, finish the JSON
// that the device made (with the form's fields in "form"). Finish answers {"next": "/…"} or nothing, then data-then is opened.
import { browserSupportsWebAuthn, startAuthentication, startRegistration } from "@simplewebauthn/browser";

async function post(url: string, body: BodyInit, type?: string): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (type) headers["Content-Type"] = type;
  const r = await fetch(url, { method: "POST", body, headers, credentials: "same-origin" });
  if (r.ok) return r;
  const problem = (await r.json().catch(() => null)) as { errors?: { message: string }[] } | null;
  throw new Refused(problem?.errors?.map((e) => e.message).join(" ") ?? "");
}

/** A refusal with words of the server for the person. */
class Refused extends Error {}

async function ceremony(form: HTMLFormElement): Promise<void> {
  const fields = new URLSearchParams([...new FormData(form)].flatMap(([k, v]) => (typeof v === "string" ? [[k, v]] : [])));
  const begun = (await (await post(form.dataset.begin ?? "", fields)).json()) as { publicKey?: unknown };
  const optionsJSON = (begun.publicKey ?? begun) as never;
  const made = form.dataset.passkey === "register" ? await startRegistration({ optionsJSON }) : await startAuthentication({ optionsJSON });
  const answer = await post(form.dataset.finish ?? "", JSON.stringify({ ...made, form: Object.fromEntries(fields) }), "application/json");
  const next = answer.headers.get("Content-Type")?.startsWith("application/json") ? ((await answer.json()) as { next?: string }).next : undefined;
  location.assign(next ?? form.dataset.then ?? "/");
}

/** Makes every form with data-passkey work; where the device has no passkeys the form is hidden. */
export function passkeys(root: ParentNode = document): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-passkey]")) {
    if (form.dataset.on) continue;
    form.dataset.on = "1";
    if (!browserSupportsWebAuthn()) {
      form.hidden = true;
      continue;
    }
    form.hidden = false;
    const said = document.createElement("p");
    said.className = "err";
    said.setAttribute("role", "alert");
    form.append(said);
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      said.textContent = "";
      ceremony(form).catch((err: unknown) => {
        said.textContent = (err instanceof Refused && err.message) || (form.dataset.failed ?? "");
      });
    });
  }
}

passkeys();
