"use strict";
// Swagger UI over this node's own description; no address of anybody else is asked for anything.
window.addEventListener("DOMContentLoaded", () => {
  const docs = document.getElementById("docs");
  document.querySelector("[data-needs-scripts]").hidden = false;
  window.SwaggerUIBundle({
    url: docs.dataset.url,
    domNode: docs,
    deepLinking: false,
    docExpansion: "none",
    validatorUrl: null,
    withCredentials: false,
    presets: [window.SwaggerUIBundle.presets.apis],
  });
});
