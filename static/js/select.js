// The gallery's checkboxes, made quicker: all on the page at once, a row of them with Shift, and how
// many are ticked. Without this module each is ticked by itself.

for (const form of document.querySelectorAll("[data-select]")) {
  const all = form.querySelector("[data-select-all]");
  const said = form.querySelector("[data-select-count]");
  const none = said.textContent;
  const boxes = () => [...form.querySelectorAll("input[name=photo]")];
  let last = null;

  const count = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
    said.textContent = ticked === 0 ? none : ticked === 1 ? said.dataset.one : said.dataset.many.replace("{}", ticked);
  };

  for (const part of form.querySelectorAll("[data-with-script]")) part.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    count();
  });
  form.addEventListener("click", (event) => {
    if (!event.target.matches("input[name=photo]")) return;
    const row = boxes();
    const [from, to] = [row.findIndex((box) => box.id === last), row.indexOf(event.target)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const box of row.slice(from, to)) box.checked = event.target.checked;
    last = event.target.id;
    count();
  });
  form.addEventListener("change", count);
  document.addEventListener("htmx:afterSwap", count);
  addEventListener("pageshow", count);
  count();
}
