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

  // Times are shown in the reader's own zone.
  function two(n) { return (n < 10 ? '0' : '') + n; }
  document.querySelectorAll('time[datetime]').forEach(function (element) {
    var at = new Date(element.getAttribute('datetime'));
    var date = element.querySelector('span');
    if (isNaN(at) || !date) return;
    date.textContent = two(at.getMonth() + 1) + '-' + two(at.getDate());
    date.nextSibling.textContent = ' ' + two(at.getHours()) + ':' + two(at.getMinutes()) + ':' + two(at.getSeconds());
  });

  // A stream counts the requests that came since the page was made; a click shows them. The list itself never jumps.
  var fresh = document.querySelector('[data-live]');
  if (fresh && window.EventSource) {
    var stream = new EventSource(fresh.dataset.live);
    var title = document.title;
    stream.onmessage = function (event) {
      var count = Number(event.data);
      fresh.hidden = !count;
      fresh.textContent = count + ' ' + (count === 1 ? fresh.dataset.single : fresh.dataset.many);
      document.title = count ? '(' + count + ') ' + title : title;
    };
    window.addEventListener('pagehide', function () { stream.close(); });
  }

  copies(document);
  document.addEventListener('htmx:after:swap', function () { copies(document); });
  document.addEventListener('htmx:afterSwap', function () { copies(document); });
})();
