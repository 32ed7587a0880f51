// A visitor of the demo shop for k6: opens the chat, asks for an offer, declines
// the consent card, asks a question, and checks what a client can check.
//
//   go tool -modfile=configs/load/k6/go.mod k6 run --no-usage-report \
//     -e URL=ws://127.0.0.1:8080 configs/load/k6/visitor.js
//
// k6's own options set the load, for example --vus 50 --duration 1m.
import { WebSocket } from 'k6/websockets';
import crypto from 'k6/crypto';
import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';

const url = __ENV.URL || 'ws://127.0.0.1:8080';
const site = __ENV.SITE || 'demo';
const origin = __ENV.ORIGIN || url.replace(/^ws/, 'http');

// From sending an input to its acknowledgement. k6 paces each visitor by the
// answers it gets, so this is not counted from when somebody should have acted:
// for that, and for a verdict about what was kept, use zgoda-load.
const turn = new Trend('zgoda_turn', true);
const finished = new Counter('zgoda_visits');

export const options = {
  vus: 5,
  iterations: 20,
  thresholds: { checks: ['rate==1.0'], zgoda_visits: ['count>0'], zgoda_turn: ['p(99)<2000'] },
};

const hex = (bytes) => Array.from(new Uint8Array(crypto.randomBytes(bytes)), (b) => b.toString(16).padStart(2, '0')).join('');

export default function () {
  const socket = new WebSocket(`${url}/v1/ws?site=${site}`, ['zgoda.v1'], { headers: { Origin: origin } });
  const answered = [];
  let newest = 0;
  let n = 0;
  let sentAt = 0;
  let step = 0;

  const send = (frame) => {
    sentAt = Date.now();
    socket.send(JSON.stringify({ ...frame, n: ++n }));
  };
  const steps = [
    () => send({ t: 'press', of: 'greeting', choice: 'offer' }),
    (events) => {
      const card = events.findLast((e) => e.kind === 'card');
      check(card, { 'consent is asked for before anything else': (c) => c !== undefined });
      send({ t: 'decide', request: card.card.request, answer: 'decline' });
    },
    (events) => {
      check(events, { 'nothing is asked for after a no': (list) => list.every((e) => e.kind !== 'ask') });
      send({ t: 'say', text: 'When do you open on Saturdays?' });
    },
    (events) => {
      check(events, { 'the bot stays useful': (list) => list.some((e) => e.from === 'bot') });
      finished.add(1);
      socket.close();
    },
  ];

  socket.onopen = () =>
    socket.send(JSON.stringify({ t: 'open', client: hex(16), secret: hex(16), locale: 'en', page: '/k6' }));
  socket.onmessage = (message) => {
    const frame = JSON.parse(message.data);
    switch (frame.t) {
      case 'hello':
        check(frame, { 'a new visitor': (f) => f.resume === 'new' });
        steps[step++]([]);
        break;
      case 'events':
        for (const event of frame.events) {
          check(event, { 'events follow one another': (e) => e.seq === newest + 1 });
          newest = event.seq;
          answered.push(event);
        }
        break;
      case 'ack':
        turn.add(Date.now() - sentAt);
        check(frame, {
          'not refused': (f) => f.refused === undefined,
          'events come before the acknowledgement': (f) => (f.seq || 0) <= newest,
        });
        steps[step++](answered.splice(0));
        break;
      case 'error':
        check(frame, { 'no error': () => false });
        console.error(`error ${frame.code}: ${frame.message}`);
        socket.close();
        break;
    }
  };
  socket.onerror = (e) => {
    check(e, { 'the socket works': () => false });
    console.error(e.error);
  };
}
