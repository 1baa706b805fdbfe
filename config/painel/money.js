// Amounts: centavos in a BigInt, exact with 38 digits and more.

import { h } from './dom.js';

/** The centavos of a decimal text of the API, such as `-12.30`. */
export function centavos(text) {
    const parts = /^(-?)([0-9]+)\.([0-9]{2})$/.exec(text);
    if (!parts) throw new TypeError(`not an amount: ${text}`);
    return BigInt(parts.slice(1).join(''));
}

/** The figure without currency and sign: `1.234,56`. */
export function digits(value) {
    const text = (value < 0n ? -value : value).toString().padStart(3, '0');
    return `${text.slice(0, -2).replace(/\B(?=([0-9]{3})+$)/g, '.')},${text.slice(-2)}`;
}

/** The amount as a text: `−R$ 1.234,56`, with U+2212 and a space that does not break. */
export function reais(value) {
    return `${value < 0n ? '\u2212' : ''}R$\u00a0${digits(value)}`;
}

/** The amount as an element. A screen reader reads "menos" where the eye sees the sign. */
export function money(value, { plus = false } = {}) {
    const sign = value < 0n ? ['\u2212', 'menos '] : plus && value > 0n ? ['+', 'mais '] : null;
    return h('span', { class: `money${value < 0n ? ' negative' : ''}` },
        sign && h('span', { 'aria-hidden': 'true' }, sign[0]), sign && h('span', { class: 'hidden' }, sign[1]),
        h('span', { class: 'currency' }, 'R$\u00a0'), digits(value));
}

/** What a person typed, as the API accepts it: `1.234,56`, `1234,5`, `R$ 12` and `12.50` are amounts. `null`: none. */
export function typed(text) {
    const bare = text.trim().replace(/^R\$\s*/, '');
    const parts = /^([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,([0-9]{1,2}))?$/.exec(bare) ?? /^([0-9]+)\.([0-9]{1,2})$/.exec(bare);
    if (!parts) return null;
    const whole = parts[1].replaceAll('.', '').replace(/^0+(?=[0-9])/, '');
    return `${whole}.${(parts[2] ?? '').padEnd(2, '0')}`;
}
