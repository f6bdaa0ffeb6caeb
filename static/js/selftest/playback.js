/** The sounds that the self-test plays. */

/**
 * Plays two notes, the second higher.
 *
 * @param {AudioContext} context
 */
export function chime(context) {
  [523.25, 783.99].forEach((frequency, index) => {
    const note = context.createOscillator();
    const gain = context.createGain();
    const begin = context.currentTime + 0.05 + 0.45 * index;
    note.frequency.value = frequency;
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(0.3, begin + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, begin + 0.4);
    note.connect(gain).connect(context.destination);
    note.start(begin);
    note.stop(begin + 0.4);
  });
}

/**
 * @param {MediaStream} stream
 * @returns {() => void} ends it
 */
export function play(stream) {
  const sink = new Audio();
  sink.srcObject = stream;
  sink.play().catch((error) => console.info('not played', error));
  return () => {
    sink.srcObject = null;
  };
}
