document.querySelectorAll(".pc-question, .pc-doing").forEach((latest) => latest.scrollIntoView());
