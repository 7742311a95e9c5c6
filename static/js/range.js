// Shows the value of a range input in the <output> that names it, while it is being moved.

const language = document.documentElement.lang;

document.addEventListener("input", (event) => {
  if (event.target.type !== "range") return;
  const output = document.querySelector(`output[for="${CSS.escape(event.target.id)}"]`);
  if (output) output.value = Number(event.target.value).toLocaleString(language, { minimumFractionDigits: 2 });
});
