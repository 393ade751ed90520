// What the pages do beyond links and forms: copying, and the count of new requests. Every page works without it.
(function () {
  'use strict';

  function copies(root) {
    if (!navigator.clipboard) return;
    root.querySelectorAll('[data-copy]').forEach(function (button) { button.hidden = false; });
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-copy]');
    if (!button) return;
    var source = document.getElementById(button.dataset.copy);
    var word = button.querySelector('span');
    var before = word.textContent;
    navigator.clipboard.writeText(source.textContent).then(function () {
      word.textContent = '✓ ' + before;
      setTimeout(function () { word.textContent = before; }, 1500);
    });
  });

  copies(document);
  document.addEventListener('htmx:after:swap', function () { copies(document); });
  document.addEventListener('htmx:afterSwap', function () { copies(document); });
})();
