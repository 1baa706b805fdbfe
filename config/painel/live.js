// Follows the balances: the stream of events while there is one, else a look every ten seconds.

import { open, Problem } from './api.js';

const POLL_MS = 10_000;
// The stream sends a comment every 15 s.
const SILENCE_MAX_MS = 45_000;
const RECONNECT_MS = 1_000;

/** The events of a Server-Sent Events text, and what is left of it (WHATWG HTML §9.2.6). */
export function events(text) {
    const parts = text.replaceAll('\r\n', '\n').split('\n\n');
    const rest = parts.pop();
    const found = parts.map((part) => {
        const event = { type: 'message', data: '' };
        for (const line of part.split('\n')) {
            const at = line.indexOf(':');
            if (at <= 0) continue;
            const value = line.slice(at + 1).replace(/^ /, '');
            if (line.slice(0, at) === 'event') event.type = value;
            if (line.slice(0, at) === 'data') event.data += value;
        }
        return event;
    });
    return [found.filter((event) => event.type !== 'message' || event.data), rest];
}

async function read(conta, stop, onChange, onState) {
    const quiet = new AbortController();
    const signal = AbortSignal.any([stop, quiet.signal]);
    let timer = setTimeout(() => quiet.abort(), SILENCE_MAX_MS);
    // A browser opens six connections to one origin: tabs that nobody sees must not hold them.
    const hide = () => { if (document.hidden) quiet.abort(); };
    document.addEventListener('visibilitychange', hide);
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
            const [found, left] = events(rest + value);
            rest = left;
            if (found.length) onChange();
        }
    } finally {
        clearTimeout(timer);
        document.removeEventListener('visibilitychange', hide);
    }
}

/** Until the tab is seen. */
const visible = (stop) => new Promise((resolve) => {
    const look = () => {
        if (document.hidden && !stop.aborted) return;
        document.removeEventListener('visibilitychange', look);
        resolve();
    };
    document.addEventListener('visibilitychange', look);
    stop.addEventListener('abort', look, { once: true });
    look();
});

const pause = (ms, stop) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

/** Calls `onChange` when balances of `conta` may have changed, and `onState` with `live`, `polling` or `lost`. Returns what ends it. */
export function follow(conta, onChange, onState) {
    const stopping = new AbortController();
    const stop = stopping.signal;
    (async () => {
        while (!stop.aborted) {
            await visible(stop);
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
