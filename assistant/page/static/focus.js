const focusOnQuestion = (tries) => {
  const box = document.querySelector("[data-testid=stChatInput] textarea");
  if (box && !box.disabled && document.activeElement === document.body) box.focus();
  if (tries > 0 && document.activeElement === document.body) setTimeout(focusOnQuestion, 100, tries - 1);
};
if (matchMedia("(pointer: fine)").matches) focusOnQuestion(100);
