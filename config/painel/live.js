// Follows the balances: the stream of events while there is one, else a look every ten seconds.

import { open, Problem } from './api.js';
import { pause } from './clock.js';

const POLL_MS = 10_000;
// The stream sends a comment every 15 s.
const SILENCE_MAX_MS = 45_000;
const RECONNECT_MS = 1_000;

/** Whether a block of Server-Sent Events is an event (WHATWG HTML §9.2.6). A comment is none. */
const isEvent = (block) => /^(event|data):/m.test(block);

async function read(conta, stop, onChange, onState) {
    const quiet = new AbortController();
    const signal = AbortSignal.any([stop, quiet.signal]);
    let timer = setTimeout(() => quiet.abort(), SILENCE_MAX_MS);
    // A browser opens six connections to one origin: tabs that nobody sees must not hold them.
    document.addEventListener('visibilitychange', () => { if (document.hidden) quiet.abort(); }, { signal });
    try {
        const headers = { Accept: 'text/event-stream' };
        const answer = await open('v1/consolidados/eventos', { query: { conta }, headers, signal, answerMaxMs: 0 });
        if (!answer.headers.get('content-type')?.startsWith('text/event-stream')) throw new Problem(404);
        onState('live');
        // What happened while nobody listened.
        onChange();
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        while (true) {
            const { done, value } = await reader.read();
            if (done) return;
            clearTimeout(timer);
            timer = setTimeout(() => quiet.abort(), SILENCE_MAX_MS);
            const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n');
            rest = blocks.pop();
            if (blocks.some(isEvent)) onChange();
        }
    } finally {
        clearTimeout(timer);
        quiet.abort();
    }
}

/** Until the tab is seen or hidden. */
const turned = (stop) => new Promise((resolve) => {
    document.addEventListener('visibilitychange', resolve, { once: true, signal: stop });
    stop.addEventListener('abort', resolve, { once: true });
});

/** Calls `onChange` when balances of `conta` may have changed, and `onState` with `live`, `polling` or `lost`. Returns what ends it. */
export function follow(conta, onChange, onState) {
    const stopping = new AbortController();
    const stop = stopping.signal;
    (async () => {
        while (!stop.aborted) {
            while (document.hidden && !stop.aborted) await turned(stop);
            if (stop.aborted) return;
            let status = null;
            try {
                await read(conta, stop, onChange, onState);
            } catch (error) {
                status = error instanceof Problem ? error.status : null;
            }
            if (stop.aborted) return;
            // Ended after it had begun: another instance may accept it at once.
            if (status === null) {
                onState('lost');
                await pause(RECONNECT_MS, stop);
            } else {
                onState('polling');
                await pause(POLL_MS, stop);
                if (!stop.aborted) onChange();
            }
        }
    })();
    return () => stopping.abort();
}
