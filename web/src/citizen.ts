// Citizen pages work without this file. With it, what was typed survives a closed page or a lost network, and a place need not be typed.
import { counters } from "./counter";
import { drafts, forgetSent } from "./draft";
import { places } from "./geo";

forgetSent();
places();
drafts();
counters();
document.getElementById("errors")?.focus();
