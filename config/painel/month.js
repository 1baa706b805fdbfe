// The month: opening, what came in and went out, closing, beside the month before; by weeks or months, a year.

import * as clock from './clock.js';
import { balances, download } from './api.js';
import { Chart } from './chart.js';
import { brazilian, monthName, monthRange, monthShort, plusMonths, rangeText, tableDay, weekdayName } from './dates.js';
import { h, replace, select, slowButton, table } from './dom.js';
import { centavos, money, reais } from './money.js';
import { address, go } from './router.js';

const MONTH = /^[0-9]{4}-(0[1-9]|1[0-2])$/;
const YEAR = /^[0-9]{4}$/;

/** What the address asks for: a month by days, or a year by weeks or months. */
function periodOf(params) {
    if (YEAR.test(params.ano ?? '')) {
        const before = String(Number(params.ano) - 1).padStart(4, '0');
        return {
            grouping: params.agrupar === 'semana' ? 'semana' : 'mes', name: params.ano, range: [`${params.ano}-01-01`, `${params.ano}-12-31`],
            before: before === '0000' ? null : { name: before, range: [`${before}-01-01`, `${before}-12-31`] },
            step: (count) => ({ ano: String(Number(params.ano) + count).padStart(4, '0'), agrupar: params.agrupar }),
        };
    }
    const month = MONTH.test(params.mes ?? '') ? params.mes : clock.today().slice(0, 7);
    return {
        grouping: '', name: monthName(month), range: monthRange(month), month,
        before: { name: monthName(plusMonths(month, -1)), range: monthRange(plusMonths(month, -1)) },
        step: (count) => ({ mes: plusMonths(month, count) }),
    };
}

/** A row of the API for the chart and the table. */
function rowOf(row, grouping, today) {
    const [from, to] = row.data ? [row.data, row.data] : [row.de, row.ate];
    const names = {
        '': [`${weekdayName(from)}, ${brazilian(from)}`, String(Number(from.slice(8)))],
        semana: [`Semana de ${rangeText(from, to)}`, `${from.slice(8)}/${from.slice(5, 7)}`], mes: [monthName(from), monthShort(from)],
    }[grouping];
    return {
        key: from, from, to, label: names[0], short: names[1], opening: centavos(row.saldo_inicial), inflow: centavos(row.total_creditos),
        outflow: centavos(row.total_debitos), net: centavos(row.saldo_do_dia ?? row.saldo_do_periodo), closing: centavos(row.saldo_final),
        entries: row.quantidade_creditos + row.quantidade_debitos, isToday: from <= today && today <= to, isFuture: from > today,
    };
}

const percent = new Intl.NumberFormat('pt-BR', { style: 'percent', maximumSignificantDigits: 3, signDisplay: 'never' });

/** `12,5% a mais`: a change beside the amount before. There is no part of nothing or of a debt. */
function part(change, before) {
    if (before <= 0n || before + change < 0n) return null;
    return `${percent.format(Number(change) / Number(before))} a ${change < 0n ? 'menos' : 'mais'}`;
}

function card(title, value, before, beforeName, { plus } = {}) {
    const change = value - before;
    const share = part(change, before);
    return h('div', { class: 'card figure' }, h('h2', {}, title), h('p', { class: 'big' }, money(value, { plus })),
        beforeName && h('p', { class: 'compared' }, `${beforeName}: `, money(before),
            change !== 0n && [' (', money(change, { plus: true }), share && `; ${share}`, ')']));
}

export function monthView(params) {
    const conta = params.conta;
    const period = periodOf(params);
    const open = (row) => go('lancamentos', { conta, de: row.from, ate: row.to });
    const chart = new Chart(`Entradas, saídas e saldo de ${period.name}`, open);
    const cards = h('div', { class: 'cards', role: 'group' });
    const days = h('div');
    const year = period.range[0].slice(0, 4);
    const choices = select([['', 'por dia, um mês'], ['semana', 'por semana, um ano'], ['mes', 'por mês, um ano']], period.grouping, {
        id: 'agrupar', onchange: (event) => go('mes', event.target.value === ''
            ? { conta, mes: year === clock.today().slice(0, 4) ? clock.today().slice(0, 7) : `${year}-01` }
            : { conta, ano: year, agrupar: event.target.value }),
    });
    const step = (text, label, target) => h('a', { class: 'button quiet', href: address('mes', { conta, ...target }), 'aria-label': label }, text);
    const csv = slowButton('Baixar CSV', () => {
        const query = { conta, de: period.range[0], ate: period.range[1], agrupar: period.grouping, separador: 'ponto-e-virgula' };
        return download('v1/consolidados', query, `saldos-${period.range.join('-a-')}.csv`).catch((error) => view.report(error));
    });
    const node = h('div', {},
        h('div', { class: 'bar' },
            step('‹', 'Período anterior', period.step(-1)), step('›', 'Período seguinte', period.step(1)),
            step('Hoje', 'O mês de hoje', {}),
            period.month && h('input', {
                type: 'month', 'aria-label': 'Mês', value: period.month, min: '0002-01', max: '9999-11',
                onchange: (event) => { if (MONTH.test(event.target.value)) go('mes', { conta, mes: event.target.value }); },
            }),
            h('label', { for: 'agrupar', class: 'hidden' }, 'Agrupar'), choices,
            h('span', { class: 'grow' }),
            csv,
            h('button', { type: 'button', class: 'quiet', onclick: () => print() }, 'Imprimir')),
        cards, chart.node, days);

    const view = {
        title: period.grouping === '' ? period.name : `Ano de ${period.name}`, node, follows: conta,
        async load(signal) {
            const query = (range) => ({ conta, de: range[0], ate: range[1], agrupar: period.grouping });
            const [now, before] = await Promise.all([
                balances(query(period.range), { signal }), period.before && balances(query(period.before.range), { signal }),
            ]);
            const today = clock.today();
            const rows = (now.dias ?? now.periodos).map((row) => rowOf(row, period.grouping, today));
            chart.update(rows);
            showCards(now.totais, before?.totais);
            showDays(rows, now.totais);
        },
    };

    function showCards(totals, before) {
        const pair = (name) => [centavos(totals[name]), before ? centavos(before[name]) : 0n, period.before?.name];
        replace(cards, card('Saldo inicial', ...pair('saldo_inicial')), card('Entradas', ...pair('total_creditos')),
            card('Saídas', ...pair('total_debitos')), card('Resultado', ...pair('saldo_do_periodo'), { plus: true }),
            card('Saldo final', ...pair('saldo_final')));
        const [net, closing] = [totals.saldo_do_periodo, totals.saldo_final].map((amount) => reais(centavos(amount)));
        cards.setAttribute('aria-label', `Resultado ${net}, saldo final ${closing}`);
    }

    function showDays(rows, totals) {
        const unit = { '': 'Dia', semana: 'Semana', mes: 'Mês' }[period.grouping];
        const link = (row) => h('a', { href: address('lancamentos', { conta, de: row.from, ate: row.to }), 'data-foco': row.key },
            period.grouping === 'mes' ? row.label : [tableDay(row.from), row.to > row.from && [' a ', tableDay(row.to)]]);
        const columns = [{ title: unit, class: 'short' }, { title: 'Saldo inicial', class: 'number extra' }, { title: 'Entradas', class: 'number' },
            { title: 'Saídas', class: 'number' }, { title: 'Resultado', class: 'number extra' }, { title: 'Saldo final', class: 'number' },
            { title: 'Lançamentos', class: 'number extra' }];
        const quiet = (value, shown) => value === 0n ? h('span', { class: 'none' }, shown) : shown;
        replace(days, table(`Valores de ${period.name}`, columns,
            rows.map((row) => ({
                mark: row.isToday ? 'today' : null,
                cells: [[link(row), row.isToday && period.grouping === '' && h('span', { class: 'tag' }, 'hoje')], money(row.opening),
                    quiet(row.inflow, money(row.inflow)), quiet(row.outflow, money(row.outflow)), quiet(row.net, money(row.net, { plus: true })),
                    money(row.closing), String(row.entries)],
            })),
            ['Total', money(centavos(totals.saldo_inicial)), money(centavos(totals.total_creditos)), money(centavos(totals.total_debitos)),
                money(centavos(totals.saldo_do_periodo), { plus: true }), money(centavos(totals.saldo_final)),
                String(totals.quantidade_creditos + totals.quantidade_debitos)]));
    }
    return view;
}
