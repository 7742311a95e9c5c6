// The browser's time zone, for the account: into the forms of signing up and in, and as an offer on
// the account's page. Without this module times are in UTC until the member chooses.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

for (const field of document.querySelectorAll("[data-zone]")) field.value = zone;

for (const button of document.querySelectorAll("[data-zone-use]")) {
  const choice = document.getElementById(button.dataset.zoneUse);
  if (![...choice.options].some((option) => option.value === zone)) continue;
  button.textContent = button.dataset.words.replace("{}", zone.replaceAll("_", " "));
  button.hidden = false;
  button.addEventListener("click", () => (choice.value = zone));
}
