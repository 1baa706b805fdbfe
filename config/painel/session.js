// Who looks: a token in this tab's session only. It arrives in the fragment, which no server sees, from an issuer, or is pasted.

import * as clock from './clock.js';
import { field, h, once } from './dom.js';
import { claimsOf } from './jwt.js';
import * as oidc from './oidc.js';

const KEPT = 'fluxo-caixa.token';
// What the issuer renews its token for; empty: it gave nothing, absent: the token is not from it.
const RENEWAL = 'fluxo-caixa.renovacao';
// setTimeout counts in 32 bits.
const TIMER_MAX_MS = 2_000_000_000;
// Services that refuse every token must not make the page ask the issuer without a pause.
const REFRESH_PAUSE_MS = 5_000;
const EXPIRED = 'O acesso expirou. O que foi digitado continua aqui.';
const NOT_ACCEPTED = 'Os serviços não aceitam o acesso deste emissor. Fale com quem cuida do sistema, ou use um token.';
const UNANSWERED = 'O serviço não responde. Tente de novo daqui a pouco.';

/** Keeps a token for this tab. `renewal` is null for one that is not from the issuer. */
function keep(text, renewal) {
    sessionStorage.setItem(KEPT, text);
    if (renewal === null) sessionStorage.removeItem(RENEWAL);
    else sessionStorage.setItem(RENEWAL, renewal);
}

/** Removes the token from the address and the history, and keeps it for this tab. Returns it, or `null` if there is none. */
function takeToken() {
    const found = new URLSearchParams(location.hash.slice(1)).get('token');
    if (found) {
        history.replaceState(null, '', location.pathname + location.search);
        keep(found, null);
    }
    return found;
}

// Before anything else happens.
const given = takeToken();
// A link that signs in, opened in a tab that shows the page already.
addEventListener('hashchange', () => {
    if (location.hash.startsWith('#token=') && takeToken()) location.reload();
});

let settings = {};
let token = null;
let claims = {};
let asking = null;
let expiry = 0;
let refreshedAt = -Infinity;
let check = async () => true;

/**
 * Takes up the token of the fragment, of the issuer or of the tab's session, and asks if there is none. `verify` says whether the services
 * accept a token. Returns `false` if this tab only brought another one the issuer's answer.
 */
export async function begin(configuration, verify) {
    settings = configuration;
    check = verify;
    if (settings.sem_token) {
        claims = { sub: 'anonimo', [settings.claim_contas]: ['*'] };
        return true;
    }
    oidc.configure(settings.oidc);
    let reason = given ? 'Este link não vale mais.' : null;
    try {
        const grant = await oidc.returned();
        if (grant === oidc.HANDED_OVER) return false;
        if (grant && await accept(grant.token, grant.refresh)) return true;
        if (grant) reason = NOT_ACCEPTED;
    } catch (error) {
        if (!(error instanceof oidc.Refusal)) throw error;
        reason = error.message;
    }
    const known = given ?? sessionStorage.getItem(KEPT);
    if (!known || !(await accept(known, sessionStorage.getItem(RENEWAL)))) await renew(reason);
    return true;
}

async function accept(text, renewal) {
    const found = claimsOf(text);
    if (!found || !(await check(text))) return false;
    if (token !== null && found.sub !== claims.sub) {
        // Nothing of one person stays for another, and no waiting call is made with the other's token.
        keep(text, renewal);
        location.reload();
        return new Promise(() => {});
    }
    token = text;
    claims = found;
    keep(text, renewal);
    clearTimeout(expiry);
    // One that can be renewed is, by the first call that is refused.
    if (typeof claims.exp === 'number' && !renewal) {
        const leftMs = claims.exp * 1000 - clock.nowMs();
        if (leftMs < TIMER_MAX_MS) expiry = setTimeout(() => renew(), Math.max(leftMs, 5_000));
    }
    return true;
}

/**
 * Renews the token, or asks for one above everything else; the page beneath keeps what was typed. All callers wait for the same answer.
 */
export function renew(reason = EXPIRED) {
    asking ??= refreshed().then((isDone) => isDone || ask(reason)).finally(() => { asking = null; });
    return asking;
}

/** Whether the issuer has renewed the token without the person. */
async function refreshed() {
    const renewal = sessionStorage.getItem(RENEWAL);
    if (!renewal || !oidc.isOffered() || performance.now() - refreshedAt < REFRESH_PAUSE_MS) return false;
    refreshedAt = performance.now();
    try {
        const grant = await oidc.refreshed(renewal);
        // The one before may be void now, whether the services answer or not.
        sessionStorage.setItem(RENEWAL, grant.refresh);
        return await accept(grant.token, grant.refresh);
    } catch (error) {
        if (!(error instanceof oidc.Refusal)) throw error;
        return false;
    }
}

/** The way through the issuer. In a page that was in use another tab goes there, so that what was typed stays. */
function issuerWay(done) {
    const problem = h('p', { class: 'error', role: 'alert' });
    const enter = async () => {
        problem.textContent = '';
        try {
            if (token === null) {
                await oidc.goToIssuer();
                return;
            }
            const grant = await oidc.signInBeside();
            if (await accept(grant.token, grant.refresh)) done();
            else problem.textContent = NOT_ACCEPTED;
        } catch (error) {
            problem.textContent = error instanceof oidc.Refusal ? error.message : UNANSWERED;
        }
    };
    const button = h('button', { type: 'button', onclick: enter }, 'Entrar');
    return { button, nodes: [button, problem] };
}

function ask(reason) {
    return new Promise((resolve) => {
        const done = () => {
            oidc.stopListening();
            dialog.remove();
            resolve();
        };
        const issuer = oidc.isOffered() ? issuerWay(done) : null;
        const input = field('Token de acesso', h('textarea', { rows: '4', required: true, spellcheck: 'false', autocomplete: 'off' }),
            'Fica só nesta aba e não vai para o endereço da página.');
        const use = async () => {
            try {
                if (await accept(input.control.value.trim().replace(/^Bearer\s+/i, ''), null)) return done();
                input.fail('Este token não foi aceito. Confira se foi copiado inteiro e se ainda vale.');
                input.control.focus();
            } catch {
                input.fail(UNANSWERED);
            }
        };
        const button = h('button', { type: 'submit' }, issuer ? 'Usar o token' : 'Entrar');
        const form = h('form', {}, input.node, button);
        const dialog = h('dialog', { 'aria-labelledby': 'entrar', class: 'sign-in' },
            h('h2', { id: 'entrar' }, 'Entrar'), reason && h('p', { class: 'notice' }, reason),
            !issuer && h('p', {}, 'Abra de novo o link que você recebeu, ou cole aqui o código de acesso.'), issuer?.nodes,
            issuer ? h('details', {}, h('summary', {}, 'Tenho um token'), form) : form);
        dialog.addEventListener('cancel', (event) => event.preventDefault());
        // A browser closes it at the second Escape, whatever the listener of `cancel` does.
        dialog.addEventListener('close', () => { if (dialog.isConnected) dialog.showModal(); });
        form.addEventListener('submit', (event) => {
            event.preventDefault();
            once(button, use);
        });
        document.body.append(dialog);
        dialog.showModal();
        (issuer?.button ?? input.control).focus();
    });
}

export async function leave() {
    const isIssued = sessionStorage.getItem(RENEWAL) !== null;
    for (const name of [KEPT, RENEWAL]) sessionStorage.removeItem(name);
    // Else the issuer would let the next person at this browser in as this one.
    const farewell = isIssued && oidc.isOffered() ? await oidc.farewell() : null;
    if (farewell) return location.assign(farewell);
    location.hash = '';
    location.reload();
}

export const authorization = () => token ? { Authorization: `Bearer ${token}` } : {};
export const person = () => String(claims.sub ?? '');
export const isAnonymous = () => settings.sem_token === true;

/** Whether the token has the scope. What is not allowed is not shown; the services refuse it anyway. */
export const can = (scope) => isAnonymous() || String(claims[settings.claim_escopo] ?? '').split(' ').includes(scope);

/** The names and prefixes that the token covers. */
export function coverage() {
    const list = claims[settings.claim_contas];
    return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : [];
}
