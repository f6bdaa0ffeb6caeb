/**
 * Tells Safari what the page does with sound (W3C Audio Session). During a call it then plays on the
 * loudspeaker, and no other app's music goes on (docs/browsers.md#safari-audio-session).
 *
 * @param {'auto'|'play-and-record'} type
 */
export function setAudioSession(type) {
  const { audioSession } = /** @type {{audioSession?: {type: string}}} */ (navigator);
  if (audioSession) audioSession.type = type;
}
