// The terminal hears keys only while it has the focus, and whoever opens the page wants to type at once.
window.addEventListener("load", () => document.querySelector(".xterm-helper-textarea")?.focus());
