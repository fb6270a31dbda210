// A map for pointing at a place in a form: <div class="mapbox" data-map-point data-lat="f-lat" data-lng="f-lng"
// data-shapes="/…topo.json" data-label="…"></div>. The two inputs named by id keep working without the map; the outlines are
// our own file, no outside map server is asked.
import L from "leaflet";
import { feature } from "topojson-client";

async function outlines(url: string): Promise<L.GeoJSON> {
  const data = (await (await fetch(url)).json()) as { type: string; objects?: Record<string, unknown> };
  const geo = data.type === "Topology" ? feature(data, Object.values(data.objects ?? {})[0]) : (data as unknown as GeoJSON.FeatureCollection);
  return L.geoJSON(geo, {
    style: { className: "map-outline", weight: 1, fillOpacity: 0.08 },
    onEachFeature: (f, layer) => layer.bindTooltip(String((f.properties as { fullName?: string; name?: string } | null)?.fullName ?? f.properties?.name ?? "")),
  });
}

async function start(box: HTMLElement): Promise<void> {
  const lat = document.getElementById(box.dataset.lat ?? "") as HTMLInputElement | null;
  const lng = document.getElementById(box.dataset.lng ?? "") as HTMLInputElement | null;
  if (!lat || !lng) return;
  box.hidden = false;
  const map = L.map(box, { attributionControl: false, zoomControl: true }).setView([19.2, 104.9], 8);
  const pin = L.marker([0, 0], { draggable: true, keyboard: true, title: box.dataset.label, icon: L.divIcon({ className: "map-point", html: '<span class="map-pin"></span>', iconSize: [22, 22], iconAnchor: [11, 24] }) });
  const put = (at: L.LatLng) => {
    pin.setLatLng(at).addTo(map);
    lat.value = at.lat.toFixed(5);
    lng.value = at.lng.toFixed(5);
    lat.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const read = () => {
    const at = [Number(lat.value), Number(lng.value)] as [number, number];
    if (lat.value && lng.value && at.every(Number.isFinite)) {
      pin.setLatLng(at).addTo(map);
      map.setView(at, 13);
    }
  };
  map.on("click", (e: L.LeafletMouseEvent) => put(e.latlng));
  pin.on("dragend", () => put(pin.getLatLng()));
  lat.addEventListener("change", read);
  lng.addEventListener("change", read);
  if (box.dataset.shapes) {
    const layer = (await outlines(box.dataset.shapes)).addTo(map);
    map.fitBounds(layer.getBounds());
  }
  read();
}

/** Loads Leaflet's style sheet, which the bundler puts beside this file. */
function style(): Promise<void> {
  return new Promise((done) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("map.css", import.meta.url).href;
    link.onload = link.onerror = () => done();
    document.head.append(link);
  });
}

/** Starts every map for pointing. */
export async function maps(root: ParentNode = document): Promise<void> {
  const boxes = [...root.querySelectorAll<HTMLElement>("[data-map-point]:not([data-on])")];
  if (boxes.length === 0) return;
  boxes.forEach((b) => (b.dataset.on = "1"));
  await style();
  await Promise.all(boxes.map(start));
}
