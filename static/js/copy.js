// Copies the text of an element to the clipboard; where the browser refuses, selects it and says so.
// Without JavaScript, or where there is no clipboard, there is no button and the text can be selected.

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  const words = button.textContent;
  const text = document.querySelector(button.dataset.copy);
  const say = (what) => (button.textContent = document.getElementById("announcer").textContent = what);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent.trim());
      say(button.dataset.copied);
      setTimeout(() => (button.textContent = words), 3000);
    } catch {
      getSelection().selectAllChildren(text);
      say(button.dataset.selected);
    }
  });
  button.hidden = false;
}
