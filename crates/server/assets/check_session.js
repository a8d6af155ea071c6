// Answers apps that watch the session from a hidden frame (OpenID Connect Session Management 1.0 §3.2).
// It compares hashes and sends nothing anywhere. Plain old script: it runs in whatever embeds it.
(function () {
  "use strict";
  var name = document.documentElement.getAttribute("data-cookie");

  function browserState() {
    var pairs;
    // Some browsers throw where foreign cookies are blocked.
    try { pairs = document.cookie.split("; "); } catch (blocked) { pairs = []; }
    for (var i = 0; i < pairs.length; i += 1) {
      if (pairs[i].indexOf(name + "=") === 0) return pairs[i].slice(name.length + 1);
    }
    return "";
  }

  function turn(word, by) { return (word >>> by) | (word << (32 - by)); }

  // The first 32 bits behind the point of a root of the first primes (FIPS 180-4 §4.2.2, §5.3.3).
  function fractions(count, power) {
    var words = [];
    for (var n = 2; words.length < count; n += 1) {
      var prime = true;
      for (var d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
      if (prime) words.push((Math.pow(n, power) % 1) * 4294967296 | 0);
    }
    return words;
  }

  // The browser's own SHA-256 exists in secure contexts only, and answers later; this one is small.
  function sha256(text) {
    var bytes = unescape(encodeURIComponent(text));
    var length = bytes.length;
    bytes += "\x80";
    while (bytes.length % 64 !== 56) bytes += "\0";
    var words = [];
    for (var i = 0; i < bytes.length; i += 1) words[i >> 2] |= bytes.charCodeAt(i) << (24 - 8 * (i % 4));
    words.push(Math.floor(length / 536870912), length * 8 | 0);
    var k = fractions(64, 1 / 3), hash = fractions(8, 1 / 2);
    for (var block = 0; block < words.length; block += 16) {
      var w = words.slice(block, block + 16), h = hash.slice();
      for (var t = 0; t < 64; t += 1) {
        if (t > 15) {
          var a = w[t - 15], b = w[t - 2];
          w[t] = (w[t - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[t - 7]
            + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
        }
        var one = (h[7] + (turn(h[4], 6) ^ turn(h[4], 11) ^ turn(h[4], 25))
          + ((h[4] & h[5]) ^ (~h[4] & h[6])) + k[t] + w[t]) | 0;
        var two = ((turn(h[0], 2) ^ turn(h[0], 13) ^ turn(h[0], 22))
          + ((h[0] & h[1]) ^ (h[0] & h[2]) ^ (h[1] & h[2]))) | 0;
        h = [(one + two) | 0, h[0], h[1], h[2], (h[3] + one) | 0, h[4], h[5], h[6]];
      }
      for (var j = 0; j < 8; j += 1) hash[j] = (hash[j] + h[j]) | 0;
    }
    var out = "";
    for (var o = 0; o < 32; o += 1) out += String.fromCharCode((hash[o >> 2] >>> (24 - 8 * (o % 4))) & 255);
    return btoa(out).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  window.addEventListener("message", function (event) {
    if (!event.source || !event.origin || event.origin === "null") return;
    var parts = typeof event.data === "string" ? event.data.split(" ") : [];
    var state = (parts[1] || "").split(".");
    var answer = "error";
    if (parts.length === 2 && parts[0] && state.length === 2 && state[0] && state[1]) {
      var hash = sha256([parts[0], event.origin, browserState(), state[1]].join(" "));
      answer = hash === state[0] ? "unchanged" : "changed";
    }
    event.source.postMessage(answer, event.origin);
  });
})();
