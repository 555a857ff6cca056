/** Light or dark: as the system says, until somebody chooses. */

const KEY = "searchsvc-theme";
const LIGHT_ICON = "☀";
const DARK_ICON = "☾";

/** @param {HTMLButtonElement} button that changes between the two. */
export function installTheme(button) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = read();
  const isDark = () => (chosen ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    button.textContent = isDark() ? LIGHT_ICON : DARK_ICON;
    button.ariaLabel = isDark() ? "Use light colours" : "Use dark colours";
  };
  button.addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    write(chosen);
    show();
  });
  system.addEventListener("change", show);
  show();
}

// A browser may refuse to store anything; the page then forgets, and works.
function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function write(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}
