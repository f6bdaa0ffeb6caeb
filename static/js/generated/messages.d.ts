/** Written by `manage.py contract` from wire/. Do not edit. */

export type Bye = {
  type: 'bye';
  reason?: string;
};
export type Candidate = {
  type: 'candidate';
  candidate: IceCandidate | null;
  generation: number;
};
export type Hears = {
  type: 'hears';
  media: boolean;
};
export type IceCandidate = {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
};
export type IceRequest = {
  type: 'ice';
};
export type Offer = {
  type: 'offer';
  sdp: string;
  generation: number;
  voice?: 'echo' | 'parrot' | 'tone' | 'speech' | 'bot' | null;
  rejoin?: boolean;
  abandon?: boolean;
};
export type Ping = {
  type: 'ping';
  at: number;
};
export type Relayed = {
  type: 'relayed';
  url: string;
  protocol: 'udp' | 'tcp' | 'tls';
  bytes: number;
  ms: number;
};
export type Report = {
  type: 'report';
  events: ReportedEvent[];
};
export type ReportedEvent = {
  at: number;
  kind: string;
  detail?: Record<string, string | number | boolean | null>;
};
export type Resume = {
  type: 'resume';
  callId: string;
  token: string;
  offer?: Offer | null;
};
export type Visibility = {
  type: 'visibility';
  hidden: boolean;
};
export type Wait = {
  type: 'wait';
};
export type PageMessage = Offer | Candidate | Resume | Hears | Visibility | IceRequest | Ping | Report | Relayed | Wait | Bye;
export type Answer = {
  type: 'answer';
  sdp: string;
  generation: number;
};
export type DeadRelays = {
  type: 'dead-relays';
  protocols: ('udp' | 'tcp' | 'tls')[];
};
export type Enter = {
  type: 'enter';
};
export type Error = {
  type: 'error';
  code: 'bad_message' | 'too_large' | 'bad_offer' | 'unknown_generation' | 'no_call' | 'busy' | 'network_busy' | 'ticket_invalid' | 'ticket_expired' | 'ticket_used' | 'call_unknown' | 'heartbeat_lost' | 'server_stopping' | 'internal';
  message: string;
  retryable: boolean;
};
export type HeartbeatTerms = {
  intervalS: number;
  livenessS: number;
};
export type Ice = {
  type: 'ice';
  iceServers: IceServer[];
  ttl: number;
  expiresAt: string;
  partial?: boolean;
  limited?: boolean;
};
export type IceServer = {
  urls: string[];
  username?: string;
  credential?: string;
};
export type Move = {
  type: 'move';
};
export type Pong = {
  type: 'pong';
  at: number;
  now: number;
  address: string;
};
export type Ready = {
  type: 'ready';
  callId: string;
  token: string;
  heartbeat: HeartbeatTerms;
  network: string;
};
export type Says = {
  type: 'says';
  text: string;
};
export type ServerBye = {
  type: 'bye';
  reason: 'ended' | 'call_lost' | 'time_limit' | 'server_stopping' | 'network_blocked';
};
export type Turn = {
  type: 'turn';
  ms: number;
};
export type Waiting = {
  type: 'waiting';
  place: number;
};
export type ServerMessage = Ready | Answer | Candidate | Hears | Turn | Says | Ice | Pong | DeadRelays | Error | Move | Waiting | Enter | ServerBye;
export type SelfTestRow = {
  name: string;
  status: Status;
  found: string;
  data?: Record<string, string | number | boolean | null>;
};
export type Status = 'good' | 'warning' | 'bad' | 'skipped';
export type SelfTestReport = {
  verdict: string;
  rows: SelfTestRow[];
  userAgent: string;
};