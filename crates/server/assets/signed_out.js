// Goes on to the app once every frame has loaded, and after three seconds in any case.
(function () {
  "use strict";
  var next = document.querySelector("a[data-next]");
  var gone = false;
  function go() {
    if (gone || !next) return;
    gone = true;
    location.replace(next.href);
  }
  if (document.readyState === "complete") go();
  // The window has loaded when its frames have, or have failed to.
  window.addEventListener("load", go);
  setTimeout(go, 3000);
})();
