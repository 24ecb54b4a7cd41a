"use strict";
(function () {
  const charts = Array.from(document.querySelectorAll("div[data-chart]"));
  const LOCAL = { showSendToCloud: false, displaylogo: false, responsive: true };
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    return { ink: read("--ink"), grid: read("--grid"), muted: read("--muted"), paper: read("--card") };
  }

  function themed(place, layout) {
    const { ink, grid, muted, paper } = colours();
    const change = {
      "font.color": ink,
      "font.family": getComputedStyle(document.body).fontFamily,
      "hoverlabel.bgcolor": paper,
      "hoverlabel.font.color": ink,
      "hoverlabel.font.family": getComputedStyle(document.body).fontFamily,
      "modebar.bgcolor": "rgba(0,0,0,0)",
      "modebar.color": muted,
      "modebar.activecolor": ink,
      "hoverlabel.align": "left",
    };
    Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key)).forEach((key) => {
      change[key + ".gridcolor"] = grid;
      change[key + ".linecolor"] = grid;
      if (layout[key].type === "date") change[key + ".ticklabelstep"] = place.clientWidth < 480 ? 2 : 1;
    });
    return change;
  }

  function merged(layout, change) {
    const result = JSON.parse(JSON.stringify(layout));
    Object.entries(change).forEach(([path, value]) => {
      const keys = path.split(".");
      const last = keys.pop();
      keys.reduce((at, key) => (at[key] = at[key] || {}), result)[last] = value;
    });
    return result;
  }

  function draw(place) {
    const spec = JSON.parse(document.querySelector('script[data-chart="' + place.id + '"]').textContent);
    return window.Plotly.newPlot(place, spec.data, merged(spec.layout, themed(place, spec.layout)), Object.assign({}, spec.config, LOCAL));
  }

  function redraw(sized) {
    charts.filter((place) => place.layout).forEach((place) => {
      const full = Number(place.dataset.height);
      const height = sized ? Math.max(Math.round(full * 0.82), Math.min(full, 240)) : full;
      place.style.height = height + "px";
      const size = sized ? { width: place.clientWidth, height: height } : { width: null, height: full, autosize: true };
      window.Plotly.relayout(place, Object.assign(themed(place, place.layout), size));
    });
  }

  function printing(is) {
    document.documentElement.classList.toggle("printing", is);
    document.querySelectorAll("details.code").forEach((fold) => { fold.open = false; });
    redraw(is);
  }

  if (charts.length && !window.Plotly) {
    document.getElementById("chart-failed").hidden = false;
    return;
  }
  Promise.all(charts.map(draw)).then(() => { document.documentElement.dataset.drawn = String(charts.length); });
  dark.addEventListener("change", () => redraw(false));
  window.addEventListener("beforeprint", () => printing(true));
  window.addEventListener("afterprint", () => printing(false));
})();
