// The SHA-256 of a file (FIPS 180-4), read a part at a time. Browsers have one of their own only for pages that came by TLS
// or from this machine, and in an office's network a page may have come by neither.
const sha256 = (() => {
  "use strict";

  const PART = 1048576; // bytes, whole blocks
  const BLOCK = 64;
  const primes = [];
  for (let each = 2; primes.length < 64; each += 1) if (primes.every((prime) => each % prime)) primes.push(each);
  const fraction = (root) => (root - Math.floor(root)) * 2 ** 32;
  const ROUNDS = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
  const START = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const rotated = (word, by) => (word >>> by) | (word << (32 - by));
  const words = new Uint32Array(64);

  function take(state, view, at) {
    for (let i = 0; i < 16; i += 1) words[i] = view.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const far = words[i - 15];
      const near = words[i - 2];
      words[i] = words[i - 16] + words[i - 7] + (rotated(far, 7) ^ rotated(far, 18) ^ (far >>> 3))
        + (rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const chosen = (e & f) ^ (~e & g);
      const most = (a & b) ^ (a & c) ^ (b & c);
      const one = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + chosen + ROUNDS[i] + words[i]) | 0;
      const two = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + most) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
  }

  function ended(part, size) {
    const length = Math.ceil((part.length + 9) / BLOCK) * BLOCK;
    const bytes = new Uint8Array(length);
    bytes.set(part);
    bytes[part.length] = 0x80;
    const view = new DataView(bytes.buffer);
    view.setUint32(length - 8, size / 2 ** 29);
    view.setUint32(length - 4, size * 8);
    return bytes;
  }

  return async (file) => {
    const state = START.slice();
    for (let at = 0, last = false; !last; at += PART) {
      const part = new Uint8Array(await file.slice(at, at + PART).arrayBuffer());
      last = at + PART >= file.size;
      const bytes = last ? ended(part, file.size) : part;
      const view = new DataView(bytes.buffer);
      for (let block = 0; block < bytes.length; block += BLOCK) take(state, view, block);
    }
    return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
  };
})();
