// The gallery's checkboxes, made quicker: all on the page at once, a row of them with Shift, and how
// many are ticked. Listens on the document, so a gallery that arrives in a fragment works as well.
// Without this module each is ticked by itself.

let last = "";

const boxes = (form) => [...form.querySelectorAll("input[name=photo]")];

const count = (form) => {
  const all = form.querySelector("[data-select-all]");
  const said = form.querySelector("[data-select-count]");
  const ticked = boxes(form).filter((box) => box.checked).length;
  said.dataset.none ??= said.textContent;
  all.checked = ticked > 0 && ticked === boxes(form).length;
  all.indeterminate = ticked > 0 && !all.checked;
  const words = ticked === 0 ? "none" : ticked === 1 ? "one" : "many";
  said.textContent = said.dataset[words].replace("{}", ticked);
};

const everywhere = () => {
  document.querySelectorAll("[data-select]").forEach(count);
};

document.addEventListener("click", (event) => {
  const form = event.target.closest?.("[data-select]");
  if (!form || !event.target.matches("input[name=photo]")) return;
  const row = boxes(form);
  const [from, to] = [row.findIndex((box) => box.id === last), row.indexOf(event.target)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const box of row.slice(from, to + 1)) box.checked = event.target.checked;
  last = event.target.id;
  count(form);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-select]");
  if (!form) return;
  if (event.target.matches("[data-select-all]")) for (const box of boxes(form)) box.checked = event.target.checked;
  count(form);
});

document.addEventListener("htmx:afterSwap", everywhere);
addEventListener("pageshow", everywhere);
everywhere();
