// The accounts: their list, the choice at the top of every view, the tree that their dots make, and several side by side.

import * as clock from './clock.js';
import { balances, json } from './api.js';
import { coverage } from './session.js';
import { brazilian, monthName, monthRange } from './dates.js';
import { field, foreign, h, replace, select, table } from './dom.js';
import { centavos, money } from './money.js';
import { address, note } from './router.js';

const PAGE = 500;
const PAGES_MAX = 20;
const SHOWN_STEP = 200;
const COMPARED_MAX = 8;
const NAMED_MAX = 8;

/** Whether `conta` names a group of accounts. */
export const isGroup = (conta) => conta.endsWith('*');

export const accountName = (conta) => conta === '*' ? 'Todas as contas' : isGroup(conta) ? `${conta.slice(0, -2)} (grupo)` : conta;

const lastPart = (conta) => accountName(conta).split('.').at(-1);

/** An account in a list that people read: the last part of its name, beneath it the whole one. */
export const accountLabel = (conta) => [foreign(lastPart(conta)),
    lastPart(conta) !== accountName(conta) && h('span', { class: 'path' }, foreign(accountName(conta)))];

/** Every account that the token covers, up to a limit. */
export async function accounts(signal) {
    const found = [];
    let cursor = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
        const answer = await json('v1/contas', { query: { limite: PAGE, cursor }, signal });
        found.push(...answer.itens);
        cursor = answer.proximo;
        if (cursor === null) break;
    }
    return { list: found, isWhole: cursor === null };
}

/** The groups among these names: every beginning before a dot, and what the token covers as a whole. */
function groupsOf(names) {
    const groups = new Set(coverage().filter(isGroup));
    for (const name of names) {
        const parts = name.split('.');
        for (let count = 1; count < parts.length; count += 1) groups.add(`${parts.slice(0, count).join('.')}.*`);
    }
    const covered = (group) => coverage().some((entry) => entry === '*' || entry === group
        || (isGroup(entry) && group.startsWith(entry.slice(0, -1))));
    return [...groups].filter(covered).sort();
}

/** The account that is shown first. */
export function firstAccount(names) {
    const entries = coverage();
    if (entries.includes('*')) return '*';
    return entries[0] ?? names[0] ?? '';
}

/** The choice of the account. It stays in the address, so that every view and a bookmark have it. */
export function picker(names, current, onPick) {
    const singles = coverage().filter((entry) => !isGroup(entry));
    const options = [...new Set([...groupsOf(names), ...names, ...singles, current].filter(Boolean))]
        .sort((a, b) => a.replace(/\.?\*$/, '') < b.replace(/\.?\*$/, '') ? -1 : 1);
    return h('div', { class: 'picker' }, h('label', { for: 'conta' }, 'Conta'),
        select(options.map((conta) => [conta, accountName(conta)]), current, { id: 'conta', onchange: (event) => onPick(event.target.value) }));
}

/** The account that a person means: the last part of its name is enough where only one ends so. */
function meant(text, names) {
    const ends = names.filter((name) => name.endsWith(`.${text}`));
    return names.includes(text) || coverage().some((entry) => entry === '*' || entry === text) || ends.length !== 1 ? text : ends[0];
}

/** What to say to a person whose account is refused. */
export function refusal(names) {
    const more = names.length > NAMED_MAX ? ' e outras' : '';
    return `Você não tem acesso a esta conta.${names.length ? ` Contas que você tem: ${names.slice(0, NAMED_MAX).join(', ')}${more}.` : ''}`;
}

/** A field for one account, with the known names to choose from. `conta` is filled in if it is no group. */
export function accountField(conta, names, hint) {
    const list = h('datalist', { id: 'contas-conhecidas' }, names.map((name) => h('option', { value: name })));
    const one = field('Conta', h('input', {
        type: 'text', name: 'conta', required: true, maxlength: '64', autocomplete: 'off', spellcheck: 'false', list: 'contas-conhecidas',
        value: isGroup(conta) ? '' : conta, onchange: (event) => { event.target.value = meant(event.target.value.trim(), names); },
    }), hint);
    one.node.append(list);
    return one;
}

/** The rows of the tree: each group before its accounts, with the sum of theirs. */
function tree(list) {
    const rows = new Map();
    const row = (name, depth, isParent) => {
        if (!rows.has(name)) rows.set(name, { conta: name, depth, isParent, saldo: 0n, quantidade: 0, ultima: null });
        return rows.get(name);
    };
    for (const account of list) {
        const parts = account.conta.split('.');
        const own = [...parts.keys()].slice(1).map((count) => row(`${parts.slice(0, count).join('.')}.*`, count - 1, true));
        own.push(row(account.conta, parts.length - 1, false));
        for (const one of own) {
            one.saldo += centavos(account.saldo);
            one.quantidade += account.quantidade;
            if (one.ultima === null || account.ultima_data > one.ultima) one.ultima = account.ultima_data;
        }
    }
    // A group directly before what its name begins.
    const key = (name) => name.replace(/\.\*$/, '.').replaceAll('.', '\u0001');
    return [...rows.values()].sort((a, b) => key(a.conta) < key(b.conta) ? -1 : 1);
}

export function accountsView(params) {
    const chosen = new Set((params.comparar ?? '').split(',').filter(Boolean).slice(0, COMPARED_MAX));
    const compared = h('section', { 'aria-label': 'Contas lado a lado' });
    const body = h('div');
    const search = h('input', { type: 'search', id: 'procurar-conta', autocomplete: 'off', oninput: () => show() });
    const month = clock.today().slice(0, 7);
    // A stream follows one account or group.
    const isOneFilter = () => coverage().includes('*') || coverage().length === 1;
    let found = { list: [], isWhole: true };
    let shown = SHOWN_STEP;

    const toggle = (conta, isOn) => {
        if (isOn) chosen.add(conta); else chosen.delete(conta);
        note('contas', { conta: params.conta, comparar: [...chosen].join(',') });
        view.reload();
    };

    function show() {
        const wanted = search.value.trim().toLowerCase();
        const rows = tree(found.list).filter((row) => row.conta.toLowerCase().includes(wanted));
        const check = (row) => h('input', {
            type: 'checkbox', checked: chosen.has(row.conta), 'aria-label': `Comparar ${accountName(row.conta)}`, 'data-foco': `comparar ${row.conta}`,
            disabled: !chosen.has(row.conta) && chosen.size >= COMPARED_MAX, onchange: (event) => toggle(row.conta, event.target.checked),
        });
        const name = (row) => h('span', { class: `depth-${Math.min(row.depth, 6)}` },
            h('a', { href: address('mes', { conta: row.conta }), 'data-foco': row.conta, class: row.isParent ? 'group' : null },
                wanted ? accountLabel(row.conta) : foreign(lastPart(row.conta))));
        const columns = [{ title: 'Conta' }, { title: 'Saldo', class: 'number' }, { title: 'Lançamentos', class: 'number extra' },
            { title: 'Último dia', class: 'extra' }, { title: 'Comparar' }];
        replace(body,
            rows.length ? table('Contas', columns, rows.slice(0, shown).map((row) => [name(row), money(row.saldo), String(row.quantidade),
                row.ultima ? brazilian(row.ultima) : '', check(row)])) : h('p', { class: 'empty' }, wanted ? 'Nenhuma conta com este nome.' : 'Ainda não há contas.'),
            rows.length > shown && h('button', { type: 'button', class: 'quiet', 'data-foco': 'mais', onclick: more },
                `Mostrar mais ${Math.min(SHOWN_STEP, rows.length - shown)}`),
            !found.isWhole && h('p', { class: 'hint' }, `Há mais contas; aqui estão as primeiras ${found.list.length}.`));
    }

    function more() {
        const firstNew = shown;
        shown += SHOWN_STEP;
        show();
        // The button ends with the last accounts.
        if (!body.contains(document.activeElement)) body.querySelectorAll('tbody a')[firstNew].focus();
    }

    async function compare(signal) {
        // The choice may change during the calls.
        const asked = [...chosen];
        if (!asked.length) return replace(compared);
        const [de, ate] = monthRange(month);
        const answers = await Promise.all(asked.map((conta) => balances({ conta, de, ate, agrupar: 'mes' }, { signal })));
        const line = (title, member) => [title, ...answers.map((answer) => money(centavos(answer.totais[member])))];
        const columns = [{ title: 'Valor' }, ...asked.map((conta) => ({ title: accountLabel(conta), class: 'number' }))];
        replace(compared, h('h2', {}, `Lado a lado em ${monthName(month)}`), table('Contas lado a lado', columns, [
            line('Saldo inicial', 'saldo_inicial'), line('Entradas', 'total_creditos'), line('Saídas', 'total_debitos'),
            line('Resultado', 'saldo_do_periodo'), line('Saldo final', 'saldo_final')]));
    }

    const view = {
        title: 'Contas', follows: isOneFilter() ? firstAccount([]) : undefined, node: h('div', {},
            h('div', { class: 'bar' }, h('label', { for: 'procurar-conta' }, 'Procurar'), search),
            h('p', { class: 'hint' }, 'O saldo é o do último dia com lançamentos. Marque contas para vê-las lado a lado.'), compared, body),
        async load(signal) {
            found = await accounts(signal);
            show();
            await compare(signal);
        },
    };
    return view;
}
