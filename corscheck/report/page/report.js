"use strict";
(() => {
  const sheet = document.getElementById("sheet");
  const number = () => (location.hash.match(/^#p(\d+)$/) || [])[1];
  const link = (n) => document.querySelector(`.grid a[href="#p${n}"]`);
  let open = null;
  let opener = null;

  // The details of a result are text until here: a noscript is not parsed where scripts run.
  function show() {
    const n = number();
    const text = n && document.getElementById(`n${n}`);
    if (!text) {
      if (sheet.open) sheet.close();
      return;
    }
    if (open) link(open)?.classList.remove("open");
    open = n;
    const parsed = document.createElement("template");
    parsed.innerHTML = text.textContent;
    sheet.replaceChildren(parsed.content);
    addCopyButtons(sheet);
    if (!sheet.open) opener = document.activeElement;
    const title = sheet.querySelector(".request");
    title.id = "sheet-title";
    if (!sheet.open) sheet.showModal();
    sheet.scrollTop = 0;
    title.focus({ preventScroll: true });
    const cell = link(n);
    if (cell) {
      cell.classList.add("open");
      if (!cell.closest(".rest:not([open])")) cell.closest(".band").open = true;
    }
  }

  // Escape, the link, the backdrop and the browser's back button all end here.
  sheet.addEventListener("close", () => {
    if (number()) history.replaceState(null, "", "#");
    sheet.replaceChildren();
    const cell = open && link(open);
    open = null;
    cell?.classList.remove("open");
    if (shown(cell)) enter(cell);
    else opener?.focus();
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet || event.target.closest(".close")) {
      event.preventDefault();
      sheet.close();
    }
  });
  addEventListener("hashchange", show);

  // The script adds the buttons, so that there are none where they could not work.
  function addCopyButtons(root) {
    for (const block of root.querySelectorAll("pre.command")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", () => copy(block.textContent, button));
      const box = document.createElement("div");
      box.className = "copyable";
      block.replaceWith(box);
      box.append(block, button);
    }
  }
  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  // One stop per table for the Tab key, arrows within and between tables.
  const shown = (a) => a && a.checkVisibility({ visibilityProperty: true });
  function enter(a) {
    const table = a.closest("table");
    table.querySelector('a[tabindex="0"]')?.setAttribute("tabindex", "-1");
    a.setAttribute("tabindex", "0");
    a.focus();
  }
  function stops() {
    for (const table of document.querySelectorAll(".grid")) {
      const links = [...table.querySelectorAll("a")];
      const first = links.find((a) => a.tabIndex === 0 && a.hasAttribute("tabindex") && shown(a)) || links.find(shown);
      for (const a of links) a.setAttribute("tabindex", a === first ? "0" : "-1");
    }
  }
  const inRow = (row, column) => {
    const links = [...row.querySelectorAll("a")].filter(shown);
    return links.sort((a, b) => Math.abs(at(a) - column) - Math.abs(at(b) - column))[0];
  };
  const at = (a) => a.closest("td").cellIndex;
  function vertical(a, way) {
    const rows = [...document.querySelectorAll(".grid tbody tr")];
    for (let i = rows.indexOf(a.closest("tr")) + way; i >= 0 && i < rows.length; i += way) {
      const found = rows[i].checkVisibility() && inRow(rows[i], at(a));
      if (found) return found;
    }
    return null;
  }
  function horizontal(a, way) {
    const links = [...a.closest("tr").querySelectorAll("a")].filter(shown);
    return links[links.indexOf(a) + way];
  }
  const moves = {
    ArrowLeft: (a) => horizontal(a, -1),
    ArrowRight: (a) => horizontal(a, 1),
    ArrowUp: (a) => vertical(a, -1),
    ArrowDown: (a) => vertical(a, 1),
    Home: (a) => [...a.closest("tr").querySelectorAll("a")].find(shown),
    End: (a) => [...a.closest("tr").querySelectorAll("a")].filter(shown).pop(),
  };
  document.addEventListener("keydown", (event) => {
    const a = event.target.closest?.(".grid a");
    if (!a || event.ctrlKey || event.metaKey || event.altKey || !moves[event.key]) return;
    event.preventDefault();
    const next = moves[event.key](a);
    if (next) enter(next);
  });
  document.querySelector(".filters")?.addEventListener("change", () => {
    for (const band of document.querySelectorAll(".band.has-bad")) band.open = true;
    stops();
  });
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll(":is(.band, .rest):not([open])")) folded.open = true;
  });
  for (const rest of document.querySelectorAll(".rest")) rest.addEventListener("toggle", stops);
  addCopyButtons(document);
  stops();
  show();
})();
