// Who looks: a token in this tab's session only. It arrives in the fragment, which no server sees, or is pasted.

import * as clock from './clock.js';
import { field, h } from './dom.js';

const KEPT = 'fluxo-caixa.token';
// setTimeout counts in 32 bits.
const TIMER_MAX_MS = 2_000_000_000;

/** Removes the token from the address and the history, and keeps it for this tab. Returns it, or `null` if there is none. */
function takeToken() {
    const found = new URLSearchParams(location.hash.slice(1)).get('token');
    if (found) {
        history.replaceState(null, '', location.pathname + location.search);
        sessionStorage.setItem(KEPT, found);
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
let check = async () => true;

/** The claims of a token, which only its issuer and the services can verify. `null`: it is none. */
function claimsOf(text) {
    try {
        const part = text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
        const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
        const value = JSON.parse(new TextDecoder().decode(bytes));
        return value !== null && typeof value === 'object' ? value : null;
    } catch {
        return null;
    }
}

/** Takes up the token of the fragment or of the tab's session, and asks if there is none. `verify` says whether the services accept a token. */
export async function begin(configuration, verify) {
    settings = configuration;
    check = verify;
    if (settings.sem_token) {
        claims = { sub: 'anonimo', [settings.claim_contas]: ['*'] };
        return;
    }
    const known = given ?? sessionStorage.getItem(KEPT);
    if (known && await accept(known)) return;
    await renew(given ? 'Este link não vale mais. Cole um token.' : null);
}

async function accept(text) {
    const found = claimsOf(text);
    if (!found || !(await check(text))) return false;
    if (token !== null && found.sub !== claims.sub) {
        // Nothing of one person stays for another, and no waiting call is made with the other's token.
        sessionStorage.setItem(KEPT, text);
        location.reload();
        return new Promise(() => {});
    }
    token = text;
    claims = found;
    sessionStorage.setItem(KEPT, text);
    clearTimeout(expiry);
    if (typeof claims.exp === 'number') {
        const leftMs = claims.exp * 1000 - clock.nowMs();
        if (leftMs < TIMER_MAX_MS) expiry = setTimeout(() => renew('O acesso expirou. O que foi digitado continua aqui.'), Math.max(leftMs, 5_000));
    }
    return true;
}

/** Asks for a token, above everything else; the page beneath keeps what was typed. All callers wait for the same answer. */
export function renew(reason = 'O acesso expirou. O que foi digitado continua aqui.') {
    asking ??= ask(reason).finally(() => { asking = null; });
    return asking;
}

function ask(reason) {
    return new Promise((resolve) => {
        const input = field('Token de acesso', h('textarea', { rows: '4', required: true, spellcheck: 'false', autocomplete: 'off' }),
            'Fica só nesta aba e não vai para o endereço da página.');
        const button = h('button', { type: 'submit' }, 'Entrar');
        const form = h('form', {}, h('h2', { id: 'entrar' }, 'Entrar'), reason && h('p', { class: 'notice' }, reason), input.node, button);
        const dialog = h('dialog', { 'aria-labelledby': 'entrar', class: 'sign-in' }, form);
        dialog.addEventListener('cancel', (event) => event.preventDefault());
        // A browser closes it at the second Escape, whatever the listener of `cancel` does.
        dialog.addEventListener('close', () => { if (dialog.isConnected) dialog.showModal(); });
        form.addEventListener('submit', async (event) => {
            event.preventDefault();
            if (button.disabled) return;
            button.disabled = true;
            try {
                const text = input.control.value.trim().replace(/^Bearer\s+/i, '');
                if (!(await accept(text))) {
                    input.fail('Este token não foi aceito. Confira se foi copiado inteiro e se ainda vale.');
                    input.control.focus();
                    return;
                }
                dialog.remove();
                resolve();
            } catch {
                input.fail('O serviço não responde. Tente de novo daqui a pouco.');
            } finally {
                button.disabled = false;
            }
        });
        document.body.append(dialog);
        dialog.showModal();
        input.control.focus();
    });
}

export function leave() {
    sessionStorage.removeItem(KEPT);
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
