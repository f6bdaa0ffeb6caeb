/**
 * Which loudspeakers there are to choose from: earpiece, loudspeaker, headset (W3C Audio Output Devices).
 *
 * @typedef {{id: string, label: string}} Output
 */

/**
 * Browsers name them once the microphone is allowed.
 *
 * @param {MediaDeviceInfo[]} devices
 * @returns {Output[]} none where there is nothing to choose
 */
export function outputsOf(devices) {
  const outputs = devices
    .filter(({ kind, label }) => kind === 'audiooutput' && label)
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return outputs.length > 1 ? outputs : [];
}
