// A caller with Pion's stack: signalling on stdin and stdout, one JSON object a line.
//
// In:  {"type": "offer"}, each after the first an ICE restart; {"type": "answer", "sdp": "…"}
// Out: {"type": "offer", "sdp": "…"}
//
//	{"type": "connected"}: DTLS is up, or ICE is again
//	{"type": "heard", "marker": n}: the first packet with the n-th offer's marker has come back
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
)

type message struct {
	Type   string `json:"type"`
	SDP    string `json:"sdp,omitempty"`
	Marker int32  `json:"marker,omitempty"`
}

const frame = 20 * time.Millisecond

// The start of a packet of Opus silence (RFC 6716, 3.1); the marker follows it.
var silence = []byte{0xf8, 0xff, 0xfe}

var (
	out   = json.NewEncoder(os.Stdout)
	outMu sync.Mutex
	// How many offers were made. Every packet that is sent carries the number.
	offers int32
)

func say(m message) {
	outMu.Lock()
	defer outMu.Unlock()
	must(out.Encode(m))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func talk(track *webrtc.TrackLocalStaticSample) {
	for range time.Tick(frame) {
		data := append(append([]byte{}, silence...), byte(atomic.LoadInt32(&offers)))
		must(track.WriteSample(media.Sample{Data: data, Duration: frame}))
	}
}

func listen(track *webrtc.TrackRemote) {
	heard := int32(0)
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if len(packet.Payload) != len(silence)+1 {
			continue
		}
		if marker := int32(packet.Payload[len(silence)]); marker > heard {
			heard = marker
			say(message{Type: "heard", Marker: marker})
		}
	}
}

func offer(pc *webrtc.PeerConnection) {
	restart := atomic.AddInt32(&offers, 1) > 1
	description, err := pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	must(err)
	gathered := webrtc.GatheringCompletePromise(pc)
	must(pc.SetLocalDescription(description))
	<-gathered
	say(message{Type: "offer", SDP: pc.LocalDescription().SDP})
}

func main() {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	must(err)
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	track, err := webrtc.NewTrackLocalStaticSample(opus, "audio", "pion")
	must(err)
	_, err = pc.AddTrack(track)
	must(err)
	_, err = pc.CreateDataChannel("heartbeat", nil)
	must(err)
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { listen(track) })
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			say(message{Type: "connected"})
		}
	})
	go talk(track)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var m message
		must(json.Unmarshal(in.Bytes(), &m))
		if m.Type == "offer" {
			offer(pc)
		} else {
			must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.SDP}))
		}
	}
}
