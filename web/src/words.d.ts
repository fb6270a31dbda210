// Packages that bring no types of their own.
declare module "htmx-ext-sse";
declare module "topojson-client" {
  export function feature(topology: unknown, object: unknown): GeoJSON.FeatureCollection;
}
