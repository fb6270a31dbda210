// When a part of a page cannot be fetched or a small act is refused, the sentence of the server is shown in a corner; the page
// itself stays as it was.

function show(title: string, text: string): void {
  document.querySelector(".toast")?.remove();
  const box = document.createElement("div");
  box.className = "toast";
  box.setAttribute("role", "alert");
  const words = document.createElement("div");
  const b = document.createElement("b");
  b.textContent = title;
  words.append(b, text);
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "\u00d7";
  close.setAttribute("aria-label", document.body.dataset.close ?? "");
  close.addEventListener("click", () => box.remove());
  box.append(words, close);
  document.body.append(box);
}

/** Listens to failed requests of htmx. A silent refresh of a live part stays silent: it will ask again. */
export function trouble(): void {
  const polling = (e: Event) => ((e as CustomEvent).detail?.requestConfig?.elt as Element | undefined)?.getAttribute("hx-trigger")?.startsWith("every") ?? false;
  document.addEventListener("htmx:sendError", (e) => {
    if (!polling(e)) show("", document.body.dataset.offline ?? "");
  });
  document.addEventListener("htmx:responseError", (e) => {
    const xhr = (e as CustomEvent).detail.xhr as XMLHttpRequest;
    if (xhr.status === 401) {
      location.assign("/dang-nhap?ve=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    if (polling(e)) return;
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    show(page.querySelector("h1")?.textContent ?? "", page.querySelector(".problem .lead")?.textContent ?? "");
  });
}
