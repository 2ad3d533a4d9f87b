{
  const { code, cookie } = document.querySelector(".pc-language").dataset;
  document.documentElement.lang = code;
  document.cookie = `${cookie}=${code}; path=/; max-age=31536000; samesite=strict`;
}
