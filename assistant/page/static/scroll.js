document.querySelectorAll(".pc-question").forEach((question) => question.scrollIntoView());
