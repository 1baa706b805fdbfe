// The entries of a day or a period, by date, with the balance after each.

import { balances, download, json, Problem } from './api.js';
import * as session from './session.js';
import { effect, KINDS, NATURES, showEntry } from './entry.js';
import { brazilian, rangeText } from './dates.js';
import { field, foreign, h, notice, replace, select, table } from './dom.js';
import { isGroup } from './accounts.js';
import { centavos, money } from './money.js';
import { periodChoice, periodOf } from './period.js';
import { note } from './router.js';

const PAGE = 100;
const PAGE_MAX = 500;
// A search for a text looks through so many pages before it asks whether to go on.
const SEARCH_PAGES_MAX = 40;
const AWAITED_MAX = 64;
const TYPING_PAUSE_MS = 300;

/** For comparing what people type: without case and accents. */
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

export function entriesView(params) {
    const conta = params.conta;
    const asked = { ...periodOf(params), tipo: params.tipo, natureza: params.natureza, categoria: params.categoria, texto: params.texto };
    let items = [];
    let cursor = null;
    let openingOf = null;
    let typing = 0;
    let isPaging = false;
    const body = h('div');
    const sums = h('div', { class: 'cards' });

    const isFiltered = () => Boolean(asked.tipo || asked.natureza || asked.categoria || asked.texto);
    const filters = () => ({ conta, de: asked.de, ate: asked.ate, tipo: asked.tipo, natureza: asked.natureza, categoria: asked.categoria });

    function change(changes) {
        Object.assign(asked, changes);
        items = [];
        note('lancamentos', { conta, ...asked });
        view.reload();
    }
    const typed = (name) => (event) => {
        clearTimeout(typing);
        typing = setTimeout(() => change({ [name]: event.target.value.trim() }), TYPING_PAUSE_MS);
    };

    const kind = field('Tipo', select([['', 'Entradas e saídas'], ['credito', 'Só entradas'], ['debito', 'Só saídas']], asked.tipo ?? '',
        { onchange: (event) => change({ tipo: event.target.value }) }));
    const nature = field('Natureza', select([['', 'Todas'], ...Object.entries(NATURES)], asked.natureza ?? '',
        { onchange: (event) => change({ natureza: event.target.value }) }));
    const category = field('Categoria', h('input', { type: 'text', maxlength: '64', autocomplete: 'off', value: asked.categoria ?? '', oninput: typed('categoria') }));
    const text = field('Texto', h('input', { type: 'search', autocomplete: 'off', value: asked.texto ?? '', oninput: typed('texto') }));
    const csv = h('button', {
        type: 'button', class: 'quiet', onclick: () => {
            csv.disabled = true;
            download('v1/lancamentos', { ...filters(), ordem: 'data', separador: 'ponto-e-virgula' }, `lancamentos-${asked.de}-a-${asked.ate}.csv`)
                .catch((error) => view.report(error)).finally(() => { csv.disabled = false; });
        },
    }, 'Baixar CSV');

    const matches = (entry) => {
        if (!asked.texto) return true;
        const words = [entry.descricao, entry.referencia, entry.categoria, entry.conta].filter(Boolean).join(' ');
        return plain(words).includes(plain(asked.texto));
    };

    /** One more page; with a text, as many as it takes to find some. */
    async function more(signal, limit = PAGE) {
        const found = [];
        for (let page = 0; page < (asked.texto ? SEARCH_PAGES_MAX : 1); page += 1) {
            const query = { ...filters(), ordem: 'data', limite: asked.texto ? PAGE_MAX : limit, cursor };
            const answer = await json('v1/lancamentos', { query, signal });
            found.push(...answer.itens.filter(matches));
            cursor = answer.proximo;
            if (cursor === null || found.length >= limit) break;
        }
        return found;
    }

    /** Totals of the period that contain the listed entries; `isComplete`: surely all of them. */
    async function totals(signal) {
        if (!session.can('consolidado:ler')) return null;
        const query = { conta, de: asked.de, ate: asked.ate, agrupar: 'mes' };
        const apos = items.map((entry) => entry.id).sort().slice(-AWAITED_MAX).join(',');
        try {
            const answer = await balances({ ...query, apos }, { signal, headers: { Prefer: 'wait=5' } });
            return answer.totais;
        } catch (error) {
            if (!(error instanceof Problem) || error.name !== 'ainda-nao-consolidado') throw error;
            return (await balances(query, { signal })).totais;
        }
    }

    const view = {
        title: 'Lançamentos', follows: conta, report: () => {},
        node: h('div', {},
            periodChoice(asked, change),
            h('div', { class: 'fields filters' }, kind.node, nature.node, category.node, text.node, h('div', { class: 'actions' }, csv)), sums, body),
        async load(signal) {
            // The next change shows it.
            if (isPaging) return;
            cursor = null;
            const limit = Math.min(PAGE_MAX, Math.max(PAGE, items.length));
            let failure = null;
            try {
                items = await more(signal, limit);
            } catch (error) {
                // Balances are shown without the entries.
                failure = error;
            }
            openingOf = await totals(signal);
            show(failure);
            if (failure) throw failure;
        },
    };

    function show(failure = null) {
        replace(sums, openingOf && ['saldo_inicial', 'total_creditos', 'total_debitos', 'saldo_final'].map((name, index) =>
            h('div', { class: 'card figure' }, h('h2', {}, ['Saldo inicial', 'Entradas', 'Saídas', 'Saldo final'][index]),
                h('p', { class: 'big' }, money(centavos(openingOf[name]))))));
        const hasBalance = openingOf !== null && !isFiltered();
        let balance = hasBalance ? centavos(openingOf.saldo_final) : 0n;
        const columns = [{ title: 'Data' }, { title: 'Descrição', class: 'wide' }, { title: 'Categoria', class: 'extra' },
            isGroup(conta) && { title: 'Conta', class: 'extra' }, { title: 'Valor', class: 'number' },
            hasBalance && { title: 'Saldo', class: 'number' }].filter(Boolean);
        const rows = items.map((entry) => {
            const after = balance;
            balance -= effect(entry);
            const marks = [entry.estorno_de && 'estorno', entry.estornado_por && 'estornado'].filter(Boolean);
            return {
                mark: entry.estornado_por ? 'reversed' : null,
                cells: [brazilian(entry.data),
                    [h('button', { type: 'button', class: 'link', 'data-foco': entry.id, onclick: () => showEntry(entry, () => view.reload()) },
                        entry.descricao ? foreign(entry.descricao) : KINDS[entry.tipo]), marks.map((one) => h('span', { class: 'tag' }, one))],
                    entry.categoria ? foreign(entry.categoria) : '', ...(isGroup(conta) ? [foreign(entry.conta)] : []),
                    money(effect(entry), { plus: true }), ...(hasBalance ? [money(after)] : [])],
            };
        });
        // Every entry is here, so the balance before the oldest one is the opening.
        const isBehind = !failure && hasBalance && cursor === null && balance !== centavos(openingOf.saldo_inicial);
        replace(body,
            isBehind && notice('Os saldos ainda não incluem todos os lançamentos desta lista.'),
            rows.length ? table(`Lançamentos de ${rangeText(asked.de, asked.ate)}`, columns, rows)
                : h('p', { class: 'empty' }, failure ? 'Os lançamentos não puderam ser lidos.' : isFiltered() ? 'Nenhum lançamento com este filtro.' : 'Nenhum lançamento neste período.'),
            cursor !== null && h('button', { type: 'button', class: 'quiet', 'data-foco': 'mais', onclick: next },
                asked.texto ? 'Procurar mais' : 'Mostrar mais'));
    }

    async function next(event) {
        event.target.disabled = true;
        isPaging = true;
        try {
            items.push(...await more());
            show();
        } catch (error) {
            event.target.disabled = false;
            view.report(error);
        } finally {
            isPaging = false;
        }
    }
    return view;
}
