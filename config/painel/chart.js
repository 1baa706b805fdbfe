// The chart of a period: above the line of the balance, below the bars of what came in and went out. Hover and keys show the figures.

import { h, replace, svg } from './dom.js';
import { reais } from './money.js';

const HEIGHT = 320;
const LINE = { top: 16, bottom: 140 };
const BARS = { top: 168, bottom: 284 };
const LEFT = 64;
const RIGHT = 12;
const BAR_MAX = 26;
const TICK_GAP = 14;
// Between the margins of A4.
const PAPER_WIDTH = 680;

const compact = new Intl.NumberFormat('pt-BR', { notation: 'compact', maximumFractionDigits: 1 });
const scientific = new Intl.NumberFormat('pt-BR', { notation: 'scientific', maximumFractionDigits: 1 });
const COMPACT_MAX = 1e15;

/** Marks of an axis are rounded; the figures beside the chart are exact. */
function mark(value) {
    const number = Number(value) / 100;
    return (Math.abs(number) < COMPACT_MAX ? compact : scientific).format(number).replace('-', '\u2212');
}

const least = (values) => values.reduce((found, value) => value < found ? value : found);
const most = (values) => values.reduce((found, value) => value > found ? value : found);

/** From an amount to a height, without leaving integers before the last step. */
function scale(low, high, { top, bottom }) {
    const span = high - low || 1n;
    return (value) => bottom - Number(((value - low) * 10_000n) / span) / 10_000 * (bottom - top);
}

/**
 * Rows: `{key, label, short, inflow, outflow, closing, isToday, isFuture}`, amounts in centavos.
 * `onOpen` receives the row that was clicked or chosen with Enter.
 */
export class Chart {
    constructor(title, onOpen) {
        this.rows = [];
        this.chosen = null;
        this.touched = null;
        this.onOpen = onOpen;
        this.title = title;
        this.figures = h('p', { class: 'figures', role: 'status' });
        this.frame = h('div', {
            class: 'chart', tabindex: '0', role: 'application', 'data-foco': 'grafico', 'aria-roledescription': 'gráfico',
            'aria-label': `${title}. Setas mudam o dia, Enter abre os lançamentos.`, onkeydown: (event) => this.key(event),
            onpointerleave: (event) => { if (event.pointerType === 'mouse') this.choose(null); }, onfocus: () => { if (this.chosen === null) this.choose(this.start()); },
        });
        this.node = h('figure', { class: 'card' },
            h('figcaption', { class: 'legend' }, h('span', { class: 'in' }, 'Entradas'), h('span', { class: 'out' }, 'Saídas'),
                h('span', { class: 'line' }, 'Saldo no fim do dia')),
            this.frame, this.figures);
        new ResizeObserver(() => this.draw()).observe(this.frame);
        // A view has one chart, so the chart of the next view takes these over.
        window.onbeforeprint = () => this.draw(PAPER_WIDTH);
        window.onafterprint = () => this.draw();
    }

    update(rows) {
        this.rows = rows;
        // Without entries there is nothing to draw.
        this.frame.hidden = rows.every((row) => row.inflow === 0n && row.outflow === 0n);
        if (this.chosen !== null && (this.frame.hidden || this.chosen >= rows.length)) this.chosen = null;
        this.draw();
        this.choose(this.chosen);
    }

    start() {
        const today = this.rows.findIndex((row) => row.isToday);
        return today < 0 ? this.rows.length - 1 : today;
    }

    key(event) {
        const last = this.rows.length - 1;
        const at = this.chosen ?? this.start();
        const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, PageUp: at - 7, PageDown: at + 7 }[event.key];
        if (next !== undefined) {
            event.preventDefault();
            this.choose(Math.min(last, Math.max(0, next)));
        } else if (event.key === 'Enter' && this.rows[at]) {
            event.preventDefault();
            this.onOpen(this.rows[at]);
        }
    }

    /** The first touch of a column shows its figures, the second one opens it. */
    press(event, index) {
        if (event.pointerType !== 'touch' || this.touched === index) this.onOpen(this.rows[index]);
        this.touched = index;
        this.choose(index);
    }

    choose(index) {
        this.chosen = index;
        for (const column of this.frame.querySelectorAll('.column')) {
            column.classList.toggle('chosen', Number(column.dataset.index) === index);
        }
        const row = this.rows[index ?? -1];
        const text = row
            ? `${row.label}: entradas ${reais(row.inflow)}, saídas ${reais(row.outflow)}, saldo ${reais(row.closing)}${this.touched === index ? '. Toque de novo para abrir.' : ''}`
            : this.frame.hidden ? 'Nenhum lançamento neste período.' : 'Aponte ou use as setas para ver os valores.';
        if (this.figures.textContent !== text) this.figures.textContent = text;
    }

    draw(width = Math.max(280, this.frame.clientWidth)) {
        const rows = this.rows;
        if (!rows.length) return;
        const step = (width - LEFT - RIGHT) / rows.length;
        const center = (index) => LEFT + step * (index + 0.5);
        const shown = rows.filter((row) => !row.isFuture).map((row) => row.closing);
        const [low, high] = shown.length ? [least(shown), most(shown)] : [0n, 0n];
        const line = scale(low, high, LINE);
        const [deepest, highest] = [-most([0n, ...rows.map((row) => row.outflow)]), most([0n, ...rows.map((row) => row.inflow)])];
        const bar = scale(deepest, highest, BARS);
        const axis = (value, y) => [
            svg('line', { class: value === 0n ? 'zero' : 'grid', x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
            svg('text', { class: 'tick', x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, mark(value)),
        ];
        const marks = (from, to, place) => {
            const inside = [from, to, ...(from < 0n && to > 0n ? [0n] : [])].filter((value, index, all) =>
                index === 0 || all.slice(0, index).every((other) => Math.abs(place(other) - place(value)) >= TICK_GAP));
            return inside.map((value) => axis(value, place(value)));
        };
        const every = Math.ceil(rows.length / Math.floor((width - LEFT) / 46));
        const columns = rows.map((row, index) => this.column(row, index, { width, step, center, bar, every }));
        const points = rows.flatMap((row, index) => row.isFuture ? [] : [`${center(index).toFixed(1)},${line(row.closing).toFixed(1)}`]);
        replace(this.frame, svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, 'aria-hidden': 'true' },
            marks(low, high, line), marks(deepest, highest, bar), columns,
            svg('polyline', { class: 'balance', points: points.join(' ') }),
            rows.length <= 62 && rows.map((row, index) => row.isFuture ? null
                : svg('circle', { class: 'dot', cx: center(index), cy: line(row.closing), r: 2.5 }))));
        this.choose(this.chosen);
    }

    column(row, index, { width, step, center, bar, every }) {
        const thick = Math.min(BAR_MAX, Math.max(2, step * 0.6));
        const x = center(index) - thick / 2;
        const piece = (name, from, to) => to - from < 0.5 ? null
            : svg('rect', { class: name, x, y: from, width: thick, height: to - from, rx: Math.min(2, thick / 4) });
        const anchor = center(index) > width - RIGHT - 20 ? 'end' : 'middle';
        return svg('g', {
            class: `column${row.isToday ? ' today' : ''}`, 'data-index': index, onpointerenter: () => this.choose(index),
            onclick: (event) => this.press(event, index),
        },
            svg('rect', { class: 'band', x: center(index) - step / 2, y: LINE.top - 8, width: step, height: BARS.bottom - LINE.top + 16 }),
            piece('in', bar(row.inflow), bar(0n)), piece('out', bar(0n), bar(-row.outflow)),
            (index % every === 0 || row.isToday) && svg('text', { class: `tick${row.isToday ? ' now' : ''}`, x: center(index), y: HEIGHT - 12, 'text-anchor': anchor }, row.short));
    }
}
