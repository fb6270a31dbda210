// A field with data-geo gets a button that fills in where the person stands, as "18.67340, 105.69230".

/** Adds the buttons; a browser without the ability gets none. */
export function places(root: ParentNode = document): void {
  if (!("geolocation" in navigator)) return;
  for (const input of root.querySelectorAll<HTMLInputElement>("input[data-geo]:not([data-geo-on])")) {
    input.dataset.geoOn = "1";
    const b = document.createElement("button");
    b.type = "button";
    b.className = "btn geo";
    b.textContent = input.dataset.geoText ?? "";
    const said = document.createElement("p");
    said.className = "hint";
    said.setAttribute("role", "status");
    b.addEventListener("click", () => {
      b.disabled = true;
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          b.disabled = false;
          said.textContent = "";
          input.value = coords.latitude.toFixed(5) + ", " + coords.longitude.toFixed(5);
          input.dispatchEvent(new Event("input", { bubbles: true }));
        },
        () => {
          b.disabled = false;
          said.textContent = input.dataset.geoFailed ?? "";
        },
        { enableHighAccuracy: true, timeout: 15000 },
      );
    });
    input.after(b, said);
  }
}
