// A person who does not allow the microphone.
navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException('', 'NotAllowedError'));
