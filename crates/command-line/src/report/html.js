
"use strict";
// Filters and groups the findings that the page lists.
const controls = document.querySelector(".controls");
const filter = document.getElementById("filter");
const shown = document.getElementById("shown");
const list = document.getElementById("findings");
const nothing = document.getElementById("nothing");
const byPackage = [...list.children];
const findings = [...list.querySelectorAll(".finding")];
const severities = [...controls.querySelectorAll("[type=checkbox]")];
const areas = [...document.querySelectorAll(".treemap g")];
const texts = new Map(findings.map((finding) => [finding, finding.textContent.toLowerCase()]));

// What the words of the filter ask of a finding: all of them.
function tests(words) {
  return words.split(/\s+/).filter((word) => word !== "").map((word) => {
    const [, key, value] = word.match(/^(rule|package):(.+)$/) ?? [];
    if (key === "rule") return (finding) => finding.dataset.rule === value;
    // A store path is told by its name, with or without its hash.
    if (key === "package") {
      return (finding) => {
        const path = finding.dataset.package;
        return path === value || path.endsWith("-" + value);
      };
    }
    const text = word.toLowerCase();
    return (finding) => texts.get(finding).includes(text);
  });
}

function update() {
  const wanted = tests(filter.value);
  const allowed = new Set(severities.filter((box) => box.checked).map((box) => box.value));
  let count = 0;
  for (const finding of findings) {
    const matches = allowed.has(finding.dataset.severity) && wanted.every((test) => test(finding));
    finding.hidden = !matches;
    count += matches ? 1 : 0;
  }
  for (const group of list.children) {
    group.hidden = group.querySelector(".finding:not([hidden])") === null;
  }
  for (const area of areas) {
    area.classList.toggle("chosen", filter.value === "package:" + area.dataset.path);
  }
  nothing.hidden = count > 0;
  shown.value = `${count} of ${findings.length} shown`;
}

// A group for each rule, headed by what it means.
function makeGroupsByRule() {
  const groups = new Map();
  for (const rule of findings.map((finding) => finding.dataset.rule).sort()) {
    if (groups.has(rule)) continue;
    const group = document.createElement("details");
    group.className = "group";
    group.open = true;
    const head = document.createElement("summary");
    const name = document.createElement("h3");
    name.textContent = rule;
    const meaning = document.createElement("span");
    meaning.className = "count";
    meaning.textContent = document.querySelector(`#rule-${CSS.escape(rule)} strong`)?.textContent ?? "";
    head.append(name, meaning);
    group.append(head);
    groups.set(rule, group);
  }
  return groups;
}

let byRule = null;
function regroup() {
  if (controls.querySelector("[name=group]:checked").value === "rule") {
    byRule ??= makeGroupsByRule();
    for (const finding of findings) byRule.get(finding.dataset.rule).append(finding);
    list.replaceChildren(...byRule.values());
  } else {
    const groups = new Map(byPackage.map((group) => [group.dataset.package, group]));
    for (const finding of findings) groups.get(finding.dataset.package).append(finding);
    list.replaceChildren(...byPackage);
  }
  update();
}

controls.addEventListener("input", (event) => {
  if (event.target.name === "group") regroup();
  else update();
});
// A click on a package of the picture shows its findings, a second one all again.
for (const area of areas) {
  area.addEventListener("click", () => {
    const wanted = "package:" + area.dataset.path;
    filter.value = filter.value === wanted ? "" : wanted;
    update();
  });
}
// Browsers keep what was entered before the page was loaded again.
controls.hidden = false;
regroup();
