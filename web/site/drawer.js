// The drawer of filters, which the address opens: the focus goes with it, Escape closes it.

/** Looks after the drawer, where there is one. */
export function drawer() {
  const filters = document.getElementById("filters");
  const opener = document.querySelector('a[href="#filters"]');
  if (!(filters && opener instanceof HTMLElement)) return;
  let was = location.hash === "#filters";
  addEventListener("hashchange", () => {
    const is = location.hash === "#filters";
    const to = is ? filters.querySelector("a") : was ? opener : undefined;
    was = is;
    to?.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !was) return;
    location.replace("#results");
  });
}
