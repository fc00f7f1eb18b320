// What the pages gain by a script; without it they are whole but for suggestions.

import { clicks } from "./clicks.js";
import { copying } from "./copy.js";
import { drawer } from "./drawer.js";
import { shortcuts } from "./shortcuts.js";
import { suggestions } from "./suggest.js";

const input = document.getElementById("q");
if (input instanceof HTMLInputElement && input.form) {
  suggestions(input, input.form);
  shortcuts(input);
}
clicks();
copying();
drawer();
