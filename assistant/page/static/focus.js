if (matchMedia("(pointer: fine)").matches && document.activeElement === document.body) document.querySelector("[data-testid=stChatInput] textarea")?.focus();
