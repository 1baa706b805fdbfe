// Calls of the API: its problems as errors, its clock, and balances that never go back in time.

import * as clock from './clock.js';
import { queryOf } from './router.js';
import * as session from './session.js';

const ANSWER_MAX_MS = 20_000;
const STALE_RETRIES_MAX = 3;
const STALE_PAUSE_MS = 300;

let lancamentosBase = document.baseURI;

/** An answer that is no success, or none at all (`status` 0). */
export class Problem extends Error {
    constructor(status, body = {}, retryAfterS = null) {
        super(body.detail ?? body.title ?? (status ? `O serviço respondeu ${status}.` : 'O serviço não responde.'));
        this.status = status;
        this.name = String(body.type ?? '').split('#')[1] ?? '';
        this.faults = Array.isArray(body.erros) ? body.erros : [];
        this.retryAfterS = retryAfterS;
    }
}

export async function configure() {
    const answer = await sent('painel/configuracao.json');
    if (!answer.ok) throw new Problem(answer.status);
    const settings = await whole(answer.json());
    clock.setZone(settings.fuso);
    if (settings.lancamentos_url) lancamentosBase = `${settings.lancamentos_url.replace(/\/$/, '')}/`;
    return settings;
}

function url(path, query) {
    const address = new URL(path, path.startsWith('v1/lancamentos') ? lancamentosBase : document.baseURI);
    address.search = queryOf(query);
    return address;
}

async function sent(path, { method = 'GET', query = {}, headers = {}, body, signal, answerMaxMs = ANSWER_MAX_MS } = {}) {
    try {
        const answer = await fetch(url(path, query), {
            method, body, headers: { ...session.authorization(), ...headers }, cache: 'no-store', credentials: 'omit',
            signal: AbortSignal.any([signal, answerMaxMs && AbortSignal.timeout(answerMaxMs)].filter(Boolean)),
        });
        clock.heard(answer.headers);
        return answer;
    } catch (error) {
        if (signal?.aborted) throw error;
        throw new Problem(0);
    }
}

/** A successful answer. An expired token is asked for, and the call is made again. */
export async function open(path, options = {}) {
    while (true) {
        const used = session.authorization().Authorization;
        const answer = await sent(path, options);
        if (answer.ok) return answer;
        if (answer.status === 401) {
            // Another call may have renewed it meanwhile.
            if (session.authorization().Authorization === used) await session.renew();
            continue;
        }
        const body = await answer.json().catch(() => ({}));
        throw new Problem(answer.status, body, Number(answer.headers.get('retry-after')) || null);
    }
}

export async function json(path, options = {}) {
    const answer = await open(path, { ...options, headers: { Accept: 'application/json', ...options.headers } });
    return whole(answer.json(), options.signal);
}

/** What is read of an answer's body. A connection that ends within it is no answer. */
export async function whole(reading, signal) {
    try {
        return await reading;
    } catch (error) {
        if (signal?.aborted) throw error;
        throw new Problem(0);
    }
}

/** Whether the services accept a token. Without the scope of balances it is still a valid one. */
export async function accepts(token) {
    const answer = await sent('v1/contas', { query: { limite: '1' }, headers: { Authorization: `Bearer ${token}` } });
    if (answer.status >= 500) throw new Problem(answer.status);
    return answer.status !== 401;
}

const newest = new Map();

/** Balances of an account. An instance that answers an older version than one already shown is asked again. */
export async function balances(query, { signal, path = 'v1/consolidados', headers } = {}) {
    for (let retry = 0; ; retry += 1) {
        const answer = await json(path, { query, signal, headers });
        const known = newest.get(query.conta) ?? 0;
        if (answer.versao >= known) {
            newest.set(query.conta, answer.versao);
            return answer;
        }
        if (retry === STALE_RETRIES_MAX) throw new Problem(0, { detail: 'Os saldos estão sendo atualizados.' });
        await clock.pause(STALE_PAUSE_MS);
    }
}

/** The lines of an NDJSON answer, as they arrive. */
export async function* lines(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    while (true) {
        const { done, value } = await whole(reader.read());
        const parts = (rest + (value ?? '')).split('\n');
        rest = done ? '' : parts.pop();
        for (const part of parts) if (part.trim()) yield JSON.parse(part);
        if (done) return;
    }
}

/** Hands an answer to the person as a file. */
export async function download(path, query, name) {
    const answer = await open(path, { query, headers: { Accept: 'text/csv' }, answerMaxMs: 0 });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await whole(answer.blob()));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A key of 128 random bits. */
export function newKey() {
    return `painel-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
