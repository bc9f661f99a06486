// The index of the static gallery: filters the tasks of data.js and draws as many tiles as are looked at.
"use strict";
(() => {
  const PAGE = 60; // tiles drawn at a time
  const FILTERS = ["family", "robot", "outcome", "run"];
  const { fields, rows, byName } = window.TASKS;
  const at = Object.fromEntries(fields.map((name, column) => [name, column]));
  const text = rows.map((row) =>
    ["instruction", "name", "goal", "family", "run", "fails", "ways"].map((name) => row[at[name]]).join(" ").toLowerCase());
  const rate = (row) => (row[at.attempted] ? row[at.solved] / row[at.attempted] : 0);
  const collator = new Intl.Collator("en", { numeric: true });
  const ORDERS = {
    worst: (a, b) => rate(a) - rate(b) || b[at.attempted] - a[at.attempted],
    best: (a, b) => rate(b) - rate(a) || b[at.attempted] - a[at.attempted],
    written: (a, b) => b[at.written] - a[at.written],
  };
  const sorted = { name: byName, "": rows.map((_, i) => i) }; // numbers of rows by order; the others when asked for
  const el = (id) => document.getElementById(id);
  const controls = ["q", ...FILTERS, "sort"].map(el);
  let found = [], drawn = 0;

  function order(name) {
    const compare = ORDERS[name];
    return (sorted[name] ??= sorted[""].toSorted((a, b) => compare(rows[a], rows[b]) || a - b));
  }

  function offer(name) {
    const counts = new Map();
    for (const row of rows) counts.set(row[at[name]], (counts.get(row[at[name]]) ?? 0) + 1);
    const values = [...counts.keys()].sort(collator.compare);
    for (const value of values) {
      const label = `${value.replaceAll("_", " ")} (${counts.get(value)})`;
      el(name).append(new Option(label, value));
    }
    el(name).parentElement.hidden = values.length < 2;
  }

  function make(tag, className, words) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (words !== undefined) made.textContent = words;
    return made;
  }

  function tile(row) {
    const link = make("a", "card tile");
    link.href = row[at.page];
    if (row[at.picture]) {
      const image = make("img");
      Object.assign(image, { loading: "lazy", width: 256, height: 256, alt: "", src: row[at.picture] });
      link.append(image);
    } else {
      link.append(make("span", "none", "no picture"));
    }
    const body = make("span", "body");
    const tags = make("span", "tags");
    tags.append(make("span", "", row[at.family].replaceAll("_", " ")), make("span", `status ${row[at.outcome]}`, row[at.outcome]));
    const solved = `${row[at.solved]} of ${row[at.attempted]} solved, ${row[at.written]} written`;
    body.append(tags, make("strong", "", row[at.instruction]), make("span", "soft", solved));
    link.append(body);
    return link;
  }

  function draw() {
    const next = found.slice(drawn, drawn + PAGE);
    el("grid").append(...next.map((i) => tile(rows[i])));
    drawn += next.length;
    el("more").hidden = drawn >= found.length;
  }

  function show() {
    const words = el("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = FILTERS.filter((name) => el(name).value).map((name) => [at[name], el(name).value]);
    found = order(el("sort").value).filter((i) =>
      wanted.every(([column, value]) => rows[i][column] === value) && words.every((word) => text[i].includes(word)));
    el("grid").replaceChildren();
    drawn = 0;
    draw();
    const solved = found.reduce((sum, i) => sum + rows[i][at.solved], 0);
    const tried = found.reduce((sum, i) => sum + rows[i][at.attempted], 0);
    const share = tried ? `, ${Math.round((100 * solved) / tried)}% of attempts solved` : "";
    el("count").textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} tasks${share}`;
    el("empty").hidden = found.length > 0;
  }

  function remember() {
    const state = new URLSearchParams(controls.filter((c) => c.value).map((c) => [c.id, c.value]));
    history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
  }

  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const control of controls) {
      control.value = state.get(control.id) ?? "";
      if (control.selectedIndex === -1) control.value = "";
    }
    show();
  }

  FILTERS.forEach(offer);
  const written = rows.reduce((sum, row) => sum + row[at.written], 0);
  el("lede").textContent = `${written.toLocaleString("en")} demonstrations; each was replayed from its reset, verified and filmed.`;
  for (const control of controls) {
    control.addEventListener("input", () => { show(); remember(); });
  }
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  el("clear").addEventListener("click", () => {
    for (const control of controls) control.value = "";
    show(); remember(); el("q").focus();
  });
  el("more").addEventListener("click", () => {
    const first = drawn;
    draw();
    el("grid").children[first]?.focus();
  });
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && draw(), { rootMargin: "800px" })
    .observe(el("more"));
  addEventListener("hashchange", recall);
  recall();
})();
