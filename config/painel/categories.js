// What was moved by category, and by month within the period.

import { download, json } from './api.js';
import { h, foreign, replace, slowButton, svg, table } from './dom.js';
import { monthName, rangeText } from './dates.js';
import { centavos, money } from './money.js';
import { periodChoice, periodOf } from './period.js';
import { address, note } from './router.js';

const PERMILLE = 1000n;

/** Groups of `totais` by category, those that cost most first. */
function grouped(items) {
    const groups = new Map();
    for (const item of items) {
        const group = groups.get(item.categoria) ?? { categoria: item.categoria, inflow: 0n, outflow: 0n, entries: 0, months: new Map() };
        groups.set(item.categoria, group);
        group.inflow += centavos(item.total_creditos);
        group.outflow += centavos(item.total_debitos);
        group.entries += item.quantidade_creditos + item.quantidade_debitos;
        group.months.set(item.mes, centavos(item.saldo));
    }
    const order = (a, b) => a < b ? -1 : a > b ? 1 : 0;
    return [...groups.values()].sort((a, b) => order(b.outflow, a.outflow) || order(b.inflow, a.inflow));
}

/** A bar whose length is the part of the largest value. */
function bar(value, largest, kind) {
    const part = largest > 0n ? Number((value * PERMILLE) / largest) / 10 : 0;
    return svg('svg', { class: 'share', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        svg('rect', { class: kind, width: part, height: 8 }));
}

export function categoriesView(params) {
    const conta = params.conta;
    const asked = periodOf(params);
    const body = h('div');
    const query = () => ({ conta, de: asked.de, ate: asked.ate, por: 'categoria,mes' });
    const csv = slowButton('Baixar CSV', () => download(
        'v1/lancamentos/totais', { ...query(), separador: 'ponto-e-virgula' }, `categorias-${asked.de}-a-${asked.ate}.csv`)
        .catch((error) => view.report(error)));
    const view = {
        title: 'Categorias', follows: conta,
        node: h('div', {}, periodChoice(asked, (changes) => {
            Object.assign(asked, changes);
            note('categorias', { conta, ...asked });
            view.reload();
        }), h('div', { class: 'actions' }, csv), body),
        async load(signal) {
            show(await json('v1/lancamentos/totais', { query: query(), signal }));
        },
    };

    function show(answer) {
        const groups = grouped(answer.itens);
        if (!groups.length) return replace(body, h('p', { class: 'empty' }, 'Nenhum lançamento neste período.'));
        const largest = groups.reduce((found, group) => [found, group.inflow, group.outflow].reduce((a, b) => a > b ? a : b), 0n);
        const name = (group) => group.categoria === null ? 'Sem categoria' : h('a', {
            href: address('lancamentos', { conta, de: asked.de, ate: asked.ate, categoria: group.categoria }), 'data-foco': `categoria ${group.categoria}`,
        }, foreign(group.categoria));
        const months = [...new Set(answer.itens.map((item) => item.mes))].sort();
        const columns = [{ title: 'Categoria' }, { title: 'Saídas', class: 'number' }, { title: 'Entradas', class: 'number' },
            { title: 'Resultado', class: 'number extra' }, { title: 'Lançamentos', class: 'number extra' }];
        replace(body,
            table(`Categorias de ${rangeText(asked.de, asked.ate)}`, columns,
                groups.map((group) => [name(group), [money(group.outflow), bar(group.outflow, largest, 'out')],
                    [money(group.inflow), bar(group.inflow, largest, 'in')], money(group.inflow - group.outflow, { plus: true }), String(group.entries)]),
                ['Total', money(centavos(answer.totais.total_debitos)), money(centavos(answer.totais.total_creditos)),
                    money(centavos(answer.totais.saldo), { plus: true }),
                    String(answer.totais.quantidade_creditos + answer.totais.quantidade_debitos)]),
            months.length > 1 && [h('h2', {}, 'Resultado por mês'), table('Resultado por categoria e mês',
                [{ title: 'Categoria' }, ...months.map((month) => ({ title: monthName(month), class: 'number' }))],
                groups.map((group) => [group.categoria === null ? 'Sem categoria' : foreign(group.categoria),
                    ...months.map((month) => group.months.has(month) ? money(group.months.get(month), { plus: true }) : '')]))]);
    }
    return view;
}
