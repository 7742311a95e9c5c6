// Copies the text of an element to the clipboard. Without JavaScript, or where the browser does not
// allow it, there is no button and the text can be selected.

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.copied;
    document.getElementById("announcer").textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = words), 3000);
  });
}
