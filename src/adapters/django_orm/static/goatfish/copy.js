"use strict";

// Copies the text of the element that a button names, and says so beside it.
for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = document.getElementById(button.dataset.copies);
  const status = document.getElementById(button.dataset.says);

  button.addEventListener("click", async () => {
    status.textContent = "";
    status.textContent = (await copied(text)) ? "Copied." : "It is selected: press Ctrl+C to copy it.";
  });
  button.hidden = false;
}

async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    // Browsers have no clipboard on pages without HTTPS, and may deny it.
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}
