// The choice of a period: two days, or one of the usual ones.

import * as clock from './clock.js';
import { isDay, monday, monthRange, plusDays, plusMonths } from './dates.js';
import { field, h } from './dom.js';

function usual() {
    const today = clock.today();
    const week = monday(today);
    const month = today.slice(0, 7);
    return [
        ['Hoje', today, today], ['Ontem', plusDays(today, -1), plusDays(today, -1)], ['Esta semana', week, plusDays(week, 6)],
        ['Semana passada', plusDays(week, -7), plusDays(week, -1)], ['Este mês', ...monthRange(month)],
        ['Mês passado', ...monthRange(plusMonths(month, -1))],
        ['Este ano', `${today.slice(0, 4)}-01-01`, `${today.slice(0, 4)}-12-31`],
    ];
}

/** The period of an address; without one, this month. */
export function periodOf(params) {
    const month = monthRange(clock.today().slice(0, 7));
    const de = isDay(params.de) ? params.de : isDay(params.ate) ? params.ate : month[0];
    const ate = isDay(params.ate) && params.ate >= de ? params.ate : isDay(params.de) ? de : month[1];
    return { de, ate };
}

/** `onChange` receives `{de, ate}`. */
export function periodChoice(current, onChange) {
    const day = (value) => h('input', { type: 'date', required: true, value, onchange: () => changed() });
    const [from, to] = [field('De', day(current.de)), field('Até', day(current.ate))];
    const changed = () => {
        const [de, ate] = [from.control.value, to.control.value];
        if (!isDay(de) || !isDay(ate)) return;
        to.fail(ate < de ? 'Antes do início' : null);
        if (ate >= de) onChange({ de, ate });
    };
    const presets = usual().map(([name, de, ate]) => h('button', {
        type: 'button', class: 'quiet small', 'aria-pressed': String(de === current.de && ate === current.ate),
        onclick: (event) => {
            from.control.value = de;
            to.control.value = ate;
            for (const other of event.target.parentElement.children) other.setAttribute('aria-pressed', String(other === event.target));
            changed();
        },
    }, name));
    return h('div', { class: 'period' }, h('div', { class: 'fields' }, from.node, to.node),
        h('div', { class: 'presets', role: 'group', 'aria-label': 'Períodos comuns' }, presets));
}
