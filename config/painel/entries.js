// The entries of a day or a period, by date, with the balance after each.

import { balances, download, json, Problem } from './api.js';
import * as session from './session.js';
import { effect, KINDS, NATURES, showEntry } from './entry.js';
import { brazilian, rangeText, tableDay } from './dates.js';
import { field, foreign, h, notice, replace, select, slowButton, table } from './dom.js';
import { accountLabel, isGroup } from './accounts.js';
import { centavos, money, reais } from './money.js';
import { periodChoice, periodOf } from './period.js';
import { note } from './router.js';

const PAGE = 100;
const PAGE_MAX = 500;
// A search for a text looks through so many pages before it asks whether to go on.
const SEARCH_PAGES_MAX = 40;
// A load starts at the newest entry each time, so this bounds the length of a list too.
const LOAD_REQUESTS_MAX = 200;
const AWAITED_MAX = 64;
const TYPING_PAUSE_MS = 300;

const NOTHING = { items: [], isWhole: true, pages: 0 };

/** For comparing what people type: without case and accents. */
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

export function entriesView(params) {
    const conta = params.conta;
    const asked = { ...periodOf(params), tipo: params.tipo, natureza: params.natureza, categoria: params.categoria, texto: params.texto };
    // What is shown: the entries, whether there are no more, the pages that they took, and whether the balances lack some of them.
    let list = NOTHING;
    let openingOf = null;
    let isLate = false;
    // What a load reads; `version` counts how often a person changed it.
    let wanted = PAGE;
    let pagesWanted = SEARCH_PAGES_MAX;
    let version = 0;
    // The first entry that the button for more brings.
    let firstNew = 0;
    const body = h('div');
    const sums = h('div', { class: 'cards' });

    const isFiltered = () => Boolean(asked.tipo || asked.natureza || asked.categoria || asked.texto);
    const filters = () => ({ conta, de: asked.de, ate: asked.ate, tipo: asked.tipo, natureza: asked.natureza, categoria: asked.categoria });

    function change(changes) {
        Object.assign(asked, changes);
        list = NOTHING;
        wanted = PAGE;
        pagesWanted = SEARCH_PAGES_MAX;
        version += 1;
        note('lancamentos', { conta, ...asked });
        view.reload();
    }
    const typed = (name) => {
        let timer = 0;
        // The address belongs to the view that is shown.
        const settle = (text) => { if (view.node.isConnected) change({ [name]: text.trim() }); };
        return (event) => {
            clearTimeout(timer);
            timer = setTimeout(() => settle(event.target.value), TYPING_PAUSE_MS);
        };
    };

    const kind = field('Tipo', select([['', 'Entradas e saídas'], ['credito', 'Só entradas'], ['debito', 'Só saídas']], asked.tipo ?? '',
        { onchange: (event) => change({ tipo: event.target.value }) }));
    const nature = field('Natureza', select([['', 'Todas'], ...Object.entries(NATURES)], asked.natureza ?? '',
        { onchange: (event) => change({ natureza: event.target.value }) }));
    const category = field('Categoria', h('input',
        { type: 'text', maxlength: '64', autocomplete: 'off', value: asked.categoria ?? '', oninput: typed('categoria') }));
    const text = field('Texto', h('input', { type: 'search', autocomplete: 'off', value: asked.texto ?? '', oninput: typed('texto') }));
    const csv = slowButton('Baixar CSV', () => download(
        'v1/lancamentos', { ...filters(), ordem: 'data', separador: 'ponto-e-virgula' }, `lancamentos-${asked.de}-a-${asked.ate}.csv`)
        .catch((error) => view.report(error)));

    const matches = (entry) => {
        if (!asked.texto) return true;
        const words = [entry.descricao, entry.referencia, entry.categoria, entry.conta].filter(Boolean).join(' ');
        return plain(words).includes(plain(asked.texto));
    };

    /** Reads from the newest entry on until the wanted ones are there; with a text, through the wanted pages at most. */
    async function read(signal, isOver) {
        const found = [];
        const pagesMax = Math.min(LOAD_REQUESTS_MAX, asked.texto ? pagesWanted : LOAD_REQUESTS_MAX);
        let cursor = null;
        let pages = 0;
        do {
            const limite = asked.texto ? PAGE_MAX : Math.min(PAGE_MAX, wanted - found.length);
            const answer = await json('v1/lancamentos', { query: { ...filters(), ordem: 'data', limite, cursor }, signal });
            if (isOver()) return;
            found.push(...answer.itens.filter(matches));
            cursor = answer.proximo;
            pages += 1;
        } while (cursor !== null && found.length < wanted && pages < pagesMax);
        list = { items: found, isWhole: cursor === null, pages };
        // A page with many finds brings more than was wanted; the next load keeps them.
        wanted = Math.max(wanted, found.length);
    }

    /** Totals of the period that contain the listed entries; `isLate`: they do not. */
    async function totals(signal, isOver) {
        isLate = false;
        if (!session.can('consolidado:ler')) return null;
        const query = { conta, de: asked.de, ate: asked.ate, agrupar: 'mes' };
        const apos = list.items.map((entry) => entry.id).sort().slice(-AWAITED_MAX).join(',');
        try {
            const answer = await balances({ ...query, apos }, { signal, headers: { Prefer: 'wait=5' } });
            return answer.totais;
        } catch (error) {
            if (!(error instanceof Problem) || error.name !== 'ainda-nao-consolidado') throw error;
            if (isOver()) return null;
            isLate = true;
            return (await balances(query, { signal })).totais;
        }
    }

    const view = {
        title: 'Lançamentos', follows: conta,
        node: h('div', {},
            periodChoice(asked, change),
            h('div', { class: 'fields filters' },
                kind.node, nature.node, category.node, text.node, h('div', { class: 'actions' }, csv)), sums, body),
        async load(signal) {
            const begun = version;
            // The load that is due reads what was asked meanwhile.
            const isOver = () => signal.aborted || begun !== version;
            // Balances are shown without the entries, and entries without the balances.
            const [entries] = await Promise.allSettled([read(signal, isOver)]);
            if (isOver()) return;
            const [balance] = await Promise.allSettled([totals(signal, isOver)]);
            if (isOver()) return;
            openingOf = balance.value ?? null;
            show(entries.reason);
            const failure = entries.reason ?? balance.reason;
            if (failure) throw failure;
        },
    };

    function show(failure) {
        const { items, isWhole, pages } = list;
        replace(sums, openingOf && ['saldo_inicial', 'total_creditos', 'total_debitos', 'saldo_final'].map((name, index) =>
            h('div', { class: 'card figure' }, h('h2', {}, ['Saldo inicial', 'Entradas', 'Saídas', 'Saldo final'][index]),
                h('p', { class: 'big' }, money(centavos(openingOf[name]))))));
        const sum = (tipo) => reais(items.filter((entry) => entry.tipo === tipo).reduce((all, entry) => all + centavos(entry.valor), 0n));
        // Filtered entries, and those of an earlier load, do not lead to this closing balance.
        const isComparable = openingOf !== null && !failure && !isFiltered();
        // If every entry is here, the balance before the oldest one is the opening.
        const isOff = isComparable && isWhole && centavos(openingOf.saldo_inicial)
            !== items.reduce((before, entry) => before - effect(entry), centavos(openingOf.saldo_final));
        const isBehind = openingOf !== null && (isLate || isOff);
        const hasBalance = isComparable && !isBehind;
        let balance = hasBalance ? centavos(openingOf.saldo_final) : 0n;
        const columns = [{ title: 'Data', class: 'short' }, { title: 'Descrição', class: 'wide' }, { title: 'Categoria', class: 'extra' },
            isGroup(conta) && { title: 'Conta', class: 'extra' }, { title: 'Valor', class: 'number' },
            hasBalance && { title: 'Saldo', class: 'number' }].filter(Boolean);
        const day = asked.de.slice(0, 4) === asked.ate.slice(0, 4) ? tableDay : brazilian;
        const open = (entry) => showEntry(entry, () => view.reload());
        const rows = items.map((entry) => {
            const after = balance;
            balance -= effect(entry);
            const marks = [entry.estorno_de && 'estorno', entry.estornado_por && 'estornado'].filter(Boolean);
            return {
                mark: entry.estornado_por ? 'reversed' : null,
                cells: [day(entry.data),
                    [h('button', { type: 'button', class: 'link', 'data-foco': entry.id, onclick: () => open(entry) },
                        entry.descricao ? foreign(entry.descricao) : KINDS[entry.tipo]),
                    marks.map((one) => h('span', { class: 'tag' }, one))],
                    entry.categoria ? foreign(entry.categoria) : '', ...(isGroup(conta) ? [accountLabel(entry.conta)] : []),
                    money(effect(entry), { plus: true }), ...(hasBalance ? [money(after)] : [])],
            };
        });
        const isMore = document.activeElement?.dataset.foco === 'mais';
        replace(body,
            openingOf && isFiltered() && h('p', { class: 'hint' }, 'Valores do período inteiro, sem o filtro.',
                isWhole && !failure && ` Com o filtro: entradas ${sum('credito')}, saídas ${sum('debito')}.`),
            isBehind && notice('Os saldos ainda não incluem todos os lançamentos desta lista.'),
            rows.length ? table(`Lançamentos de ${rangeText(asked.de, asked.ate)}`, columns, rows)
                : h('p', { class: 'empty' }, failure ? 'Os lançamentos não puderam ser lidos.'
                    : isFiltered() ? 'Nenhum lançamento com este filtro.' : 'Nenhum lançamento neste período.'),
            !isWhole && h('p', { class: 'printed' }, `Aqui estão os ${items.length} lançamentos mais novos`,
                hasBalance ? ` de ${openingOf.quantidade_creditos + openingOf.quantidade_debitos}.` : '; há outros, que não estão impressos.'),
            !isWhole && (pages < LOAD_REQUESTS_MAX
                ? h('button', { type: 'button', class: 'quiet', 'data-foco': 'mais', onclick: more },
                    asked.texto ? 'Procurar mais' : 'Mostrar mais')
                : h('p', { class: 'hint' }, 'Há mais lançamentos; escolha um período menor para ver os outros.')));
        // The button ends with the last entries, and its focus goes on to the first one that it brought.
        if (isMore && !body.contains(document.activeElement)) {
            (body.querySelectorAll('tbody .link')[firstNew] ?? body.querySelector('.scroll') ?? document.querySelector('h1')).focus();
        }
    }

    function more(event) {
        const button = event.currentTarget;
        if (button.hasAttribute('aria-disabled')) return;
        // The load shows a new button.
        button.setAttribute('aria-disabled', 'true');
        firstNew = list.items.length;
        wanted = firstNew + PAGE;
        pagesWanted = list.pages + SEARCH_PAGES_MAX;
        version += 1;
        view.reload();
    }
    return view;
}
