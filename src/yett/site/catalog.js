// Copy buttons, and the search of a static site. Pages read well without it.
"use strict";

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.closest("figure").querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

const input = document.querySelector("input[data-index]");
if (input) {
  const found = document.getElementById("found");
  let loading;
  const load = () => new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = input.dataset.index;
    script.onload = () => done(window.catalogued);
    script.onerror = () => failed(new Error("the list of tools cannot be loaded"));
    document.head.append(script);
  });
  input.form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", async () => {
    const all = await (loading ??= load());
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const tools = words.length ? all.filter((one) => words.every((word) => one.text.includes(word))) : [];
    const heading = document.createElement("h2");
    heading.textContent = tools.length ? `${tools.length} tool${tools.length === 1 ? "" : "s"}` : "No tool is like that";
    found.replaceChildren(...(words.length ? [heading] : []), ...tools.slice(0, 50).map((one) => {
      const line = document.createElement("p");
      const link = document.createElement("a");
      link.href = one.url;
      link.textContent = one.name;
      line.append(link, ` ${one.class}, ${one.server}`);
      return line;
    }));
  });
}
