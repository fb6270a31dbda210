// Citizen pages work without this file. With it, what was typed survives a closed page or a lost network, and a place need not be typed.
import { counters } from "./counter";
import { drafts } from "./draft";
import { places } from "./geo";
import { suggestions } from "./suggest";

places();
drafts();
counters();
suggestions();
document.getElementById("errors")?.focus();
