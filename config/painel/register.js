// Registers an entry. The key is made here, so that a double click or a repeated try registers once.

import * as clock from './clock.js';
import { json, newKey, Problem } from './api.js';
import * as session from './session.js';
import { accountField, refusal } from './accounts.js';
import { KINDS, NATURES, registered } from './entry.js';
import { brazilian, plusDays } from './dates.js';
import { field, foreign, h, notice, once, replace, select } from './dom.js';
import { centavos, money, typed } from './money.js';
import { address, note } from './router.js';

/** How long the service may wait for the balance; less than ANSWER_MAX_MS, after which the page gives a call up. */
const BALANCE_WAIT_MAX_S = 15;

export function registerView(params, names) {
    const day = clock.today();
    const kinds = Object.entries(KINDS).map(([value, name]) => h('label', { class: 'choice' },
        h('input', { type: 'radio', name: 'tipo', value, checked: (value === 'debito') === (params.tipo === 'debito') }), name));
    const input = (properties) => h('input', { type: 'text', autocomplete: 'off', value: params[properties.name], ...properties });
    const fields = {
        conta: accountField(params.conta, names, 'Letras sem acento, algarismos, - e _; pontos separam níveis: loja42.caixa'),
        valor: field('Valor', input({ name: 'valor', required: true, inputmode: 'decimal', placeholder: '0,00' })),
        data: field('Data', h('input', { type: 'date', name: 'data', required: true, value: params.data ?? day, max: plusDays(day, 1) })),
        descricao: field('Descrição', input({ name: 'descricao', maxlength: '200' })),
        categoria: field('Categoria', input({ name: 'categoria', maxlength: '64' })),
        referencia: field('Documento', input({ name: 'referencia', maxlength: '128' }), 'O número da nota ou do recibo, se houver'),
        natureza: field('Natureza', select(Object.entries(NATURES), params.natureza ?? 'operacional', { name: 'natureza' })),
    };
    const result = h('div', { 'aria-live': 'polite' });
    const button = h('button', { type: 'submit' }, 'Registrar');
    const correction = params.correcao && notice('O lançamento errado foi estornado. Mude o que estava errado e registre.');
    const form = h('form', { class: 'register', novalidate: true, onsubmit: submitted }, correction,
        h('fieldset', {}, h('legend', {}, 'Tipo'), kinds),
        h('div', { class: 'fields' }, Object.values(fields).map((one) => one.node)), h('div', { class: 'actions' }, button), result);
    let attempt = { content: null, key: null };
    // Aborted when the next entry is registered: nobody sees the balance after the one before.
    let wait = new AbortController();

    const entry = () => {
        const value = (name) => fields[name].control.value.trim();
        const optional = ['descricao', 'categoria', 'referencia'].map((name) => [name, value(name)]).filter(([, text]) => text);
        return {
            conta: value('conta'), tipo: form.elements.tipo.value, valor: typed(value('valor')), data: value('data'), natureza: value('natureza'),
            ...Object.fromEntries(optional),
        };
    };

    /** Shows faults beside their fields; those of other members above them. */
    function fail(faults, message) {
        const others = [];
        let first;
        for (const fault of faults) {
            const one = fields[fault.campo];
            one?.fail(fault.mensagem);
            first ??= one?.control;
            if (!one) others.push(`${fault.campo}: ${fault.mensagem}`);
        }
        const text = others.length ? others.join('; ') : first ? 'Confira os campos marcados.' : message;
        replace(result, notice(text, 'bad'));
        first?.focus();
    }

    async function submitted(event) {
        event.preventDefault();
        let made = null;
        await once(button, async () => { made = await send(); });
        if (!made) return;
        wait.abort();
        wait = new AbortController();
        await showRegistered(made, wait.signal);
    }

    /** Returns the entry, or nothing if it is not registered. */
    async function send() {
        for (const one of Object.values(fields)) one.fail(null);
        const body = entry();
        const missing = [
            !body.conta && { campo: 'conta', mensagem: 'Diga a conta.' },
            !body.valor && { campo: 'valor', mensagem: 'Escreva um valor como 1.234,56.' },
            !body.data && { campo: 'data', mensagem: 'Diga o dia.' },
        ].filter(Boolean);
        if (missing.length) return fail(missing, '');
        // The same content is the same entry until it is known to be registered.
        const content = JSON.stringify(body);
        if (attempt.content !== content) attempt = { content, key: newKey() };
        replace(result, notice('Registrando…'));
        try {
            const made = await registered('v1/lancamentos', { body, key: attempt.key });
            attempt = { content: null, key: null };
            // A reload must not bring back what is registered.
            correction?.remove();
            if (form.isConnected) note('registrar', { conta: body.conta });
            // What was typed meanwhile is the next entry.
            if (JSON.stringify(entry()) === content) {
                for (const name of ['valor', 'descricao', 'referencia']) fields[name].control.value = '';
                fields.valor.control.focus();
            }
            return made;
        } catch (error) {
            if (!(error instanceof Problem)) throw error;
            fail(error.name === 'conta-nao-permitida' ? [{ campo: 'conta', mensagem: refusal(names) }] : error.faults, error.status === 0 || error.status >= 500
                ? 'Não se sabe se foi registrado. Registre de novo sem mudar nada: o mesmo lançamento não entra duas vezes.' : error.message);
        }
    }

    async function showRegistered(made, signal) {
        const link = h('a', { href: address('lancamentos', { conta: made.conta, de: made.data, ate: made.data }) }, 'Ver o dia');
        const line = [`${KINDS[made.tipo]} de `, money(centavos(made.valor)), ' registrada em ', foreign(made.conta), '. ',
            session.can('lancamentos:ler') && link];
        const shown = h('p', { class: 'notice good' }, line);
        replace(result, shown);
        if (!session.can('consolidado:ler')) return;
        try {
            const query = { conta: made.conta, apos: made.id };
            const balance = await json(`v1/consolidados/${made.data}`, { query, signal, headers: { Prefer: `wait=${BALANCE_WAIT_MAX_S}` } });
            shown.append(` Saldo em ${brazilian(made.data)}: `, money(centavos(balance.saldo_final)));
        } catch (error) {
            // The entry is registered; its balance follows.
            if (!signal.aborted && !(error instanceof Problem)) throw error;
        }
    }

    return { title: 'Registrar', node: form, hidesPicker: true };
}
