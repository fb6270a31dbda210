// Citizen pages work without this file. With it, what was typed survives a closed page or a lost network.
import { counters } from "./counter";
import { drafts, forgetSent } from "./draft";

forgetSent();
drafts();
counters();
document.getElementById("errors")?.focus();
