// Signs in at an issuer by OpenID Connect: authorization code with PKCE, as a public client (RFC 6749 §4.1, RFC 7636).

import { base64url, claimsOf } from './jwt.js';

const ATTEMPT = 'fluxo-caixa.entrada';
const ANSWER_MAX_MS = 10_000;
const OTHER_TAB_MAX_MS = 2_000;
// The issuer sends the person back here.
const PAGE = location.origin + location.pathname;

/** Why nobody is signed in, for the person to read. */
export class Refusal extends Error {}

/** The answer in the address was for another tab, which has received it. */
export const HANDED_OVER = Symbol('handed over');

/** Removes the issuer's answer from the address and returns it, with the attempt of this tab that it answers. `null`: there is none. */
function takeAnswer() {
    const query = new URLSearchParams(location.search);
    const [state, code, error] = ['state', 'code', 'error'].map((name) => query.get(name));
    if (code === null && error === null) return null;
    const attempt = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? 'null');
    const isOurs = attempt !== null && attempt.state === state;
    // An attempt has one answer. One with another state leaves it, so that the right one can still arrive.
    if (isOurs) sessionStorage.removeItem(ATTEMPT);
    history.replaceState(null, '', location.pathname + (isOurs ? attempt.hash : ''));
    return { state, code, error, attempt: isOurs ? attempt : null };
}

// Before anything else happens.
const answered = takeAnswer();

let settings = null;
let endpoints = null;
let listening = null;

/** `given` is null without an issuer: then tokens are pasted. */
export function configure(given) { settings = given; }
export const isOffered = () => settings !== null;

async function fetched(url, body) {
    try {
        const answer = await fetch(url, {
            method: body ? 'POST' : 'GET', body, headers: { Accept: 'application/json' }, cache: 'no-store', credentials: 'omit',
            redirect: 'error', signal: AbortSignal.timeout(ANSWER_MAX_MS),
        });
        return { isGood: answer.ok, content: (await answer.json()) ?? {} };
    } catch {
        throw new Refusal('O emissor do acesso não responde. Tente de novo daqui a pouco, ou use um token.');
    }
}

const originOf = (text) => URL.canParse(text) ? new URL(text).origin : 'null';

/** The issuer's own description of itself. The page calls only the origins of the configuration: its policy blocks every other one. */
async function discovered() {
    if (endpoints) return endpoints;
    const { isGood, content } = await fetched(`${settings.emissor.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (!isGood || content.issuer !== settings.emissor || originOf(content.authorization_endpoint) === 'null'
        || !settings.origens.includes(originOf(content.token_endpoint))) {
        throw new Refusal('O emissor do acesso não é como está configurado. Fale com quem cuida do sistema, ou use um token.');
    }
    endpoints = content;
    return endpoints;
}

function withQuery(address, query) {
    const url = new URL(address);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
}

const random = (count) => base64url(crypto.getRandomValues(new Uint8Array(count)));

/** A new attempt, and the address at which the issuer asks the person. */
async function begun() {
    // Browsers have it in secure contexts only.
    if (!crypto.subtle) throw new Refusal('Só se entra assim quando o endereço da página começa com https.');
    const { authorization_endpoint: address } = await discovered();
    const attempt = { state: random(16), nonce: random(16), verifier: random(32), hash: location.hash };
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(attempt.verifier));
    const url = withQuery(address, {
        response_type: 'code', client_id: settings.cliente, redirect_uri: PAGE, scope: settings.escopos, state: attempt.state,
        nonce: attempt.nonce, code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: 'S256',
    });
    return { attempt, url };
}

/** Goes to the issuer in this tab. The page begins again with the answer in its address. */
export async function goToIssuer() {
    const { attempt, url } = await begun();
    sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
    location.assign(url);
}

/** Goes to the issuer in another tab, so that what was typed in this one stays. Returns the grant: `{token, refresh}`. */
export async function signInBeside() {
    // At once: a browser opens a tab only in answer to a click.
    const other = open('', ATTEMPT);
    if (!other) throw new Refusal('O navegador não abriu a aba para entrar. Permita que esta página abra janelas, ou use um token.');
    try {
        const { attempt, url } = await begun();
        const answer = answerFor(attempt.state);
        other.location.replace(url);
        return await redeemed(await answer, attempt);
    } catch (error) {
        other.close();
        throw error;
    }
}

/** The answer that another tab of the page receives. */
function answerFor(state) {
    stopListening();
    const channel = new BroadcastChannel(ATTEMPT);
    listening = channel;
    return new Promise((resolve) => {
        channel.onmessage = ({ data }) => {
            if (data.state !== state) return;
            channel.postMessage({ taken: state });
            channel.close();
            resolve(data);
        };
    });
}

export function stopListening() { listening?.close(); }

/** Offers an answer to the other tabs of the page. Returns whether one of them had asked for it. */
function handedOver({ state, code, error }) {
    return new Promise((resolve) => {
        const channel = new BroadcastChannel(ATTEMPT);
        const end = (isTaken) => {
            channel.close();
            resolve(isTaken);
        };
        channel.onmessage = ({ data }) => { if (data.taken === state) end(true); };
        setTimeout(() => end(false), OTHER_TAB_MAX_MS);
        channel.postMessage({ state, code, error });
    });
}

/** The grant for the answer that the page began with, `HANDED_OVER`, or `null` if it began without one. */
export async function returned() {
    if (!settings || !answered) return null;
    if (answered.attempt) return redeemed(answered, answered.attempt);
    if (await handedOver(answered)) return HANDED_OVER;
    throw new Refusal('Esta resposta do emissor não é de um acesso pedido nesta aba. Entre de novo.');
}

async function redeemed({ code, error }, { verifier, nonce }) {
    if (error === 'access_denied') throw new Refusal('O emissor não deu o acesso.');
    // Anybody can write an address, so only a code is shown.
    if (error) throw new Refusal(`O emissor recusou o acesso${/^[a-z_]{1,40}$/.test(error) ? ` (${error})` : ''}. Entre de novo.`);
    const content = await granted({ grant_type: 'authorization_code', code, redirect_uri: PAGE, code_verifier: verifier });
    const claims = claimsOf(content.id_token ?? '') ?? {};
    if (claims.nonce !== nonce || claims.iss !== settings.emissor || ![claims.aud].flat().includes(settings.cliente)) {
        throw new Refusal('A resposta do emissor não é a deste acesso. Entre de novo.');
    }
    return { token: content.access_token, refresh: content.refresh_token ?? '' };
}

/** What the token endpoint gives; `content.access_token` is a text. */
async function granted(parameters) {
    const { token_endpoint: endpoint } = await discovered();
    const { isGood, content } = await fetched(endpoint, new URLSearchParams({ client_id: settings.cliente, ...parameters }));
    if (content.error === 'invalid_grant') throw new Refusal('O código do acesso não vale mais: expirou ou já foi usado. Entre de novo.');
    if (!isGood || typeof content.access_token !== 'string') throw new Refusal('O emissor recusou o acesso. Entre de novo, ou use um token.');
    return content;
}

/** A new grant for a refresh token, which stays valid if the issuer gives no other one. */
export async function refreshed(refresh) {
    const content = await granted({ grant_type: 'refresh_token', refresh_token: refresh });
    return { token: content.access_token, refresh: content.refresh_token ?? refresh };
}

/** Where the issuer's own session ends. `null`: the issuer has no such address, or does not answer. */
export async function farewell() {
    try {
        const { end_session_endpoint: address } = await discovered();
        if (originOf(address) === 'null') return null;
        return withQuery(address, { client_id: settings.cliente, post_logout_redirect_uri: PAGE });
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return null;
    }
}
