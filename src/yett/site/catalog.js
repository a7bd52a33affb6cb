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
  const loaded = fetch(input.dataset.index).then((answer) => answer.json());
  input.form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const tools = words.length ? (await loaded).filter((one) => words.every((word) => one.text.includes(word))) : [];
    found.replaceChildren(...tools.slice(0, 50).map((one) => {
      const line = document.createElement("p");
      const link = document.createElement("a");
      link.href = one.url;
      link.textContent = one.name;
      line.append(link, ` ${one.class}, ${one.server}`);
      return line;
    }));
  });
}
