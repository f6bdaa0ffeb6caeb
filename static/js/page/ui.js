/** The parts of the page, each with a module of its own. */

import { DeveloperPanel } from './developer_panel.js';
import { ElapsedTime } from './elapsed.js';
import { OutputChoice } from './outputs.js';
import { RemoteAudio } from './remote_audio.js';
import { Sharing } from './sharing.js';
import { VisitorCountdown } from './stand_visitor.js';
import { StateView } from './state_view.js';
import { Voices } from './voices.js';

export class Ui {
  state = new StateView();
  elapsed = new ElapsedTime();
  developer = new DeveloperPanel();
  remote = new RemoteAudio();
  outputs = new OutputChoice(this.remote.audio);
  voices = new Voices();
  sharing = new Sharing((text) => this.state.tell(text));
  countdown = new VisitorCountdown();

  /** @param {import('../call/call.js').Call} call */
  show(call) {
    if (call.state === 'asking-mic') this.showMuted(false);
    this.elapsed.moved(call.state);
    this.developer.moved(call.state);
    // Last: it looks after the focus of what the others disable.
    this.state.show(call);
  }

  /** @param {boolean} muted */
  showMuted(muted) {
    this.state.showMuted(muted);
    this.voices.muted = muted;
  }
}
