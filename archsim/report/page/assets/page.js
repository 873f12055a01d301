// Sort tables, filter ops, show exact values and tips. Every figure is taken from the page.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  // Tables: a press sorts, the next one turns it round, a third one brings back the first order.
  const collator = new Intl.Collator("en", { numeric: true });
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return cell.classList.contains("figures") ? null : cell.textContent;
  };
  const isNothing = (key) => key === null || key === "";
  const compare = (one, other, sign) => {
    if (isNothing(one) || isNothing(other)) return isNothing(one) - isNothing(other);
    return sign * (typeof one === "number" ? one - other : collator.compare(one, other));
  };
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    const first = [...body.rows];
    all("thead th", table).forEach((head, column) => {
      const order = head.classList.contains("figures")
        ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
      head.querySelector("button").addEventListener("click", () => {
        const next = order[(order.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
        for (const each of all("thead th", table)) each.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", next);
        const sign = next === "descending" ? -1 : 1;
        const rows = next === "none" ? first : first
          .map((row) => [keyOf(row, column), row])
          .sort((a, b) => compare(a[0], b[0], sign))
          .map(([, row]) => row);
        body.append(...rows);
      });
    });
  }

  // Charts: the longest bars of those that are wanted, drawn to their own scale.
  const find = byId("find"), component = byId("component"), found = byId("found");
  const ops = all("#ops tbody tr");
  const texts = ops.map((row) =>
    [...row.cells].slice(0, 3).map((cell) => cell.textContent).join("\n").toLowerCase());
  const charts = all(".chart").map((root) => ({
    root,
    most: Number(root.dataset.most),
    filtered: "filtered" in root.dataset,
    list: root.querySelector(".bars"),
    button: root.querySelector(".more"),
    bars: all(".bar", root).map((bar) => ({
      bar,
      total: bar.querySelector(".total"),
      said: [bar.querySelector(".total").textContent, bar.querySelector(".total").title,
        bar.getAttribute("aria-label")],
      share: bar.querySelector("small"),
      parts: all("rect", bar).map((rect) => ({
        rect, name: rect.dataset.n, value: Number(rect.dataset.v), text: rect.dataset.t,
      })),
    })),
  }));
  const perOp = component && byId("energy-by-op");
  const chosen = () => component?.value ?? "";

  const wanted = (entry, words) => {
    const op = entry.bar.dataset.op;
    if (!words) return true;
    return op === undefined
      ? entry.bar.querySelector(".what").textContent.toLowerCase().includes(words)
      : texts[Number(op)].includes(words);
  };
  const draw = (chart) => {
    const words = chart.filtered && find ? find.value.trim().toLowerCase() : "";
    const only = chart.root === perOp ? chosen() : "";
    const everything = !chart.button || chart.button.getAttribute("aria-expanded") === "true";
    const seen = [];
    for (const entry of chart.bars) {
      const parts = entry.parts.filter((part) => !only || part.name === only);
      const length = parts.reduce((sum, part) => sum + part.value, 0);
      if (wanted(entry, words) && (parts.length || !only)) seen.push([length, entry, parts]);
      entry.bar.hidden = true;
    }
    if (only) seen.sort((a, b) => b[0] - a[0]);
    const shown = everything ? seen : seen.slice(0, chart.most);
    const longest = Math.max(...shown.map(([length]) => length), Number.MIN_VALUE);
    shown.forEach(([, entry, parts], place) => {
      const { bar, total, share, said } = entry;
      bar.hidden = false;
      bar.tabIndex = place ? -1 : 0;
      total.textContent = only ? parts[0].text : said[0];
      total.title = only ? String(parts[0].value) : said[1];
      share.hidden = Boolean(only);
      const name = bar.querySelector(".what").textContent;
      bar.setAttribute("aria-label", only ? `${name}, ${only}: ${parts[0].text}` : said[2]);
      let start = 0;
      for (const part of entry.parts) {
        const width = parts.includes(part) ? part.value / longest * 1000 : 0;
        part.rect.setAttribute("x", start.toFixed(2));
        part.rect.setAttribute("width", width.toFixed(2));
        start += width;
      }
    });
    chart.list.append(...(only ? shown.map(([, entry]) => entry.bar) : chart.bars.map(({ bar }) => bar)));
    if (chart.button) chart.button.hidden = seen.length <= chart.most;
  };
  const refresh = () => {
    const words = find.value.trim().toLowerCase();
    const rows = ops.filter((row, number) => {
      row.hidden = Boolean(words) && !texts[number].includes(words);
      return !row.hidden;
    });
    charts.filter((chart) => chart.filtered).forEach(draw);
    for (const bar of all("#energy-by-component .bar")) {
      const name = bar.querySelector(".what").textContent;
      bar.classList.toggle("faint", Boolean(chosen()) && name !== chosen());
    }
    found.textContent = words || chosen() ? summary(rows) : "";
  };
  const summary = (rows) => {
    const count = `${rows.length} of ${ops.length} ops`;
    if (!perOp) return count;
    const kept = new Set(rows.map((row) => row.dataset.op));
    let part = 0, whole = 0;
    for (const { bar, parts } of charts.find(({ root }) => root === perOp).bars) {
      for (const { name, value } of parts) {
        whole += value;
        if (kept.has(bar.dataset.op) && (!chosen() || name === chosen())) part += value;
      }
    }
    const of = chosen() ? ` in ${chosen()}` : "";
    return `${count}: ${(100 * part / (whole || 1)).toFixed(1)}% of the energy${of}`;
  };
  for (const chart of charts) {
    chart.button?.addEventListener("click", () => {
      const open = chart.button.getAttribute("aria-expanded") !== "true";
      chart.button.setAttribute("aria-expanded", String(open));
      chart.button.textContent = open ? "Show fewer" : `Show all ${chart.bars.length}`;
      draw(chart);
    });
  }
  if (find) {
    byId("tools").addEventListener("submit", (event) => event.preventDefault());
    find.addEventListener("input", refresh);
    component?.addEventListener("change", refresh);
    if (find.value || chosen()) refresh(); // a browser may bring back what was typed
  }

  // Exact values instead of rounded ones.
  const exact = byId("exact");
  const showExact = () => {
    for (const cell of all("td[data-v], .cards data")) {
      cell.dataset.rounded ??= cell.textContent;
      cell.textContent = exact.checked && cell.title ? cell.title : cell.dataset.rounded;
    }
  };
  exact?.addEventListener("change", showExact);
  if (exact?.checked) showExact();

  // Points of a sweep: the same one in every plot and in the table.
  const only = byId("only"), words = byId("find-points");
  const points = all("tr[data-point]");
  const pick = () => {
    const wantedWords = words.value.trim().toLowerCase();
    let count = 0;
    for (const row of points) {
      const good = (!only.checked || row.classList.contains("marked"))
        && row.textContent.toLowerCase().includes(wantedWords);
      row.hidden = !good;
      count += good;
    }
    byId("found-points").textContent = `${count} of ${points.length} points`;
  };
  if (words) {
    byId("tools").addEventListener("submit", (event) => event.preventDefault());
    only.addEventListener("change", pick);
    words.addEventListener("input", pick);
    if (only.checked || words.value) pick();
  }
  const light = (point) => {
    for (const each of all(".lit")) each.classList.remove("lit");
    if (point) for (const each of all(`[data-point="${CSS.escape(point)}"]`)) each.classList.add("lit");
  };

  // Tips: what is under the pointer or has the focus, in words.
  const tip = byId("tip");
  const lineOf = (part, value) => `${part}: ${value}`;
  const said = (target) => {
    const point = target.closest("a[data-point]");
    if (point) return point.getAttribute("aria-label");
    const bar = target.closest(".bar");
    if (!bar) return "";
    const lines = [bar.getAttribute("aria-label")];
    const parts = all("rect[data-n]", bar).filter((rect) => Number(rect.getAttribute("width")) > 0);
    if (target.dataset.n) lines.push(lineOf(target.dataset.n, `${target.dataset.t} (${target.dataset.v})`));
    else for (const rect of parts) lines.push(lineOf(rect.dataset.n, rect.dataset.t));
    const exactly = bar.querySelector(".total").title;
    if (exactly && !target.dataset.n) lines.push(`exactly ${exactly}`);
    return lines.join("\n");
  };
  const show = (target, x, y) => {
    tip.textContent = said(target);
    tip.hidden = !tip.textContent;
    if (tip.hidden) return;
    const room = document.documentElement.clientWidth;
    const left = Math.max(4, Math.min(x + 12, room - tip.offsetWidth - 8));
    const above = y + 18 + tip.offsetHeight > window.innerHeight;
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${(above ? Math.max(4, y - tip.offsetHeight - 10) : y + 18) + window.scrollY}px`;
  };
  const hide = () => { tip.hidden = true; light(""); };
  const TIPPED = ".bar, a[data-point]";
  document.addEventListener("pointermove", (event) => {
    const on = event.target.closest(TIPPED);
    if (!on) { if (!document.activeElement?.matches(TIPPED)) hide(); return; }
    light(on.dataset.point);
    show(event.target, event.clientX, event.clientY);
  });
  document.addEventListener("focusin", (event) => {
    const on = event.target.closest(TIPPED);
    if (!on) { hide(); return; }
    light(on.dataset.point);
    const box = on.getBoundingClientRect();
    show(on, box.left + Math.min(160, box.width), box.bottom - 12);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { hide(); return; }
    const bar = event.target.closest?.(".bars .bar");
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!bar || !step) return;
    event.preventDefault();
    const bars = all(".bar", bar.parentElement).filter((each) => !each.hidden);
    const to = Math.min(bars.length - 1, Math.max(0, bars.indexOf(bar) + step));
    bar.tabIndex = -1;
    bars[to].tabIndex = 0;
    bars[to].focus();
  });
})();
