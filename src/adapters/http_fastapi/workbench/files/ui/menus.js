/** Menus made of `<details class="menu">` close like those of a desktop. */

/** Closes open ones by Escape, by a press elsewhere, and when the focus leaves them. */
export function closeMenus() {
  const open = () => [...document.querySelectorAll("details.menu[open]")];
  for (const event of ["pointerdown", "focusin"])
    document.addEventListener(event, ({ target }) => {
      for (const menu of open()) if (!menu.contains(target)) menu.open = false;
    });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || document.querySelector("dialog[open]")) return;
    for (const menu of open()) {
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
    }
  });
}
